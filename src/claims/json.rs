//! The strict JSON reader, for headers, payloads and the objects inside them: one object ([RFC
//! 8259](https://www.rfc-editor.org/rfc/rfc8259)) without duplicate members, at any level, and at most [`MAX_DEPTH`] levels
//! deep.
//!
//! serde_json reads the text once. Values are borrowed as they stand; objects and arrays among them are then checked member
//! by member.

use std::{borrow::Cow, collections::HashSet, fmt};

use memchr::memchr;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most levels of nesting. The object itself is the first.
pub(crate) const MAX_DEPTH: usize = 64;

/// The initial capacity for the members of an object. Tokens of Entra have about 25.
const USUAL_MEMBERS: usize = 25;

/// Names that serde_json reserves for itself. An object with such a member turns into another value when it is read again,
/// whose depth and members were not checked.
const RESERVED: &str = "$serde_json::private::";

/// A member of an object: its name, unescaped, and the JSON text of its value.
pub(crate) type Member<'a> = (Cow<'a, str>, &'a str);

/// The members of the one object in `text`, in their order.
///
/// # Errors
///
/// Names the rule that `text` breaks, without quoting it: not one object, a duplicate member, too many levels.
pub(crate) fn object(text: &str) -> Result<Vec<Member<'_>>, &'static str> {
    let Object(members) = serde_json::from_str(text).map_err(|_| "is not one JSON object")?;
    if has_duplicate(members.iter().map(|(name, _)| name)) {
        return Err("has a member twice");
    }
    let is_reserved =
        |(name, value): &Member<'_>| name.starts_with(RESERVED) || (is_container(value) && value.contains(RESERVED));
    if members.iter().any(is_reserved) {
        return Err("has a member with a name that is not allowed");
    }
    for (_, value) in &members {
        check_nested(value)?;
    }
    Ok(members)
}

/// The content of a JSON string, borrowed unless it has escapes. `None` if `value` is not a string, or is one with half a
/// surrogate pair, which has no content.
pub(crate) fn string(value: &str) -> Option<Cow<'_, str>> {
    let content = value.strip_prefix('"')?.strip_suffix('"')?;
    if memchr(b'\\', content.as_bytes()).is_some() {
        serde_json::from_str::<String>(value).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(content))
    }
}

/// The contents of an array of strings. `None` if `value` is anything else.
pub(crate) fn strings(value: &str) -> Option<Vec<Cow<'_, str>>> {
    let strings: Vec<Text<'_>> = serde_json::from_str(value).ok()?;
    Some(strings.into_iter().map(|Text(string)| string).collect())
}

/// The JSON texts of the elements of an array. `None` if `value` is not an array.
pub(crate) fn elements(value: &str) -> Option<Vec<&str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(value).ok()?;
    Some(raw.into_iter().map(RawValue::get).collect())
}

fn is_container(value: &str) -> bool {
    value.starts_with('{') || value.starts_with('[')
}

fn has_duplicate<'a>(mut names: impl ExactSizeIterator<Item = &'a Cow<'a, str>> + Clone) -> bool {
    /// So few, as headers have, are compared with each other, which allocates nothing.
    const FEW: usize = 8;
    /// More than tokens have: sorted, since the hash is fast and not made for names that an attacker chooses.
    const MANY: usize = 64;
    if names.len() <= FEW {
        return names.clone().enumerate().any(|(at, name)| names.clone().skip(at + 1).any(|other| other == name));
    }
    if names.len() > MANY {
        let mut sorted: Vec<&str> = names.map(|name| &**name).collect();
        sorted.sort_unstable();
        return sorted.windows(2).any(|pair| pair[0] == pair[1]);
    }
    let mut seen = HashSet::with_capacity_and_hasher(names.len(), foldhash::fast::RandomState::default());
    !names.all(|name| seen.insert(&**name))
}

/// A string, borrowed unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

struct Object<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(USUAL_MEMBERS);
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push((name, value.get()));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// Checks what is inside the value of a member.
fn check_nested(value: &str) -> Result<(), &'static str> {
    if !is_container(value) {
        return Ok(());
    }
    let mut faults = Faults::default();
    let nested = Nested { level: 1, faults: &mut faults };
    let is_readable = nested.deserialize(&mut serde_json::Deserializer::from_str(value)).is_ok();
    if faults.is_too_deep {
        Err("is nested too deep")
    } else if faults.has_duplicate || !is_readable {
        Err("has a member twice, or what cannot be read, inside of another")
    } else {
        Ok(())
    }
}

/// Faults of values that serde_json reads. They are kept here because an error costs an allocation at every level.
#[derive(Default)]
struct Faults {
    is_too_deep: bool,
    has_duplicate: bool,
}

/// Reads one value and notes its faults.
struct Nested<'f> {
    /// The level of the object or array around the value.
    level: usize,
    faults: &'f mut Faults,
}

impl Nested<'_> {
    /// For a value in this one.
    fn inner(&mut self) -> Nested<'_> {
        Nested { level: self.level + 1, faults: self.faults }
    }
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        if self.level >= MAX_DEPTH {
            self.faults.is_too_deep = true;
            return IgnoredAny.visit_seq(array).map(drop);
        }
        while array.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        let is_too_deep = self.level >= MAX_DEPTH;
        let mut names = Vec::new();
        while let Some(Text(name)) = object.next_key()? {
            if name.starts_with(RESERVED) {
                return match name {
                    // The caller has looked for the name as it stands, so this is a number: serde_json gives it in this form
                    // if a dependent crate switches `arbitrary_precision` on.
                    Cow::Borrowed(_) => object.next_value::<IgnoredAny>().map(drop),
                    Cow::Owned(_) => Err(de::Error::custom("reserved name")),
                };
            }
            names.push(name);
            if is_too_deep {
                object.next_value::<IgnoredAny>()?;
            } else {
                object.next_value_seed(self.inner())?;
            }
        }
        self.faults.is_too_deep |= is_too_deep;
        self.faults.has_duplicate |= has_duplicate(names.iter());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
