//! JSON objects as lists of members, so that order, duplicates and wrong types are what the generator wants.

use std::fmt;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, String)>);

/// A string as JSON.
pub fn string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

/// Strings as a JSON array.
pub fn list(texts: &[&str]) -> String {
    serde_json::to_string(texts).expect("strings are JSON")
}

impl Object {
    /// With this member, whose value is JSON, in place of all of that name.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.set(name, value);
        self
    }

    pub fn set(&mut self, name: &str, value: impl fmt::Display) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.to_string(),
            None => self.push(name, value),
        }
    }

    /// One more member, even if there is one of that name.
    pub fn push(&mut self, name: &str, value: impl fmt::Display) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub fn rename(&mut self, name: &str, new: &str) {
        if let Some((known, _)) = self.0.iter_mut().find(|(known, _)| known == name) {
            *known = new.to_owned();
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A member that is a string.
    pub fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?).ok()
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn reverse(&mut self) {
        self.0.reverse();
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (number, (name, value)) in self.0.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma}{}:{value}", string(name))?;
        }
        f.write_str("}")
    }
}
