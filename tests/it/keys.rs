//! The keys, with the clock and the provider in our hands: every promise of `keys` by a test.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use mock_entra::{Fault, KeySpec, ManualClock, MockEntra};
use tower_entra::{
    Verifier, VerifierBuilder,
    fetch::{Fetch, FetchFuture, FetchRequest},
};

use crate::support::{at_once, code, settle};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const COOL_DOWN: Duration = Duration::from_secs(30);

struct Setup {
    entra: MockEntra,
    clock: ManualClock,
}

impl Setup {
    fn new() -> Self {
        let (entra, clock) = (MockEntra::new(), ManualClock::new());
        entra.set_clock(clock.clone());
        Self { entra, clock }
    }

    fn builder(&self) -> VerifierBuilder {
        Verifier::builder().client_id(MockEntra::CLIENT_ID).fetch(self.entra.clone()).clock(self.clock.clone())
    }

    fn verifier(&self) -> Verifier {
        self.builder().tenant(MockEntra::TENANT).build().unwrap()
    }

    async fn warm(&self) -> Verifier {
        let verifier = self.verifier();
        verifier.warm_up().await.unwrap();
        verifier
    }

    /// A token with a `kid` that nobody has.
    fn unknown(&self, number: usize) -> String {
        self.entra.token().kid(format!("invented-{number}")).build()
    }

    /// How many key sets were fetched.
    fn key_sets(&self) -> usize {
        self.entra.fetches_of("/discovery/")
    }
}

#[tokio::test]
async fn a_thousand_cold_requests_cause_one_fetch() {
    let setup = Setup::new();
    let verifier = setup.verifier();
    let token = setup.entra.token().build();
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (verifier, token) = (verifier.clone(), token.clone());
            tokio::spawn(async move { verifier.verify(&token).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(code(task.await.unwrap()), "accepted");
    }
    assert_eq!((setup.key_sets(), verifier.stats().keys.refreshes), (1, 1));
}

#[tokio::test]
async fn a_known_key_never_waits() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    setup.entra.set_fault(Fault::Stall);
    for _ in 0..30 {
        setup.clock.advance(HOUR);
        let token = setup.entra.token().build();
        let verdict = at_once(verifier.verify(&token)).expect("a known key never waits");
        assert_eq!(code(verdict), "accepted");
        settle().await;
    }
}

#[tokio::test]
async fn a_flood_of_invented_keys_costs_one_refresh_per_cool_down() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    let good = setup.entra.token().build();
    let before = verifier.stats().keys.refreshes;
    for number in 0..10_000 {
        assert_eq!(code(verifier.verify(&setup.unknown(number % 50)).await), "unknown_key");
        if number % 500 == 0 {
            assert_eq!(code(at_once(verifier.verify(&good)).unwrap()), "accepted");
        }
    }
    assert_eq!(verifier.stats().keys.refreshes - before, 1);
    assert_eq!(verifier.stats().keys.unknown_keys, 10_000);

    // A real rotation in the middle of the flood is picked up within the cool-down.
    setup.entra.rotate();
    let new = setup.entra.token().build();
    assert_eq!(code(verifier.verify(&new).await), "unknown_key", "the flood has spent the budget");
    setup.clock.advance(COOL_DOWN);
    assert_eq!(code(verifier.verify(&new).await), "accepted");
    assert_eq!(verifier.stats().keys.refreshes - before, 2);
}

#[tokio::test]
async fn a_new_key_is_accepted_at_its_first_token() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    // The first fetch of all is free; later each needs its cool-down.
    for _ in 0..5 {
        setup.entra.rotate();
        assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
        setup.clock.advance(COOL_DOWN);
    }
}

#[tokio::test]
async fn failures_count_against_the_budget_and_back_off() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    setup.entra.set_fault(Fault::Down);
    let good = setup.entra.token().build();
    let before = verifier.stats().keys.refreshes;
    for second in 0..600 {
        assert_eq!(code(verifier.verify(&setup.unknown(second)).await), "unknown_key");
        assert_eq!(code(at_once(verifier.verify(&good)).unwrap()), "accepted");
        setup.clock.advance(SECOND);
    }
    let refreshes = verifier.stats().keys.refreshes - before;
    assert!((3..=5).contains(&refreshes), "30 s, 60 s, 120 s, 240 s apart, not {refreshes}");
    assert_eq!(verifier.stats().keys.failures, refreshes);
}

