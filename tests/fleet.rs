//! A fleet of replicas on a virtual clock: how often they ask the identity provider, and how soon they have a new key.
//!
//! Every replica is a [`Verifier`] of its own with the real key store; only the clock and the network are replaced. The
//! figures of the guide's page on operations come from
//!
//! `cargo test --release --test fleet -- --ignored --nocapture`
//!
//! which takes a few minutes. The test without `--ignored` runs the same with a small fleet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use mock_entra::{ManualClock, MockEntra};
use tower_entra::{
    Verifier,
    cache::CacheSettings,
    clock::Clock,
    error::{FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// When the virtual clock starts, in seconds since 1970.
const START: u64 = 1_800_000_000;
/// Time between two requests that a replica gets. Refreshes are started by requests, so that a due one is this late at most.
const REQUESTS_EVERY: u64 = MINUTE;
/// For this long after a successful refresh only one request in 20 is sent: the next refresh is not due, and if one were
/// started nevertheless, it would still be seen.
const FRESH: u64 = 44 * MINUTE;
/// Entra's tokens are used for about this long, so that after a rotation the share of the new key in the traffic grows from
/// nothing to everything in this time.
const TOKEN_LIFETIME: f64 = HOUR as f64;
/// Requests per second at each replica, for the time of its first token with a new key.
const TRAFFIC: f64 = 1.0;

/// What happens when, in seconds since the start.
struct Scenario {
    name: &'static str,
    replicas: usize,
    length: u64,
    /// Replicas start at random in this time; 0: all at once.
    start_within: u64,
    /// A key that signs as soon as it is published.
    unannounced: u64,
    /// The provider cannot be reached.
    outage: (u64, u64),
    /// A key that is published first, and signs later.
    announced: (u64, u64),
}

/// Seconds since the start, set by the simulation.
#[derive(Clone, Debug, Default)]
struct VirtualClock(Arc<AtomicU64>);

impl VirtualClock {
    fn seconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(START) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.seconds())
    }
}

/// The documents of one state of the provider, by URL.
type Documents = HashMap<String, Bytes>;

/// The identity provider, with counts.
struct Provider {
    clock: VirtualClock,
    mock: MockEntra,
    is_down: AtomicBool,
    /// How many keys have been published after the first.
    generation: AtomicUsize,
    documents: Mutex<Documents>,
    /// Fetches in each second.
    fetches: Mutex<Vec<u32>>,
    /// When each replica last got the keys.
    refreshed: Vec<AtomicU64>,
    /// For each published key, when each replica got it.
    received: Mutex<Vec<Vec<Option<u64>>>>,
}

impl Provider {
    fn new(scenario: &Scenario, clock: VirtualClock, mock: MockEntra) -> Arc<Self> {
        Arc::new(Self {
            clock,
            mock,
            is_down: AtomicBool::default(),
            generation: AtomicUsize::default(),
            documents: Mutex::default(),
            fetches: Mutex::new(vec![0; usize::try_from(scenario.length).unwrap()]),
            refreshed: (0..scenario.replicas).map(|_| AtomicU64::default()).collect(),
            received: Mutex::new(vec![vec![None; scenario.replicas]]),
        })
    }

    /// Publishes the keys that the mock has by now.
    fn publish(&self) {
        let replicas = self.received.lock().unwrap()[0].len();
        self.received.lock().unwrap().push(vec![None; replicas]);
        self.documents.lock().unwrap().clear();
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    async fn answer(&self, replica: usize, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let now = self.clock.seconds();
        self.fetches.lock().unwrap()[usize::try_from(now).unwrap()] += 1;
        if self.is_down.load(Ordering::Relaxed) {
            return Err(FetchError::new(request.url, FetchFailure::Connection { cause: "an outage".to_owned() }));
        }
        let generation = self.generation.load(Ordering::Relaxed);
        if request.url.ends_with("/keys") {
            self.refreshed[replica].store(now, Ordering::Relaxed);
            for received in &mut self.received.lock().unwrap()[..=generation] {
                received[replica].get_or_insert(now);
            }
        }
        // Unchanged documents are not parsed again, which makes the simulation fast.
        let etag = generation.to_string();
        let mut response = FetchResponse::new(304, "");
        if request.etag.as_ref() != Some(&etag) {
            response = FetchResponse::new(200, self.document(request).await?);
        }
        response.etag = Some(etag);
        Ok(response)
    }

    async fn document(&self, request: FetchRequest) -> Result<Bytes, FetchError> {
        let known = self.documents.lock().unwrap().get(&request.url).cloned();
        if let Some(body) = known {
            return Ok(body);
        }
        let url = request.url.clone();
        let response = self.mock.fetch(request).await?;
        assert_eq!(response.status, 200, "{url}");
        self.documents.lock().unwrap().insert(url, response.body.clone());
        Ok(response.body)
    }
}

/// The way from one replica to the provider.
struct Link {
    replica: usize,
    provider: Arc<Provider>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.replica).finish()
    }
}

