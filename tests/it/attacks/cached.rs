//! Row 10: a remembered verdict never outlives its reason, and is that of the very same token.

use std::time::{Duration, UNIX_EPOCH};

use mock_entra::{Fault, MockEntra};
use tower_entra::RejectionKind::{Expired, NotYetValid};

use crate::support::{Bench, START, decode, encode, parts, settle};

const HOUR: Duration = Duration::from_secs(3600);

/// Where a verdict is remembered: in the cache, or also in this thread's own part of it.
#[derive(Clone, Copy, Debug)]
enum Place {
    Cache,
    Near,
}

const PLACES: [Place; 2] = [Place::Cache, Place::Near];

/// A verifier that remembers one token.
async fn remembering(place: Place) -> (Bench, String) {
    let bench = Bench::new().await;
    let token = bench.token().expires_in(HOUR * 24 * 30).build();
    bench.accepts("at first", &token).await;
    assert_eq!(bench.verifier.stats().cached_tokens, 1);
    let hits = bench.verifier.stats().cache_hits;
    // Who asks twice gets a copy of its own for the third time.
    let times = match place {
        Place::Cache => 1,
        Place::Near => 3,
    };
    for _ in 0..times {
        bench.accepts("again", &token).await;
    }
    assert_eq!(bench.verifier.stats().cache_hits, hits + times);
    (bench, token)
}

#[tokio::test]
async fn row_10_every_bit_of_the_text() {
    for place in PLACES {
        let (bench, token) = remembering(place).await;
        let (mut bytes, calls) = (format!("Bearer {token}").into_bytes(), bench.calls());
        let start = "Bearer ".len();
        for at in start..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                if let Some(answer) = bench.send_header(&bytes).await {
                    assert_eq!(answer.status, 401, "byte {at}, bit {bit}");
                    assert!(answer.rejection.is_some());
                }
                if let Ok(text) = std::str::from_utf8(&bytes[start..]) {
                    assert!(bench.verifier.verify(text).await.is_err(), "byte {at}, bit {bit}");
                }
                bytes[at] ^= 1 << bit;
            }
        }
        assert_eq!(bench.calls(), calls);
        bench.accepts("itself", &token).await;
    }
}

#[tokio::test]
async fn row_10_every_bit_of_the_content() {
    for place in PLACES {
        let (bench, token) = remembering(place).await;
        let (original, calls) = (parts(&token), bench.calls());
        for part in 0..3 {
            let mut bytes = decode(original[part]);
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    bytes[at] ^= 1 << bit;
                    let flipped = encode(&bytes);
                    let mut changed = original;
                    changed[part] = &flipped;
                    assert!(
                        bench.verifier.verify(&changed.join(".")).await.is_err(),
                        "part {part}, byte {at}, bit {bit}"
                    );
                    bytes[at] ^= 1 << bit;
                }
            }
        }
        assert_eq!(bench.calls(), calls);
        bench.accepts("itself", &token).await;
    }
}

/// The same content in another text is not the same token.
#[tokio::test]
async fn row_10_another_text_for_the_same_bytes() {
    for place in PLACES {
        use tower_entra::RejectionKind::MalformedToken;
        let (bench, token) = remembering(place).await;
        let [header, payload, signature] = parts(&token);
        let last = signature.chars().last().unwrap();
        // 256 bytes leave four bits of the last character unused: it could be any of sixteen.
        for other in ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).filter(|other| *other != last) {
            let changed = format!("{header}.{payload}.{}{other}", &signature[..signature.len() - 1]);
            assert_ne!(bench.code(&changed).await, "accepted", "{other}");
        }
        for changed in [
            format!("{token}="),
            format!("{token}=="),
            format!("{token}."),
            format!(".{token}"),
            format!("{header}=.{payload}.{signature}"),
            format!("{header}.{payload}==.{signature}"),
            format!("{header}..{payload}.{signature}"),
        ] {
            bench.refuses(&changed, &changed, MalformedToken).await;
        }
        for changed in [format!("{token}\n"), format!(" {token}"), format!("{token}\0"), format!("Bearer {token}")] {
            assert_eq!(bench.code(&changed).await, "malformed_token", "{changed:?}");
        }
    }
}

