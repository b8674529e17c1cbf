//! A verifier under load for minutes, over real HTTP: a new key every second, a provider that fails at random, invented
//! keys all the time. No verdict may be wrong, no request with a known key may wait, and memory stays flat.
//!
//! `cargo test --release --test soak -- --ignored --nocapture`; `TOWER_ENTRA_SOAK_SECONDS` sets the length, 300 by default.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::HashSet,
    fmt,
    future::Future,
    hash::{BuildHasher, Hasher, RandomState},
    pin::pin,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use tower_entra::{
    Verifier,
    keys::KeySettings,
    testing::{Fault, MockEntra},
};

const CLIENTS: usize = 64;
const COOL_DOWN: Duration = Duration::from_millis(100);
const ROTATION: Duration = Duration::from_secs(1);
/// The most that a request with a known key may take, beyond what the machine takes for anything.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a token is, and so what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    Refused(&'static str),
    Invented,
}

struct Token {
    kind: Kind,
    /// Of the key that signed it.
    kid: String,
    text: String,
}

/// The tokens of one second.
struct Hand(Vec<Token>);

#[derive(Default)]
struct Tally {
    requests: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    /// New keys that a failing provider kept from us for a while.
    excused: AtomicU64,
    slowest_known: AtomicU64,
    slowest_control: AtomicU64,
    waited: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write!(
            f,
            "{} requests: {} accepted, {} refused, {} with a new key during an outage; {} wrong; known keys: {} waited, \
             slowest {} us; the machine's own slowest {} us",
            read(&self.requests),
            read(&self.accepted),
            read(&self.refused),
            read(&self.excused),
            self.wrong.lock().unwrap().len(),
            read(&self.waited),
            read(&self.slowest_known),
            read(&self.slowest_control),
        )
    }
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn below(bound: usize) -> usize {
    usize::try_from(random() % bound as u64).unwrap()
}

fn hand(entra: &MockEntra, round: u64) -> Hand {
    let kid = entra.current_kid();
    let token =
        |kind, builder: tower_entra::testing::TokenBuilder| Token { kind, kid: kid.clone(), text: builder.build() };
    let mut tokens: Vec<Token> = (0..8).map(|_| token(Kind::Good, entra.token())).collect();
    tokens.push(token(Kind::Refused("bad_signature"), entra.token().wrong_key()));
    tokens.push(token(Kind::Refused("expired"), entra.token().expired()));
    tokens.push(token(Kind::Refused("wrong_audience"), entra.token().audience("api://contoso.example")));
    tokens.push(token(Kind::Refused("wrong_tenant"), entra.token().tenant(MockEntra::OTHER_TENANT)));
    tokens.push(token(Kind::Refused("microsoft_api_token"), entra.token().graph()));
    tokens.push(token(Kind::Refused("not_an_access_token"), entra.token().id_token().audience(MockEntra::CLIENT_ID)));
    for number in 0..4 {
        let kid = format!("invented-{round}-{number}");
        tokens.push(Token { kind: Kind::Invented, kid: kid.clone(), text: entra.token().kid(kid).build() });
    }
    Hand(tokens)
}

fn resident_bytes() -> Option<u64> {
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * PAGE)
}

struct World {
    entra: MockEntra,
    verifier: Verifier,
    hand: RwLock<Arc<Hand>>,
    known: RwLock<HashSet<String>>,
    last_fault: Mutex<Instant>,
    tally: Tally,
    is_over: AtomicBool,
}

