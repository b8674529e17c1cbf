#![allow(clippy::unwrap_used)]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;
use crate::signature::weak;

/// A modulus of this many bits that is accepted unless its size is wrong.
fn modulus(bits: usize) -> String {
    let mut bytes: Vec<u8> = (0..bits.div_ceil(8)).map(|at| (at * 37 + 11) as u8).collect();
    bytes[0] = if bits.is_multiple_of(8) { 0xc3 } else { 1 << (bits % 8 - 1) };
    *bytes.last_mut().unwrap() |= 1;
    weak::next_without_small_factor(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa(changes: &Value) -> Value {
    let mut key = json!({"kty": "RSA", "use": "sig", "kid": "k", "n": modulus(2048), "e": "AQAB"});
    for (name, value) in changes.as_object().unwrap() {
        if value == "(left out)" {
            key.as_object_mut().unwrap().remove(name);
        } else {
            key[name] = value.clone();
        }
    }
    key
}

fn parse(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys, "extra": 1 }).to_string().as_bytes()).unwrap()
}

/// The `kid`s of the keys that verify something, each with its algorithms, and those that are skipped.
fn usable(set: &KeySet, algorithms: &[Algorithm]) -> (Vec<(String, Vec<Algorithm>)>, Vec<Skipped>) {
    let usable = set.usable(algorithms, false, usize::MAX, |_| None);
    let keys = usable.keys.iter().map(|(key, prepared)| (key.key_id.to_string(), prepared.algorithms().collect()));
    (keys.collect(), set.skipped.iter().cloned().chain(usable.skipped.iter().cloned()).collect())
}

fn kids(set: &KeySet, algorithms: &[Algorithm]) -> Vec<String> {
    usable(set, algorithms).0.into_iter().map(|(key_id, _)| key_id).collect()
}

#[test]
fn key_is_usable_by_type_use_and_algorithm() {
    for changes in [
        json!({}),
        json!({"use": "(left out)"}),
        json!({"use": null, "alg": null}),
        json!({"alg": "RS256"}),
        json!({"key_ops": ["verify"]}),
        json!({"x5c": 7, "unknown": {"a": []}}),
        json!({"n": modulus(8192)}),
    ] {
        let set = parse(&[rsa(&changes)]);
        assert_eq!((set.keys.len(), set.skipped.len()), (1, 0), "{changes}: {:?}", set.skipped);
        assert!(set.keys[0].material.prepare(&[Algorithm::RS256]).is_ok());
        assert_eq!(set.keys[0].material.prepare(&[Algorithm::ES256]).err(), Some(NoKey::OtherAlgorithm));
    }
}

#[test]
fn invalid_key_does_not_affect_the_others() {
    for bad in [
        json!(null),
        json!(7),
        json!([]),
        json!({}),
        rsa(&json!({"kid": "(left out)"})),
        rsa(&json!({"kid": ""})),
        rsa(&json!({"kid": 7})),
        rsa(&json!({"kty": "(left out)"})),
        rsa(&json!({"kty": "AKP"})),
        rsa(&json!({"kty": "oct", "k": "AAAA"})),
        rsa(&json!({"use": "enc"})),
        rsa(&json!({"key_ops": []})),
        rsa(&json!({"key_ops": ["sign"]})),
        rsa(&json!({"alg": "none"})),
        rsa(&json!({"alg": "HS256"})),
        rsa(&json!({"alg": "ES256"})),
        rsa(&json!({"alg": "RSA1_5"})),
        rsa(&json!({"d": "AQAB"})),
        rsa(&json!({"n": "(left out)"})),
        rsa(&json!({"n": ""})),
        rsa(&json!({"n": "A A"})),
        rsa(&json!({"n": "AA"})),
        rsa(&json!({"n": modulus(1024)})),
        rsa(&json!({"n": modulus(2047)})),
        rsa(&json!({"n": modulus(8200)})),
        rsa(&json!({"e": "(left out)"})),
        rsa(&json!({"e": "AQ"})),
        rsa(&json!({"e": "Aw"})),
        rsa(&json!({"e": "AQAC"})),
        rsa(&json!({"e": "AQAAAAAB"})),
        rsa(&json!({"e": "AA"})),
        rsa(&json!({"issuer": ["a"]})),
        rsa(&json!({"cloud_instance_name": 7})),
        json!({"kty": "EC", "kid": "k", "crv": "P-521", "x": "AA", "y": "AA"}),
        json!({"kty": "OKP", "kid": "k", "crv": "X25519", "x": "AA"}),
    ] {
        let set = parse(&[bad.clone(), rsa(&json!({"kid": "good", "n": modulus(2056)}))]);
        let (keys, skipped) = usable(&set, &Algorithm::ALL);
        assert_eq!((keys.len(), skipped.len()), (1, 1), "{bad}: {skipped:?}");
        assert_eq!(keys[0].0, "good", "{bad}");
    }
}

