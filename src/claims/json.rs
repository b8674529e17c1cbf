//! Strict reading of one JSON object: every member once, at every depth, and no deeper than [`MAX_DEPTH`].

use std::{borrow::Cow, fmt};

use memchr::memchr;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    member::{Member, Name, USUAL},
    simple::{self, Quotes, What},
};

/// Levels of nesting that are read; the object itself is the first.
pub(crate) const MAX_DEPTH: usize = 64;

/// The members of the one object that `text` is.
///
/// # Errors
///
/// Says what is wrong, without anything of the text: no object, a member given twice, too deep a nesting.
pub(crate) fn object(text: &str) -> Result<Vec<Member<'_>>, &'static str> {
    simple::members(text).map_or_else(|| object_the_long_way(text), Ok)
}

/// What comes of the members of the one object that `text` is, taken one after the other: by their names, and what they are
/// as strings, `None` if they are none.
///
/// # Errors
///
/// As [`object`].
pub(crate) fn fold<'a, T: Default>(
    text: &'a str,
    mut take: impl FnMut(&mut T, &str, Option<Cow<'a, str>>),
) -> Result<T, &'static str> {
    let mut folded = T::default();
    let is_simple = simple::each(text, |name, value, what| {
        let value = (what == What::String).then(|| Cow::Borrowed(&value[1..value.len() - 1]));
        take(&mut folded, name, value);
    });
    if is_simple {
        return Ok(folded);
    }
    let mut folded = T::default();
    for (Name(name), value) in object_the_long_way(text)? {
        take(&mut folded, &name, string(value));
    }
    Ok(folded)
}

/// Names by which serde_json speaks to itself: an object with one of them becomes another value when it is read a second
/// time, of a depth and with members that nobody has looked at.
const PRIVATE: &str = "$serde_json::private::";
const PRIVATE_FAULT: &str = "has a member with a name that is not allowed";

/// The same, whatever the object looks like.
pub(super) fn object_the_long_way(text: &str) -> Result<Vec<Member<'_>>, &'static str> {
    if depth(text) > MAX_DEPTH {
        return Err("is nested too deep");
    }
    let Members(members) = serde_json::from_str(text).map_err(|_| "is not one JSON object")?;
    if has_duplicate(members.iter().map(|(name, _)| &*name.0)) {
        return Err("has a member twice");
    }
    let is_private = |(name, value): &Member<'_>| {
        name.0.starts_with(PRIVATE) || (value.starts_with(['{', '[']) && value.contains(PRIVATE))
    };
    if members.iter().any(is_private) {
        return Err(PRIVATE_FAULT);
    }
    for (_, value) in &members {
        if value.starts_with(['{', '[']) {
            let mut nested = serde_json::Deserializer::from_str(value);
            Nested
                .deserialize(&mut nested)
                .map_err(|_| "has a member twice, or what cannot be read, inside of another")?;
        }
    }
    Ok(members)
}

