//! The cache of verdicts: what a flood of bad tokens does to it, and that a remembered token keeps its keys fresh.

use std::time::Duration;

use mock_entra::MockEntra;
use tower_entra::cache::CacheSettings;

use crate::support::{Bench, encode, parts, settle};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_flood_of_bad_tokens_neither_fills_it_nor_empties_it() {
    let bench = Bench::new().await;
    let good: Vec<String> = (0..20).map(|number| bench.token().claim("uti", number.to_string()).build()).collect();
    for token in &good {
        assert_eq!(bench.code(token).await, "accepted");
    }
    let [header, payload, signature] = parts(&good[0]);
    // Every kind of bad token, each another than all before; the costly kind less often.
    for number in 0..100_000_u32 {
        let invented = encode(number.to_be_bytes());
        let token = match number % 100 {
            0 => format!("{header}.{payload}.{invented}{}", &signature[invented.len()..]),
            1 => format!("{header}.{payload}.{signature}{invented}"),
            2 => bench.token().kid(invented).build(),
            _ => format!("{header}.{invented}.{signature}"),
        };
        assert_ne!(bench.code(&token).await, "accepted");
    }
    assert_eq!(bench.verifier.stats().cached_tokens, good.len());
    let hits = bench.verifier.stats().cache_hits;
    for token in &good {
        assert_eq!(bench.code(token).await, "accepted");
    }
    assert_eq!(bench.verifier.stats().cache_hits - hits, good.len() as u64, "every one was still there");
}

#[tokio::test]
async fn it_never_grows_over_its_bounds() {
    let of = |settings| Bench::of(MockEntra::new(), move |builder| builder.tenant(MockEntra::TENANT).cache(settings));
    let few = of(CacheSettings { max_entries: 10, ..CacheSettings::default() }).await;
    let small = of(CacheSettings { max_bytes: 20_000, ..CacheSettings::default() }).await;
    let off = of(CacheSettings::off()).await;
    for number in 0..60 {
        for bench in [&few, &small, &off] {
            assert_eq!(bench.code(&bench.token().claim("uti", number.to_string()).build()).await, "accepted");
        }
    }
    let count = |bench: &Bench| bench.verifier.stats().cached_tokens;
    assert!((1..=10).contains(&count(&few)), "{}", count(&few));
    // Each is at least its text, its claims and 1 KiB.
    assert!((1..=10).contains(&count(&small)), "{}", count(&small));
    assert_eq!(off.verifier.stats().cached_tokens, 0);
}

/// Hits alone start what is due, and see what it brings.
#[tokio::test]
async fn a_remembered_token_keeps_the_keys_fresh() {
    let bench = Bench::new().await;
    let token = bench.token().expires_in(HOUR * 24 * 20).build();
    let before = bench.verifier.stats();
    for _ in 0..10 {
        assert_eq!(bench.code(&token).await, "accepted");
        settle().await;
        bench.clock.advance(HOUR);
    }
    let after = bench.verifier.stats();
    assert_eq!(after.cache_hits - before.cache_hits, 9);
    assert_eq!(after.keys.refreshes - before.keys.refreshes, 9);
}

/// A verdict that was looked at again while a refresh was under way is looked at once more when that has come.
#[tokio::test]
async fn what_a_refresh_brings_counts_for_verdicts_given_meanwhile() {
    let bench = Bench::new().await;
    let token = bench.token().expires_in(HOUR * 24 * 20).build();
    assert_eq!(bench.code(&token).await, "accepted");
    let old = bench.mock.current_key();
    bench.mock.rotate();
    bench.mock.drop_key(old.kid());
    bench.clock.advance(HOUR);
    // The first hit starts the refresh; the second finds the key as it was.
    assert_eq!((bench.code(&token).await, bench.code(&token).await), ("accepted", "accepted"));
    settle().await;
    let refreshes = bench.verifier.stats().keys.refreshes;
    // Now in its grace: each use asks for the next document, as soon as the budget allows.
    bench.clock.advance(Duration::from_secs(31));
    assert_eq!(bench.code(&token).await, "accepted");
    settle().await;
    assert_eq!(bench.verifier.stats().keys.refreshes, refreshes + 1);
}
