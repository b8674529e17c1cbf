use proptest::prelude::*;

use super::{known::KNOWN, *};

fn parse(json: &str) -> Result<Box<Payload>, &'static str> {
    Payload::parse(json.to_owned())
}

fn named(name: &str) -> Option<Known> {
    Known::named(simple::short(name.as_bytes())).map(|(_, known)| known)
}

#[test]
fn every_known_claim_is_found_by_its_name() {
    for (name, known) in KNOWN {
        assert_eq!(named(name), Some(known), "{name}");
    }
    let places = |place: fn(Known) -> Option<usize>| -> Vec<usize> {
        KNOWN.iter().filter_map(|(_, known)| place(*known)).collect()
    };
    let texts = places(|known| if let Known::Text(claim) = known { Some(claim as usize) } else { None });
    let lists = places(|known| if let Known::List(claim) = known { Some(claim as usize) } else { None });
    assert_eq!(texts, (0..StringClaim::COUNT).collect::<Vec<_>>());
    assert_eq!(lists, (0..ListClaim::COUNT).collect::<Vec<_>>());
    for name in ["", "is", "isss", "exp\0", "appidac", "appidacr2", "_exp"] {
        assert_eq!(named(name), None, "{name:?}");
    }
}

#[test]
fn reads_strings_lists_and_dates() {
    let payload = parse(
        r#"{"iss":"i","aud":["a","b\n"],"exp":17.5,"nbf":3,"roles":"one","groups":7,"x":{"y":[1]},"tid":"t\u0041"}"#,
    )
    .unwrap();
    assert_eq!(payload.string(StringClaim::Issuer), Some("i"));
    assert_eq!(payload.string(StringClaim::Tenant), Some("tA"));
    assert_eq!(payload.string(StringClaim::Scope), None);
    assert_eq!(payload.list(ListClaim::Audience).unwrap().collect::<Vec<_>>(), ["a", "b\n"]);
    assert_eq!(payload.list(ListClaim::Roles).unwrap().collect::<Vec<_>>(), ["one"]);
    assert!(payload.list(ListClaim::Groups).is_none(), "a number is no list, and no fault");
    assert_eq!(payload.raw("x"), Some(r#"{"y":[1]}"#));
    assert_eq!(payload.raw("y"), None);
    assert_eq!(payload.expires_at, Duration::from_millis(17_500));
    assert_eq!(payload.not_before, Some(Duration::from_secs(3)));
}

#[test]
fn of_lists_that_nobody_asks_for_nothing_is_kept() {
    for space in ["", " "] {
        let text = format!(r#"{{{space}"exp":1,"other":["a"],"oid":["b"],"nbf":2,"aud":["c","d"],"roles":["e",1]}}"#);
        let payload = parse(&text).unwrap();
        assert_eq!(payload.list(ListClaim::Audience).unwrap().collect::<Vec<_>>(), ["c", "d"]);
        assert!(payload.list(ListClaim::Roles).is_none());
        assert_eq!(payload.texts.len(), 2, "{text}");
    }
    let payload = parse(r#"{"exp":1,"oid":["\u0062"],"nonce":"\u0062","other":"\u0062","aud":"\u0062"}"#).unwrap();
    assert_eq!((payload.texts.len(), payload.unescaped.len()), (1, 1), "nor read");
}

#[test]
fn names_that_serde_json_keeps_for_itself_are_refused() {
    for name in ["$serde_json::private::RawValue", "\\u0024serde_json::private::RawValue"] {
        assert!(parse(&format!(r#"{{"exp":1,"{name}":"1"}}"#)).is_err(), "{name}");
        assert!(parse(&format!(r#"{{"exp":1,"a":{{"{name}":"1"}}}}"#)).is_err(), "{name}");
    }
    assert!(parse(r#"{"exp":1,"$":"1"}"#).is_ok());
}

#[test]
fn what_it_takes_in_memory_is_counted() {
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

/// Each of a pair has the same number among the names that are not known.
#[test]
fn different_names_with_one_number_are_told_apart() {
    let [one, other] = ["O=w[U4:Wx]h+'9F<SOjOBC4J", "O=w[E4:Wx]h+'9F<QOjOBC4J"];
    assert!(parse(&format!(r#"{{"exp":1,"{one}":1,"{other}":2}}"#)).is_ok());
    for twice in [one, other] {
        assert!(parse(&format!(r#"{{"exp":1,"{twice}":1,"{twice}":1}}"#)).is_err());
    }
}

#[test]
fn no_known_claim_may_be_there_twice() {
    for (name, known) in KNOWN {
        let value = match known {
            Known::Text(_) | Known::Nonce | Known::IdTokenHash | Known::Confirmation => "\"a\"",
            Known::List(_) => "[\"a\"]",
            _ => "1",
        };
        let member = format!(r#""{name}":{value}"#);
        let before = if name == "exp" { "" } else { r#""exp":1,"# };
        assert!(parse(&format!("{{{before}{member}}}")).is_ok(), "{name}");
        assert!(parse(&format!("{{{before}{member},{member}}}")).is_err(), "{name}");
        assert!(parse(&format!("{{{before}{member},\"other\":1,{member}}}")).is_err(), "{name}");
    }
}

/// Members as tokens have them, right and wrong.
fn member() -> impl Strategy<Value = String> {
    let known: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).chain(["TID", "name", "a_longer_name", "ıss"]).collect();
    let value = prop_oneof![
        Just("1700000000"),
        Just("\"text\""),
        Just("\"\""),
        Just("[\"a\",\"b\"]"),
        Just("[\"$serde_json::private::RawValue\"]"),
        Just("[]"),
        Just("\"é\""),
        Just("null"),
        Just("true"),
        Just("99999999999999999999"),
        Just("007"),
        Just("[\"a\",1]"),
        Just("[\"a\"")
    ];
    (proptest::sample::select(known), value).prop_map(|(name, value)| format!("\"{name}\":{value}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_short_way_reads_what_the_long_way_does(members in proptest::collection::vec(member(), 0..8)) {
        let text = format!("{{\"exp\":1,{}}}", members.join(","));
        if let Some(short) = read_the_short_way(&text) {
            prop_assert_eq!(format!("{short:?}"), format!("{:?}", read_the_long_way(&text)), "{}", text);
        }
    }
}

#[test]
fn wrong_types_of_judged_claims_are_refused() {
    for claim in [
        r#""exp":"1""#,
        r#""exp":null"#,
        r#""exp":[1]"#,
        r#""exp":-1"#,
        r#""exp":-0.5"#,
        r#""exp":1e300"#,
        r#""exp":9223372036854775808"#,
        r#""exp":18446744073709551615"#,
        r#""exp":18446744073709551616"#,
        r#""exp":18446744075409551616"#,
        r#""exp":253402300800"#,
        r#""exp":true"#,
        r#""exp":1,"nbf":"1""#,
        r#""exp":1,"nbf":null"#,
        r#""exp":1,"iat":[]"#,
        r#""exp":1,"iss":["i"]"#,
        r#""exp":1,"iss":1"#,
        r#""exp":1,"iss":null"#,
        r#""exp":1,"aud":{}"#,
        r#""exp":1,"aud":[1]"#,
        r#""exp":1,"aud":[["a"]]"#,
        r#""exp":1,"aud":null"#,
        r#""exp":1,"tid":["t"]"#,
        r#""exp":1,"sub":1"#,
        r#""exp":1,"ISS":"i""#,
        r#""exp":1,"Tid":"t""#,
        r#""exp":1,"t\u0049d":"t""#,
        r#""exp":1,"tıd":"t""#,
        r#""exp":1,"iſs":"t""#,
        r#""exp":1,"ıſſ":"t""#,
        r#""exp":1,"aud":"a","AUD":"b""#,
        r#""exp":1,"sub":"\ud800""#,
        r#""iss":"no exp""#,
    ] {
        assert!(parse(&format!("{{{claim}}}")).is_err(), "{claim}");
    }
}

#[test]
fn wrong_types_of_what_other_issuers_may_use_are_noted() {
    for claim in
        [r#""oid":1"#, r#""scp":["a"]"#, r#""roles":{"a":1}"#, r#""idtyp":false"#, r#""ver":2.0"#, r#""azp":null"#]
    {
        assert!(parse(&format!("{{\"exp\":1,{claim}}}")).unwrap().has_mistyped, "{claim}");
    }
    assert!(!parse(r#"{"exp":1,"ver":"2.0","roles":"a","groups":7,"wids":{}}"#).unwrap().has_mistyped);
}

#[test]
fn dates_may_have_fractions_and_exponents() {
    for (text, millis) in [("0", 0), ("1.7e9", 1_700_000_000_000), ("1700000000.25", 1_700_000_000_250)] {
        assert_eq!(date(text), Ok(Duration::from_millis(millis)), "{text}");
    }
    assert_eq!(date("253402300799"), Ok(Duration::from_secs(LATEST_DATE)));
}
