//! Values of the imported configuration, and the places in the policy that they come from.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// A value of the configuration, and the element or attribute that it comes from.
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

/// The place in the policy of each setting, by its path in the JSON: `AzureAd:Audiences:0`.
pub(super) type Places = HashMap<String, String>;

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

    /// The value at `path` of the JSON; the places of all settings in it are added to `places`.
    pub(super) fn into_json(self, path: String, places: &mut Places) -> Value {
        let value = match self.content {
            Content::Plain(value) => value,
            Content::List(elements) => {
                let element = |(at, element): (usize, Self)| element.into_json(format!("{path}:{at}"), places);
                Value::Array(elements.into_iter().enumerate().map(element).collect())
            }
            Content::Object(members) => {
                let member = |(name, member): (&str, Self)| {
                    (name.to_owned(), member.into_json(format!("{path}:{name}"), places))
                };
                Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
            }
        };
        places.insert(path, self.place);
        value
    }
}