impl Fetch for Link {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let (provider, replica) = (Arc::clone(&self.provider), self.replica);
        Box::pin(async move { provider.answer(replica, request).await })
    }
}

/// Random numbers that are the same in each run; those of the key store are not.
struct Random(u64);

impl Random {
    /// From 0 to 1 (SplitMix64).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() * bound as f64) as u64
    }

    /// The seconds after a rotation until a replica gets its first token with the new key.
    fn first_token(&mut self) -> u64 {
        let exponential = -(1.0 - self.next()).ln();
        // The share of the new key is x / TOKEN_LIFETIME after x seconds.
        (2.0 * TOKEN_LIFETIME * exponential / TRAFFIC).sqrt().min(TOKEN_LIFETIME) as u64
    }
}

struct Replica {
    verifier: Verifier,
    /// The newest key that it has got a token of.
    token: usize,
}

struct Report {
    scenario: Scenario,
    fetches: Vec<u32>,
    /// For each rotation, the sorted times from the publication of the key until a replica had it.
    delays: Vec<Vec<u64>>,
    requests: u64,
    /// Requests that were refused: when, and with which code.
    refused: Vec<(u64, &'static str)>,
}

async fn simulate(scenario: Scenario) -> Report {
    let clock = VirtualClock::default();
    let mock = MockEntra::new();
    mock.set_clock(ManualClock::at(UNIX_EPOCH + Duration::from_secs(START)));
    let token = || mock.token().expires_in(Duration::from_secs(30 * DAY)).build();
    let mut tokens = vec![token()];
    let provider = Provider::new(&scenario, clock.clone(), mock.clone());

    let mut random = Random(14);
    let mut starts: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for number in 0..scenario.replicas {
        starts.entry(random.below(scenario.start_within)).or_default().push(number);
    }
    let mut replicas: Vec<Option<Replica>> = (0..scenario.replicas).map(|_| None).collect();
    // Who gets a request in which second, in turn.
    let mut turns: Vec<Vec<usize>> = vec![Vec::new(); usize::try_from(REQUESTS_EVERY).unwrap()];
    // First tokens with a new key.
    let mut first_tokens: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let (mut requests, mut refused) = (0, Vec::new());

    for now in 0..scenario.length {
        clock.0.store(now, Ordering::Relaxed);
        provider.is_down.store((scenario.outage.0..scenario.outage.1).contains(&now), Ordering::Relaxed);
        if now == scenario.unannounced || now == scenario.announced.0 {
            mock.rotate();
            tokens.push(token());
            provider.publish();
        }
        if now == scenario.unannounced || now == scenario.announced.1 {
            for number in 0..scenario.replicas {
                first_tokens.entry(now + random.first_token()).or_default().push(number);
            }
        }
        for number in starts.remove(&now).unwrap_or_default() {
            let link = Link { replica: number, provider: Arc::clone(&provider) };
            let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
            let cache = CacheSettings { max_entries: 256, max_bytes: 1 << 20 };
            let verifier = builder.fetch(link).clock(clock.clone()).cache(cache).build().unwrap();
            verifier.warm_up().await.unwrap();
            replicas[number] = Some(Replica { verifier, token: 0 });
            turns[usize::try_from(random.below(REQUESTS_EVERY)).unwrap()].push(number);
        }

        for number in first_tokens.remove(&now).unwrap_or_default() {
            let replica = replicas[number].as_mut().unwrap();
            requests += 1;
            match replica.verifier.verify(&tokens[replica.token + 1]).await {
                Ok(_) => replica.token += 1,
                Err(rejection) => {
                    refused.push((now, rejection.code()));
                    first_tokens.entry(now + 1).or_default().push(number);
                }
            }
        }
        for &number in &turns[usize::try_from(now % REQUESTS_EVERY).unwrap()] {
            let is_fresh = now - provider.refreshed[number].load(Ordering::Relaxed) < FRESH;
            if is_fresh && now / REQUESTS_EVERY % 20 != number as u64 % 20 {
                continue;
            }
            let replica = replicas[number].as_ref().unwrap();
            requests += 1;
            if let Err(rejection) = replica.verifier.verify(&tokens[replica.token]).await {
                refused.push((now, rejection.code()));
            }
        }
        // The refreshes that these requests have started.
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    }

    let published = [scenario.unannounced, scenario.announced.0];
    let received = &provider.received.lock().unwrap()[1..];
    let delays = published.iter().zip(received).map(|(published, received)| {
        let mut delays: Vec<u64> =
            received.iter().map(|at| at.expect("every replica got the key") - published).collect();
        delays.sort_unstable();
        delays
    });
    let delays = delays.collect();
    let fetches = std::mem::take(&mut *provider.fetches.lock().unwrap());
    Report { scenario, fetches, delays, requests, refused }
}

impl Report {
    /// Fetches in a part of the time.
    fn count(&self, from: u64, until: u64) -> u64 {
        let fetches = &self.fetches[usize::try_from(from).unwrap()..usize::try_from(until).unwrap()];
        fetches.iter().map(|&fetches| u64::from(fetches)).sum()
    }

