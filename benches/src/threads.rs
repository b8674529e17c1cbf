//! What two threads do in the time of one.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use tower::Layer;
use tower_entra::{AuthenticateLayer, Verifier, authenticate::Authenticate, cache::CacheSettings};

use crate::{
    path::median,
    setup::{Bench, Nothing, asking_of},
};

const SLICE: Duration = Duration::from_millis(20);
const ROUNDS: usize = 15;

type Work = Box<dyn FnMut() + Send>;

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

/// Two threads against one, for the limit itself, and for the layer with and without a cache; the limit's own ratio says what
/// the machine can do at the moment. Prints, and gives back how many lag behind it by more than a twentieth.
pub fn compare() -> usize {
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
    let works: [(&str, Box<dyn Fn(usize) -> Work>); 4] = [
        ("limit", Box::new(limit)),
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
    let possible = median(&ratios[0]);
    let mut lagging = 0;
    println!("{:<40} {:>9} {:>8}", "two threads against one", "x", "of limit");
    for ((name, _), ratios) in works.iter().zip(&ratios) {
        let ratio = median(ratios);
        let lags = ratio < possible * 0.95;
        lagging += usize::from(lags);
        println!("{name:<40} {ratio:>9.2} {:>8.2} {}", ratio / possible, if lags { "missed" } else { "" });
    }
    lagging
}
