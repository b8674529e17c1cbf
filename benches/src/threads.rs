//! What two threads do in the time of one.

use std::{
    hint::black_box,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tower::{Layer, Service};
use tower_entra::{AuthenticateLayer, Verifier, authenticate::Authenticate, cache::CacheSettings};

use crate::{
    setup::{Bench, Nothing, asking_of, now, request},
    table::{Table, Target, median, noise},
};

const SLICE: Duration = Duration::from_millis(20);
const ROUNDS: usize = 25;

type Work = Box<dyn FnMut() + Send>;
type Make = Box<dyn Fn(usize) -> Work>;

/// Runs a second, done by all of `works` at once.
fn rate(works: Vec<Work>) -> f64 {
    let stop = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(works.len() + 1));
    let threads: Vec<_> = works
        .into_iter()
        .map(|mut work| {
            let (stop, start) = (Arc::clone(&stop), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                let mut runs = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..8 {
                        work();
                    }
                    runs += 8;
                }
                f64::from(runs)
            })
        })
        .collect();
    start.wait();
    let started = Instant::now();
    thread::sleep(SLICE);
    stop.store(true, Ordering::Relaxed);
    let elapsed = started.elapsed().as_secs_f64();
    threads.into_iter().map(|thread| thread.join().unwrap()).sum::<f64>() / elapsed
}

/// What two cores are to do: 1.9 of what one does, or where they are not two whole ones 0.95 of what they can.
fn target(possible: f64) -> Target {
    Target::AtLeast(((possible * 95.0).round() / 100.0).min(1.9))
}

/// Two threads against one: for the limit itself, which says what the machine can do for one that computes; for the bare
/// service, which says the same for one that allocates; and for the layer with and without a cache.
pub fn compare(table: &mut Table) {
    let bench = Bench::new();
    let (token, other) = (bench.token(), bench.numbered(1));
    let jwk = bench.entra.current_key().jwk();
    let bytes = |member: &str| URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap();
    let (modulus, exponent) = (bytes("n"), bytes("e"));
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (message.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap());
    let limit = move |_: usize| -> Work {
        let components = RsaPublicKeyComponents { n: &modulus, e: &exponent };
        let key: ParsedPublicKey = components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).unwrap();
        let (message, signature) = (message.clone(), signature.clone());
        Box::new(move || key.verify_sig(message.as_bytes(), &signature).unwrap())
    };
    let plain = bench.verifier(CacheSettings::off(), 1);
    let cached = bench.verifier(CacheSettings::default(), 1);
    let tokens = [token, other];
    let own = tokens.clone();
    // As a server does it: one layer, and a clone of the service for each connection.
    let around = |verifier: &Verifier| AuthenticateLayer::new(verifier.clone()).layer(Nothing);
    let (plain, cached) = (around(&plain), around(&cached));
    let verified = cached.clone();
    let layer = move |service: &Authenticate<Nothing>, token: &str| -> Work {
        let mut ask = asking_of(service.clone(), token);
        assert_eq!(ask(), 200);
        Box::new(move || assert_eq!(ask(), 200))
    };
    let bare_token = tokens[0].clone();
    let works: [(&str, Make); 5] = [
        ("the limit", Box::new(limit)),
        (
            "the bare service",
            Box::new(move |_| {
                let (mut service, request) = (Nothing, request(&bare_token));
                Box::new(move || {
                    black_box(now(service.call(request.clone())).unwrap());
                })
            }),
        ),
        (
            "good token, uncached",
            Box::new({
                let tokens = tokens.clone();
                move |_| layer(&plain, &tokens[0])
            }),
        ),
        ("good token, cached, each its own", Box::new(move |thread| layer(&verified, &own[thread]))),
        ("good token, cached, the same", Box::new(move |_| layer(&cached, &tokens[0]))),
    ];
    let mut ratios = vec![Vec::new(); works.len()];
    for _ in 0..ROUNDS {
        for ((_, make), ratios) in works.iter().zip(&mut ratios) {
            ratios.push(rate(vec![make(0), make(1)]) / rate(vec![make(0)]));
        }
    }
    let possible = [median(&ratios[0]), median(&ratios[1])];
    for (at, ((name, _), ratios)) in works.iter().zip(&ratios).enumerate() {
        let what = format!("two threads: {name}");
        let target = match at {
            0 | 1 => Target::None,
            2 => target(possible[0]),
            _ => target(possible[1]),
        };
        table.row(&what, median(ratios), "× one", target, noise(ratios));
    }
}