    /// Fetches per second.
    fn mean(&self, from: u64, until: u64) -> f64 {
        self.count(from, until) as f64 / (until - from) as f64
    }

    /// The highest mean of any `window` seconds within a part of the time.
    fn highest(&self, window: u64, from: u64, until: u64) -> f64 {
        (from..=until - window).map(|start| self.mean(start, start + window)).fold(0.0, f64::max)
    }

    /// No request with a known key is refused, not during the outage either. One with a new key is only where that key was
    /// published and used within the cooldown after a refresh that could not have it yet.
    fn assert_refused_in_cooldown_only(&self) {
        let cooldown = self.scenario.unannounced..self.scenario.unannounced + 30;
        let is_expected = |(at, code): &&(u64, &str)| *code == "unknown_key" && cooldown.contains(at);
        assert_eq!(self.refused.iter().find(|refused| !is_expected(refused)), None);
    }

    fn overall(&self) -> f64 {
        self.mean(0, self.scenario.length)
    }

    fn print(&self) {
        let Scenario { name, replicas, length, unannounced, outage, announced, .. } = self.scenario;
        let overall = self.overall();
        println!("{replicas} replicas, {name}, {} days, {} requests", length as f64 / DAY as f64, self.requests);
        println!(
            "  fetches per second, mean: {overall:.1}; with one refresh per hour and replica it would be {:.1}",
            2.0 * replicas as f64 / HOUR as f64
        );
        for (part, from, until) in [
            ("first hour", 0, HOUR),
            ("until the unannounced rotation", HOUR, unannounced),
            ("unannounced rotation, 10 minutes", unannounced, unannounced + 10 * MINUTE),
            ("from there to the outage", unannounced + 10 * MINUTE, outage.0),
            ("during the outage", outage.0, outage.1),
            ("after the outage", outage.1, length),
        ] {
            let highest = self.highest(MINUTE, from, until);
            println!("  highest 60 s mean, {part}: {highest:.1} ({:.1} x the mean)", highest / overall);
        }
        for (rotation, delays) in ["unannounced", "announced"].iter().zip(&self.delays) {
            let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
            println!(
                "  {rotation} key: half of the replicas after {} s, 99 % after {} s, all after {} s",
                at(0.5),
                at(0.99),
                at(1.0)
            );
        }
        println!(
            "  the announced key signs after {} s; refused requests: {:?}",
            announced.1 - announced.0,
            self.refused
        );
    }
}

fn run(scenario: Scenario) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(simulate(scenario))
}

