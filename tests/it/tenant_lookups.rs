//! Row 32: lookups of tenants that are slow, fail, panic or hang, and the requests that wait for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mock_entra::MockEntra;
use tokio::{task::JoinSet, time::Instant};
use tower_entra::{Authority, Rejection, RejectionKind, TenantId, Verifier};

use crate::support::{clock_of, tenant};

const SLOW: Duration = Duration::from_millis(300);

/// What a lookup does after 300 ms.
#[derive(Clone, Copy, Debug)]
enum Does {
    Accept,
    Reject,
    Fail,
    Panic,
    Hang,
}

/// Counts how many lookups were started, and how many are under way.
#[derive(Clone, Default)]
struct Counts {
    started: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
}

impl Counts {
    fn lookup(&self, does: impl Fn(usize, TenantId) -> Does + Send + Sync + 'static) -> Authority {
        struct Running(Arc<AtomicUsize>);
        impl Drop for Running {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let counts = self.clone();
        Authority::tenants_from_lookup(move |tenant| {
            let does = does(counts.started.fetch_add(1, Ordering::SeqCst), tenant);
            counts.running.fetch_add(1, Ordering::SeqCst);
            let running = Running(Arc::clone(&counts.running));
            async move {
                let _running = running;
                tokio::time::sleep(SLOW).await;
                match does {
                    Does::Accept => Ok(true),
                    Does::Reject => Ok(false),
                    Does::Fail => Err(Rejection::new(RejectionKind::KeysUnavailable).detail("the database is down")),
                    Does::Panic => panic!("a lookup that panics"),
                    Does::Hang => std::future::pending().await,
                }
            }
        })
        .into()
    }

    fn started(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
}

async fn verifier(mock: &MockEntra, authority: impl Into<Authority>) -> Verifier {
    let clock = clock_of(mock);
    let builder = Verifier::builder().client_id(MockEntra::CLIENT_ID).authority(authority);
    let verifier = builder.fetch(mock.clone()).clock(clock).build().unwrap();
    verifier.warm_up().await.unwrap();
    verifier
}

/// The code that a request gets, and after which time.
async fn code(verifier: Verifier, token: String) -> (&'static str, Duration) {
    let started = Instant::now();
    let code = verifier.verify(&token).await.map_or_else(|rejection| rejection.code(), |_| "accepted");
    (code, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn row_32_all_who_wait_share_one_lookup_and_its_result() {
    for (does, expected) in [
        (Does::Accept, "accepted"),
        (Does::Reject, "wrong_tenant"),
        (Does::Fail, "keys_unavailable"),
        (Does::Panic, "keys_unavailable"),
    ] {
        let (mock, counts) = (MockEntra::new(), Counts::default());
        let verifier = verifier(&mock, counts.lookup(move |_, _| does)).await;
        let token = mock.token().build();
        let mut waiting = JoinSet::new();
        for _ in 0..1_000 {
            waiting.spawn(code(verifier.clone(), token.clone()));
        }
        for outcome in waiting.join_all().await {
            assert_eq!(outcome, (expected, SLOW), "{does:?}");
        }
        assert_eq!(counts.started(), 1, "{does:?}");
        assert_eq!(code(verifier.clone(), token).await, (expected, Duration::ZERO), "{does:?} is remembered");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_goes_away_breaks_no_lookup_off() {
    let (mock, counts) = (MockEntra::new(), Counts::default());
    let verifier = verifier(&mock, counts.lookup(|_, _| Does::Accept)).await;
    let token = mock.token().build();
    let first = tokio::spawn(code(verifier.clone(), token.clone()));
    tokio::time::sleep(SLOW / 3).await;
    let second = tokio::spawn(code(verifier.clone(), token.clone()));
    tokio::time::sleep(SLOW / 3).await;
    first.abort();
    assert_eq!(second.await.unwrap(), ("accepted", SLOW * 2 / 3));
    assert_eq!(counts.started(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_ends_with_the_last_request_that_waits_for_it() {
    let (mock, counts) = (MockEntra::new(), Counts::default());
    let hangs_at_first = |number, _| if number == 0 { Does::Hang } else { Does::Accept };
    let verifier = verifier(&mock, counts.lookup(hangs_at_first)).await;
    let token = mock.token().build();
    let waiting: Vec<_> = (0..3).map(|_| tokio::spawn(code(verifier.clone(), token.clone()))).collect();
    tokio::time::sleep(SLOW * 2).await;
    assert_eq!((counts.started(), counts.running()), (1, 1));
    for request in waiting {
        request.abort();
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(counts.running(), 0, "it outlived all who waited");
    assert_eq!(code(verifier.clone(), token).await, ("accepted", SLOW), "the next request starts another");
    assert_eq!(counts.started(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_hangs_is_given_up() {
    let (mock, counts) = (MockEntra::new(), Counts::default());
    let verifier = verifier(&mock, counts.lookup(|_, _| Does::Hang)).await;
    let outcome = code(verifier.clone(), mock.token().build()).await;
    assert_eq!(outcome, ("keys_unavailable", Duration::from_secs(30)));
    assert_eq!(counts.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn tenants_do_not_wait_for_each_other() {
    let (mock, counts) = (MockEntra::new(), Counts::default());
    let hangs_for_one = |_, asked: TenantId| if asked == tenant() { Does::Hang } else { Does::Accept };
    let verifier = verifier(&mock, counts.lookup(hangs_for_one)).await;
    let hanging = tokio::spawn(code(verifier.clone(), mock.token().build()));
    tokio::time::sleep(SLOW).await;
    let other = mock.token().tenant(MockEntra::OTHER_TENANT).build();
    assert_eq!(code(verifier.clone(), other).await, ("accepted", SLOW));
    hanging.abort();
}

#[tokio::test(start_paused = true)]
async fn a_lookup_in_flight_is_not_remembered_once_its_tenant_is_forgotten() {
    let (mock, counts) = (MockEntra::new(), Counts::default());
    let accepts_at_first = |number, _| if number == 0 { Does::Accept } else { Does::Reject };
    let verifier = verifier(&mock, counts.lookup(accepts_at_first)).await;
    let token = mock.token().build();
    let first = tokio::spawn(code(verifier.clone(), token.clone()));
    tokio::time::sleep(SLOW / 2).await;
    verifier.forget_tenant(MockEntra::OTHER_TENANT.parse().unwrap());
    verifier.forget_tenant(tenant());
    let second = tokio::spawn(code(verifier.clone(), token.clone()));
    assert_eq!(first.await.unwrap(), ("accepted", SLOW), "it asked before");
    assert_eq!(second.await.unwrap(), ("wrong_tenant", SLOW), "it must not get the older answer");
    assert_eq!(code(verifier.clone(), token).await, ("wrong_tenant", Duration::ZERO));
    assert_eq!(counts.started(), 2);
}

/// Requests on several threads, some of which give up: nothing hangs, and each lookup is of one tenant at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_and_many_that_give_up() {
    let mock = MockEntra::new();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let authority = Authority::tenants_from_lookup({
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        move |_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(true)
            }
        }
    });
    let verifier = verifier(&mock, authority).await;
    let token = mock.token().build();
    let mut requests = JoinSet::new();
    for number in 0..2_000 {
        let (verifier, token) = (verifier.clone(), token.clone());
        requests.spawn(async move {
            if number % 7 == 0 {
                verifier.forget_tenants();
            }
            let patience = Duration::from_micros(if number % 3 == 0 { 1 } else { 60_000_000 });
            let result = tokio::time::timeout(patience, verifier.verify(&token)).await;
            assert!(result.map_or(true, |result| result.is_ok()));
        });
    }
    while let Some(request) = requests.join_next().await {
        request.unwrap();
    }
    assert!(most.load(Ordering::SeqCst) > 0);
}
