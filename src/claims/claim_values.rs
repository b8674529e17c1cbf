//! The strings in the value of any claim, borrowed from the payload unless they have escapes.

use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json;

/// Calls `is_match` with the strings of a claim's JSON value until it matches one: a string, or its parts between
/// `separator`s; a number or a boolean as it stands in the token; the elements of a list, which are not split.
pub(crate) fn find(value: &str, separator: Option<&str>, is_match: &mut dyn FnMut(&str) -> bool) -> Found {
    match value.as_bytes().first() {
        Some(b'"') => match (json::string(value), separator) {
            (Some(text), Some(separator)) => text.split(separator).filter(|part| !part.is_empty()).any(is_match).into(),
            (Some(text), None) => is_match(&text).into(),
            (None, _) => Found::Unclear,
        },
        Some(b'[') => {
            let elements = Elements { is_match, found: Found::No };
            serde_json::Deserializer::from_str(value).deserialize_seq(elements).unwrap_or(Found::Unclear)
        }
        Some(b'{') | None => Found::Unclear,
        Some(_) if value == "null" => Found::Unclear,
        Some(_) => is_match(value).into(),
    }
}

/// The result of [`find`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    No,
    /// None of the strings matches, and there is a value that cannot be compared: an object, a list in a list, null.
    Unclear,
}

impl From<bool> for Found {
    fn from(is_found: bool) -> Self {
        if is_found { Self::Yes } else { Self::No }
    }
}

struct Elements<'f> {
    is_match: &'f mut dyn FnMut(&str) -> bool,
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
            let found = if element.starts_with('[') { Found::Unclear } else { find(element, None, self.is_match) };
            if found != Found::No {
                self.found = found;
            }
        }
        Ok(self.found)
    }
}
