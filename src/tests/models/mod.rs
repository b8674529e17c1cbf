//! Models of the concurrency: each runs in many random schedules, and in some that PCT (probabilistic concurrency testing)
//! chooses, which finds bugs of a few preemptions sooner. `just models` runs them.
//!
//! A deadlock fails a model, and timeouts never expire in one: so each also shows that nothing waits forever.

mod cached_verdicts;
mod refresh_queue;
mod reload;
mod single_flight;

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use mock_entra::{MockEntra, MockKey};
use shuttle::{
    Config, FailurePersistence, MaxSteps, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};

use crate::{
    Verifier, VerifierBuilder,
    clock::Clock,
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
    keys::KeySettings,
};

/// Random schedules; of PCT there are half as many.
const SCHEDULES: usize = 2_000;
/// The preemptions of a schedule of PCT.
const DEPTH: usize = 3;

/// The seed of the schedules, so that each run of the tests tries the same ones.
const SEED: u64 = 1;

/// Runs a model. `SHUTTLE_SCHEDULES` overrides the number of schedules, and `SHUTTLE_RANDOM_SEED` their seed.
fn check(model: impl Fn() + Send + Sync + 'static) {
    // Before the schedules: it generates keys.
    LazyLock::force(&PROVIDER);
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    config.max_steps = MaxSteps::FailAfter(100_000);
    // The seed replays a failure; the whole schedule would fill pages.
    config.failure_persistence = FailurePersistence::None;
    let schedules = std::env::var("SHUTTLE_SCHEDULES").map_or(SCHEDULES, |number| number.parse().unwrap());
    let model = Arc::new(model);
    let again = Arc::clone(&model);
    Runner::new(RandomScheduler::new_from_seed(SEED, schedules), config.clone()).run(move || model());
    Runner::new(PctScheduler::new_from_seed(SEED, DEPTH, schedules.div_ceil(2)), config).run(move || again());
}

/// The responses of a mock provider, and tokens that its keys have signed.
struct Provider {
    metadata: Bytes,
    /// The key set with the first key, and the one with the second.
    key_sets: [Bytes; 2],
    /// Tokens signed with the first key and with the second.
    tokens: [String; 2],
    /// The `kid` of the first key.
    key_id: String,
    now: SystemTime,
}

/// A clock that stands still until a model advances it.
#[derive(Clone, Debug)]
struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Duration::ZERO)))
    }

    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        PROVIDER.now + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| {
    // The mock's traits are those of the library that it was built with, not of this one.
    use tower_entra::{
        clock::Clock,
        fetch::{Fetch, FetchRequest},
    };

    let mock = MockEntra::new();
    let clock = mock_entra::ManualClock::new();
    let now = clock.now();
    mock.set_clock(clock);
    let fetch = |url: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(mock.fetch(FetchRequest::new(url, 1 << 20))).unwrap().body
    };
    let metadata = fetch(&mock.metadata_url());
    let jwks_uri =
        serde_json::from_slice::<serde_json::Value>(&metadata).unwrap()["jwks_uri"].as_str().unwrap().to_owned();
    let signed_with = |key: &MockKey| mock.token().signed_with(key).build();
    let first = mock.current_key();
    let (first_set, first_token) = (fetch(&jwks_uri), signed_with(&first));
    let second = mock.rotate();
    mock.drop_key(first.kid());
    let (second_set, second_token) = (fetch(&jwks_uri), signed_with(&second));
    Provider {
        metadata,
        key_sets: [first_set, second_set],
        tokens: [first_token, second_token],
        key_id: first.kid().to_owned(),
        now,
    }
});

/// Responds as the provider does, after other tasks had a chance to run.
#[derive(Clone, Debug, Default)]
struct ModelFetch(Arc<Fetches>);

#[derive(Debug, Default)]
struct Fetches {
    count: AtomicUsize,
    /// Which key set is published.
    key_set: AtomicUsize,
}

impl ModelFetch {
    fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    /// Publishes the second key set.
    fn rotate(&self) {
        self.0.key_set.store(1, Ordering::SeqCst);
    }
}

impl Fetch for ModelFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let fetches = Arc::clone(&self.0);
        Box::pin(async move {
            fetches.count.fetch_add(1, Ordering::SeqCst);
            shuttle::future::yield_now().await;
            let body = match request.url.contains(".well-known") {
                true => &PROVIDER.metadata,
                false => &PROVIDER.key_sets[fetches.key_set.load(Ordering::SeqCst)],
            };
            Ok(FetchResponse::new(200, body.clone()))
        })
    }
}

/// A verifier of the provider's tokens, with the provider's time.
fn builder(fetch: &ModelFetch) -> VerifierBuilder {
    let builder = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
    builder.fetch(fetch.clone()).clock(ManualClock::new())
}

/// Verifies a token. Returns the code of the rejection, or `accepted`.
fn verify(verifier: &Verifier, token: &str) -> &'static str {
    shuttle::future::block_on(verifier.verify(token)).map_or_else(|rejection| rejection.code(), |_| "accepted")
}
