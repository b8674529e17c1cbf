//! Generated payloads, read by [`Payload::parse`] and by an independent reader: both accept or reject each of them, and read
//! the same values.

mod generator;
mod independent;

use std::time::Duration;

use serde_json::Value;

use super::{LISTS, STRINGS};
use crate::claims::{json, payload::Payload, scopes};
use generator::Random;
use independent::{Node, Reading};

/// Compares so many payloads, half of them valid ones with one mutation, and returns how many are accepted.
fn compare(seed: u64, count: u64) -> u64 {
    let mut accepted = 0;
    for number in 0..count {
        let mut random = Random::new(seed, number);
        let bytes = generator::payload(&mut random);
        let shown = || format!("seed {seed}, number {number}: {}", String::from_utf8_lossy(&bytes));
        let payload = String::from_utf8(bytes.clone()).ok().and_then(|text| Payload::parse(text).ok());
        match (payload, independent::read(&bytes)) {
            (None, None) => {}
            (Some(payload), Some(reading)) => {
                accepted += 1;
                compare_claims(&payload, &reading, &shown);
                compare_all(&payload, &reading, &shown);
            }
            (payload, reading) => {
                panic!(
                    "accepted: {}, by the independent reader: {}; {}",
                    payload.is_some(),
                    reading.is_some(),
                    shown()
                );
            }
        }
    }
    accepted
}

fn compare_claims(payload: &Payload, reading: &Reading<'_>, shown: &dyn Fn() -> String) {
    for (name, claim) in STRINGS {
        assert_eq!(payload.string(claim), reading.string(name), "{name}, {}", shown());
    }
    for (name, claim) in LISTS {
        let list = payload.list(claim);
        assert_eq!(list.map(Iterator::collect::<Vec<_>>), reading.list(name), "{name}, {}", shown());
    }
    for (name, date) in [("exp", Some(payload.expires_at)), ("nbf", payload.not_before), ("iat", payload.issued_at)] {
        assert!(is_same_date(date, reading.get(name)), "{name} is {date:?}, {}", shown());
    }
    let has = |name: &str| reading.get(name).is_some();
    let has_id_token_hash = has("c_hash") || has("at_hash");
    assert_eq!(payload.is_bound, has("cnf"), "{}", shown());
    assert_eq!(payload.has_id_token_hash, has_id_token_hash, "{}", shown());
    assert_eq!(payload.has_id_token_mark, has_id_token_hash || has("nonce"), "{}", shown());
    assert_eq!(payload.has_mistyped, reading.has_mistyped(), "{}", shown());
    let granted = scopes::of_payload(payload).collect::<Vec<_>>();
    assert_eq!(granted, reading.scopes(), "{}", shown());
}

/// Every member, and the whole payload as `Claims::deserialize` reads it.
fn compare_all(payload: &Payload, reading: &Reading<'_>, shown: &dyn Fn() -> String) {
    assert_eq!(payload.json(), reading.text, "{}", shown());
    assert_eq!(payload.raw("no such claim"), None, "{}", shown());
    for member in &reading.members {
        let raw = payload.raw(&member.name);
        assert_eq!(raw, Some(member.raw), "{}, {}", member.name, shown());
        if let Node::String(content) = &member.value {
            assert_eq!(raw.and_then(json::string).as_deref(), content.as_deref(), "{}, {}", member.name, shown());
        }
    }
    let value = serde_json::from_str::<Value>(payload.json()).ok();
    match value {
        Some(Value::Object(object)) => {
            assert_eq!(object.len(), reading.members.len(), "{}", shown());
            for member in &reading.members {
                let is_same = object.get(&member.name).is_some_and(|value| is_same_value(value, &member.value));
                assert!(is_same, "{}, {}", member.name, shown());
            }
        }
        // Text that was not read as a claim may be half a surrogate pair, and numbers may be too large.
        _ => assert!(reading.members.iter().any(|member| member.value.has_no_value()), "{}", shown()),
    }
}

fn is_same_date(date: Option<Duration>, expected: Option<&Node<'_>>) -> bool {
    match (date, expected) {
        (None, None) => true,
        (Some(date), Some(Node::Number(text))) => match text.parse::<u64>() {
            Ok(seconds) => date == Duration::from_secs(seconds),
            Err(_) => text.parse::<f64>().is_ok_and(|seconds| (date.as_secs_f64() - seconds).abs() < 1e-6),
        },
        _ => false,
    }
}

fn is_same_value(value: &Value, expected: &Node<'_>) -> bool {
    match (value, expected) {
        (Value::Null, Node::Null) => true,
        (Value::Bool(value), Node::Bool(expected)) => value == expected,
        (Value::Number(value), Node::Number(text)) => is_same_number(value, text),
        (Value::String(value), Node::String(Some(expected))) => value == expected,
        (Value::Array(values), Node::Array(expected)) => {
            values.len() == expected.len()
                && values.iter().zip(expected).all(|(value, expected)| is_same_value(value, expected))
        }
        (Value::Object(values), Node::Object(expected)) => {
            values.len() == expected.len()
                && expected
                    .iter()
                    .all(|(name, expected)| values.get(name).is_some_and(|value| is_same_value(value, expected)))
        }
        _ => false,
    }
}

/// Whole numbers of 64 bits are exact, others differ by rounding at most.
fn is_same_number(value: &serde_json::Number, text: &str) -> bool {
    let exact = i128::from(i64::MIN)..=i128::from(u64::MAX);
    if let Some(expected) = text.parse::<i128>().ok().filter(|whole| text != "-0" && exact.contains(whole)) {
        return value.as_i128() == Some(expected);
    }
    let (Some(value), Ok(expected)) = (value.as_f64(), text.parse::<f64>()) else { return false };
    (value - expected).abs() <= expected.abs() * 1e-15 + f64::MIN_POSITIVE
}

#[test]
fn generated_payloads_are_read_as_by_an_independent_reader() {
    let accepted = compare(17, 20_000);
    assert!((8_000..16_000).contains(&accepted), "{accepted} are accepted, which tests little");
}

#[test]
#[ignore = "takes minutes: `just payloads`"]
fn ten_million_generated_payloads() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (seed, count) = (number("TOWER_ENTRA_SEED", 1), number("TOWER_ENTRA_PAYLOADS", 10_000_000));
    println!("seed {seed}: {} of {count} payloads are accepted, without a difference", compare(seed, count));
}
