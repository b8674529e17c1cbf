//! Raw values of settings: a tree in which every value has its full name. Duplicate members are kept.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, value::RawValue};

use super::flaw::Flaw;
use crate::error::ConfigProblemKind;

/// The maximum number of values in one document, which bounds the memory. A readable megabyte of settings has fewer.
pub(super) const MOST_VALUES: usize = 50_000;
/// The maximum length of a document, in bytes.
pub(super) const LONGEST_DOCUMENT: usize = 1 << 20;

/// The members of an object with their keys, in order, duplicates included.
pub(super) type ObjectMembers = Vec<(String, ConfigValue)>;

/// One value and its full name in its source: `AzureAd:Audiences:0`, `AzureAd__Audiences__0`.
#[derive(Clone, PartialEq)]
pub(super) struct ConfigValue {
    pub(super) name: String,
    pub(super) data: Data,
}

#[derive(Clone, PartialEq)]
pub(super) enum Data {
    /// A string. As in .NET, other types are read from strings too.
    Text(String),
    /// A number, a boolean or null, as in the JSON.
    Other(String),
    List(Vec<ConfigValue>),
    Object(ObjectMembers),
}

/// Without the values, any of which may be a client secret or a private key.
impl fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.name, self.data)
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) | Self::Other(_) => f.write_str(self.type_name()),
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            Self::Object(members) => f.debug_set().entries(members.iter().map(|(_, member)| member)).finish(),
        }
    }
}

impl Data {
    /// Its type, for a message.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Other(text) => match text.as_str() {
                "null" => "null",
                "true" | "false" => "a boolean",
                _ => "a number",
            },
        }
    }
}

impl ConfigValue {
    pub(super) fn new(name: impl Into<String>, data: Data) -> Self {
        Self { name: name.into(), data }
    }

    /// Whether it counts as missing: null or an empty string.
    pub(super) fn is_empty(&self) -> bool {
        match &self.data {
            Data::Text(text) => text.is_empty(),
            Data::Other(text) => text == "null",
            Data::List(_) | Data::Object(_) => false,
        }
    }

    /// Whether it is an object with a member of this name that is not empty.
    pub(super) fn has_member(&self, name: &str) -> bool {
        let is_named = |(key, member): &(String, Self)| key.eq_ignore_ascii_case(name) && !member.is_empty();
        matches!(&self.data, Data::Object(members) if members.iter().any(is_named))
    }

    /// All strings in the value.
    pub(super) fn texts(&self) -> Vec<&str> {
        match &self.data {
            Data::Text(text) | Data::Other(text) => vec![text],
            Data::List(elements) => elements.iter().flat_map(Self::texts).collect(),
            Data::Object(members) => members.iter().flat_map(|(_, member)| member.texts()).collect(),
        }
    }

    /// Parses JSON. Syntax errors have line and column.
    pub(super) fn from_json(text: &str) -> Result<Self, Flaw> {
        let values = Cell::new(MOST_VALUES);
        // First a pass that keeps nothing: it checks syntax, number and depth of the values, so that the second cannot fail.
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let checked = Check(&values).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        let not_json = |error: serde_json::Error| {
            Flaw::new(ConfigProblemKind::Syntax, format!("is not JSON: {error}; correct it there"))
        };
        // `Check` itself has one error: too many values.
        let too_large = |error: serde_json::Error| Flaw::new(ConfigProblemKind::TooLarge, error.to_string());
        checked.map_err(|error| if error.is_data() { too_large(error) } else { not_json(error) })?;
        let raw: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        Ok(Self::from_raw(String::new(), raw.get()))
    }