#[tokio::test]
async fn cold_and_unreachable_is_503_until_the_provider_returns() {
    let setup = Setup::new();
    let verifier = setup.verifier();
    setup.entra.set_fault(Fault::Down);
    let token = setup.entra.token().build();
    for _ in 0..120 {
        let rejection = verifier.verify(&token).await.unwrap_err();
        assert_eq!((rejection.code(), rejection.status().as_u16()), ("keys_unavailable", 503));
        let wait = rejection.retry_after_time().unwrap();
        assert!((SECOND..=COOL_DOWN.mul_f64(1.2)).contains(&wait), "{wait:?}");
        setup.clock.advance(SECOND);
    }
    let refreshes = verifier.stats().keys.refreshes;
    assert!(refreshes <= 6, "one per cool-down, and one at the start: {refreshes}");
    assert!(verifier.ready().is_err());
    setup.entra.clear_faults();
    setup.clock.advance(COOL_DOWN);
    assert_eq!(code(verifier.verify(&token).await), "accepted");
    assert!(verifier.ready().is_ok());
}

#[tokio::test]
async fn a_caller_that_goes_away_harms_nobody() {
    let setup = Setup::new();
    let verifier = setup.verifier();
    let token = setup.entra.token().build();
    let mut gone = Box::pin(verifier.verify(&token));
    assert!(gone.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let waiting = tokio::spawn({
        let (verifier, token) = (verifier.clone(), token.clone());
        async move { verifier.verify(&token).await }
    });
    drop(gone);
    assert_eq!(code(waiting.await.unwrap()), "accepted");
    assert_eq!(setup.key_sets(), 1);
}

/// Never answers, and counts how many of its fetches are alive.
#[derive(Clone, Debug, Default)]
struct Stalled(Arc<AtomicUsize>);

impl Fetch for Stalled {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        struct Alive(Arc<AtomicUsize>);
        impl Drop for Alive {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        self.0.fetch_add(1, Ordering::SeqCst);
        let alive = Alive(Arc::clone(&self.0));
        Box::pin(async move {
            let _alive = alive;
            std::future::pending().await
        })
    }
}

#[tokio::test]
async fn the_refresh_ends_with_its_verifier() {
    let setup = Setup::new();
    let stalled = Stalled::default();
    let verifier = setup.builder().tenant(MockEntra::TENANT).fetch(stalled.clone()).build().unwrap();
    let token = setup.entra.token().build();
    assert!(at_once(verifier.verify(&token)).is_none());
    settle().await;
    assert_eq!(stalled.0.load(Ordering::SeqCst), 1);
    drop(verifier);
    settle().await;
    assert_eq!(stalled.0.load(Ordering::SeqCst), 0, "the task outlived its owner");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_provider_is_given_up_after_the_timeout() {
    let setup = Setup::new();
    let verifier = setup.verifier();
    setup.entra.set_fault(Fault::Stall);
    let started = tokio::time::Instant::now();
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "keys_unavailable");
    let took = started.elapsed();
    assert!((10 * SECOND..11 * SECOND).contains(&took), "{took:?}");
}

#[test]
fn without_a_runtime_it_is_503_and_no_panic() {
    let setup = Setup::new();
    let verdict = at_once(setup.verifier().verify(&setup.entra.token().build())).expect("nothing to wait for");
    assert_eq!(code(verdict), "keys_unavailable");
}

#[test]
fn a_runtime_that_ends_breaks_nothing() {
    let setup = Setup::new();
    let verifier = setup.builder().tenant(MockEntra::TENANT).build().unwrap();
    setup.entra.set_fault(Fault::Stall);
    let token = setup.entra.token().build();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime().block_on(async {
        assert!(at_once(verifier.verify(&token)).is_none());
        settle().await;
    });
    setup.entra.clear_faults();
    setup.clock.advance(COOL_DOWN);
    assert_eq!(code(runtime().block_on(verifier.verify(&token))), "accepted");
}

#[tokio::test]
async fn faults_of_the_provider_keep_the_old_keys() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    let good = setup.entra.token().build();
    for fault in [
        Fault::Down,
        Fault::Status(500),
        Fault::Status(404),
        Fault::Status(204),
        Fault::Garbage,
        Fault::EmptyKeySet,
        Fault::Redirect("https://evil.example/".into()),
        Fault::TooLarge,
    ] {
        setup.entra.set_fault(fault.clone());
        setup.clock.advance(HOUR);
        let failures = verifier.stats().keys.failures;
        let _ = verifier.verify(&setup.unknown(0)).await;
        assert_eq!(verifier.stats().keys.failures, failures + 1, "{fault:?}");
        let token = setup.entra.token().build();
        assert_eq!(code(verifier.verify(&token).await), "accepted", "{fault:?}");
        let _ = &good;
    }
    assert!(setup.entra.requested().iter().all(|url| url.starts_with("https://login.microsoftonline.com/")));
}

