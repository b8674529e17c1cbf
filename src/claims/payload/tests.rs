mod generated;

use super::*;

fn parse(json: &str) -> Result<Box<Payload>, &'static str> {
    Payload::parse(json.to_owned())
}

fn list(payload: &Payload, claim: ListClaim) -> Option<Vec<&str>> {
    payload.list(claim).map(Iterator::collect)
}

const STRINGS: [(&str, StringClaim); StringClaim::COUNT] = [
    ("iss", StringClaim::Issuer),
    ("sub", StringClaim::Subject),
    ("tid", StringClaim::Tenant),
    ("oid", StringClaim::ObjectId),
    ("ver", StringClaim::Version),
    ("scp", StringClaim::Scope),
    ("azp", StringClaim::Azp),
    ("appid", StringClaim::AppId),
    ("azpacr", StringClaim::AzpAcr),
    ("appidacr", StringClaim::AppIdAcr),
    ("idtyp", StringClaim::TokenType),
];

const LISTS: [(&str, ListClaim); ListClaim::COUNT] = [
    ("aud", ListClaim::Audience),
    ("roles", ListClaim::Roles),
    ("groups", ListClaim::Groups),
    ("wids", ListClaim::DirectoryRoles),
    ("acrs", ListClaim::AuthContexts),
    ("xms_cc", ListClaim::ClientCapabilities),
];

