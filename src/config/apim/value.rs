//! Values of the imported configuration, and the places in the policy that they come from.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::error::truncated;

/// A value of the configuration, and the element or attribute that it comes from. It is serialized as the value alone.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    pub(super) place: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Plain(Value),
    List(Vec<Imported>),
    Object(Vec<(&'static str, Imported)>),
}

impl Imported {
    /// A string, a number or a Boolean.
    pub(super) fn new(place: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { place: place.into(), content: Content::Plain(value.into()) }
    }

    pub(super) fn list(place: impl Into<String>, elements: Vec<Self>) -> Self {
        Self { place: place.into(), content: Content::List(elements) }
    }

    pub(super) fn object(place: impl Into<String>, members: Vec<(&'static str, Self)>) -> Self {
        Self { place: place.into(), content: Content::Object(members) }
    }

    /// The string, if it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Plain(value) => value.as_str(),
            _ => None,
        }
    }

    /// Adds an element to a list.
    pub(super) fn push(&mut self, element: Self) {
        if let Content::List(elements) = &mut self.content {
            elements.push(element);
        }
    }

    /// The place of the value at a path such as `AzureAd:Audiences:0`, or of the innermost list or object around it.
    pub(super) fn place_of(&self, path: &str) -> Option<&str> {
        let mut found = self;
        for name in path.split(':') {
            let inner = match &found.content {
                Content::Plain(_) => None,
                Content::List(elements) => name.parse::<usize>().ok().and_then(|at| elements.get(at)),
                Content::Object(members) => members.iter().find(|(member, _)| *member == name).map(|(_, value)| value),
            };
            let Some(inner) = inner else { break };
            found = inner;
        }
        Some(found.place.as_str()).filter(|place| !place.is_empty())
    }
}

impl Serialize for Imported {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Plain(value) => value.serialize(serializer),
            Content::List(elements) => serializer.collect_seq(elements),
            Content::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

/// A name or value for a place or a note, in which long ones are shortened.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    truncated(text.chars().take(LONGEST + 1).collect(), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_innermost_value() {
        let list = Imported::list("list", vec![Imported::new("first", "a"), Imported::new("second", 1)]);
        let root = Imported::object("", vec![("A", Imported::object("", vec![("L", list)]))]);
        for (path, place) in [
            ("A:L:0", Some("first")),
            ("A:L:1:X", Some("second")),
            ("A:L:2", Some("list")),
            ("A:L", Some("list")),
            ("A:X", None),
            ("A", None),
            ("the JSON text", None),
            ("", None),
        ] {
            assert_eq!(root.place_of(path), place, "{path}");
        }
        assert_eq!(serde_json::to_string(&root).ok().as_deref(), Some(r#"{"A":{"L":["a",1]}}"#));
    }
}
