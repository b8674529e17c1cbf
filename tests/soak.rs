//! A verifier under load for minutes, over real HTTP: a key rotation every second, a provider that fails at random, unknown
//! `kid`s all the time. No verdict may be wrong, no request with a known key may wait, and memory stays flat.
//!
//! `cargo test --release --test soak -- --ignored --nocapture`; `TOWER_ENTRA_SOAK_SECONDS` sets the length, 300 by default.
//!
//! The provider runs in a process of its own (this binary again), so that the resident set is the verifier's: the provider
//! takes 16 MiB for a response now and then ([`Fault::TooLarge`]).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::HashSet,
    fmt,
    future::Future,
    hash::{BuildHasher, Hasher, RandomState},
    io::{BufRead, BufReader, Write},
    pin::pin,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use mock_entra::{Fault, MockEntra, MockKey, TokenBuilder};
use serde::{Deserialize, Serialize};
use tower_entra::{Verifier, cache::CacheSettings, keys::KeySettings};

const CLIENTS: usize = 64;
const COOL_DOWN: Duration = Duration::from_millis(100);
const ROTATION: Duration = Duration::from_secs(1);
/// A key stays in the key set for this many rotations.
const PUBLISHED_KEYS: usize = 5;
/// The most that a request with a known key may take, beyond what the machine takes for anything.
const PATIENCE: Duration = Duration::from_millis(50);
/// By how much the resident set may differ between two quarters of the run.
const FLAT: u64 = 2 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Token {
    /// The code of the expected rejection; `None` if it is to be accepted.
    rejection: Option<String>,
    /// The `kid` in its header.
    kid: String,
    text: String,
}

/// Commands to the provider's process, one JSON line each. It answers each with one line: tokens, or an empty list.
#[derive(Debug, Serialize, Deserialize)]
enum ProviderCommand {
    /// Publishes a new key.
    PublishKey,
    /// Signs with the key published last, withdraws the oldest, and answers with tokens.
    Rotate,
    /// Fails in this way from now on.
    Fail(usize),
    /// Works again.
    Recover,
}

fn faults() -> [Fault; 8] {
    [
        Fault::Down,
        Fault::Stall,
        Fault::Slow(Duration::from_millis(150)),
        Fault::Drip(Duration::from_millis(1)),
        Fault::Status(500),
        Fault::Garbage,
        Fault::EmptyKeySet,
        Fault::TooLarge,
    ]
}

#[derive(Default)]
struct Tally {
    requests: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    /// Tokens with a new key that a failing provider kept from us for a while.
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
            "{} requests: {} accepted, {} rejected, {} with a new key during an outage; {} wrong; known keys: {} waited, \
             slowest {} us; the machine's own slowest {} us",
            read(&self.requests),
            read(&self.accepted),
            read(&self.rejected),
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

fn tokens(entra: &MockEntra, round: u64) -> Vec<Token> {
    let kid = entra.current_kid();
    let token = |rejection: Option<&str>, builder: TokenBuilder| Token {
        rejection: rejection.map(str::to_owned),
        kid: kid.clone(),
        text: builder.build(),
    };
    let mut tokens: Vec<Token> = (0..8).map(|_| token(None, entra.token())).collect();
    for (rejection, builder) in [
        ("bad_signature", entra.token().wrong_key()),
        ("expired", entra.token().expired()),
        ("wrong_audience", entra.token().audience("api://contoso.example")),
        ("wrong_tenant", entra.token().tenant(MockEntra::OTHER_TENANT)),
        ("microsoft_api_token", entra.token().graph()),
        ("not_an_access_token", entra.token().id_token().audience(MockEntra::CLIENT_ID)),
    ] {
        tokens.push(token(Some(rejection), builder));
    }
    for number in 0..4 {
        let kid = format!("unknown-{round}-{number}");
        let text = entra.token().kid(&kid).build();
        tokens.push(Token { rejection: Some("unknown_key".to_owned()), kid, text });
    }
    tokens
}

/// The provider's process: prints its address, then obeys the commands from standard input until that ends.
fn run_provider() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(MockEntra::serve("127.0.0.1:0")).unwrap();
    let entra = server.entra().clone();
    let say = |line: String| {
        let mut output = std::io::stdout().lock();
        writeln!(output, "\n{MARK}{line}").unwrap();
        output.flush().unwrap();
    };
    say(server.url());
    let mut published: Vec<String> = vec![entra.current_kid()];
    let mut newest: Option<MockKey> = None;
    let mut round = 0;
    for line in std::io::stdin().lock().lines() {
        let mut answer = Vec::new();
        match serde_json::from_str(&line.unwrap()).unwrap() {
            ProviderCommand::PublishKey => newest = Some(entra.add_key()),
            ProviderCommand::Rotate => {
                if let Some(key) = newest.take() {
                    entra.sign_with(&key);
                    published.push(key.kid().to_owned());
                }
                if published.len() > PUBLISHED_KEYS {
                    entra.drop_key(published.remove(0));
                }
                answer = tokens(&entra, round);
                round += 1;
            }
            ProviderCommand::Fail(number) => entra.set_fault(faults()[number].clone()),
            ProviderCommand::Recover => entra.clear_faults(),
        }
        say(serde_json::to_string(&answer).unwrap());
    }
}