#[test]
fn claims_are_found_under_their_names() {
    for (name, claim) in STRINGS {
        let payload = parse(&format!(r#"{{"exp":1,"{name}":"x"}}"#)).unwrap();
        let found: Vec<_> = STRINGS.iter().filter(|(_, claim)| payload.string(*claim) == Some("x")).collect();
        assert_eq!(found, [&(name, claim)]);
    }
    for (name, claim) in LISTS {
        let payload = parse(&format!(r#"{{"exp":1,"{name}":["x","y"]}}"#)).unwrap();
        let found: Vec<_> = LISTS.iter().filter(|(_, claim)| payload.list(*claim).is_some()).collect();
        assert_eq!(found, [&(name, claim)]);
        assert_eq!(list(&payload, claim), Some(vec!["x", "y"]));
    }
    for name in ["", "is", "isss", "exp\\u0000", "appidac", "appidacr2", "_exp", "Sub", "ROLES"] {
        let payload = parse(&format!(r#"{{"exp":1,"{name}":"x"}}"#)).unwrap();
        assert!(STRINGS.iter().all(|(_, claim)| payload.string(*claim).is_none()), "{name}");
        assert!(LISTS.iter().all(|(_, claim)| payload.list(*claim).is_none()), "{name}");
    }
    for (name, is_bound, has_mark, has_hash) in [
        ("cnf", true, false, false),
        ("nonce", false, true, false),
        ("c_hash", false, true, true),
        ("at_hash", false, true, true),
        ("x5c", false, false, false),
    ] {
        for value in ["null", "\"\"", "{}", "1"] {
            let payload = parse(&format!(r#"{{"exp":1,"{name}":{value}}}"#)).unwrap();
            let marks = (payload.is_bound, payload.has_id_token_mark, payload.has_id_token_hash);
            assert_eq!(marks, (is_bound, has_mark, has_hash), "{name}: {value}");
        }
    }
}

#[test]
fn strings_lists_and_dates_are_read() {
    let text =
        r#"{"iss":"i","aud":["a","b\n"],"exp":17.5,"nbf":3,"roles":"one","groups":7,"x":{"y":[1]},"tid":"t\u0041"}"#;
    let payload = parse(text).unwrap();
    assert_eq!(payload.json(), text);
    assert_eq!(payload.string(StringClaim::Issuer), Some("i"));
    assert_eq!(payload.string(StringClaim::Tenant), Some("tA"));
    assert_eq!(payload.string(StringClaim::Scope), None);
    assert_eq!(list(&payload, ListClaim::Audience), Some(vec!["a", "b\n"]));
    assert_eq!(list(&payload, ListClaim::Roles), Some(vec!["one"]));
    assert_eq!(list(&payload, ListClaim::Groups), None, "a number is not a list, and groups need not be one");
    assert_eq!(payload.raw("x"), Some(r#"{"y":[1]}"#));
    assert_eq!(payload.raw("tid"), Some(r#""t\u0041""#));
    assert_eq!(payload.raw("y"), None);
    assert_eq!(payload.expires_at, Duration::from_millis(17_500));
    assert_eq!((payload.not_before, payload.issued_at), (Some(Duration::from_secs(3)), None));
}

#[test]
fn escaped_names_and_strings_are_read_unescaped() {
    let text = r#"{"\u0065xp":1,"i\u0073s":"\u0069","\u0061ud":["\u0061","b","\ud83d\ude00"],"\u00e9":"\u0041"}"#;
    let payload = parse(text).unwrap();
    assert_eq!(payload.json(), text);
    assert_eq!(payload.expires_at, Duration::from_secs(1));
    assert_eq!(payload.string(StringClaim::Issuer), Some("i"));
    assert_eq!(list(&payload, ListClaim::Audience), Some(vec!["a", "b", "😀"]));
    assert_eq!(payload.raw("é"), Some(r#""\u0041""#));
}

#[test]
fn elements_of_other_lists_are_not_kept() {
    let payload = parse(r#"{"exp":1,"other":["a"],"oid":["b"],"aud":["c","d"],"roles":["\u0065",1]}"#).unwrap();
    assert_eq!(list(&payload, ListClaim::Audience), Some(vec!["c", "d"]));
    assert_eq!(list(&payload, ListClaim::Roles), None);
    assert_eq!(payload.elements.len(), 2);
    assert_eq!(payload.text.len(), payload.json_length, "nor are strings that were unescaped for them");
}

#[test]
fn memory_is_counted() {
    let many = |item: &str| vec![item; 2_000].join(",");
    let members: Vec<String> = (0..2_000).map(|number| format!(r#""{number}":0"#)).collect();
    for members in [
        r#""iss":"i","aud":"a""#.to_owned(),
        format!(r#""aud":[{}]"#, many(r#""""#)),
        format!(r#""other":[{}]"#, many(r#""""#)),
        format!(r#""oid":[{}]"#, many(r#""\u0041""#)),
        format!(r#""groups":[{}]"#, many(r#""\u0041""#)),
        format!(r#""\u0041":1,{}"#, members.join(",")),
    ] {
        let json = format!(r#"{{"exp":1,{members}}}"#);
        let mut payload = None;
        let measured = allocation_counter::measure(|| payload = Some(parse(&json).unwrap()));
        let (taken, counted) = (measured.bytes_current, payload.unwrap().bytes());
        assert_eq!(i64::try_from(counted).unwrap(), taken, "{}", &json[..40.min(json.len())]);
    }
}

#[test]
fn debug_output_has_nothing_of_the_token() {
    let payload = parse(r#"{"exp":1,"iss":"https://id.example","name":"Ada \u0045xample"}"#).unwrap();
    assert_eq!(format!("{payload:?}"), "Payload { .. }");
}

#[test]
fn duplicates_of_every_claim_are_rejected() {
    let strings = STRINGS.iter().map(|(name, _)| (*name, "\"a\""));
    let lists = LISTS.iter().map(|(name, _)| (*name, "[\"a\"]"));
    let others =
        [("exp", "1"), ("nbf", "1"), ("iat", "1"), ("cnf", "{}"), ("nonce", "\"a\""), ("c_hash", "1"), ("name", "1")];
    for (name, value) in strings.chain(lists).chain(others) {
        let member = format!(r#""{name}":{value}"#);
        let before = if name == "exp" { "" } else { r#""exp":1,"# };
        assert!(parse(&format!("{{{before}{member}}}")).is_ok(), "{name}");
        for duplicate in [format!("{member},{member}"), format!("{member},\"other\":1,{member}")] {
            assert_eq!(parse(&format!("{{{before}{duplicate}}}")).err(), Some("has a member twice"), "{name}");
        }
    }
}

#[test]
fn claims_of_the_wrong_type_are_rejected() {
    const DATE: &str = "a date is not a number of seconds since 1970";
    const STRING: &str = "a claim that must be a string is not one";
    const LIST: &str = "a claim that must be a string or a list of strings is neither";
    for (fault, names, values) in [
        (
            DATE,
            &["exp", "nbf", "iat"][..],
            &[
                r#""1""#,
                "null",
                "true",
                "[1]",
                "{}",
                "-1",
                "-0",
                "-0.0",
                "-0.5",
                "1e300",
                "1e400",
                "9223372036854775808",
                "18446744073709551615",
                "18446744073709551616",
                "18446744075409551616",
                "253402300800",
                "253402300799.9999999",
                "2534023008e2",
            ][..],
        ),
        (STRING, &["iss", "sub", "tid"], &["1", "null", "true", r#"["i"]"#, "{}", r#""\ud800""#]),
        (LIST, &["aud"], &["1", "null", "{}", "[1]", r#"[["a"]]"#, r#"["a",null]"#, r#""\ud800""#]),
    ] {
        for name in names {
            for value in values {
                let before = if *name == "exp" { "" } else { r#""exp":1,"# };
                assert_eq!(parse(&format!(r#"{{{before}"{name}":{value}}}"#)).err(), Some(fault), "{name}: {value}");
            }
        }
    }
    assert_eq!(parse(r#"{"iss":"i"}"#).err(), Some("the claim exp is missing"));
}

#[test]
fn case_variants_of_five_names_are_rejected() {
    for name in
        ["ISS", "Iss", "AUD", "aUd", "EXP", "nbF", "TID", "t\\u0049d", "tıd", "iſs", "ıſſ", "\\u0131ss", "i\\u017fs"]
    {
        let fault = Some("a claim's name differs from iss, aud, exp, nbf or tid in case alone");
        assert_eq!(parse(&format!(r#"{{"exp":1,"{name}":"t"}}"#)).err(), fault, "{name}");
        assert_eq!(parse(&format!(r#"{{"exp":1,"iss":"i","aud":"a","tid":"t","{name}":"t"}}"#)).err(), fault, "{name}");
    }
    // `ß` is `SS` in upper case, which makes three letters of two.
    for name in ["SUB", "Oid", "ROLES", "iß", "is", "isss", "ｉss", "iśs", ""] {
        assert!(parse(&format!(r#"{{"exp":1,"{name}":"t"}}"#)).is_ok(), "{name}");
    }
}

#[test]
fn wrong_types_that_other_issuers_may_use_are_noted() {
    for (claim, has_mistyped) in [
        (r#""oid":1"#, true),
        (r#""scp":["a"]"#, true),
        (r#""roles":{"a":1}"#, true),
        (r#""roles":["a",1]"#, true),
        (r#""idtyp":false"#, true),
        (r#""ver":2.0"#, true),
        (r#""azp":null"#, true),
        (r#""azp":"\ud800""#, true),
        (r#""ver":"2.0","roles":"a","groups":7,"wids":{},"acrs":null,"xms_cc":[1]"#, false),
    ] {
        assert_eq!(parse(&format!("{{\"exp\":1,{claim}}}")).unwrap().has_mistyped, has_mistyped, "{claim}");
    }
}

#[test]
fn the_first_fault_in_the_text_is_reported() {
    assert_eq!(parse(r#"{"iss":1,"exp":"1"}"#).err(), Some("a claim that must be a string is not one"));
    assert_eq!(parse(r#"{"exp":"1","iss":1}"#).err(), Some("a date is not a number of seconds since 1970"));
    assert_eq!(parse(r#"{"iss":1,"a":1,"a":1}"#).err(), Some("has a member twice"), "but those of JSON come first");
}

#[test]
fn dates_may_have_fractions_and_exponents() {
    for (text, millis) in [
        ("0", 0),
        ("0.0", 0),
        ("1.7e9", 1_700_000_000_000),
        ("17E8", 1_700_000_000_000),
        ("1700000000.25", 1_700_000_000_250),
        ("253402300799", LATEST_DATE * 1_000),
        ("253402300799.5", LATEST_DATE * 1_000 + 500),
    ] {
        assert_eq!(date(text), Ok(Duration::from_millis(millis)), "{text}");
    }
}