#[tokio::test]
async fn row_10_its_dates_are_looked_at_again() {
    let bench = Bench::new().await;
    let token = bench.token().not_before(START - 300).expires_in(HOUR).build();
    bench.accepts("at first", &token).await;
    let at = |seconds: i64| UNIX_EPOCH + Duration::from_secs((START + seconds).unsigned_abs());
    bench.clock.set_wall(at(3600 + 59));
    bench.accepts("within the leeway", &token).await;
    bench.clock.set_wall(at(-300 - 61));
    bench.refuses("the clock leapt back", &token, NotYetValid).await;
    bench.clock.set_wall(at(0));
    bench.accepts("and forward", &token).await;
    bench.clock.set_wall(at(3600 + 60));
    bench.refuses("expired", &token, Expired).await;
    let rejection = bench.verifier.verify(&token).await.unwrap_err();
    assert!(rejection.is_verified());
}

#[tokio::test]
async fn row_10_its_key_is_gone() {
    for place in PLACES {
        let (bench, token) = remembering(place).await;
        let old = bench.mock.current_key();
        bench.mock.rotate();
        bench.mock.drop_key(old.kid());
        let passing = bench.mock.token().expires_in(HOUR * 24 * 30).build();
        // An hour at a time, with traffic: the key lives on for its grace, and not longer.
        for hour in 1..=30 {
            bench.clock.advance(HOUR + Duration::from_secs(60));
            let code = bench.code(&token).await;
            settle().await;
            let again = bench.code(&token).await;
            assert_eq!(bench.code(&passing).await, "accepted");
            match hour {
                ..=22 => assert_eq!((code, again), ("accepted", "accepted"), "after {hour} h"),
                27.. => assert_eq!((code, again), ("unknown_key", "unknown_key"), "after {hour} h"),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn row_10_its_key_is_revoked() {
    for place in PLACES {
        let (bench, token) = remembering(place).await;
        let new = bench.mock.current_key();
        bench.verifier.revoke_key(new.kid());
        for _ in 0..3 {
            assert_eq!(bench.code(&token).await, "unknown_key");
            bench.clock.advance(HOUR);
        }
        bench.mock.rotate();
        bench.clock.advance(HOUR);
        assert_eq!(bench.code(&bench.token().build()).await, "accepted");
    }
}

#[tokio::test]
async fn row_10_no_keys_are_usable_any_more() {
    for place in PLACES {
        let (bench, token) = remembering(place).await;
        bench.mock.set_fault(Fault::Down);
        for day in 1..=9 {
            bench.clock.advance(HOUR * 24);
            let code = bench.code(&token).await;
            settle().await;
            assert_eq!(code, if day <= 7 { "accepted" } else { "keys_unavailable" }, "after {day} days");
        }
    }
}

/// Two verifiers with other rules, one token.
#[tokio::test]
async fn row_10_verdicts_are_not_shared() {
    for place in PLACES {
        let (bench, token) = remembering(place).await;
        let other = "12345678-0000-4000-8000-000000000000";
        let verifiers = [
            (
                "wrong_audience",
                tower_entra::Verifier::builder()
                    .tenant(MockEntra::TENANT)
                    .client_id(other)
                    .fetch(bench.mock.clone())
                    .clock(bench.clock.clone())
                    .build()
                    .unwrap(),
            ),
            (
                "wrong_tenant",
                Bench::another(&bench.mock, &bench.clock, |builder| builder.tenant(MockEntra::OTHER_TENANT)),
            ),
            (
                "client_not_allowed",
                Bench::another(&bench.mock, &bench.clock, |builder| {
                    builder.tenant(MockEntra::TENANT).allowed_client(MockEntra::OTHER_CALLER)
                }),
            ),
            (
                "unknown_key",
                Bench::another(&bench.mock, &bench.clock, |builder| {
                    builder.tenant(MockEntra::TENANT).revoke_key(bench.mock.current_kid())
                }),
            ),
        ];
        bench.mock.add_key();
        for (code, verifier) in verifiers {
            for _ in 0..2 {
                assert_eq!(verifier.verify(&token).await.unwrap_err().code(), code);
                assert_eq!(verifier.stats().cached_tokens, 0, "only good verdicts are remembered");
            }
            bench.accepts(code, &token).await;
        }
    }
}

/// Refusals are not remembered: neither the token's, nor in its place.
#[tokio::test]
async fn row_10_refusals_are_not_remembered() {
    let bench = Bench::new().await;
    for token in [bench.token().wrong_key(), bench.token().audience("x"), bench.token().expired()] {
        let token = token.build();
        let code = bench.code(&token).await;
        assert_eq!((bench.code(&token).await, bench.verifier.stats().cached_tokens), (code, 0));
    }
    let early = bench.token().not_before(START + 600).build();
    bench.refuses("too early", &early, NotYetValid).await;
    bench.clock.advance(Duration::from_secs(600));
    bench.accepts("in time", &early).await;
}