/// Begins each line of the provider's process: the test harness prints lines of its own.
const MARK: &str = "soak:";
/// The environment variable that makes this binary the provider's process.
const PROVIDER: &str = "TOWER_ENTRA_SOAK_PROVIDER";

/// The provider's process. It ends when its standard input does.
struct Provider {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Provider {
    fn start() -> (Self, String) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--nocapture", "--quiet"])
            .env(PROVIDER, "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut provider = Self { child, input, output };
        let url = provider.line();
        (provider, url)
    }

    fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the provider's process has ended");
            if let Some(line) = line.trim_end().strip_prefix(MARK) {
                return line.to_owned();
            }
        }
    }

    fn send(&mut self, command: &ProviderCommand) -> Vec<Token> {
        writeln!(self.input, "{}", serde_json::to_string(command).unwrap()).unwrap();
        serde_json::from_str(&self.line()).unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn resident_bytes() -> u64 {
    const PAGE: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * PAGE)
}

/// The smallest resident set in each quarter of the samples: what stays, not what a refresh takes for a moment.
fn quarters(samples: &[u64]) -> Vec<u64> {
    let quarter = samples.len().div_ceil(4).max(1);
    samples.chunks(quarter).map(|part| part.iter().copied().min().unwrap_or_default()).collect()
}

struct World {
    provider: Mutex<Provider>,
    verifier: Verifier,
    tokens: RwLock<Arc<Vec<Token>>>,
    known: RwLock<HashSet<String>>,
    last_fault: Mutex<Instant>,
    tally: Tally,
    is_over: AtomicBool,
}

impl World {
    fn command(&self, command: &ProviderCommand) -> Vec<Token> {
        self.provider.lock().unwrap().send(command)
    }

    /// One request of one client.
    async fn request(&self) {
        let tokens = Arc::clone(&self.tokens.read().unwrap());
        let token = &tokens[below(tokens.len())];
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
        let counter = match (token.rejection.as_deref(), code) {
            (None, "accepted") => {
                self.known.write().unwrap().insert(token.kid.clone());
                &self.tally.accepted
            }
            (Some(expected), code) if code == expected => &self.tally.rejected,
            _ if is_excused => &self.tally.excused,
            (expected, code) => {
                let expected = expected.unwrap_or("accepted");
                self.tally.wrong.lock().unwrap().push(format!("expected {expected} (known: {is_known}), got {code}"));
                return;
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Times a computation that never waits, as the measure of what the machine itself takes.
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

    /// A new key each second, published before it is used; old ones are withdrawn after a while.
    async fn rotate(self: Arc<Self>) {
        let mut used: Vec<String> = Vec::new();
        while !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(ROTATION - COOL_DOWN).await;
            self.clone().in_background(ProviderCommand::PublishKey).await;
            tokio::time::sleep(COOL_DOWN).await;
            let tokens = self.clone().in_background(ProviderCommand::Rotate).await;
            used.push(tokens[0].kid.clone());
            if used.len() > 2 * PUBLISHED_KEYS {
                self.known.write().unwrap().remove(&used.remove(0));
            }
            *self.tokens.write().unwrap() = Arc::new(tokens);
        }
    }

    async fn fail_at_random(self: Arc<Self>) {
        while !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(500 + random() % 4_000)).await;
            *self.last_fault.lock().unwrap() = Instant::now();
            self.clone().in_background(ProviderCommand::Fail(below(faults().len()))).await;
            tokio::time::sleep(Duration::from_millis(50 + random() % 350)).await;
            self.clone().in_background(ProviderCommand::Recover).await;
            *self.last_fault.lock().unwrap() = Instant::now();
        }
    }

