use super::*;

const DUPLICATE: &str = "has a member twice";
const DUPLICATE_INSIDE: &str = "has a member twice, or what cannot be read, inside of another";
const RESERVED_NAME: &str = "has a member with a name that is not allowed";
const NOT_AN_OBJECT: &str = "is not one JSON object";
const TOO_DEEP: &str = "is nested too deep";

fn fault(text: &str) -> Option<&'static str> {
    object(text).err()
}

/// `inner` inside of so many arrays, in a member of an object.
fn in_arrays(levels: usize, inner: &str) -> String {
    format!("{{\"a\":{}{inner}{}}}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn members_are_in_order_with_unescaped_names_and_values_as_they_stand() {
    let members = object(r#" { "a" : 1 , "b\u0063" : {"x": [true, null, -1.5e3]} , "":"\u0041"} "#).unwrap();
    let members: Vec<_> = members.iter().map(|(name, value)| (&**name, *value)).collect();
    assert_eq!(members, [("a", "1"), ("bc", r#"{"x": [true, null, -1.5e3]}"#), ("", r#""\u0041""#)]);
    assert_eq!(object("{}"), Ok(vec![]));
}

#[test]
fn valid_objects_are_accepted() {
    for text in [
        "{}",
        "\t\r\n {\"a\":1}\t\r\n ",
        r#"{"a":-0,"b":0.0,"c":1E+5,"d":-1.5e-3}"#,
        // A number may be larger than any program can hold, unless it is inside of another value.
        r#"{"a":1e400,"b":-1e400,"c":99999999999999999999999}"#,
        r#"{"a":[-0,1e308,1e-400,99999999999999999999999]}"#,
        r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#,
        // Half a surrogate pair, too.
        r#"{"a":"\ud800","b":"\udc00"}"#,
        "{\"a\":\"\u{7f}\u{80}\u{2028}\u{feff}\u{1f600}\"}",
        r#"{"a":1,"A":2,"á":3,"a\u0301":4}"#,
        r#"{"a":{"b":1},"b":{"b":1},"c":[{"b":1},{"b":1}]}"#,
        r#"{"a":"{\"b\":1,\"b\":2}"}"#,
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

#[test]
fn text_that_is_not_one_object_is_rejected() {
    for text in [
        "",
        " ",
        "null",
        "[]",
        "1",
        "\"a\"",
        "{",
        "}",
        "{}x",
        "{}{}",
        "{},",
        "{}\0",
        "{}\u{feff}",
        "{}\u{b}",
        "\u{feff}{}",
        "\u{c}{}",
        "\u{a0}{}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a":1;"b":2}"#,
        r#"{"a":1]"#,
        r#"{"a":1}}"#,
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{null:1}",
        r#"{"a":'b'}"#,
        r#"{"a":/**/1}"#,
        r#"{"a":01}"#,
        r#"{"a":-01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":1e+}"#,
        r#"{"a":0x1}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":True}"#,
        r#"{"a":nul}"#,
        r#"{"a":truee}"#,
        r#"{"a":"b}"#,
        r#"{"a":"\"}"#,
        r#"{"a":"\x41"}"#,
        r#"{"a":"\u12"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\U0041"}"#,
        "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":\"\u{1f}\"}",
        "{\"\n\":1}",
        r#"{"\ud800":1}"#,
        r#"{"\udc00":1}"#,
        r#"{"\ud83d\u0041":1}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1}"#,
        r#"{"a":{"b":1,}}"#,
    ] {
        assert_eq!(fault(text), Some(NOT_AN_OBJECT), "{text:?}");
    }
}

#[test]
fn duplicate_members_are_rejected_at_every_level() {
    for (text, expected) in [
        (r#"{"a":1,"a":1}"#, DUPLICATE),
        (r#"{"a":1,"b":2,"a":3}"#, DUPLICATE),
        (r#"{"":1,"":2}"#, DUPLICATE),
        (r#"{"a":1,"\u0061":2}"#, DUPLICATE),
        (r#"{"\u0061":1,"\u0061":2}"#, DUPLICATE),
        (r#"{"/":1,"\/":2}"#, DUPLICATE),
        (r#"{"😀":1,"\ud83d\ude00":2}"#, DUPLICATE),
        (r#"{"x":{"a":1,"a":1}}"#, DUPLICATE_INSIDE),
        (r#"{"x":{"a":1,"\u0061":1}}"#, DUPLICATE_INSIDE),
        (r#"{"x":[[{"a":1,"b":2,"a":3}]]}"#, DUPLICATE_INSIDE),
        (r#"{"x":{"a":{"b":{"":1,"":2}}}}"#, DUPLICATE_INSIDE),
    ] {
        assert_eq!(fault(text), Some(expected), "{text}");
    }
    let deepest = in_arrays(MAX_DEPTH - 2, r#"{"b":1,"b":2}"#);
    assert_eq!(fault(&deepest), Some(DUPLICATE_INSIDE));
    for count in [2, 8, 9, 64, 65, 5_000] {
        let mut many: Vec<String> = (0..count).map(|number| format!("\"m{number}\":0")).collect();
        let object = |members: &[String]| format!("{{{}}}", members.join(","));
        assert_eq!(fault(&object(&many)), None, "{count}");
        many[count - 1] = "\"m0\":0".to_owned();
        assert_eq!(fault(&object(&many)), Some(DUPLICATE), "{count}");
        assert_eq!(fault(&format!("{{\"x\":{}}}", object(&many))), Some(DUPLICATE_INSIDE), "{count}");
    }
}

#[test]
fn values_without_a_meaning_are_rejected_inside_of_others() {
    for value in [
        r#"["\ud800"]"#,
        r#"["\udc00"]"#,
        r#"["\ud83d\u0041"]"#,
        r#"{"b":"\ud800"}"#,
        r#"{"\ud800":1}"#,
        r#"[["a",{"b":["\ud800"]}]]"#,
        "[1e400]",
        r#"{"b":-1e400}"#,
    ] {
        assert_eq!(fault(&format!("{{\"a\":{value}}}")), Some(DUPLICATE_INSIDE), "{value}");
    }
}

#[test]
fn nesting_ends_at_64_levels() {
    assert_eq!(MAX_DEPTH, 64);
    let in_objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    // Brackets in strings do not count.
    let with_strings =
        |levels: usize| format!("{{\"[{{\":{}1{}}}", "[\"[\\\"{\",".repeat(levels - 1), "]".repeat(levels - 1));
    for (levels, expected) in [(MAX_DEPTH, None), (MAX_DEPTH + 1, Some(TOO_DEEP)), (100_000, Some(TOO_DEEP))] {
        assert_eq!(fault(&in_arrays(levels - 1, "1")), expected, "arrays, {levels}");
        assert_eq!(fault(&in_arrays(levels - 1, "")), expected, "empty, {levels}");
        assert_eq!(fault(&in_arrays(levels - 2, "{}")), expected, "an empty object, {levels}");
        assert_eq!(fault(&in_objects(levels)), expected, "objects, {levels}");
        assert_eq!(fault(&with_strings(levels)), expected, "strings, {levels}");
    }
    let wide = format!("{{\"a\":[{}[]]}}", "[],".repeat(1_000));
    assert_eq!(fault(&wide), None, "many values are not many levels");
}

#[test]
fn names_that_serde_json_reserves_are_rejected() {
    for (text, expected) in [
        (r#"{"$serde_json::private::RawValue":"1"}"#, RESERVED_NAME),
        (r#"{"\u0024serde_json::private::RawValue":"1"}"#, RESERVED_NAME),
        (r#"{"a":{"$serde_json::private::RawValue":"{\"b\":1,\"b\":2}"}}"#, RESERVED_NAME),
        (r#"{"a":[{"$serde_json::private::Number":"1"}]}"#, RESERVED_NAME),
        (r#"{"a":["$serde_json::private::"]}"#, RESERVED_NAME),
        (r#"{"a":[{"\u0024serde_json::private::RawValue":"1"}]}"#, DUPLICATE_INSIDE),
        (r#"{"a":[{"$serde\u005fjson::private::Number":"1"}]}"#, DUPLICATE_INSIDE),
    ] {
        assert_eq!(fault(text), Some(expected), "{text}");
    }
    assert_eq!(fault(r#"{"a":"$serde_json::private::RawValue","$":[1,2.5e3]}"#), None, "a string value is not a name");
}

#[test]
fn contents_of_strings_and_arrays() {
    for (value, content) in [
        (r#""plain""#, Some("plain")),
        (r#""""#, Some("")),
        (r#""a\nb""#, Some("a\nb")),
        (r#""\ud83d\ude00""#, Some("😀")),
        (r#""\ud800""#, None),
        ("1", None),
        (r#"["a"]"#, None),
    ] {
        assert_eq!(string(value).as_deref(), content, "{value}");
    }
    for (value, contents) in [
        ("[]", Some(vec![])),
        (r#"["a", "" ,"\u0062"]"#, Some(vec!["a", "", "b"])),
        (r#"["a",1]"#, None),
        (r#"["a",null]"#, None),
        (r#"[["a"]]"#, None),
        (r#""a""#, None),
        ("{}", None),
    ] {
        let strings = strings(value);
        let strings = strings.as_ref().map(|strings| strings.iter().map(|string| &**string).collect::<Vec<_>>());
        assert_eq!(strings, contents, "{value}");
    }
    assert_eq!(elements(r#"["a", 1 ,{}]"#), Some(vec!["\"a\"", "1", "{}"]));
    assert_eq!(elements("{}"), None);
}