/// The text of a JSON string, borrowed unless it has escapes. `None` if `value` is no string.
pub(crate) fn string(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if memchr(b'\\', inner.as_bytes()).is_some() {
        serde_json::from_str::<String>(value).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The elements of a JSON array as they stand in the text. `None` if `value` is no array.
pub(crate) fn elements(value: &str) -> Option<Vec<&str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(value).ok()?;
    Some(raw.into_iter().map(RawValue::get).collect())
}

fn has_duplicate<'a>(names: impl ExactSizeIterator<Item = &'a str> + Clone) -> bool {
    const FEW: usize = 40;
    if names.len() <= FEW {
        let mut rest = names;
        while let Some(name) = rest.next() {
            if rest.clone().any(|other| other == name) {
                return true;
            }
        }
        return false;
    }
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(USUAL);
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    members.push((name, map.next_value::<&'de RawValue>()?.get()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// How many levels a text has, if it is JSON; or, where that is enough to know, something between that and [`MAX_DEPTH`].
fn depth(text: &str) -> usize {
    let bytes = text.as_bytes();
    let opens = |byte: u8| u8::from(byte == b'[' || byte == b'{');
    let opening: usize = bytes
        .chunks(usize::from(u8::MAX))
        .map(|few| usize::from(few.iter().map(|&byte| opens(byte)).sum::<u8>()))
        .sum();
    if opening <= MAX_DEPTH {
        return opening;
    }
    let (mut level, mut deepest, mut at) = (0_usize, 0, 0);
    let mut quotes = Quotes::new(bytes);
    loop {
        let opens = quotes.next();
        for byte in &bytes[at..opens.unwrap_or(bytes.len())] {
            match byte {
                b'[' | b'{' => {
                    level += 1;
                    deepest = deepest.max(level);
                }
                b']' | b'}' => level = level.saturating_sub(1),
                _ => {}
            }
        }
        let closes = opens.and_then(|opens| quotes.find(|&closes| !ends_in_escape(&bytes[opens + 1..closes])));
        match closes {
            Some(closes) if deepest <= MAX_DEPTH => at = closes + 1,
            _ => return deepest,
        }
    }
}

/// Whether what comes behind, in a string, is escaped.
fn ends_in_escape(bytes: &[u8]) -> bool {
    bytes.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// Walks through one value, which is not too deep, and fails where it has a member twice.
#[derive(Clone, Copy)]
struct Nested;

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names: Vec<Name<'de>> = Vec::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            // Written out it is found in the text; a number may come under such a name, which is then borrowed.
            if matches!(&name.0, Cow::Owned(name) if name.starts_with(PRIVATE)) {
                return Err(de::Error::custom(PRIVATE_FAULT));
            }
            names.push(name);
            map.next_value_seed(self)?;
        }
        if has_duplicate(names.iter().map(|name| &*name.0)) {
            return Err(de::Error::custom("a member twice"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        // The object is level 1, each array one more.
        format!("{{\"a\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
    }

    #[test]
    fn reads_members_in_order() {
        let members = object(r#" { "a" : 1 , "b\u0063" : {"x": [true, null, -1.5e3]} } "#).unwrap();
        let members: Vec<_> = members.iter().map(|(name, value)| (&*name.0, *value)).collect();
        assert_eq!(members, [("a", "1"), ("bc", r#"{"x": [true, null, -1.5e3]}"#)]);
    }

    #[test]
    fn refuses_a_member_given_twice_at_any_depth() {
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":{"a":1,"a":1}}"#, r#"{"x":[[{"a":1,"b":2,"a":3}]]}"#]
        {
            assert!(object(text).is_err(), "{text}");
        }
        let mut many: Vec<String> = (0..5_000).map(|n| format!("\"m{n}\":0")).collect();
        assert!(object(&format!("{{{}}}", many.join(","))).is_ok());
        many.push("\"m17\":0".to_owned());
        assert!(object(&format!("{{{}}}", many.join(","))).is_err());
    }

    #[test]
    fn names_that_serde_json_keeps_for_itself_are_refused() {
        for text in [
            r#"{"$serde_json::private::RawValue":"1"}"#,
            r#"{"\u0024serde_json::private::RawValue":"1"}"#,
            r#"{"a":{"$serde_json::private::RawValue":"{\"b\":1,\"b\":2}"}}"#,
            r#"{"a":[{"$serde_json::private::Number":"1"}]}"#,
            r#"{"a":[{"\u0024serde_json::private::RawValue":"1"}]}"#,
            r#"{"a":[{"$serde\u005fjson::private::Number":"1"}]}"#,
        ] {
            assert!(object(text).is_err(), "{text}");
        }
        assert!(object(r#"{"a":"$serde_json::private::RawValue","b":[1,2.5e3]}"#).is_ok(), "as a text it is one");
    }

    #[test]
    fn levels_are_counted_outside_of_texts() {
        // So many that they are looked at one by one.
        let many = format!("[{}\"\"]", "[],".repeat(MAX_DEPTH));
        for (value, levels) in [
            ("\"[{\"", 0),
            ("[]", 1),
            ("[[],[[]],{}]", 3),
            (r#"{"a[":["]\\"],"b\"[[":{"c":[1]}}"#, 3),
            (r#"["\\\"[[[[\\",[]]"#, 2),
            (r#"["\u005b","\\",[["]"]]]"#, 3),
        ] {
            let text = format!("[{many},{value}]");
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
            assert_eq!(depth(&text), (1 + levels).max(3), "{value}");
        }
        assert_eq!(depth("[[{}]]"), 3);
        for broken in ["\"", "[\"\\", "]]]]", "[\"[[["] {
            let text = format!("{many}{broken}");
            assert!(depth(&text) <= 3, "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_64() {
        assert!(object(&nested(MAX_DEPTH)).is_ok());
        assert!(object(&nested(MAX_DEPTH + 1)).is_err());
        assert!(object(&nested(100_000)).is_err());
        let with_texts = |levels: usize| {
            let lists = levels - 1;
            format!("{{\"a\":{}1{}}}", "[\"[\\\"\",".repeat(lists), "]".repeat(lists))
        };
        assert!(object(&with_texts(MAX_DEPTH)).is_ok());
        assert!(object(&with_texts(MAX_DEPTH + 1)).is_err());
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in
            ["", "null", "[]", "1", "{", "{}x", "{\"a\":01}", "{\"a\":1,}", "{'a':1}", "{\"a\":\"\n\"}", "\u{feff}{}"]
        {
            assert!(object(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn strings_and_arrays() {
        assert_eq!(string(r#""plain""#).as_deref(), Some("plain"));
        assert_eq!(string(r#""a\nb""#).as_deref(), Some("a\nb"));
        assert_eq!(string(r#""\ud800""#), None, "half a surrogate pair");
        assert_eq!(string("1"), None);
        assert_eq!(elements(r#"["a", 1 ,{}]"#), Some(vec!["\"a\"", "1", "{}"]));
        assert_eq!(elements("{}"), None);
    }
}