    /// Sends a command without holding up the requests: the provider may take its time.
    async fn in_background(self: Arc<Self>, command: ProviderCommand) -> Vec<Token> {
        tokio::task::spawn_blocking(move || self.command(&command)).await.unwrap()
    }
}

#[test]
#[ignore = "takes minutes"]
fn nothing_breaks_under_load() {
    if std::env::var_os(PROVIDER).is_some() {
        return run_provider();
    }
    let seconds = std::env::var("TOWER_ENTRA_SOAK_SECONDS").map_or(300, |seconds| seconds.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (world, samples) = runtime.block_on(async {
        let (mut provider, url) = Provider::start();
        // Everything that is kept has a bound that is reached in the first quarter.
        let verifier = Verifier::builder()
            .tenant(MockEntra::TENANT)
            .client_id(MockEntra::CLIENT_ID)
            .instance(url)
            .keys(KeySettings {
                cool_down: COOL_DOWN,
                refresh_interval: Duration::from_secs(2),
                timeout: Duration::from_millis(500),
                grace: Duration::from_secs(seconds / 16),
                ..KeySettings::default()
            })
            .cache(CacheSettings { max_entries: usize::try_from(seconds).unwrap(), ..CacheSettings::default() })
            .build()
            .unwrap();
        verifier.warm_up().await.unwrap();
        let first = provider.send(&ProviderCommand::Rotate);
        let world = Arc::new(World {
            tokens: RwLock::new(Arc::new(first)),
            provider: Mutex::new(provider),
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
        tasks.spawn(Arc::clone(&world).rotate());
        tasks.spawn(Arc::clone(&world).fail_at_random());
        let mut samples = Vec::new();
        for _ in 0..seconds * 10 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            samples.push(resident_bytes());
        }
        world.is_over.store(true, Ordering::Relaxed);
        while tasks.join_next().await.is_some() {}
        (world, samples)
    });
    let stats = world.verifier.stats();
    println!("{seconds} s, {CLIENTS} clients. {}", world.tally);
    println!("{stats:?}");
    let quarters = quarters(&samples);
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let shown: Vec<String> = quarters.iter().copied().map(megabytes).collect();
    println!("smallest resident set in each quarter, in MiB: {}", shown.join(", "));
    let wrong = world.tally.wrong.lock().unwrap();
    assert!(wrong.is_empty(), "wrong verdicts: {:?}", &wrong[..wrong.len().min(10)]);
    assert_eq!(world.tally.waited.load(Ordering::Relaxed), 0, "requests with a known key waited");
    let known = Duration::from_micros(world.tally.slowest_known.load(Ordering::Relaxed));
    let control = Duration::from_micros(world.tally.slowest_control.load(Ordering::Relaxed));
    assert!(known <= control + PATIENCE, "a known key took {known:?}, the machine itself {control:?}");
    let spent = seconds * 1_000 / u64::try_from(COOL_DOWN.as_millis()).unwrap();
    assert!(stats.keys.refreshes <= spent + 2, "{} refreshes, one per cooldown would be {spent}", stats.keys.refreshes);
    if let [_, second, _, last] = quarters.as_slice() {
        assert!(*last <= second + FLAT, "memory grew from {second} to {last} bytes over the last three quarters");
    }
}
