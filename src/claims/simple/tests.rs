use proptest::prelude::*;

use super::*;
use crate::claims::json;

/// What the long way gives.
fn long(text: &str) -> Result<Vec<Member<'_>>, &'static str> {
    json::object_the_long_way(text)
}

#[test]
fn takes_what_entra_writes() {
    let text = r#"{"aud":"api://x","exp":1700000000,"roles":["a","b"],"amr":[],"t":true,"n":null,"zero":0,"":"é"}"#;
    assert_eq!(members(text), Some(long(text).unwrap()));
    assert_eq!(members(r#"{"a":1}"#).map(|members| members.len()), Some(1));
}

#[test]
fn leaves_everything_else_to_the_long_way() {
    for text in [
        "",
        "{",
        "}",
        "{}",
        "{}}",
        r#"{"a":1"#,
        r#"{"a":1,}"#,
        r#"{"a":1}}"#,
        r#"{"a":1} "#,
        r#" {"a":1}"#,
        r#"{"a": 1}"#,
        r#"{"a":01}"#,
        r#"{"a":00}"#,
        r#"{"a":-1}"#,
        r#"{"a":1.5}"#,
        r#"{"a":1e5}"#,
        r#"{"a":tru}"#,
        r#"{"a":truee}"#,
        r#"{"a":nul"#,
        r#"{"a":"\n"}"#,
        r#"{"a\u0041":1}"#,
        "{\"a\":\"\n\"}",
        "{\"a\":\"\0\"}",
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"a":[1]}"#,
        r#"{"a":["x",]}"#,
        r#"{"a":[,"x"]}"#,
        r#"{"a":["x"}"#,
        r#"{"a":["x""y"]}"#,
        r#"{"a":[["x"]]}"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":}"#,
        r#"{"a"}"#,
        r#"{a:1}"#,
        r#"{"a":"x}"#,
        r#"{"a":1;"b":2}"#,
        r#"{"$serde_json::private::RawValue":"1"}"#,
        r#"{"a":["$serde_json::private::RawValue"]}"#,
        r#","a":1}"#,
        "\u{feff}{\"a\":1}",
    ] {
        assert_eq!(members(text), None, "{text}");
    }
}

#[test]
fn many_members_go_the_long_way() {
    let object = |count: usize| {
        let members: Vec<String> = (0..count).map(|n| format!("\"m{n}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert!(members(&object(MOST_MEMBERS)).is_some());
    assert!(members(&object(MOST_MEMBERS + 1)).is_none());
}

#[test]
fn strings_of_a_list() {
    let all = |value| {
        let mut found = Vec::new();
        strings(value, |piece| found.push(piece.of(value).unwrap())).then_some(found)
    };
    assert_eq!(all("[]"), Some(vec![]));
    assert_eq!(all(r#"["a","","b"]"#), Some(vec!["a", "", "b"]));
    for other in [r#"["a", "b"]"#, "[1]", r#"["a",1]"#, r#"["\u0041"]"#, r#""a""#, "{}", r#"["a"]]"#, "["] {
        assert_eq!(all(other), None, "{other}");
    }
}

#[test]
fn short_names_are_numbers_of_their_own() {
    let names = [
        "", "a", "b", "ab", "ba", "aud", "abcd", "abcde", "abcdefg", "abcdefgh", "hgfedcba", "abcdabcd", "a\0", "aud\0",
    ];
    let numbers: std::collections::BTreeSet<_> = names.iter().map(|name| short(name.as_bytes()).unwrap()).collect();
    assert_eq!(numbers.len(), names.len());
    assert_eq!(short(b"appidacr"), Some((u64::from_le_bytes(*b"appidacr"), 8)));
    assert_eq!(short(b"abcdefghi"), None);
}

#[test]
fn a_name_is_new_once() {
    let mut seen = Seen::new();
    // More than there are places, short and long.
    let names: Vec<String> =
        (0..MOST_MEMBERS).map(|n| if n % 2 == 0 { format!("{n}") } else { format!("a-long-name-{n}") }).collect();
    for name in &names {
        assert!(seen.is_new(name.as_bytes(), short(name.as_bytes())), "{name}");
    }
    for name in &names {
        assert!(!seen.is_new(name.as_bytes(), short(name.as_bytes())), "{name}");
    }
}

proptest! {
    #[test]
    fn every_quote_is_found(bytes in proptest::collection::vec(prop_oneof![6 => any::<u8>(), 2 => Just(b'"'), 1 => Just(b'#'), 1 => Just(b'"' | 0x80)], 0..200)) {
        let quotes: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] == b'"').collect();
        prop_assert_eq!(Quotes::new(&bytes).collect::<Vec<_>>(), quotes);
    }
}

/// Objects near those that the short way takes: right ones, and such with a fault somewhere.
fn objects() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[a-z]{0,3}", "[ -~é\\\\\"\n]{0,4}", Just("a".to_owned())];
    let string = text.prop_map(|text| format!("\"{text}\""));
    let atom = prop_oneof![
        4 => string.clone(),
        2 => "[0-9]{1,4}",
        1 => "-?[0-9]{0,3}(\\.[0-9]{0,2})?(e[0-9]?)?",
        1 => prop_oneof![Just("true".to_owned()), Just("false".to_owned()), Just("null".to_owned()), Just("t".to_owned())],
    ];
    let list = |item: BoxedStrategy<String>| {
        (proptest::collection::vec(item, 0..4), prop_oneof![9 => Just(","), 1 => Just(", ")])
            .prop_map(|(items, comma)| format!("[{}]", items.join(comma)))
    };
    let value = prop_oneof![4 => atom.clone(), 2 => list(string.clone().boxed()), 1 => list(atom.boxed())];
    let member = (string, value).prop_map(|(name, value)| format!("{name}:{value}"));
    let whole = proptest::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(",")));
    let broken = (whole.clone(), any::<proptest::sample::Index>(), any::<char>()).prop_map(|(mut text, at, with)| {
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        text.remove(place);
        if with.is_ascii() {
            text.insert(place, with);
        }
        text
    });
    prop_oneof![whole, broken]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// The short way takes nothing that the long way refuses, and reads it as the long way does.
    #[test]
    fn the_short_way_is_never_on_its_own(text in objects()) {
        if let Some(members) = members(&text) {
            prop_assert_eq!(Ok(members), long(&text), "{}", text);
        }
    }

    #[test]
    fn lists_are_read_as_the_long_way_does(text in objects()) {
        for (_, value) in long(&text).unwrap_or_default() {
            let mut found = Vec::new();
            if strings(value, |piece| found.push(piece.of(value).unwrap().to_owned())) {
                let elements = json::elements(value).unwrap();
                let elements: Vec<_> = elements.into_iter().map(|raw| json::string(raw).unwrap().into_owned()).collect();
                prop_assert_eq!(found, elements);
            }
        }
    }
}