/// Keys whose signatures anyone can forge are skipped with a warning.
#[test]
fn forgeable_key_is_skipped_with_a_warning() {
    let okp = |x: [u8; 32]| json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": URL_SAFE_NO_PAD.encode(x)});
    let mut one = [0; 32];
    one[0] = 1;
    let mut beyond = [0xff; 32];
    beyond[0] = 0xee;
    for (what, key) in [
        ("all bytes 0xff", rsa(&json!({"n": URL_SAFE_NO_PAD.encode([0xff; 256])}))),
        ("exponent 1", rsa(&json!({"e": "AQ"}))),
        ("1024 bits", rsa(&json!({"n": modulus(1024)}))),
        ("its private half", rsa(&json!({"d": "AQAB"}))),
        ("a factor", rsa(&json!({"p": "AQAB"}))),
        ("its private half, unusable besides", rsa(&json!({"d": "AQAB", "alg": "HS256"}))),
        ("its private half, of another type", json!({"kty": "EC", "crv": "P-521", "kid": "k", "d": "AQAB"})),
        ("order 4", okp([0; 32])),
        ("identity", okp(one)),
        ("identity in another encoding", okp(beyond)),
    ] {
        let set = parse(&[key, rsa(&json!({"kid": "good", "n": modulus(2056)}))]);
        let (keys, skipped) = usable(&set, &Algorithm::ALL);
        assert_eq!((keys.len(), &*keys[0].0), (1, "good"), "{what}");
        assert_eq!(skipped.len(), 1, "{what}");
        assert!(skipped[0].is_alarming && skipped[0].key_id.as_deref() == Some("k"), "{what}: {skipped:?}");
    }
    for (what, key) in [("encryption", rsa(&json!({"use": "enc"}))), ("no kid", rsa(&json!({"kid": ""})))] {
        let set = parse(&[key, rsa(&json!({"kid": "good", "n": modulus(2056)}))]);
        assert!(usable(&set, &Algorithm::ALL).1.iter().all(|skipped| !skipped.is_alarming), "{what}");
    }
}

/// Whatever another entry has, and under any `kid`: the private half is public.
#[test]
fn published_private_half_disables_every_entry_of_the_key() {
    let set = parse(&[
        rsa(&json!({})),
        rsa(&json!({"kid": "other-name"})),
        rsa(&json!({"kid": "third", "use": "enc", "alg": "RSA-OAEP", "d": "AQAB"})),
        rsa(&json!({"kid": "good", "n": modulus(2056)})),
    ]);
    let (keys, skipped) = usable(&set, &Algorithm::ALL);
    assert_eq!((keys.len(), &*keys[0].0), (1, "good"));
    assert_eq!(skipped.iter().filter(|skipped| skipped.is_alarming).count(), 3);
    assert_eq!(set.leaked.len(), 1);
}

fn elliptic(more: &Value) -> Value {
    // The example of RFC 7515, appendix A.3.
    let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let mut key = json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y});
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