#[tokio::test]
async fn keys_are_used_for_seven_days_without_the_provider() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    setup.entra.set_fault(Fault::Down);
    setup.clock.advance(7 * 24 * HOUR);
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
    setup.clock.advance(SECOND);
    let token = setup.entra.token().build();
    assert_eq!(code(verifier.verify(&token).await), "keys_unavailable");
    setup.entra.clear_faults();
    setup.clock.advance(HOUR);
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
}

#[tokio::test]
async fn a_flapping_key_costs_no_token() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    let old = setup.entra.current_key();
    setup.entra.rotate();
    setup.entra.drop_key(old.kid());
    for hour in 1..24 {
        setup.clock.advance(HOUR);
        let token = setup.entra.token().signed_with(&old).build();
        assert_eq!(code(verifier.verify(&token).await), "accepted", "{hour} h after it vanished");
        settle().await;
    }
    setup.clock.advance(HOUR);
    let token = setup.entra.token().signed_with(&old).build();
    assert_eq!(code(verifier.verify(&token).await), "unknown_key");
    setup.entra.publish(KeySpec::new(&old));
    setup.clock.advance(HOUR);
    let token = setup.entra.token().signed_with(&old).build();
    assert_eq!(code(verifier.verify(&token).await), "accepted", "it is back");
}

#[tokio::test]
async fn a_revoked_key_is_gone_at_once_and_for_good() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    let token = setup.entra.token().build();
    assert_eq!(code(verifier.verify(&token).await), "accepted");
    assert_eq!(code(verifier.verify(&token).await), "accepted");
    assert_eq!(verifier.stats().cache_hits, 1);
    verifier.revoke_key(setup.entra.current_kid());
    assert_eq!(code(verifier.verify(&token).await), "unknown_key", "a cached verdict dies with its key");
    setup.clock.advance(HOUR);
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "unknown_key", "no document brings it back");

    let by_configuration =
        setup.builder().tenant(MockEntra::TENANT).revoke_key(setup.entra.current_kid()).build().unwrap();
    assert_eq!(code(by_configuration.verify(&setup.entra.token().build()).await), "unknown_key");
    setup.entra.rotate();
    setup.clock.advance(HOUR);
    assert_eq!(code(by_configuration.verify(&setup.entra.token().build()).await), "accepted", "its successor counts");
}

#[tokio::test]
async fn refreshed_hourly_on_demand_of_traffic() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    assert_eq!(setup.key_sets(), 1);
    settle().await;
    setup.clock.advance(24 * HOUR);
    settle().await;
    assert_eq!(setup.key_sets(), 1, "nobody asked");
    let mut seen = 1;
    for _ in 0..10 {
        setup.clock.advance(HOUR);
        assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
        settle().await;
        seen += 1;
        assert_eq!(setup.key_sets(), seen);
        setup.clock.advance(HOUR / 2);
        assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
        settle().await;
        assert_eq!(setup.key_sets(), seen, "too early");
    }
}

#[tokio::test]
async fn max_age_may_shorten_the_interval_to_five_minutes() {
    for (max_age, minutes, refreshed) in
        [(60, 3, false), (60, 5, true), (600, 7, false), (600, 10, true), (86_400, 60, true)]
    {
        let setup = Setup::new();
        setup.entra.set_max_age(Some(Duration::from_secs(max_age)));
        let verifier = setup.warm().await;
        setup.clock.advance(Duration::from_secs(60 * minutes));
        assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
        settle().await;
        assert_eq!(setup.key_sets() == 2, refreshed, "max-age {max_age} s after {minutes} min");
    }
}