    fn from_raw(name: String, text: &str) -> Self {
        let other = || Data::Other(text.to_owned());
        let data = match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<RawMembers>(text).map_or_else(
                |_| other(),
                |RawMembers(members)| {
                    let member = |(key, raw): (String, &RawValue)| {
                        let node = Self::from_raw(member_name(&name, &key), raw.get());
                        (key, node)
                    };
                    Data::Object(members.into_iter().map(member).collect())
                },
            ),
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text).map_or_else(
                |_| other(),
                |elements| {
                    let element = |(index, raw): (usize, &RawValue)| {
                        Self::from_raw(member_name(&name, &index.to_string()), raw.get())
                    };
                    Data::List(elements.into_iter().enumerate().map(element).collect())
                },
            ),
            Some(b'"') => serde_json::from_str(text).map_or_else(|_| other(), Data::Text),
            _ => other(),
        };
        Self { name, data }
    }

    /// The value for a message, cut if it is long.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) {
        // More than any message shows.
        const ENOUGH: usize = 1_000;
        let start = |piece: &str| piece.char_indices().nth(ENOUGH).map_or(piece.len(), |(end, _)| end);
        match &self.data {
            Data::Text(value) | Data::Other(value) => text.push_str(&value[..start(value)]),
            Data::List(elements) => {
                text.push('[');
                for (at, element) in elements.iter().enumerate().take_while(|(at, _)| *at < ENOUGH) {
                    if text.len() > ENOUGH {
                        break;
                    }
                    text.push_str(if at == 0 { "" } else { ", " });
                    element.write_text(text);
                }
                text.push(']');
            }
            Data::Object(members) => {
                text.push('{');
                for (at, (key, _)) in members.iter().enumerate() {
                    if text.len() > ENOUGH {
                        break;
                    }
                    text.push_str(if at == 0 { "" } else { ", " });
                    text.push_str(&key[..start(key)]);
                }
                text.push('}');
            }
        }
    }

    /// The same as JSON.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    fn write_json(&self, json: &mut String) {
        let quoted = |text: &str| Value::from(text).to_string();
        match &self.data {
            Data::Text(text) => json.push_str(&quoted(text)),
            Data::Other(text) => json.push_str(text),
            Data::List(elements) => {
                json.push('[');
                for (at, element) in elements.iter().enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    element.write_json(json);
                }
                json.push(']');
            }
            Data::Object(members) => {
                json.push('{');
                for (at, (key, node)) in members.iter().enumerate() {
                    json.push_str(if at == 0 { "" } else { "," });
                    json.push_str(&quoted(key));
                    json.push(':');
                    node.write_json(json);
                }
                json.push('}');
            }
        }
    }
}

/// The name of a member or an element for messages. Long keys and paths are shortened: every node has its full name, so that
/// the size of the tree would otherwise be keys × depth × nodes.
pub(super) fn member_name(parent: &str, key: &str) -> String {
    const LONGEST_KEY: usize = 60;
    const LONGEST: usize = 120;
    let key = shortened(key, LONGEST_KEY);
    if parent.is_empty() {
        key.into_owned()
    } else if parent.len() + key.len() < LONGEST {
        format!("{parent}:{key}")
    } else {
        format!("{}:{key}", shortened(parent, LONGEST - LONGEST_KEY))
    }
}

/// A name without underscores, in lower case.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The text, cut with an ellipsis if it is longer than `most` bytes.
pub(super) fn shortened(text: &str, longest: usize) -> Cow<'_, str> {
    if text.len() <= longest {
        return text.into();
    }
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}…", &text[..end]).into()
}

/// Parses a document without keeping any of it, and counts its values without the keys.
struct Check<'a>(&'a Cell<usize>);

impl Check<'_> {
    fn count<E: de::Error>(self) -> Result<(), E> {
        count_value(self.0).map_err(E::custom)
    }
}

/// Decrements the number of remaining values.
pub(super) fn count_value(left: &Cell<usize>) -> Result<(), String> {
    let Some(fewer) = left.get().checked_sub(1) else {
        return Err(format!("has more than {MOST_VALUES} values; keep in it what this program reads"));
    };
    left.set(fewer);
    Ok(())
}

impl<'de> DeserializeSeed<'de> for Check<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.count()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.count()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.count()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.count()
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.count()
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.count()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(Check(self.0))?.is_some() {}
        self.count()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Keys are strings, and with `arbitrary_precision` a number is a map with one member. Neither is counted.
        let uncounted = Cell::new(1);
        while map.next_key_seed(Check(&uncounted))?.is_some() {
            uncounted.set(1);
            map.next_value_seed(Check(self.0))?;
        }
        self.count()
    }
}

struct RawMembers<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_value_is_its_path() {
        let root = ConfigValue::from_json(r#"{"A":{"L":["x",{"N":1}],"L":true}}"#).unwrap();
        let mut names = Vec::new();
        walk(&root, &mut names);
        assert_eq!(names, ["", "A", "A:L", "A:L:0", "A:L:1", "A:L:1:N", "A:L"]);
        let error = ConfigValue::from_json("{\n 1}").unwrap_err();
        assert_eq!(error.kind, ConfigProblemKind::Syntax);
        assert_eq!(error.advice, "is not JSON: key must be a string at line 2 column 2; correct it there");
    }

    fn walk(node: &ConfigValue, names: &mut Vec<String>) {
        names.push(node.name.clone());
        match &node.data {
            Data::List(elements) => elements.iter().for_each(|element| walk(element, names)),
            Data::Object(members) => members.iter().for_each(|(_, member)| walk(member, names)),
            Data::Text(_) | Data::Other(_) => {}
        }
    }
}