impl World {
    /// One request of one client.
    async fn request(&self) {
        let hand = Arc::clone(&self.hand.read().unwrap());
        let token = &hand.0[below(hand.0.len())];
        let is_known = self.known.read().unwrap().contains(&token.kid);
        let started = Instant::now();
        let mut future = pin!(self.verifier.verify(&token.text));
        let first = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let took = u64::try_from(started.elapsed().as_micros()).unwrap();
        let result = match first {
            Poll::Ready(result) => {
                if is_known {
                    self.tally.slowest_known.fetch_max(took, Ordering::Relaxed);
                }
                result
            }
            Poll::Pending => {
                if is_known {
                    self.tally.waited.fetch_add(1, Ordering::Relaxed);
                }
                future.await
            }
        };
        self.tally.requests.fetch_add(1, Ordering::Relaxed);
        let code = result.as_ref().map_or_else(|rejection| rejection.code(), |_| "accepted");
        let is_excused = !is_known
            && matches!(code, "unknown_key" | "keys_unavailable")
            && self.last_fault.lock().unwrap().elapsed() < Duration::from_secs(5);
        let counter = match (token.kind, code) {
            (Kind::Good, "accepted") => {
                self.known.write().unwrap().insert(token.kid.clone());
                &self.tally.accepted
            }
            (Kind::Invented, "unknown_key") => &self.tally.refused,
            (Kind::Refused(expected), code) if code == expected => &self.tally.refused,
            _ if is_excused => &self.tally.excused,
            (kind, code) => {
                self.tally.wrong.lock().unwrap().push(format!("{kind:?} (known: {is_known}) was {code}"));
                return;
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What the machine takes for something that never waits.
    fn control(&self) {
        let started = Instant::now();
        let mut sum = 0_u64;
        for number in 0..20_000_u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
        let took = u64::try_from(started.elapsed().as_micros()).unwrap();
        self.tally.slowest_control.fetch_max(took, Ordering::Relaxed);
    }

    async fn client(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            self.request().await;
            if below(4) == 0 {
                self.control();
            }
            tokio::time::sleep(Duration::from_millis(1 + random() % 8)).await;
        }
    }

    /// A new key each second, published before it is used; the old ones go after a while.
    async fn rotate(&self) {
        let mut published = vec![self.entra.current_kid()];
        let mut round = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(ROTATION - COOL_DOWN).await;
            let key = self.entra.add_key();
            tokio::time::sleep(COOL_DOWN).await;
            self.entra.sign_with(&key);
            round += 1;
            *self.hand.write().unwrap() = Arc::new(hand(&self.entra, round));
            published.push(key.kid().to_owned());
            if published.len() > 5 {
                self.entra.drop_key(published.remove(0));
            }
        }
    }

    async fn fail_at_random(&self) {
        let faults = [
            Fault::Down,
            Fault::Stall,
            Fault::Slow(Duration::from_millis(150)),
            Fault::Drip(Duration::from_millis(1)),
            Fault::Status(500),
            Fault::Garbage,
            Fault::EmptyKeySet,
            Fault::TooLarge,
        ];
        while !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(500 + random() % 4_000)).await;
            *self.last_fault.lock().unwrap() = Instant::now();
            self.entra.set_fault(faults[below(faults.len())].clone());
            tokio::time::sleep(Duration::from_millis(50 + random() % 350)).await;
            self.entra.mend();
            *self.last_fault.lock().unwrap() = Instant::now();
        }
    }
}

#[test]
#[ignore = "takes minutes"]
fn nothing_breaks_under_load() {
    let seconds = std::env::var("TOWER_ENTRA_SOAK_SECONDS").map_or(300, |seconds| seconds.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (world, before, after) = runtime.block_on(async {
        // The provider lives on a runtime of its own, as it would on a machine of its own.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
                sender.send((server.url(), server.entra().clone())).ok();
                std::future::pending::<()>().await;
            });
        });
        let (url, entra) = receiver.await.unwrap();
        let verifier = Verifier::builder()
            .tenant(MockEntra::TENANT)
            .client_id(MockEntra::CLIENT_ID)
            .instance(url)
            .keys(KeySettings {
                cool_down: COOL_DOWN,
                refresh_interval: Duration::from_secs(2),
                timeout: Duration::from_millis(500),
                ..KeySettings::default()
            })
            .build()
            .unwrap();
        verifier.warm_up().await.unwrap();
        let world = Arc::new(World {
            hand: RwLock::new(Arc::new(hand(&entra, 0))),
            entra,
            verifier,
            known: RwLock::default(),
            last_fault: Mutex::new(Instant::now()),
            tally: Tally::default(),
            is_over: AtomicBool::new(false),
        });
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..CLIENTS {
            let world = Arc::clone(&world);
            tasks.spawn(async move { world.client().await });
        }
        let (rotating, failing) = (Arc::clone(&world), Arc::clone(&world));
        tasks.spawn(async move { rotating.rotate().await });
        tasks.spawn(async move { failing.fail_at_random().await });
        // The caches fill in the first quarter; from then on nothing may grow.
        tokio::time::sleep(Duration::from_secs(seconds) / 4).await;
        let before = resident_bytes();
        tokio::time::sleep(Duration::from_secs(seconds) * 3 / 4).await;
        let after = resident_bytes();
        world.is_over.store(true, Ordering::Relaxed);
        while tasks.join_next().await.is_some() {}
        (world, before, after)
    });
    let stats = world.verifier.stats();
    println!("{seconds} s, {CLIENTS} clients. {}", world.tally);
    println!("{stats:?}");
    let megabytes = |bytes: Option<u64>| bytes.map_or(0, |bytes| bytes >> 20);
    println!("memory: {} MiB after a quarter, {} MiB at the end", megabytes(before), megabytes(after));
    let wrong = world.tally.wrong.lock().unwrap();
    assert!(wrong.is_empty(), "wrong verdicts: {:?}", &wrong[..wrong.len().min(10)]);
    assert_eq!(world.tally.waited.load(Ordering::Relaxed), 0, "requests with a known key waited");
    let known = Duration::from_micros(world.tally.slowest_known.load(Ordering::Relaxed));
    let control = Duration::from_micros(world.tally.slowest_control.load(Ordering::Relaxed));
    assert!(known <= control + PATIENCE, "a known key took {known:?}, the machine itself {control:?}");
    let spent = seconds * 1_000 / u64::try_from(COOL_DOWN.as_millis()).unwrap();
    assert!(
        stats.keys.refreshes <= spent + 2,
        "{} refreshes, one per cool-down would be {spent}",
        stats.keys.refreshes
    );
    if let (Some(before), Some(after)) = (before, after) {
        // The tokens that are remembered may fill their cache, which is bounded by 32 MiB.
        assert!(after <= before + (48 << 20), "memory grew from {before} to {after} bytes");
    }
}