#[tokio::test]
async fn an_unchanged_document_is_not_sent_again() {
    let setup = Setup::new();
    setup.entra.set_etags(true);
    let verifier = setup.warm().await;
    for _ in 0..3 {
        setup.clock.advance(HOUR);
        assert_eq!(code(verifier.verify(&setup.unknown(1)).await), "unknown_key");
        assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
    }
    setup.entra.rotate();
    setup.clock.advance(HOUR);
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted", "a changed one is");
}

#[tokio::test]
async fn an_applications_own_keys() {
    let setup = Setup::new();
    let key = setup.entra.new_key();
    setup.entra.publish(KeySpec::new(&key).for_app(MockEntra::CLIENT_ID));
    let token = setup.entra.token().signed_with(&key).build();
    assert_eq!(code(setup.verifier().verify(&token).await), "unknown_key");
    let with = setup.builder().tenant(MockEntra::TENANT).app_specific_keys(true).build().unwrap();
    assert_eq!(code(with.verify(&token).await), "accepted");
    let asked = format!("?appid={}", MockEntra::CLIENT_ID);
    assert!(setup.entra.requested().iter().filter(|url| url.ends_with(&asked)).count() >= 2, "metadata and keys");
}

#[tokio::test]
async fn a_domain_is_resolved_once_and_pinned() {
    let setup = Setup::new();
    let tenant = MockEntra::TENANT.parse().unwrap();
    setup.entra.add_domain("contoso.example", tenant);
    let verifier = setup.builder().tenant("contoso.example").build().unwrap();
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
    let foreign = setup.entra.token().tenant(MockEntra::OTHER_TENANT).build();
    assert_eq!(code(verifier.verify(&foreign).await), "wrong_tenant");
    setup.entra.add_domain("contoso.example", MockEntra::OTHER_TENANT.parse().unwrap());
    setup.clock.advance(HOUR);
    let failures = verifier.stats().keys.failures;
    assert_eq!(code(verifier.verify(&setup.unknown(1)).await), "unknown_key");
    assert_eq!(verifier.stats().keys.failures, failures + 1, "the other answer is refused");
    let foreign = setup.entra.token().tenant(MockEntra::OTHER_TENANT).build();
    assert_eq!(code(verifier.verify(&foreign).await), "wrong_tenant");
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted");
}

fn tenant_number(number: usize) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

#[tokio::test]
async fn ten_thousand_tenants_cost_one_key_set() {
    let setup = Setup::new();
    let mut builder = setup.builder().tenant(MockEntra::TENANT);
    for number in 1..10_000 {
        builder = builder.tenant(tenant_number(number));
    }
    let verifier = builder.build().unwrap();
    for number in [1, 17, 5_000, 9_999] {
        let token = setup.entra.token().tenant(tenant_number(number)).build();
        assert_eq!(code(verifier.verify(&token).await), "accepted", "{number}");
    }
    assert_eq!(code(verifier.verify(&setup.entra.token().tenant(tenant_number(10_000)).build()).await), "wrong_tenant");
    assert_eq!(setup.key_sets(), 1);
}

#[tokio::test]
async fn a_listed_tenant_with_keys_of_its_own_is_looked_up() {
    let setup = Setup::new();
    let key = setup.entra.new_key();
    setup.entra.publish(KeySpec::new(&key).only_in(MockEntra::OTHER_TENANT));
    let verifier = setup.builder().tenant(MockEntra::TENANT).tenant(MockEntra::OTHER_TENANT).build().unwrap();
    verifier.warm_up().await.unwrap();
    let own = || setup.entra.token().tenant(MockEntra::OTHER_TENANT).signed_with(&key).build();
    assert_eq!(code(verifier.verify(&own()).await), "accepted");
    // Its key speaks for nobody else, and costs nobody else a look-up.
    let forged = setup.entra.token().signed_with(&key).build();
    assert_eq!(code(verifier.verify(&forged).await), "unknown_key");
    let fetched = setup.entra.fetches();
    for _ in 0..20 {
        assert_eq!(code(at_once(verifier.verify(&own())).unwrap()), "accepted");
    }
    assert_eq!(setup.entra.fetches(), fetched);
    // It is refreshed like any other.
    setup.clock.advance(HOUR);
    assert_eq!(code(verifier.verify(&own()).await), "accepted");
    settle().await;
    assert!(setup.entra.fetches() > fetched);
}

