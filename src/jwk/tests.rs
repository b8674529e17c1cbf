#![allow(clippy::unwrap_used)]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;

/// A modulus of this many bits that no rule but its size would refuse.
fn modulus(bits: usize) -> String {
    let mut bytes: Vec<u8> = (0..bits.div_ceil(8)).map(|at| (at * 37 + 11) as u8).collect();
    bytes[0] = if bits.is_multiple_of(8) { 0xc3 } else { 1 << (bits % 8 - 1) };
    *bytes.last_mut().unwrap() |= 1;
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

#[test]
fn usable_keys() {
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
        assert!(set.keys[0].material.prepare(&[Algorithm::RS256]).is_some());
        assert!(set.keys[0].material.prepare(&[Algorithm::ES256]).is_none());
    }
}

#[test]
fn a_bad_key_never_costs_the_good_ones() {
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
        let set = parse(&[bad.clone(), rsa(&json!({"kid": "good"}))]);
        assert_eq!((set.keys.len(), set.skipped.len()), (1, 1), "{bad}");
        assert_eq!(&*set.keys[0].key_id, "good");
    }
}

#[test]
fn twice_in_one_document() {
    let other = json!({"n": modulus(2056)});
    let same = parse(&[rsa(&json!({})), rsa(&json!({})), rsa(&json!({"kid": "other"}))]);
    assert_eq!(same.keys.len(), 2, "the same key twice is one");
    for second in [other, json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"})] {
        let set = parse(&[rsa(&json!({})), rsa(&second), rsa(&json!({"kid": "good"}))]);
        assert_eq!(set.keys.len(), 1, "both go: {second}");
        assert_eq!(&*set.keys[0].key_id, "good");
        assert_eq!(set.skipped.len(), 1);
    }
}

#[test]
fn constraints_are_kept_and_blank_is_none() {
    let set = parse(&[
        rsa(&json!({"kid": "a", "issuer": "https://i.example/", "cloud_instance_name": "c"})),
        rsa(&json!({"kid": "b", "issuer": " ", "cloud_instance_name": ""})),
    ]);
    assert_eq!((set.keys[0].issuer.as_deref(), set.keys[0].cloud.as_deref()), (Some("https://i.example/"), Some("c")));
    assert_eq!((set.keys[1].issuer.as_deref(), set.keys[1].cloud.as_deref()), (None, None));
}

#[test]
fn documents_that_are_no_key_set() {
    let deep = format!("{{\"keys\":{}", "[".repeat(100_000));
    for document in ["", "null", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[", "<html>", &deep] {
        assert!(KeySet::parse(document.as_bytes()).is_err());
    }
    let nested = format!("{{\"keys\":[{}{}]}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(KeySet::parse(nested.as_bytes()).unwrap().skipped.len(), 1);
    assert!(KeySet::parse(b"{\"keys\":[]}").unwrap().keys.is_empty());
}
