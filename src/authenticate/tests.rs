#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Ready, ready},
    io,
    marker::PhantomPinned,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::GlobalConcurrencyLimitLayer, service_fn};

use crate::{
    AuthenticateLayer, Claims, Rejection, RejectionKind, Verifier,
    response::{Grpc, LayerMarker, Problem, has_passed},
    verifier::{Verdict, stub},
};

fn layer() -> AuthenticateLayer {
    AuthenticateLayer::new(stub::verifier())
}

fn request(token: &str) -> Request<()> {
    let header = format!("Bearer {token}");
    Request::builder().uri("/files?access_token=good").header("authorization", header).body(()).unwrap()
}

fn anonymous() -> Request<()> {
    Request::new(())
}

/// Answers with what it knows of the caller.
async fn whoami(request: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    let claims = request.extensions().get::<Claims>();
    let mark = if has_passed(request.extensions()) { "marked" } else { "unmarked" };
    let who = claims.and_then(Claims::object_id).unwrap_or("nobody");
    Ok(Response::new(Full::from(format!("{who}, {mark}"))))
}

async fn ask(layer: AuthenticateLayer, request: Request<()>) -> (u16, String) {
    let response = layer.layer(service_fn(whoami)).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, text(response).await)
}

async fn text<B: Body>(response: Response<B>) -> String
where
    B::Error: std::fmt::Debug,
{
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

const DEFAULT_BODY: &str = r#"{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}"#;

#[tokio::test]
async fn who_gets_through() {
    let object = (200, "object, marked".to_owned());
    let refused = (401, DEFAULT_BODY.to_owned());
    assert_eq!(ask(layer(), request("good")).await, object);
    assert_eq!(ask(layer(), request("slow")).await, object);
    assert_eq!(ask(layer(), anonymous()).await, refused);
    assert_eq!(ask(layer(), request("bad")).await, refused);
    assert_eq!(ask(layer(), request("slow-bad")).await, refused);
    assert_eq!(ask(layer(), request("a b")).await, refused);
    assert_eq!(ask(layer(), request("down")).await.0, 503);
    let mut two = request("good");
    two.headers_mut().append("authorization", "Bearer good".parse().unwrap());
    assert_eq!(ask(layer(), two).await.0, 400);
    assert_eq!(ask(layer(), request(&"a".repeat(16 * 1024))).await, refused);
}

#[tokio::test]
async fn optional_lets_no_token_through_and_no_bad_one() {
    let nobody = (200, "nobody, marked".to_owned());
    let layer = layer().optional();
    assert_eq!(ask(layer.clone(), anonymous()).await, nobody);
    assert_eq!(ask(layer.clone(), request("good")).await.1, "object, marked");
    for token in ["bad", "slow-bad", "a b", "expired"] {
        assert_eq!(ask(layer.clone(), request(token)).await.0, 401, "{token}");
    }
    assert_eq!(ask(layer, request("down")).await.0, 503);
}

#[tokio::test]
async fn an_own_source_takes_the_place_of_the_header() {
    let query = layer().token_from(|_: &HeaderMap, uri: &Uri| {
        uri.query()?.split('&').find_map(|pair| pair.strip_prefix("access_token=")).map(str::to_owned)
    });
    assert_eq!(ask(query.clone(), request("bad")).await.0, 200);
    let header_alone = Request::builder().header("authorization", "Bearer good").body(()).unwrap();
    assert_eq!(ask(query.clone(), header_alone).await.0, 401);

    let header = layer().token_from(|headers, _| Some(headers.get("x-token")?.to_str().ok()?.to_owned()));
    let with = |token: &str| Request::builder().header("x-token", token).body(()).unwrap();
    assert_eq!(ask(header.clone(), with("good")).await.0, 200);
    for token in ["bad", "a b", "", "good,good", "Bearer good", &"a".repeat(16 * 1024 + 1)] {
        assert_eq!(ask(header.clone(), with(token)).await.0, 401, "{token}");
    }
    let response = header.layer(service_fn(whoami)).oneshot(with(&"a".repeat(16 * 1024 + 1))).await.unwrap();
    assert_eq!(response.extensions().get::<Rejection>().unwrap().kind(), RejectionKind::TokenTooLarge);
}

#[tokio::test]
async fn the_header_stays_and_is_sensitive() {
    let seen = |request: Request<()>| {
        let values: Vec<_> = request.headers().values().map(|value| format!("{value:?}")).collect();
        ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(values.join(" ")))))
    };
    for token in ["good", "slow"] {
        let response = layer().layer(service_fn(seen)).oneshot(request(token)).await.unwrap();
        assert_eq!(text(response).await, "Sensitive");
    }
    let own = layer().token_from(|headers, _| Some(headers["x-token"].to_str().ok()?.to_owned()));
    let headers = [
        ("x-token", "good"),
        ("x-copy", "token=good"),
        ("accept", "*/*"),
        ("authorization", "a"),
        ("authorization", "b"),
    ];
    let request = headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
    let response = own.layer(service_fn(seen)).oneshot(request.body(()).unwrap()).await.unwrap();
    assert_eq!(text(response).await, "Sensitive Sensitive \"*/*\" Sensitive Sensitive");
}

