//! What is logged of refusals: one event for each cause in a while, and the number of the others.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use mock_entra::{MockEntra, TokenBuilder};
use tower::{Layer, ServiceExt, service_fn};
use tower_entra::{AuthenticateLayer, RequireLayer, Requirement};

use crate::support::Bench;

/// The lines of this thread's log.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        // While there is one subscriber alone, a call site that a thread without it reaches first stays switched off.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        let guard = tracing::subscriber::set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        guard
    }

    /// All lines since the last call.
    pub(crate) fn take_all(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    /// The lines of an event since the last call.
    pub(crate) fn take_event(&self, event: &str) -> Vec<String> {
        self.take_with(&format!("event=\"{event}\""))
    }

    /// The lines about rejections since the last call.
    fn take(&self) -> Vec<String> {
        self.take_with("refused: ")
    }

    fn take_with(&self, part: &str) -> Vec<String> {
        self.take_all().lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

/// The code, and the number of those not logged, of each line.
fn told(lines: &[String]) -> Vec<(String, u64)> {
    let value = |line: &str, name: &str| {
        let (_, value) = line.split_once(&format!(" {name}="))?;
        Some(value.split(' ').next().unwrap().trim_matches('"').to_owned())
    };
    let told = |line: &String| {
        let suppressed = value(line, "suppressed").map_or(0, |count| count.parse().unwrap());
        (value(line, "code").unwrap(), suppressed)
    };
    lines.iter().map(told).collect()
}

async fn inner(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::default()))
}

async fn send(layer: &AuthenticateLayer, token: &TokenBuilder, times: usize) {
    let header = format!("Bearer {}", token.build());
    for _ in 0..times {
        // A service for each, as a router has one for each route.
        let request = Request::builder().header("authorization", &header).body(()).unwrap();
        layer.layer(service_fn(inner)).oneshot(request).await.unwrap();
    }
}

/// Once unheard: an event that another test reaches for the first time, just when we begin to listen, stays off.
async fn warm_up(bench: &Bench) {
    let layer = AuthenticateLayer::new(bench.verifier.clone());
    send(&layer, &bench.token().expired(), 2).await;
    bench.clock.advance(Duration::from_secs(20));
    send(&layer, &bench.token().wrong_key(), 1).await;
}

