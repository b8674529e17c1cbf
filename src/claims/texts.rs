//! The texts in any claim's value, read where they stand: nothing is allocated unless a text has an escape in it.

use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json;

/// Calls `each` with the texts of a claim's JSON value until it says that it has found what it wants: a string, or its parts
/// between `separator`s; a number or a boolean as it stands in the token; of a list those of its elements, which are not
/// split.
pub(crate) fn find(value: &str, separator: Option<&str>, each: &mut dyn FnMut(&str) -> bool) -> Found {
    match value.as_bytes().first() {
        Some(b'"') => match (json::string(value), separator) {
            (Some(text), Some(separator)) => text.split(separator).filter(|part| !part.is_empty()).any(each).into(),
            (Some(text), None) => each(&text).into(),
            (None, _) => Found::Unclear,
        },
        Some(b'[') => {
            let elements = Elements { each, found: Found::No };
            serde_json::Deserializer::from_str(value).deserialize_seq(elements).unwrap_or(Found::Unclear)
        }
        Some(b'{') | None => Found::Unclear,
        Some(_) if value == "null" => Found::Unclear,
        Some(_) => each(value).into(),
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    No,
    /// It was not among what can be compared, and something cannot: an object, a list in a list, null.
    Unclear,
}

impl From<bool> for Found {
    fn from(is_found: bool) -> Self {
        if is_found { Self::Yes } else { Self::No }
    }
}

struct Elements<'f> {
    each: &'f mut dyn FnMut(&str) -> bool,
    found: Found,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Found, A::Error> {
        while let Some(element) = list.next_element::<&RawValue>()? {
            let element = element.get();
            if self.found == Found::Yes {
                continue;
            }
            let found = if element.starts_with('[') { Found::Unclear } else { find(element, None, self.each) };
            if found != Found::No {
                self.found = found;
            }
        }
        Ok(self.found)
    }
}