#[tokio::test]
async fn of_nested_layers_the_innermost_counts() {
    let nothing = layer().optional().token_from(|_, _| None);
    let nested = layer().layer(nothing.layer(service_fn(whoami)));
    let response = nested.oneshot(request("good")).await.unwrap();
    assert_eq!(text(response).await, "nobody, marked", "claims of the layer outside are taken away");
    let nested = layer().optional().layer(layer().layer(service_fn(whoami)));
    assert_eq!(nested.oneshot(anonymous()).await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_response_tells_outer_layers_why() {
    for (token, kind) in [("bad", RejectionKind::BadSignature), ("slow-bad", RejectionKind::UnknownKey)] {
        for layer in [layer(), layer().responder(|_: &Rejection| Response::new(""))] {
            let response = layer.layer(service_fn(whoami)).oneshot(request(token)).await.unwrap();
            assert_eq!(response.extensions().get::<Rejection>().unwrap().kind(), kind);
        }
    }
    let response = layer().layer(service_fn(whoami)).oneshot(request("good")).await.unwrap();
    assert!(response.extensions().get::<Rejection>().is_none());
}

#[tokio::test]
async fn settings_reach_the_answer() {
    let layer = layer().responder(Problem::new()).realm("files").resource_metadata("https://a.example/m");
    let response = layer.layer(service_fn(whoami)).oneshot(anonymous()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(
        response.headers()["www-authenticate"],
        r#"Bearer realm="files", resource_metadata="https://a.example/m""#
    );
    let detailed = AuthenticateLayer::new(stub::verifier().detailed());
    let response = detailed.layer(service_fn(whoami)).oneshot(request("other-api")).await.unwrap();
    assert!(text(response).await.contains(r#""code":"wrong_audience""#));
}

#[tokio::test]
async fn inner_errors_pass_untouched() {
    let failing = service_fn(|_: Request<()>| ready(Err::<Response<Full<Bytes>>, _>(io::Error::other("mine"))));
    for token in ["good", "slow"] {
        let error: io::Error = layer().layer(failing).oneshot(request(token)).await.unwrap_err();
        assert_eq!(error.to_string(), "mine");
    }
    assert_eq!(layer().layer(failing).oneshot(request("bad")).await.unwrap().status(), 401);
}

/// Neither `Default`, `From<Bytes>`, `Clone`, `Unpin` nor `Send`; its data is a type of its own.
struct Stubborn(Rc<Cell<u8>>, PhantomPinned);

#[derive(Debug)]
struct Chunk(Bytes);

impl From<Bytes> for Chunk {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl bytes::Buf for Chunk {
    fn remaining(&self) -> usize {
        self.0.remaining()
    }
    fn chunk(&self) -> &[u8] {
        self.0.chunk()
    }
    fn advance(&mut self, count: usize) {
        self.0.advance(count);
    }
}

impl Body for Stubborn {
    type Data = Chunk;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Chunk>, Infallible>>> {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        Poll::Ready((left > 0).then(|| Ok(Frame::data(Chunk(Bytes::from_static(b"x"))))))
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_service_that_is_not_send_with_a_body_that_can_nothing() {
    let count = Rc::new(Cell::new(3));
    let borrowed = &count;
    let service = layer().layer(service_fn(move |_: Request<Rc<()>>| {
        ready(Ok::<_, Infallible>(Response::new(Stubborn(Rc::clone(borrowed), PhantomPinned))))
    }));
    for (token, expected) in [("good", "xxx"), ("slow", ""), ("bad", DEFAULT_BODY)] {
        let response = service.clone().oneshot(request(token).map(|()| Rc::new(()))).await.unwrap();
        assert_eq!(text(response).await, expected);
    }
}

#[tokio::test]
async fn tonic_bodies() {
    let service = layer().responder(Grpc::new()).layer(service_fn(|_: Request<tonic::body::Body>| {
        ready(Ok::<_, Infallible>(Response::new(tonic::body::Body::empty())))
    }));
    let ask = |request: Request<()>| service.clone().oneshot(request.map(|()| tonic::body::Body::empty()));
    assert_eq!(ask(request("good")).await.unwrap().headers().get("grpc-status"), None);
    let refused = ask(request("bad")).await.unwrap();
    let status = tonic::Status::from_header_map(refused.headers()).unwrap();
    assert_eq!((refused.status().as_u16(), status.code()), (200, tonic::Code::Unauthenticated));
}

/// Counts how many requests are inside at once, and the most there ever were.
#[derive(Clone, Default)]
struct Crowd(Arc<(AtomicUsize, AtomicUsize)>);

impl Crowd {
    async fn visit(self) -> Result<Response<Full<Bytes>>, Infallible> {
        let inside = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(inside, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.0.0.fetch_sub(1, Ordering::SeqCst);
        Ok(Response::new(Full::default()))
    }
}

#[tokio::test]
async fn a_concurrency_limit_inside_is_respected() {
    let crowd = Crowd::default();
    let visitors = crowd.clone();
    let service = ServiceBuilder::new()
        .layer(layer())
        .layer(GlobalConcurrencyLimitLayer::new(1))
        .service_fn(move |_: Request<()>| visitors.clone().visit());
    let tokens = ["good", "slow", "bad", "slow-bad"].into_iter().cycle().take(40);
    let tasks: Vec<_> = tokens.map(|token| tokio::spawn(service.clone().oneshot(request(token)))).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(crowd.0.1.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn one_connection_may_ask_again_and_again() {
    let mut service = ServiceBuilder::new().layer(layer()).concurrency_limit(1).service_fn(whoami);
    for token in ["bad", "good", "slow", "bad", "slow-bad", "good"] {
        service.ready().await.unwrap().call(request(token)).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_caller_holds_no_place_in_a_limit() {
    let mut alice = ServiceBuilder::new().layer(layer()).layer(GlobalConcurrencyLimitLayer::new(1)).service_fn(whoami);
    let mut bob = alice.clone();
    for token in ["bad", "slow-bad"] {
        assert_eq!(alice.ready().await.unwrap().call(request(token)).await.unwrap().status(), 401);
        let ready = bob.poll_ready(&mut Context::from_waker(Waker::noop()));
        assert!(ready.is_ready(), "alice's connection is idle, and holds the only place after {token}");
        bob = bob.clone();
    }
}

/// Panics when it is called without having been polled ready.
struct Strict {
    ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { ready: false }
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        ready(Ok(Response::new(Full::default())))
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let mut service = layer().layer(Strict { ready: false });
    for token in ["good", "slow", "bad", "slow", "good"] {
        service.ready().await.unwrap().call(request(token)).await.unwrap();
    }
}

#[derive(Clone)]
struct Inline(Arc<AtomicUsize>);

struct WhereAmI(Arc<AtomicUsize>);

impl Future for WhereAmI {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.store(std::ptr::from_ref(&*self).addr(), Ordering::SeqCst);
        Poll::Ready(Ok(Response::new(Full::default())))
    }
}

impl Service<Request<()>> for Inline {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = WhereAmI;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> WhereAmI {
        WhereAmI(Arc::clone(&self.0))
    }
}

#[tokio::test]
async fn nothing_is_boxed_on_the_warm_path() {
    let address = Arc::new(AtomicUsize::new(0));
    let future = layer().layer(Inline(Arc::clone(&address))).call(request("good"));
    assert_eq!(format!("{future:?}"), r#"ResponseFuture { state: "calling", .. }"#);
    let size = size_of_val(&future);
    let mut future = std::pin::pin!(future);
    let outer = std::ptr::from_ref(&*future).addr();
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    let inner = address.load(Ordering::SeqCst);
    assert!((outer..outer + size).contains(&inner), "the inner future is within the outer one");
}

#[tokio::test]
async fn a_request_dropped_while_it_waits_is_gone() {
    struct Dropped(Arc<AtomicBool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let verifier = Verifier::stub(move |_| {
        let guard = Dropped(Arc::clone(&flag));
        Verdict::Pending(Box::pin(async move {
            let _guard = guard;
            std::future::pending().await
        }))
    });
    let called = Arc::new(AtomicBool::new(false));
    let inner = Arc::clone(&called);
    let service = AuthenticateLayer::new(verifier).layer(service_fn(move |request| {
        inner.store(true, Ordering::SeqCst);
        whoami(request)
    }));
    let mut waiting = Box::pin(service.oneshot(request("any")));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(!dropped.load(Ordering::SeqCst));
    drop(waiting);
    assert!(dropped.load(Ordering::SeqCst));
    assert!(!called.load(Ordering::SeqCst));
}

#[test]
fn futures_are_send_if_their_parts_are() {
    fn send<T: Send>(_: &T) {}
    let mut service = layer().layer(service_fn(whoami));
    for token in ["good", "bad", "slow"] {
        send(&service.call(request(token)));
    }
    send(&service);
}

/// What is logged while `work` runs, at every level.
async fn logged(work: impl Future<Output = ()>) -> String {
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let sink = Sink::default();
    let writer = sink.clone();
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
    work.await;
    drop(guard);
    String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
}

#[tokio::test(flavor = "current_thread")]
async fn one_event_for_each_refusal() {
    let ask = async |token: &str| {
        let ask = async || drop(layer().layer(service_fn(whoami)).oneshot(request(token)).await);
        // Once unheard: an event that another test reaches for the first time, just when we begin to listen, stays off.
        ask().await;
        logged(ask()).await
    };
    assert_eq!(ask("good").await, "");
    let expired = ask("expired").await;
    let start = " INFO tower_entra: request refused: the token has expired code=\"expired\" status=401 authority=\"main\" kid=\"k1\" \
                 cause=\"expired\" remedy=\"If the client has had it for a while: Get a new token.";
    assert!(expired.starts_with(start) && expired.ends_with("\"\n"), "{expired}");
    let none = ask("").await;
    let start = "DEBUG tower_entra: request refused: the request has no bearer token code=\"missing_token\" status=401 \
                 cause=\"no_token\" remedy=\"Send the value of access_token";
    assert!(none.starts_with(start) && none.ends_with("\"\n"), "{none}");
    assert!(ask("slow-bad").await.contains(r#"kid="k\n1""#), "what came with the token is escaped");
    assert!(ask("other-api").await.contains(r#" expected="api://me" got="api://\"x\"" cause="#));
    assert!(ask("down").await.starts_with(" WARN "));
    assert_eq!(ask("eyJtoken").await.lines().count(), 1);
    assert!(!ask("eyJtoken").await.contains("eyJtoken"));
}

#[test]
fn debug_shows_neither_token_nor_person() {
    let layer = layer().realm("files").token_from(|_, _| None);
    let mut service = layer.layer(service_fn(whoami));
    let future = service.call(request("slow"));
    let mark = LayerMarker::default();
    let shown = format!("{layer:?} {service:?} {future:?} {mark:?} {:?}", stub::claims("x"));
    assert!(shown.contains(r#"realm: Some("files")"#));
    for secret in ["slow", "Ada", "Lovelace"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