/// 10,000, unless the environment says otherwise.
fn replicas() -> usize {
    std::env::var("TOWER_ENTRA_FLEET_REPLICAS").map_or(10_000, |number| number.parse().unwrap())
}

fn week(name: &'static str, start_within: u64) -> Scenario {
    Scenario {
        name,
        replicas: replicas(),
        length: 7 * DAY,
        start_within,
        unannounced: DAY + 12 * HOUR,
        outage: (3 * DAY, 3 * DAY + 6 * HOUR),
        announced: (5 * DAY, 6 * DAY),
    }
}

/// Runs a large fleet, prints its report, and holds it to the bound on the load after an outage.
fn measure(scenario: Scenario) {
    let start = std::time::Instant::now();
    let report = run(scenario);
    report.print();
    println!("  took {:.0?}", start.elapsed());
    report.assert_refused_in_cooldown_only();
    let after = report.highest(MINUTE, report.scenario.outage.1, report.scenario.length);
    assert!(after <= 5.0 * report.overall(), "{after} fetches per second after the outage");
}

#[test]
#[ignore = "takes minutes; with --release"]
fn ten_thousand_replicas_started_at_once() {
    measure(week("started at once", 0));
}

#[test]
#[ignore = "takes minutes; with --release"]
fn ten_thousand_replicas_started_within_an_hour() {
    measure(week("started within an hour", HOUR));
}

/// The worst time for an outage: all replicas fetched the keys in the same minutes before.
#[test]
#[ignore = "takes minutes; with --release"]
fn ten_thousand_replicas_with_an_outage_after_a_rotation() {
    measure(Scenario {
        name: "started at once, outage after the unannounced rotation",
        replicas: replicas(),
        length: 2 * DAY,
        start_within: 0,
        unannounced: 2 * HOUR,
        outage: (2 * HOUR + 30 * MINUTE, 8 * HOUR + 30 * MINUTE),
        announced: (DAY, DAY + 12 * HOUR),
    });
}

/// The bounds hold for any random numbers; the first tokens with a new key are the same in each run.
#[test]
fn a_small_fleet_for_a_day() {
    const REPLICAS: u64 = 200;
    let (unannounced, outage, announced) = (4 * HOUR, (8 * HOUR, 11 * HOUR), (14 * HOUR, 20 * HOUR));
    let (replicas, length) = (usize::try_from(REPLICAS).unwrap(), DAY);
    let name = "started at once";
    let report = run(Scenario { name, replicas, length, start_within: 0, unannounced, outage, announced });
    report.print();

    report.assert_refused_in_cooldown_only();
    // Metadata and key set, once per replica.
    assert_eq!(report.count(0, 1), 2 * REPLICAS);
    // One refresh per hour, and no more than a fourth more.
    let refreshes = report.count(HOUR, 4 * HOUR) / 2;
    assert!((3 * REPLICAS..=15 * REPLICAS / 4).contains(&refreshes), "{refreshes} refreshes in three hours");
    // Attempts after about 30, 60, 120, 240, 480 and 960 s, then each half an hour; each fetches the metadata in vain.
    let attempts = report.count(outage.0, outage.1);
    assert!((4 * REPLICAS..=12 * REPLICAS).contains(&attempts), "{attempts} attempts during the outage");
    // The longest wait is over, and a replica asks again at its next request.
    let window = 36 * MINUTE + REQUESTS_EVERY;
    assert!(report.count(outage.1, outage.1 + window) >= 2 * REPLICAS, "not all replicas have recovered");
    let after = report.highest(10 * MINUTE, outage.1, length);
    assert!(after <= 5.0 * report.overall(), "{after} fetches per second in 10 minutes after the outage");
    // Without notice: with the first token. With notice: before the key signs.
    let [unannounced, announced] = &report.delays[..] else { panic!("{:?}", report.delays) };
    assert!(unannounced[replicas / 2] < 2 * MINUTE && unannounced[replicas - 1] < 5 * MINUTE, "{unannounced:?}");
    assert!(announced[replicas - 1] <= HOUR + REQUESTS_EVERY, "{announced:?}");
}
