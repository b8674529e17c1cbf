//! Settings as they were written: a tree in which every value knows its name, and nothing is lost that was given twice.

use std::{collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};

/// One value and the name by which its owner knows it: `AzureAd:Audiences:0`, `AzureAd__Audiences__0`.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) data: Data,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    /// A text that may stand for another type too, as .NET reads it.
    Text(String),
    /// A number, a truth value or null, as it stands in the JSON.
    Other(String),
    List(Vec<Node>),
    /// The members with their own keys, in order, doubles included.
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn new(name: impl Into<String>, data: Data) -> Self {
        Self { name: name.into(), data }
    }

    /// Reads JSON. The texts of errors name line and column.
    pub(super) fn from_json(text: &str) -> Result<Self, String> {
        // Looks at all of it first: what follows cannot fail, nor go deeper than serde_json does.
        serde_json::from_str::<Value>(text).map_err(|error| error.to_string())?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self::from_raw(String::new(), raw.get()))
    }

    fn from_raw(name: String, text: &str) -> Self {
        let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}:{key}") };
        let other = || Data::Other(text.to_owned());
        let data = match text.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Members>(text).map_or_else(
                |_| other(),
                |Members(members)| {
                    let member = |(key, raw): (String, &RawValue)| {
                        let node = Self::from_raw(below(&key), raw.get());
                        (key, node)
                    };
                    Data::Object(members.into_iter().map(member).collect())
                },
            ),
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text).map_or_else(
                |_| other(),
                |elements| {
                    let element =
                        |(index, raw): (usize, &RawValue)| Self::from_raw(below(&index.to_string()), raw.get());
                    Data::List(elements.into_iter().enumerate().map(element).collect())
                },
            ),
            Some(b'"') => serde_json::from_str(text).map_or_else(|_| other(), Data::Text),
            _ => other(),
        };
        Self { name, data }
    }

    /// The value for a message.
    pub(super) fn to_text(&self) -> String {
        match &self.data {
            Data::Text(text) | Data::Other(text) => text.clone(),
            Data::List(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::to_text).collect();
                format!("[{}]", elements.join(", "))
            }
            Data::Object(members) => {
                let members: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }
}

