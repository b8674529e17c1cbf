//! What one peer costs, beside ours and the limit, in one process and in turn: a slow moment of the machine hits all.
//!
//! Everything is asked of a service that does nothing, and that service alone is taken off ("net"). Verdicts are checked
//! before anything is timed, and on every request.

#[allow(dead_code)]
#[path = "../../../src/allocations.rs"]
mod allocations;

use std::{
    convert::Infallible,
    fmt,
    future::{Future, Ready, ready},
    hint::black_box,
    marker::PhantomData,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header::AUTHORIZATION};
use settings::setting;
use tokio::runtime::Runtime;
use tower::{Layer, Service};
use tower_entra::{AuthenticateLayer, Verifier, cache::CacheSettings};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// How often each path is measured.
const ROUNDS: usize = 250;
/// How long one measurement takes: shorter than the slices in which a scheduler hands out a busy machine.
const SLICE: Duration = Duration::from_millis(1);
/// How long keys may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does nothing, with the bodies that the peer wants.
pub struct Nothing<B>(PhantomData<fn() -> B>);

impl<B> Clone for Nothing<B> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<B: Default> Service<Request<B>> for Nothing<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        black_box(request);
        ready(Ok(Response::new(B::default())))
    }
}

type Work = Box<dyn FnMut()>;

struct Path {
    name: &'static str,
    work: Work,
    nanos: Vec<f64>,
    allocated: u64,
}

impl Path {
    fn new(name: &'static str, work: impl FnMut() + 'static) -> Self {
        let mut path = Self { name, work: Box::new(work), nanos: Vec::with_capacity(ROUNDS), allocated: 0 };
        (path.work)();
        (path.work)();
        path.allocated = allocations::count(|| (path.work)());
        path
    }

    fn measure(&mut self) {
        let started = Instant::now();
        let mut runs = 0_u32;
        while started.elapsed() < SLICE {
            for _ in 0..4 {
                (self.work)();
            }
            runs += 4;
        }
        self.nanos.push(started.elapsed().as_nanos() as f64 / f64::from(runs));
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("this path must not wait"),
    }
}

fn headers(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap())])
}

/// Bodies of axum cannot be cloned, so every request is made anew; that is part of the bare service and taken off.
fn request<B: Default>(headers: &HeaderMap) -> Request<B> {
    let mut request = Request::new(B::default());
    headers.clone_into(request.headers_mut());
    request
}

/// Asks until the keys have come, then a path that checks the verdict each time.
fn path<B, S, R>(runtime: &Runtime, name: &'static str, mut service: S, token: &str, status: u16) -> Path
where
    B: Default,
    S: Service<Request<B>, Response = Response<R>> + 'static,
    S::Error: fmt::Debug,
{
    let headers = headers(token);
    let started = Instant::now();
    let answer = loop {
        let answer = runtime.block_on(service.call(request(&headers))).unwrap().status().as_u16();
        if answer == status || started.elapsed() > PATIENCE {
            break answer;
        }
        runtime.block_on(async { tokio::time::sleep(Duration::from_millis(20)).await });
    };
    assert_eq!(answer, status, "{name}");
    Path::new(name, move || {
        let response = now(service.call(request(&headers))).unwrap();
        assert_eq!(black_box(response).status().as_u16(), status);
    })
}

fn ours(runtime: &Runtime, cache: CacheSettings) -> AuthenticateLayer {
    let verifier = Verifier::builder()
        .instance(setting("INSTANCE"))
        .tenant(setting("TENANT"))
        .client_id(settings::audience())
        .cache(cache)
        .build()
        .unwrap();
    runtime.block_on(verifier.warm_up()).unwrap();
    AuthenticateLayer::new(verifier)
}

/// One verification with a key that is prepared.
fn limit(token: &str) -> impl FnMut() + 'static {
    let bytes = |name| URL_SAFE_NO_PAD.decode(setting(name)).unwrap();
    let (modulus, exponent) = (bytes("KEY_N"), bytes("KEY_E"));
    let key: ParsedPublicKey =
        RsaPublicKeyComponents { n: &modulus, e: &exponent }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (message.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap());
    move || key.verify_sig(message.as_bytes(), &signature).unwrap()
}

/// Measures `peer` around [`Nothing`], and prints lines of name, nanoseconds and allocations, both net.
pub fn compare<B, S, R>(peer: impl AsyncFnOnce(Nothing<B>) -> S)
where
    B: Default + http_body::Body<Data = Bytes> + 'static,
    S: Service<Request<B>, Response = Response<R>> + Clone + 'static,
    S::Error: fmt::Debug,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (good, bad) = (setting("GOOD"), setting("BAD"));
    let nothing = Nothing::<B>(PhantomData);
    let peer = runtime.block_on(peer(nothing.clone()));
    let uncached = ours(&runtime, CacheSettings::off()).layer(nothing.clone());
    let cached = ours(&runtime, CacheSettings::default()).layer(nothing.clone());
    let mut paths = [
        Path::new("limit", limit(&good)),
        path(&runtime, "bare", nothing, &good, 200),
        path(&runtime, "ours", uncached.clone(), &good, 200),
        path(&runtime, "ours cached", cached, &good, 200),
        path(&runtime, "peer", peer.clone(), &good, 200),
        path(&runtime, "ours bad", uncached, &bad, 401),
        path(&runtime, "peer bad", peer, &bad, 401),
    ];
    let _entered = runtime.enter();
    for _ in 0..ROUNDS {
        for path in &mut paths {
            path.measure();
        }
    }
    let median = |path: &mut Path| {
        path.nanos.sort_by(f64::total_cmp);
        path.nanos[path.nanos.len() / 2]
    };
    let (bare, bare_allocated) = (median(&mut paths[1]), paths[1].allocated);
    for path in &mut paths {
        let is_net = !["limit", "bare"].contains(&path.name);
        let nanos = median(path) - if is_net { bare } else { 0.0 };
        let allocated = path.allocated - if is_net { bare_allocated } else { 0 };
        println!("{}\t{nanos:.0}\t{allocated}", path.name);
    }
}
