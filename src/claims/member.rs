use std::{borrow::Cow, fmt};

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// The name of a member, unescaped, and the text of its value.
pub(crate) type Member<'a> = (Name<'a>, &'a str);

/// The initial capacity for the members of an object: below 1 KiB, which allocators serve much faster than more.
pub(super) const USUAL: usize = 25;

/// A member's name; borrowed unless it contains an escape.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}