impl Node {
    /// The same as JSON.
    pub(super) fn to_json(&self) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        match &self.data {
            Data::Text(text) => quoted(text),
            Data::Other(text) => text.clone(),
            Data::List(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::to_json).collect();
                format!("[{}]", elements.join(","))
            }
            Data::Object(members) => {
                let member = |(key, node): &(String, Self)| format!("{}:{}", quoted(key), node.to_json());
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// The variables of .NET's spelling as a tree: `A__B__0` is the first element of `B` in `A`.
#[derive(Debug, Default)]
pub(super) struct Branch {
    name: String,
    value: Option<String>,
    /// By the key ignoring case; numbers in their order.
    members: BTreeMap<(u32, String), (String, Branch)>,
}

impl Branch {
    /// Puts a value at the end of `path`. `name` is the whole variable's, `used` the part of it that leads here.
    pub(super) fn insert(&mut self, name: &str, used: usize, path: &[&str], value: String) {
        if self.name.is_empty() {
            name[..used].clone_into(&mut self.name);
        }
        match path.split_first() {
            None => self.value = Some(value),
            Some((key, rest)) => {
                let number = key.parse().unwrap_or(u32::MAX);
                let entry = self.members.entry((number, key.to_ascii_lowercase()));
                let (_, branch) = entry.or_insert_with(|| ((*key).to_owned(), Self::default()));
                branch.insert(name, used + "__".len() + key.len(), rest, value);
            }
        }
    }

    /// The node, and the names of variables that have both a value and members.
    pub(super) fn into_node(self, torn: &mut Vec<String>) -> Node {
        let is_list = !self.members.is_empty() && self.members.keys().all(|(number, _)| *number != u32::MAX);
        if self.value.is_some() && !self.members.is_empty() {
            torn.push(self.name.clone());
        }
        let data = match self.value {
            Some(value) if self.members.is_empty() => Data::Text(value),
            _ if is_list => Data::List(self.members.into_values().map(|(_, branch)| branch.into_node(torn)).collect()),
            _ => Data::Object(self.members.into_values().map(|(key, branch)| (key, branch.into_node(torn))).collect()),
        };
        Node { name: self.name, data }
    }
}

/// JSON as .NET's configuration reads it: a byte order mark, comments and a comma behind the last element are allowed.
/// They become blanks, so that lines and columns stay as they are.
pub(super) fn without_comments(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    // Where the last comma is, if only blanks came behind it, and whether an element came before it.
    let mut comma = None;
    let mut has_element = false;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '"' => string_length(rest),
            '/' if rest.starts_with("//") => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(0, |end| end + 2),
            _ => letter.len_utf8(),
        };
        // A comment without an end stays, and is the JSON reader's to complain about.
        let length = if length == 0 { rest.len() } else { length };
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        if letter == '/' && (piece.starts_with("//") || piece.len() >= 4 && piece.ends_with("*/")) {
            plain.extend(piece.chars().map(|letter| if matches!(letter, '\n' | '\r') { letter } else { ' ' }));
            continue;
        }
        match letter {
            ' ' | '\t' | '\n' | '\r' => {}
            ',' => {
                comma = has_element.then_some(plain.len());
                has_element = false;
            }
            ']' | '}' => {
                if let Some(at) = comma.take() {
                    plain.replace_range(at..=at, " ");
                }
                has_element = true;
            }
            '[' | '{' => {
                comma = None;
                has_element = false;
            }
            _ => {
                comma = None;
                has_element = true;
            }
        }
        plain.push_str(piece);
    }
    plain
}

/// The length of the JSON string at the start, its quotes included; all of the text if it has no end.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_stay() {
        for (text, plain) in [
            ("{} // x", "{}     "),
            ("{/* a\n b */\"k\":1}", "{    \n     \"k\":1}"),
            (r#"{"a":"// no /* no */"}"#, r#"{"a":"// no /* no */"}"#),
            (r#"{"a":"\"// no","b":"\\"}//"#, r#"{"a":"\"// no","b":"\\"}  "#),
            ("[1,2,]", "[1,2 ]"),
            ("[1,2, // x\n]", "[1,2      \n]"),
            (r#"{"a":[1,],}"#, r#"{"a":[1 ] }"#),
            ("[,]", "[,]"),
            ("[1,,]", "[1,,]"),
            ("/*/", "/*/"),
            ("/**/1", "    1"),
            ("{} /* x", "{} /* x"),
            ("\"open // x", "\"open // x"),
            ("1 / 2", "1 / 2"),
            ("// é\n1", "    \n1"),
            ("\u{feff}{}", "{}"),
            ("//\r\n1", "  \r\n1"),
        ] {
            assert_eq!(without_comments(text), plain, "{text}");
        }
    }

    #[test]
    fn names_are_paths() {
        let root = Node::from_json(r#"{"A":{"L":["x",{"N":1}],"L":true}}"#).unwrap();
        let mut names = Vec::new();
        walk(&root, &mut names);
        assert_eq!(names, ["", "A", "A:L", "A:L:0", "A:L:1", "A:L:1:N", "A:L"]);
        assert_eq!(Node::from_json("{\n 1}").unwrap_err(), "key must be a string at line 2 column 2");
    }

    fn walk(node: &Node, names: &mut Vec<String>) {
        names.push(node.name.clone());
        match &node.data {
            Data::List(elements) => elements.iter().for_each(|element| walk(element, names)),
            Data::Object(members) => members.iter().for_each(|(_, member)| walk(member, names)),
            Data::Text(_) | Data::Other(_) => {}
        }
    }
}
