//! The paths through the layer, each with what it may cost.

use std::time::Duration;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mock_entra::{Fault, KeySpec, ManualClock, MockEntra};
use serde_json::{Value, json};
use std::hint::black_box;
use tower::Service;
use tower_entra::{Verifier, cache::CacheSettings};

use crate::{
    allocations,
    path::Path,
    setup::{Bench, Nothing, now, request},
};

/// One verification with a key that is prepared: what everything else is measured by.
pub const LIMIT: &str = "limit: one verification, key prepared";
/// What is around the layer: taken off everything.
pub const BARE: &str = "the bare service";

/// The most allocations of a refusal.
const FEW: u64 = 20;
const UNCACHED: &str = "good token, uncached";
const CACHED: &str = "good token, cached";

/// What must cost the same however many there are: one, the most that the others may cost of it, and how these end.
pub fn grown() -> [(&'static str, f64, &'static [&'static str]); 2] {
    let many = &[
        "100 tenants",
        "10,000 tenants",
        "1,000 domains",
        "1,000 authorities",
        "10 keys",
        "100 keys",
        "a refresh stalls",
    ];
    [(UNCACHED, 1.05, many), (CACHED, 1.2, &["one of 1000 cached", "one of 100000 cached"])]
}

/// Every path, its verdicts checked; with caches that are filled with so many tokens.
pub fn all(tokens: &[usize]) -> Vec<Path> {
    let bench = Bench::new();
    let token = bench.token();
    eprintln!("a token of {} bytes", token.len());

    let jwk = bench.entra.current_key().jwk();
    let bytes = |member: &str| URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap();
    let (modulus, exponent) = (bytes("n"), bytes("e"));
    let key: ParsedPublicKey =
        RsaPublicKeyComponents { n: &modulus, e: &exponent }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (message.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap());

    let plain = bench.verifier(CacheSettings::off(), 1);
    let hundred = bench.verifier(CacheSettings::off(), 100);
    let many = bench.verifier(CacheSettings::off(), 10_000);
    let authorities = bench.with_authorities(999);
    let domains = bench.with_domains(1_000);
    let cached = bench.verifier(CacheSettings::default(), 1);
    let full = tokens.iter().map(|&tokens| {
        let name = format!("good token, one of {tokens} cached");
        bench.path(name.leak(), Some(0.03), Some(3), &full_cache(&bench, tokens), &bench.numbered(0), 200)
    });
    let full: Vec<Path> = full.collect();
    let refreshing = refreshing(&bench);
    let mut bad = token.clone();
    let last = bad.len() - 20;
    bad.replace_range(last..=last, if &bad[last..=last] == "A" { "B" } else { "A" });
    let unknown_kid = bench.entra.token().kid("invented").build();
    // Spend the budget, so that the path is that of a flood.
    bench.runtime.block_on(async {
        for _ in 0..3 {
            let _ = plain.verify(&unknown_kid).await;
        }
    });
    let other_tenant = bench.entra.token().tenant(MockEntra::OTHER_TENANT).build();
    let other_issuer = bench.entra.token().claim("iss", "https://issuer.example/").build();
    let deep = bench.entra.token().claim("deep", nested(60)).build();
    let too_deep = bench.entra.token().claim("deep", nested(120)).build();
    let (ten_keys, hundred_keys) = (more_keys(10), more_keys(100));
    let mut bare = Nothing;
    let bare_request = request(&token);
    let mut paths = vec![
        Path::new(LIMIT, None, None, move || {
            key.verify_sig(message.as_bytes(), &signature).unwrap();
        }),
        Path::new(BARE, None, None, move || {
            black_box(now(bare.call(bare_request.clone())).unwrap());
        }),
        bench.path(UNCACHED, Some(1.2), Some(20), &plain, &token, 200),
        bench.path("good token, uncached, 100 tenants", Some(1.2), Some(20), &hundred, &token, 200),
        bench.path("good token, uncached, 10,000 tenants", Some(1.2), Some(20), &many, &token, 200),
        bench.path("good token, uncached, 1,000 domains", Some(1.2), Some(20), &domains, &token, 200),
        bench.path("good token, uncached, 1,000 authorities", Some(1.2), Some(20), &authorities, &token, 200),
        bench.path(CACHED, Some(0.03), Some(3), &cached, &token, 200),
        ten_keys,
        hundred_keys,
        bench.path("good token, uncached, a refresh stalls", Some(1.2), Some(20), &refreshing, &token, 200),
        bench.path("deep JSON, 60 levels", None, None, &plain, &deep, 200),
        bench.path("deep JSON, 120 levels", Some(0.12), Some(FEW), &plain, &too_deep, 401),
        bench.path("a header of 10 MB", Some(0.1), Some(FEW), &plain, &"e".repeat(10_000_000), 401),
        bench.path("a million dots", Some(0.1), Some(FEW), &plain, &".".repeat(1_000_000), 401),
        bench.path("bad signature", Some(1.15), Some(FEW), &plain, &bad, 401),
        bench.path("malformed", Some(0.1), Some(FEW), &plain, "not-a-token", 401),
        bench.path("too large", Some(0.1), Some(FEW), &plain, &"x".repeat(20_000), 401),
        bench.path(
            "wrong algorithm",
            Some(0.12),
            Some(FEW),
            &plain,
            &bench.entra.token().header("alg", "HS256").build(),
            401,
        ),
        bench.path("unknown issuer", Some(0.12), Some(FEW), &plain, &other_issuer, 401),
        bench.path("unknown tenant", Some(0.12), Some(FEW), &plain, &other_tenant, 401),
        bench.path("unknown key, budget spent", Some(0.12), Some(FEW), &plain, &unknown_kid, 401),
        bench.path(
            "a token for Microsoft Graph",
            Some(0.12),
            Some(FEW),
            &plain,
            &bench.entra.token().graph().build(),
            401,
        ),
        bench.path("no token", Some(0.1), Some(FEW), &plain, "", 401),
    ];
    paths.extend(full);
    paths
}

/// The memory of one more cached token, tenant and authority with static keys, and after a flood of bad tokens: bytes, and
/// the limit. The settings made in code are part of it: a reload applies them again.
pub fn memory() -> [(&'static str, i64, i64); 4] {
    let bench = Bench::new();
    let kept = |more: usize, make: &dyn Fn(usize) -> Verifier| {
        let (few, many) = (allocations::kept(|| make(1)), allocations::kept(|| make(1 + more)));
        (many - few) / i64::try_from(more).unwrap()
    };
    [
        ("one more cached token", kept(1_000, &|tokens| full_cache(&bench, tokens)), 3_600),
        ("one more tenant", kept(10_000, &|tenants| bench.verifier(CacheSettings::off(), tenants)), 620),
        ("one more authority", kept(1_000, &|others| bench.with_authorities(others)), 7_500),
        ("after 100,000 different bad tokens", flood(&bench), 10_000),
    ]
}

/// What a flood of bad tokens leaves in memory.
fn flood(bench: &Bench) -> i64 {
    let (verifier, token) = (bench.verifier(CacheSettings::default(), 1), bench.token());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let ask = |number: u32| {
        let invented = URL_SAFE_NO_PAD.encode(number.to_be_bytes());
        let token = match number % 100 {
            0 => format!("{signed}.{invented}{}", &signature[invented.len()..]),
            1 => format!("{signed}.{signature}{invented}"),
            _ => format!("{signed}{invented}.{signature}"),
        };
        assert!(bench.runtime.block_on(verifier.verify(&token)).is_err());
    };
    // Whatever is made once is there.
    (0..200).for_each(ask);
    let before = allocations::live();
    (200..100_200).for_each(ask);
    allocations::live() - before
}

/// A verifier that remembers so many tokens.
fn full_cache(bench: &Bench, tokens: usize) -> Verifier {
    let settings = CacheSettings { max_entries: 2 * tokens, max_bytes: 1 << 30 };
    let verifier = bench.verifier(settings, 1);
    for number in 0..tokens {
        bench.runtime.block_on(verifier.verify(&bench.numbered(number))).unwrap();
    }
    assert_eq!(verifier.stats().cached_tokens, tokens);
    verifier
}

/// A verifier whose refresh has begun and does not end.
fn refreshing(bench: &Bench) -> Verifier {
    let clock = ManualClock::new();
    clock.set_wall(std::time::SystemTime::now());
    let builder = Verifier::builder().cache(CacheSettings::off()).clock(clock.clone());
    let verifier = bench.build(builder, 1);
    bench.entra.set_fault(Fault::Stall);
    clock.advance(Duration::from_secs(3600));
    clock.set_wall(std::time::SystemTime::now());
    bench.runtime.block_on(verifier.verify(&bench.token())).unwrap();
    assert_eq!(verifier.stats().keys.refreshes, 2);
    bench.entra.clear_faults();
    verifier
}

/// A token of an issuer that has so many keys.
fn more_keys(count: usize) -> Path {
    let bench = Bench::new();
    let key = bench.entra.current_key();
    for number in 1..count {
        bench.entra.publish(KeySpec::new(&key.with_kid(format!("key-{number}"))));
    }
    let verifier = bench.verifier(CacheSettings::off(), 1);
    let name = format!("good token, uncached, {count} keys");
    bench.path(name.leak(), Some(1.2), Some(20), &verifier, &bench.token(), 200)
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}