#[test]
fn entries_of_one_kid_are_merged_or_ambiguous() {
    use Algorithm::{ES256, PS256, RS256, RS384, RS512};
    let (a, b) = (json!({"issuer": "https://a.example"}), json!({"issuer": "https://b.example"}));
    let cloud = json!({"cloud_instance_name": "c"});
    let other = json!({"n": modulus(2056)});
    let other_with = |alg: &str| rsa(&json!({"n": modulus(2056), "alg": alg}));
    let alg = |name: &str| rsa(&json!({ "alg": name }));
    let three = vec![alg("RS256"), alg("RS384"), alg("RS512")];
    let good = |algorithms: &[Algorithm]| vec![("k".to_owned(), algorithms.to_vec())];
    for (what, keys, accepted, expected, alarms) in [
        ("the same twice", vec![rsa(&json!({})), rsa(&json!({}))], vec![RS256], good(&[RS256]), 0),
        ("once per alg", three.clone(), vec![RS256, RS512], good(&[RS256, RS512]), 0),
        ("once per alg, one accepted", three, vec![RS384], good(&[RS384]), 0),
        ("once per alg, none accepted", vec![alg("RS256"), alg("RS384")], vec![PS256], vec![], 0),
        ("with and without alg", vec![alg("RS256"), rsa(&json!({}))], vec![RS256, PS256], good(&[RS256, PS256]), 0),
        ("an unknown alg", vec![alg("RS256"), alg("RSA-OAEP")], vec![RS256, PS256], good(&[RS256]), 0),
        ("use differs", vec![rsa(&json!({})), rsa(&json!({"use": "enc"}))], vec![RS256], vec![], 0),
        ("use differs, the other way", vec![rsa(&json!({"use": "enc"})), rsa(&json!({}))], vec![RS256], vec![], 0),
        ("key_ops differ", vec![rsa(&json!({})), rsa(&json!({"key_ops": ["sign"]}))], vec![RS256], vec![], 0),
        ("the same issuer", vec![rsa(&a), rsa(&a)], vec![RS256], good(&[RS256]), 0),
        ("issuers differ", vec![rsa(&a), rsa(&b)], vec![RS256], vec![], 1),
        ("one has an issuer", vec![rsa(&json!({})), rsa(&a)], vec![RS256], vec![], 1),
        ("one has a cloud", vec![rsa(&cloud), rsa(&json!({}))], vec![RS256], vec![], 1),
        ("issuers differ, and an EC key", vec![rsa(&a), rsa(&b), elliptic(&json!({}))], vec![RS256, ES256], vec![], 2),
        ("another modulus", vec![rsa(&json!({})), rsa(&other)], vec![RS256], vec![], 2),
        ("another modulus, other algs", vec![alg("RS256"), other_with("RS512")], vec![RS256], good(&[RS256]), 0),
        ("another modulus, an alg in common", vec![alg("RS256"), rsa(&other)], vec![RS256, RS512], vec![], 2),
        ("another modulus, none in common", vec![alg("RS256"), rsa(&other)], vec![RS512], good(&[RS512]), 0),
        ("three moduli", vec![rsa(&json!({})), rsa(&other), rsa(&json!({"n": modulus(2064)}))], vec![RS256], vec![], 3),
        ("RSA and EC, RSA accepted", vec![rsa(&json!({})), elliptic(&json!({}))], vec![RS256], good(&[RS256]), 0),
        ("RSA and EC, EC accepted", vec![rsa(&json!({})), elliptic(&json!({}))], vec![ES256], good(&[ES256]), 0),
        ("a weak one beside", vec![rsa(&json!({})), rsa(&json!({"n": modulus(1024)}))], vec![RS256], good(&[RS256]), 1),
        (
            "an encryption key beside",
            vec![rsa(&json!({})), rsa(&json!({"n": modulus(2056), "use": "enc"}))],
            vec![RS256],
            good(&[RS256]),
            0,
        ),
    ] {
        let mut all = keys;
        all.push(rsa(&json!({"kid": "good", "n": modulus(2072)})));
        let set = parse(&all);
        let (mut found, skipped) = usable(&set, &accepted);
        found.retain(|(key_id, _)| key_id != "good");
        assert_eq!(found, expected, "{what}: {skipped:?}");
        assert_eq!(skipped.iter().filter(|skipped| skipped.is_alarming).count(), alarms, "{what}: {skipped:?}");
    }
    let set = parse(&[rsa(&json!({})), elliptic(&json!({}))]);
    assert_eq!(kids(&set, &[RS256, ES256]), ["k", "k"], "each by the algorithm of its type");
}

#[test]
fn both_names_of_ed25519_are_one_algorithm() {
    let key = |alg: Value| {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": alg,
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    };
    for alg in ["EdDSA", "Ed25519"] {
        assert_eq!(kids(&parse(&[key(json!(alg))]), &[Algorithm::EdDSA]), ["k"], "{alg}");
    }
    let both = parse(&[key(json!("EdDSA")), key(json!("Ed25519"))]);
    assert_eq!(kids(&both, &[Algorithm::EdDSA]), ["k"], "one key, listed twice");
    for alg in ["Ed448", "ed25519", "ES256"] {
        assert!(kids(&parse(&[key(json!(alg))]), &Algorithm::ALL).is_empty(), "{alg}");
    }
    assert!(kids(&parse(&[rsa(&json!({"alg": "Ed25519"}))]), &Algorithm::ALL).is_empty());
}

