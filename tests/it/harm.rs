//! What a stranger could do to others without a good token: hold their places, make them wait, learn who is listed.

use std::{convert::Infallible, time::Duration};

use http::{Request, Response};
use http_body_util::Full;
use mock_entra::{Fault, MockEntra};
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit, service_fn};
use tower_entra::{AuthenticateLayer, keys::KeySettings};

use crate::support::{Bench, settle};

const UNLISTED: &str = "99999999-8888-7777-6666-555555555555";

fn request(token: &str) -> Request<()> {
    Request::builder().header("authorization", format!("Bearer {token}")).body(()).unwrap()
}

#[tokio::test]
async fn who_waits_for_a_key_holds_no_place_in_a_limit() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    bench.mock.set_fault(Fault::Stall);
    let inner =
        service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default())) });
    let service = AuthenticateLayer::new(bench.verifier.clone()).layer(ConcurrencyLimit::new(inner, 1));
    let mut first = service.clone();
    first.ready().await.unwrap();
    let waiting = tokio::spawn(first.call(request(&bench.token().kid("invented").build())));
    settle().await;
    assert!(!waiting.is_finished(), "it waits for a refresh");
    let good = tokio::time::timeout(Duration::from_secs(5), service.oneshot(request(&bench.token().build())));
    assert_eq!(good.await.expect("a known key waited for a stranger").unwrap().status(), 200);
    waiting.abort();
}

#[tokio::test]
async fn a_domain_that_does_not_resolve_tells_nothing_of_who_is_listed() {
    let list = |builder: tower_entra::VerifierBuilder| builder.tenant(MockEntra::TENANT).tenant("typo.example");
    let bench = Bench::of(MockEntra::new(), list).await;
    for _ in 0..3 {
        for tenant in [MockEntra::TENANT, MockEntra::OTHER_TENANT, UNLISTED] {
            let answer = bench.send_token(&bench.token().tenant(tenant).wrong_key().build()).await;
            assert_eq!(answer.status, 401, "{tenant}");
            assert!(!answer.headers.contains_key("retry-after"));
        }
        bench.clock.advance(Duration::from_secs(31));
    }
}

#[tokio::test]
async fn settings_without_end_harm_nobody() {
    let forever = KeySettings {
        cool_down: Duration::MAX,
        grace: Duration::MAX,
        refresh_interval: Duration::MAX,
        max_stale: Duration::MAX,
        timeout: Duration::MAX,
        ..KeySettings::default()
    };
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).keys(forever)).await;
    bench.mock.set_fault(Fault::Down);
    for _ in 0..3 {
        assert_eq!(bench.code(&bench.token().kid("invented").build()).await, "unknown_key");
        assert_eq!(bench.code(&bench.token().build()).await, "accepted");
    }
}

#[tokio::test]
async fn a_clock_before_1970_lets_nothing_in() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let token = bench.token().expired().without_claim("nbf").build();
    assert_eq!(bench.code(&token).await, "expired");
    bench.clock.set_wall(std::time::UNIX_EPOCH - Duration::from_secs(5));
    assert_eq!(bench.code(&token).await, "expired");
}

#[tokio::test]
async fn a_cached_verdict_ends_with_its_issuer() {
    let base = "http://127.0.0.1:4999";
    let bench = Bench::of(MockEntra::at(base), |builder| builder.tenant(MockEntra::TENANT).instance(base)).await;
    let token = bench.token().v1().expires_in(Duration::from_secs(10_000)).build();
    assert_eq!(bench.code(&token).await, "accepted");
    bench.mock.set_v1_documents(false);
    bench.clock.advance(Duration::from_secs(3_600));
    bench.code(&token).await;
    settle().await;
    assert_eq!(bench.code(&token).await, "unknown_issuer");
}

#[test]
fn a_runtime_that_stands_still_makes_nobody_wait_for_ever() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (still, other) = (runtime(), runtime());
    let short = KeySettings { timeout: Duration::from_millis(100), ..KeySettings::default() };
    let bench = still.block_on(Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).keys(short)));
    bench.clock.advance(Duration::from_secs(4_000));
    // Starts the refresh that is due, on a runtime that then stands still.
    assert_eq!(still.block_on(bench.code(&bench.token().build())), "accepted");
    let verdict = other.block_on(async {
        let junk = bench.token().kid("invented").build();
        tokio::time::timeout(Duration::from_secs(20), bench.code(&junk)).await
    });
    assert_eq!(verdict.expect("it waited for ever"), "unknown_key");
}