#[tokio::test]
async fn a_tenant_that_only_a_token_named_is_never_looked_up() {
    let setup = Setup::new();
    let list = setup.builder().tenant(MockEntra::TENANT).tenant(tenant_number(1)).build().unwrap();
    let any = setup.builder().danger_any_organization().build().unwrap();
    for (verifier, expected) in [(&list, "wrong_tenant"), (&any, "unknown_key")] {
        verifier.warm_up().await.unwrap();
        for number in 100..200 {
            let token = setup.entra.token().tenant(tenant_number(number)).kid(format!("k{number}")).build();
            assert_eq!(code(verifier.verify(&token).await), expected);
        }
    }
    let asked = setup.entra.requested();
    assert!(asked.iter().all(|url| url.contains("/organizations/")), "{asked:?}");
}

#[tokio::test]
async fn junk_never_causes_a_fetch() {
    let setup = Setup::new();
    let verifier = setup.verifier();
    let expired = setup.entra.token().expires_at(1_000).build();
    let torn = setup.entra.token().claim("tid", MockEntra::OTHER_TENANT).build();
    let elsewhere = setup.entra.token().claim("iss", "https://evil.example/").build();
    for (token, expected) in [
        ("x".to_owned(), "malformed_token"),
        (expired, "expired"),
        (torn, "wrong_issuer"),
        (elsewhere, "unknown_issuer"),
        (setup.entra.token().graph().build(), "microsoft_api_token"),
        (setup.entra.token().tenant(MockEntra::OTHER_TENANT).build(), "wrong_tenant"),
    ] {
        assert_eq!(code(at_once(verifier.verify(&token)).expect("nothing to wait for")), expected);
    }
    settle().await;
    assert_eq!(setup.entra.fetches(), 0);
}

/// Answers as `MockEntra` does, one document at a time, when it is told to.
#[derive(Clone, Debug)]
struct Gated {
    entra: MockEntra,
    gate: Arc<tokio::sync::Semaphore>,
}

impl Fetch for Gated {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let (answer, gate) = (self.entra.fetch(request), Arc::clone(&self.gate));
        let future: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            answer.await
        });
        future
    }
}

#[tokio::test]
async fn a_refresh_in_progress_changes_nothing_for_known_keys_and_serves_all_who_wait() {
    let setup = Setup::new();
    let gate = Arc::new(tokio::sync::Semaphore::new(2));
    let fetch = Gated { entra: setup.entra.clone(), gate: Arc::clone(&gate) };
    let verifier = setup.builder().tenant(MockEntra::TENANT).fetch(fetch).build().unwrap();
    verifier.warm_up().await.unwrap();
    let old = setup.entra.token().build();
    setup.entra.rotate();
    let new = setup.entra.token().build();
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let (verifier, new) = (verifier.clone(), new.clone());
            tokio::spawn(async move { verifier.verify(&new).await })
        })
        .collect();
    settle().await;
    assert_eq!(code(at_once(verifier.verify(&old)).unwrap()), "accepted");
    gate.add_permits(2);
    for task in waiting {
        assert_eq!(code(task.await.unwrap()), "accepted");
    }
    assert_eq!(verifier.stats().keys.refreshes, 2);
}

#[tokio::test]
async fn the_wall_clock_may_leap() {
    let setup = Setup::new();
    let verifier = setup.warm().await;
    let wall = std::time::UNIX_EPOCH + Duration::from_secs(1_000);
    setup.clock.set_wall(wall);
    setup.entra.rotate();
    assert_eq!(code(verifier.verify(&setup.entra.token().build()).await), "accepted", "cool-downs do not hang on it");
    setup.clock.set_wall(std::time::UNIX_EPOCH - Duration::from_secs(1));
    let _ = verifier.verify(&setup.entra.token().expires_at(1_000).build()).await;
}