#[test]
fn key_without_kid_is_usable_only_alone() {
    let nameless = rsa(&json!({"kid": "(left out)"}));
    let with_alg = |alg: &str| rsa(&json!({"kid": "(left out)", "alg": alg}));
    let other = |more: Value| {
        let mut key = rsa(&json!({"kid": "other", "n": modulus(2056)}));
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    for (what, keys, is_usable) in [
        ("alone", vec![nameless.clone()], true),
        ("an empty one", vec![rsa(&json!({"kid": ""}))], true),
        ("once per alg", vec![with_alg("RS256"), with_alg("RS384")], true),
        ("beside an encryption key", vec![nameless.clone(), other(json!({"use": "enc"}))], true),
        ("beside a key of an unknown type", vec![nameless.clone(), json!({"kty": "AKP", "kid": "x"})], true),
        ("beside a weak key", vec![nameless.clone(), other(json!({"e": "AQ"}))], true),
        ("beside a key with a name", vec![nameless.clone(), other(json!({}))], false),
        ("beside one for another algorithm", vec![nameless.clone(), other(json!({"alg": "PS256"}))], false),
        ("beside another without name", vec![nameless.clone(), other(json!({"kid": ""}))], false),
        ("the same with a name", vec![nameless, rsa(&json!({}))], false),
    ] {
        let set = parse(&keys);
        let found = |accepts| {
            let usable = set.usable(&[Algorithm::RS256], accepts, usize::MAX, |_| None);
            usable.keys.iter().filter(|(key, _)| key.key_id.is_empty()).count()
        };
        assert_eq!(found(true), usize::from(is_usable), "{what}");
        assert_eq!(found(false), 0, "{what}, at Microsoft's");
    }
}

#[test]
fn fetched_moduli_may_be_padded_or_in_standard_base64() {
    use base64::engine::general_purpose::STANDARD;
    let bytes = URL_SAFE_NO_PAD.decode(modulus(2048)).unwrap();
    let standard = STANDARD.encode(&bytes);
    assert!(standard.contains(['+', '/']) && standard.ends_with('='));
    let unpadded = standard.trim_end_matches('=');
    let url = URL_SAFE_NO_PAD.encode(&bytes);
    let mixed = url.replacen('_', "/", 1);
    for (n, e, is_odd, is_usable) in [
        (url.clone(), "AQAB", false, true),
        (format!("{url}=="), "AQAB", true, true),
        (standard.clone(), "AQAB", true, true),
        (unpadded.to_owned(), "AQAB", true, true),
        (url.clone(), "AAEAAQ==", true, true),
        (mixed, "AQAB", false, false),
        (format!("{url}="), "AQAB", false, false),
        (format!("{url}\n"), "AQAB", false, false),
        (url, "AQAB=", false, false),
    ] {
        let key = json!({"keys": [rsa(&json!({"n": n, "e": e}))]}).to_string();
        let fetched = KeySet::parse(key.as_bytes()).unwrap();
        assert_eq!(kids(&fetched, &[Algorithm::RS256]).len(), usize::from(is_usable), "{n} {e}");
        assert_eq!(fetched.oddly_encoded.len(), usize::from(is_odd), "{n} {e}");
        let fixed = KeySet::parse_static(key.as_bytes()).unwrap();
        assert_eq!(fixed.keys.len(), usize::from(is_usable && !is_odd), "an operator's own: {n} {e}");
    }
    let padded = parse(&[elliptic(&json!({"x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU="}))]);
    assert!(padded.keys.is_empty(), "coordinates are not meant");
}

#[test]
fn one_byte_order_mark_is_ignored() {
    let document = json!({"keys": [rsa(&json!({}))]}).to_string();
    for (mark, is_read) in [("", true), ("\u{feff}", true), ("\u{feff}\u{feff}", false), (" \u{feff}", false)] {
        let marked = format!("{mark}{document}");
        assert_eq!(KeySet::parse(marked.as_bytes()).is_ok(), is_read, "{mark:?}");
        assert_eq!(KeySet::parse_static(marked.as_bytes()).is_ok(), is_read, "{mark:?}");
    }
}

#[test]
fn blank_constraint_counts_as_missing() {
    let set = parse(&[
        rsa(&json!({"kid": "a", "issuer": "https://i.example/", "cloud_instance_name": "c"})),
        rsa(&json!({"kid": "b", "issuer": " ", "cloud_instance_name": ""})),
    ]);
    assert_eq!((set.keys[0].issuer.as_deref(), set.keys[0].cloud.as_deref()), (Some("https://i.example/"), Some("c")));
    assert_eq!((set.keys[1].issuer.as_deref(), set.keys[1].cloud.as_deref()), (None, None));
}

#[test]
fn other_document_than_a_key_set_is_refused() {
    let deep = format!("{{\"keys\":{}", "[".repeat(100_000));
    for document in ["", "null", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[", "<html>", &deep] {
        assert!(KeySet::parse(document.as_bytes()).is_err());
    }
    let nested = format!("{{\"keys\":[{}{}]}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(KeySet::parse(nested.as_bytes()).unwrap().skipped.len(), 1);
    assert!(KeySet::parse(b"{\"keys\":[]}").unwrap().keys.is_empty());
}

/// Preparing a key takes time, even if it is refused, so a document must not contain any number of them.
#[test]
fn number_of_prepared_keys_is_limited() {
    let small_order = |kid: usize| json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid.to_string(), "x": URL_SAFE_NO_PAD.encode([0; 32])});
    let document = json!({"keys": (0..10).map(small_order).collect::<Vec<_>>()});
    let set = KeySet::parse(document.to_string().as_bytes()).unwrap();
    for (most, prepared) in [(1, 2), (2, 4), (5, 10), (usize::MAX, 10)] {
        assert_eq!(set.usable(&Algorithm::ALL, false, most, |_| None).skipped.len(), prepared, "{most}");
    }
}