fn is(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|&(code, count)| (code.to_owned(), count)).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn a_flood_is_one_line_with_a_count() {
    let bench = Bench::new().await;
    let (expired, forged) = (bench.token().expired(), bench.token().wrong_key());
    let lines = Lines::default();
    warm_up(&bench).await;
    let _guard = lines.listen();
    let layer = AuthenticateLayer::new(bench.verifier.clone());
    send(&layer, &expired, 500).await;
    let first = lines.take();
    assert_eq!(told(&first), is(&[("expired", 0)]));
    assert!(first[0].contains(r#"request refused: the token has expired code="expired" status=401 authority=""#));
    assert!(first[0].contains(r#" cause="expired" remedy="Get a new token."#), "{first:?}");
    assert!(!first[0].contains("suppressed"), "{first:?}");

    // Another cause is not hidden by it.
    send(&layer, &forged, 3).await;
    assert_eq!(told(&lines.take()), is(&[("bad_signature", 0)]));
    bench.clock.advance(Duration::from_millis(9_999));
    send(&layer, &expired, 1).await;
    assert_eq!(told(&lines.take()), is(&[]));

    // The next window begins with the number of the last, and tells of the flood that has ended.
    bench.clock.advance(Duration::from_millis(1));
    send(&layer, &expired, 2).await;
    let next = lines.take();
    assert_eq!(told(&next), is(&[("expired", 500), ("bad_signature", 2)]));
    assert!(next[1].contains("more requests refused: the token's signature does not verify"), "{next:?}");
    bench.clock.advance(Duration::from_secs(3600));
    send(&layer, &forged, 1).await;
    assert_eq!(told(&lines.take()), is(&[("bad_signature", 0), ("expired", 1)]));
    bench.clock.advance(Duration::from_secs(3600));
    send(&layer, &forged, 1).await;
    assert_eq!(told(&lines.take()), is(&[("bad_signature", 0)]), "nothing is told twice");
}

/// Where there is no token, the event says where one is instead, and nothing of it.
#[tokio::test(flavor = "current_thread")]
async fn a_missing_token_is_told_where_it_is_instead() {
    let bench = Bench::new().await;
    let lines = Lines::default();
    warm_up(&bench).await;
    let ask = async |uri: &str, headers: &[(&str, &str)]| {
        let layer = AuthenticateLayer::new(bench.verifier.clone()).log_every_refusal();
        let request =
            headers.iter().fold(Request::builder().uri(uri), |request, (name, value)| request.header(*name, *value));
        layer.layer(service_fn(inner)).oneshot(request.body(()).unwrap()).await.unwrap()
    };
    // Once unheard, as above.
    ask("/", &[]).await;
    let _guard = lines.listen();
    for (uri, headers, detail) in [
        ("/", &[][..], None),
        ("/", &[("authorization", "Bearer")], None),
        ("/", &[("authorization", " ")], None),
        ("/", &[("authorization", ""), ("cookie", "a=made-up")], Some("the request has a cookie instead of a token")),
        ("/", &[("cookie", "session=made-up")], Some("the request has a cookie instead of a token")),
        ("/?a=b&access_token=made-up", &[], Some("the token is in the address instead of the header")),
        ("/", &[("authorization", "Basic made-up"), ("cookie", "a=made-up")], Some("has another scheme than Bearer")),
    ] {
        let answer = ask(uri, headers).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let lines = lines.take();
        assert_eq!(told(&lines), is(&[("missing_token", 0)]));
        assert_eq!(lines[0].contains(" detail="), detail.is_some(), "{lines:?}");
        assert!(detail.is_none_or(|detail| lines[0].contains(detail)), "{lines:?}");
        assert!(!lines[0].contains("made-up"), "{lines:?}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn every_refusal_where_the_owner_wants_it() {
    let bench = Bench::new().await;
    let lines = Lines::default();
    warm_up(&bench).await;
    let _guard = lines.listen();
    let layer = AuthenticateLayer::new(bench.verifier.clone()).log_every_refusal();
    send(&layer, &bench.token().expired(), 50).await;
    assert_eq!(told(&lines.take()), vec![("expired".to_owned(), 0); 50]);
    bench.clock.advance(Duration::from_secs(20));
    send(&layer, &bench.token().expired(), 1).await;
    assert_eq!(told(&lines.take()), is(&[("expired", 0)]));
}

/// Each layer counts for itself, and what is inside of one counts with it.
#[tokio::test(flavor = "current_thread")]
async fn whose_log_it_is() {
    let bench = Bench::new().await;
    let lines = Lines::default();
    warm_up(&bench).await;
    let _guard = lines.listen();
    let layers = [(); 2].map(|()| AuthenticateLayer::new(bench.verifier.clone()));
    for layer in &layers {
        send(layer, &bench.token().expired(), 3).await;
        let poor = format!("Bearer {}", bench.token().scopes("Other").build());
        for _ in 0..3 {
            let required = RequireLayer::new(Requirement::scope("Files.Read")).layer(service_fn(inner));
            let request = Request::builder().header("authorization", &poor).body(()).unwrap();
            assert_eq!(layer.layer(required).oneshot(request).await.unwrap().status(), 403);
        }
    }
    assert_eq!(told(&lines.take()), is(&[("expired", 0), ("insufficient_scope", 0)].repeat(2)));
}

/// One log for the whole process, in which another test may have written just now.
#[tokio::test(flavor = "current_thread")]
async fn a_missing_layer_does_not_fill_the_log() {
    let lines = Lines::default();
    let _guard = lines.listen();
    for _ in 0..1000 {
        let required = RequireLayer::new(Requirement::scope("Files.Read")).layer(service_fn(inner));
        assert_eq!(required.oneshot(Request::new(())).await.unwrap().status(), 500);
    }
    let lines = lines.take();
    assert!(lines.len() < 20, "{} lines", lines.len());
}

#[tokio::test(flavor = "current_thread")]
async fn detailed_errors_are_loud_at_the_start() {
    let detailed = |detailed| {
        Bench::of(MockEntra::new(), move |builder| builder.tenant(MockEntra::TENANT).detailed_errors(detailed))
    };
    for (bench, count) in [(detailed(true).await, 1), (detailed(false).await, 0)] {
        // Once unheard, as above.
        drop(AuthenticateLayer::new(bench.verifier.clone()));
        let lines = Lines::default();
        let guard = lines.listen();
        let layer = AuthenticateLayer::new(bench.verifier.clone());
        for _ in 0..3 {
            layer.clone().layer(service_fn(inner));
        }
        drop(guard);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches(" WARN tower_entra: detailed errors are on: ").count(), count, "{text}");
    }
}

/// A name that no authority has is told once for each requirement, not for each request.
#[tokio::test]
async fn a_requirement_for_an_unknown_authority_is_a_warning_at_its_first_use() {
    let lines = Lines::default();
    let guard = lines.listen();
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let claims = bench.verifier.verify(&bench.token().build()).await.unwrap();
    let known = Requirement::authority(claims.authority());
    let unknown = Requirement::authority("partnr");
    for requirement in
        [&known, &Requirement::not(known.clone()), &unknown, &Requirement::not(unknown.clone()), &unknown]
    {
        for _ in 0..3 {
            let _ = requirement.check(&claims);
        }
    }
    let warned = |lines: &Lines| {
        let text = String::from_utf8(std::mem::take(&mut *lines.0.lock().unwrap())).unwrap();
        text.lines().filter(|line| line.contains("unknown_authority")).map(str::to_owned).collect::<Vec<_>>()
    };
    let told = warned(&lines);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("WARN") && told[0].contains("partnr") && told[0].contains(claims.authority()), "{told:?}");
    assert!(Requirement::authority("another").check(&claims).is_err());
    assert_eq!(warned(&lines).len(), 1, "each name is told");
    drop(guard);
}
