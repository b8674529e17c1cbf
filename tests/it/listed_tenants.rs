//! Listed tenants with signing keys of their own: a cooldown for each, one rate limit for all, and what a warm-up loads.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mock_entra::{Fault, KeySpec, ManualClock, MockEntra, MockKey};
use tokio::time::Instant;
use tower_entra::{
    Verifier, VerifierBuilder,
    diagnosis::CauseKind,
    fetch::{Fetch, FetchFuture, FetchRequest},
    keys::KeySettings,
};

use crate::support::{at_once, code, settle};

const SECOND: Duration = Duration::from_secs(1);
const COOLDOWN: Duration = Duration::from_secs(30);

fn listed(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A mock with `tenants` tenants, each with the same key of its own.
struct Setup {
    mock: MockEntra,
    clock: ManualClock,
    key: MockKey,
    tenants: usize,
}

impl Setup {
    fn new(tenants: usize) -> Self {
        let (mock, clock) = (MockEntra::new(), ManualClock::new());
        mock.set_clock(clock.clone());
        let key = mock.new_key();
        for number in 0..tenants {
            mock.add_tenant(listed(number).parse().unwrap());
            mock.publish(KeySpec::new(&key).only_in(listed(number)));
        }
        Self { mock, clock, key, tenants }
    }

    fn builder(&self) -> VerifierBuilder {
        let builder =
            Verifier::builder().client_id(MockEntra::CLIENT_ID).fetch(self.mock.clone()).clock(self.clock.clone());
        (0..self.tenants).fold(builder, |builder, number| builder.tenant(listed(number)))
    }

    async fn warm(&self) -> Verifier {
        let verifier = self.builder().build().unwrap();
        verifier.warm_up().await.unwrap();
        // The first refresh of all has no cooldown: a token with an unknown key would refresh the shared document again.
        let _ = verifier.verify(&self.mock.token().tenant(listed(0)).kid("unknown").build()).await;
        verifier
    }

    fn own(&self, number: usize) -> String {
        self.mock.token().tenant(listed(number)).signed_with(&self.key).build()
    }

    fn forged(&self, number: usize) -> String {
        self.mock.token().tenant(listed(number)).kid("forged").build()
    }

    /// Fetches of tenants' own documents: two for each refresh.
    fn fetches(&self) -> usize {
        self.mock.fetches_of("/00000000-0000-4000-")
    }

    /// Lets time pass for the verifier and for tokio's timers.
    async fn pass(&self, time: Duration) {
        const STEP: Duration = Duration::from_millis(100);
        let mut left = time;
        while left > Duration::ZERO {
            let step = STEP.min(left);
            self.clock.advance(step);
            tokio::time::advance(step).await;
            settle().await;
            left -= step;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_tenant_is_asked_at_its_first_token() {
    let setup = Setup::new(8);
    let verifier = setup.warm().await;
    let started = Instant::now();
    for number in 0..8 {
        assert_eq!(code(verifier.verify(&setup.own(number)).await), "accepted", "{number}");
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn each_tenant_has_a_cooldown_of_its_own() {
    let setup = Setup::new(2);
    let verifier = setup.warm().await;
    for number in [0, 1, 0, 1] {
        let _ = verifier.verify(&setup.forged(number)).await;
    }
    // The first refresh has no cooldown, the second has.
    let before = setup.fetches();
    for _ in 0..100 {
        assert_eq!(code(verifier.verify(&setup.forged(0)).await), "unknown_key");
    }
    assert_eq!(setup.fetches(), before, "within the cooldown");
    setup.pass(COOLDOWN).await;
    let new = setup.mock.new_key();
    setup.mock.publish(KeySpec::new(&new).only_in(listed(1)));
    assert_eq!(code(verifier.verify(&setup.forged(0)).await), "unknown_key");
    assert_eq!(setup.fetches(), before + 2);
    let token = setup.mock.token().tenant(listed(1)).signed_with(&new).build();
    assert_eq!(code(verifier.verify(&token).await), "accepted", "another tenant's cooldown is not its own");
}

#[tokio::test(start_paused = true)]
async fn tenants_wait_in_turn_and_keep_their_place() {
    let setup = Setup::new(21);
    let settings = KeySettings { tenant_refresh_burst: 2, ..KeySettings::default() };
    let verifier = setup.builder().keys(settings).build().unwrap();
    verifier.warm_up().await.unwrap();
    // Spends the free refresh of the shared document, for which they would all wait before.
    let _ = verifier.verify(&setup.forged(20)).await;
    setup.pass(SECOND).await;
    let waiting: Vec<_> = (0..20)
        .map(|number| {
            let (verifier, token) = (verifier.clone(), setup.own(number));
            tokio::spawn(async move {
                let started = Instant::now();
                let result = verifier.verify(&token).await;
                (result.map(drop), started.elapsed())
            })
        })
        .collect();
    settle().await;
    setup.pass(6 * SECOND).await;
    let half = Duration::from_millis(500);
    for (number, request) in waiting.into_iter().enumerate() {
        let (result, waited) = request.await.unwrap();
        // Two of the burst, then one in 500 ms.
        let turn = half * (number as u32).saturating_sub(1);
        match result {
            Ok(()) => assert_eq!(waited, turn, "{number}"),
            Err(rejection) => {
                assert!(turn >= 5 * SECOND, "{number}: {rejection}");
                assert_eq!((rejection.code(), waited), ("keys_unavailable", 5 * SECOND), "{number}");
                let told = rejection.retry_after_time().unwrap();
                assert_eq!(told, (turn - 5 * SECOND).max(SECOND), "{number}");
            }
        }
    }
    // Nobody waits any more, and each is served at its turn all the same.
    setup.pass(6 * SECOND).await;
    assert_eq!(setup.fetches(), 42);
    for number in 0..20 {
        assert_eq!(code(at_once(verifier.verify(&setup.own(number))).unwrap()), "accepted", "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_goes_away_stalls_nobody() {
    let setup = Setup::new(3);
    let settings = KeySettings { tenant_refresh_burst: 1, ..KeySettings::default() };
    let verifier = setup.builder().keys(settings).build().unwrap();
    verifier.warm_up().await.unwrap();
    assert_eq!(code(verifier.verify(&setup.own(0)).await), "accepted");
    for _ in 0..10 {
        assert!(at_once(verifier.verify(&setup.own(1))).is_none());
    }
    let waiting = tokio::spawn({
        let (verifier, token) = (verifier.clone(), setup.own(2));
        async move { code(verifier.verify(&token).await) }
    });
    settle().await;
    setup.pass(SECOND).await;
    assert_eq!(waiting.await.unwrap(), "accepted");
    assert_eq!(setup.fetches(), 6, "one place for each tenant, however many wait");
    assert_eq!(code(at_once(verifier.verify(&setup.own(1))).unwrap()), "accepted");
}

#[tokio::test(start_paused = true)]
async fn what_waits_ends_with_the_verifier() {
    let setup = Setup::new(5);
    let clock = Arc::new(setup.clock.clone());
    let settings = KeySettings { tenant_refresh_burst: 1, ..KeySettings::default() };
    let verifier = setup.builder().clock(Arc::clone(&clock)).keys(settings).build().unwrap();
    verifier.warm_up().await.unwrap();
    let _ = verifier.verify(&setup.forged(0)).await;
    let fetches = setup.fetches();
    for number in 1..5 {
        assert!(at_once(verifier.verify(&setup.own(number))).is_none(), "it waits for its turn");
    }
    settle().await;
    assert!(Arc::strong_count(&clock) > 1);
    drop(verifier);
    settle().await;
    assert_eq!(Arc::strong_count(&clock), 1, "something of the verifier is left");
    setup.pass(5 * SECOND).await;
    assert_eq!(setup.fetches(), fetches);
}

#[test]
fn a_runtime_that_ends_stalls_nobody() {
    let setup = Setup::new(3);
    let settings = KeySettings { tenant_refresh_burst: 1, ..KeySettings::default() };
    let verifier = setup.builder().keys(settings).build().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime().block_on(async {
        verifier.warm_up().await.unwrap();
        let _ = verifier.verify(&setup.forged(0)).await;
        for number in 1..3 {
            assert!(at_once(verifier.verify(&setup.own(number))).is_none(), "it waits for its turn");
        }
        settle().await;
    });
    runtime().block_on(async {
        let waiting = tokio::spawn({
            let (verifier, token) = (verifier.clone(), setup.own(2));
            async move { code(verifier.verify(&token).await) }
        });
        settle().await;
        setup.pass(2 * SECOND).await;
        assert_eq!(waiting.await.unwrap(), "accepted");
    });
}

#[tokio::test(start_paused = true)]
async fn a_tenants_document_that_cannot_be_fetched_is_503() {
    let setup = Setup::new(2);
    let verifier = setup.warm().await;
    setup.mock.set_fault_at(listed(1), Fault::Down);
    for wait in [SECOND, COOLDOWN] {
        let rejection = verifier.verify(&setup.own(1)).await.unwrap_err();
        assert_eq!(rejection.code(), "keys_unavailable");
        let retry_after = rejection.retry_after_time().unwrap();
        assert!((wait..=COOLDOWN.mul_f64(1.2)).contains(&retry_after), "{retry_after:?}");
        assert!(rejection.fetch_error().is_some_and(|cause| cause.to_string().contains("down")), "{rejection}");
        let diagnosis = verifier.diagnose(&setup.own(1)).await;
        let cause = diagnosis.cause().map(|cause| (cause.kind(), cause.explanation().contains("down")));
        assert_eq!(cause, Some((CauseKind::NoMetadata, true)));
        let fetches = setup.fetches();
        assert_eq!(code(at_once(verifier.verify(&setup.own(1))).unwrap()), "keys_unavailable", "during the backoff");
        assert_eq!(setup.fetches(), fetches);
        setup.pass(retry_after).await;
    }
    assert_eq!(code(verifier.verify(&setup.own(0)).await), "accepted", "another tenant");
    let shared = setup.mock.token().tenant(listed(1)).build();
    assert_eq!(code(verifier.verify(&shared).await), "accepted", "with a key of the shared document");
    setup.mock.clear_faults();
    setup.pass(COOLDOWN.mul_f64(1.2)).await;
    assert_eq!(code(verifier.verify(&setup.own(1)).await), "accepted");
    setup.mock.set_fault_at(listed(0), Fault::Stall);
    setup.pass(COOLDOWN).await;
    let started = Instant::now();
    let waiting = tokio::spawn({
        let (verifier, token) = (verifier.clone(), setup.forged(0));
        async move { verifier.verify(&token).await.unwrap_err() }
    });
    settle().await;
    setup.pass(5 * SECOND).await;
    assert_eq!(waiting.await.unwrap().code(), "keys_unavailable");
    assert!(started.elapsed() <= 5 * SECOND + Duration::from_millis(5));
}

/// The wait for the shared document counts too: 5 s in all.
#[tokio::test(start_paused = true)]
async fn a_stalled_shared_document_does_not_keep_out_a_tenant_with_its_own_keys() {
    for (own_fault, expected, longest) in [
        (Fault::None, "accepted", 2_600),
        (Fault::Slow(SECOND), "accepted", 4_700),
        (Fault::Stall, "keys_unavailable", 5_000),
    ] {
        let setup = Setup::new(2);
        let verifier = setup.warm().await;
        setup.pass(COOLDOWN).await;
        setup.mock.set_fault_at("/organizations/", Fault::Stall);
        setup.mock.set_fault_at(listed(1), own_fault.clone());
        let started = Instant::now();
        let waiting = tokio::spawn({
            let (verifier, token) = (verifier.clone(), setup.own(1));
            async move { (code(verifier.verify(&token).await), started.elapsed()) }
        });
        settle().await;
        setup.pass(6 * SECOND).await;
        let (code, waited) = waiting.await.unwrap();
        assert_eq!(code, expected, "{own_fault:?}");
        assert!(waited <= Duration::from_millis(longest), "{own_fault:?}: {waited:?}");
    }
}

/// A shared document that is slow still brings the key to a token that waits for its tenant's own document.
#[tokio::test(start_paused = true)]
async fn a_slow_shared_document_ends_the_wait_for_the_tenants_own() {
    let setup = Setup::new(2);
    let verifier = setup.warm().await;
    setup.pass(COOLDOWN).await;
    setup.mock.set_fault_at("/organizations/", Fault::Slow(Duration::from_millis(1_500)));
    setup.mock.set_fault_at(listed(1), Fault::Stall);
    let token = {
        setup.mock.rotate();
        setup.mock.token().tenant(listed(1)).build()
    };
    let started = Instant::now();
    let waiting = tokio::spawn(async move { (code(verifier.verify(&token).await), started.elapsed()) });
    settle().await;
    setup.pass(6 * SECOND).await;
    let (code, waited) = waiting.await.unwrap();
    assert_eq!(code, "accepted");
    assert!(waited < 4 * SECOND, "metadata and keys take 3 s: {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_without_keys_of_its_own_is_not_asked_again_for_a_while() {
    let setup = Setup::new(3);
    setup.mock.drop_key(setup.key.kid());
    let verifier = setup.warm().await;
    for number in 0..3 {
        assert_eq!(code(verifier.verify(&setup.forged(number)).await), "unknown_key");
    }
    assert_eq!(setup.fetches(), 6);
    for _ in 0..9 {
        setup.pass(COOLDOWN).await;
        assert_eq!(code(verifier.verify(&setup.forged(1)).await), "unknown_key");
    }
    assert_eq!(setup.fetches(), 6);
    setup.mock.publish(KeySpec::new(&setup.key).only_in(listed(1)));
    setup.pass(COOLDOWN).await;
    assert_eq!(code(verifier.verify(&setup.own(1)).await), "accepted");
}

#[tokio::test(start_paused = true)]
async fn junk_for_a_listed_tenant_causes_no_fetch() {
    let setup = Setup::new(3);
    let verifier = setup.warm().await;
    let before = setup.mock.fetches();
    let forged = || setup.mock.token().tenant(listed(1)).kid("forged");
    for (token, expected) in [
        (forged().expires_at(1_000), "expired"),
        (forged().claim("tid", listed(2)), "wrong_issuer"),
        (forged().without_claim("tid"), "wrong_tenant"),
        (forged().tenant(listed(77)), "wrong_tenant"),
        (forged().graph().tenant(listed(1)), "microsoft_api_token"),
    ] {
        assert_eq!(code(at_once(verifier.verify(&token.build())).expect("nothing to wait for")), expected);
    }
    settle().await;
    assert_eq!(setup.mock.fetches(), before);
}

/// Hourly refreshes of tenants' documents, which tokens with known keys start, are within the limit too.
#[tokio::test(start_paused = true)]
async fn refreshes_in_the_background_are_within_the_limit() {
    let setup = Setup::new(50);
    let verifier = setup.builder().app_specific_keys(true).build().unwrap();
    verifier.warm_up().await.unwrap();
    setup.clock.advance(Duration::from_secs(3600));
    let before = setup.fetches();
    for number in 0..50 {
        assert_eq!(code(at_once(verifier.verify(&setup.own(number))).expect("a known key never waits")), "accepted");
    }
    settle().await;
    assert_eq!(setup.fetches() - before, 20, "a burst of ten");
    setup.pass(SECOND).await;
    assert_eq!(setup.fetches() - before, 24);
    setup.pass(20 * SECOND).await;
    assert_eq!(setup.fetches() - before, 100);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_listed_by_a_domain_is_asked_for_its_own_new_keys() {
    let setup = Setup::new(2);
    setup.mock.add_domain("contoso.example", listed(1).parse().unwrap());
    let builder =
        Verifier::builder().client_id(MockEntra::CLIENT_ID).fetch(setup.mock.clone()).clock(setup.clock.clone());
    let verifier = builder.tenant("contoso.example").tenant(listed(0)).build().unwrap();
    verifier.warm_up().await.unwrap();
    assert_eq!(code(at_once(verifier.verify(&setup.own(1))).unwrap()), "accepted", "its domain was resolved before");
    let new = setup.mock.new_key();
    setup.mock.publish(KeySpec::new(&new).only_in(listed(1)));
    let token = setup.mock.token().tenant(listed(1)).signed_with(&new).build();
    assert_eq!(code(verifier.verify(&token).await), "accepted");
}

/// Answers as the mock does after a while, and counts how many answers are under way.
#[derive(Clone, Debug)]
struct Counting {
    mock: MockEntra,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    urls: Arc<Mutex<Vec<String>>>,
}

impl Fetch for Counting {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let counting = self.clone();
        Box::pin(async move {
            let running = counting.running.fetch_add(1, Ordering::SeqCst) + 1;
            counting.most.fetch_max(running, Ordering::SeqCst);
            counting.urls.lock().unwrap().push(request.url.clone());
            tokio::time::sleep(Duration::from_millis(100)).await;
            let response = counting.mock.fetch(request).await;
            counting.running.fetch_sub(1, Ordering::SeqCst);
            response
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_loads_each_tenants_own_document_ten_at_once() {
    let setup = Setup::new(45);
    let fetch =
        Counting { mock: setup.mock.clone(), running: Arc::default(), most: Arc::default(), urls: Arc::default() };
    let verifier = setup.builder().fetch(fetch.clone()).app_specific_keys(true).build().unwrap();
    let started = Instant::now();
    let (one, other) = tokio::join!(verifier.warm_up(), verifier.warm_up());
    assert!(one.is_ok() && other.is_ok());
    // The shared document beside nine tenants, then ten at once: five rounds of two fetches.
    assert_eq!(started.elapsed(), SECOND);
    assert_eq!(fetch.most.load(Ordering::SeqCst), 10);
    let fetches = fetch.urls.lock().unwrap().len();
    assert_eq!(fetches, 2 * 46, "once each, though two asked");
    for number in 0..45 {
        assert_eq!(code(at_once(verifier.verify(&setup.own(number))).unwrap()), "accepted", "{number}");
    }
    verifier.warm_up().await.unwrap();
    assert_eq!(fetch.urls.lock().unwrap().len(), fetches, "nothing is missing");
    // Where keys are not the application's own, the shared document is enough.
    let shared = setup.builder().build().unwrap();
    shared.warm_up().await.unwrap();
    assert_eq!(setup.mock.fetches_of("/organizations/"), 2 * 2);
    assert_eq!(fetch.urls.lock().unwrap().len(), fetches);
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_that_finds_nothing_of_a_tenants_own_does_not_ask_again() {
    let setup = Setup::new(5);
    setup.mock.drop_key(setup.key.kid());
    let verifier = setup.builder().app_specific_keys(true).build().unwrap();
    for _ in 0..30 {
        verifier.warm_up().await.unwrap();
        setup.clock.advance(COOLDOWN);
    }
    assert_eq!(setup.fetches(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_has_a_timeout() {
    let setup = Setup::new(50);
    let verifier = setup.builder().app_specific_keys(true).build().unwrap();
    setup.mock.set_fault_at("/00000000-0000-4000-", Fault::Stall);
    let started = Instant::now();
    assert!(verifier.warm_up().await.is_ok(), "the shared document is there; a tenant's own is a matter of its tokens");
    assert_eq!(started.elapsed(), 30 * SECOND);
    let down = setup.builder().keys(KeySettings { warm_up_timeout: SECOND, ..KeySettings::default() }).build().unwrap();
    setup.mock.set_fault(Fault::Stall);
    let started = Instant::now();
    assert_eq!(down.warm_up().await.unwrap_err().code(), "keys_unavailable");
    assert_eq!(started.elapsed(), SECOND);
}
