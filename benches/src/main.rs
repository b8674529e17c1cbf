//! What a request costs, as ratios to the limit: one verification with a key that is prepared, in the same run.
//!
//! Every path is measured in turn, many times over, so that a slow moment of the machine hits all of them; medians count.
//! Verdicts are checked before anything is timed. With an argument, one path runs in a loop, for a profiler.

mod allocations;

use std::{
    convert::Infallible,
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service};
use tower_entra::{AuthenticateLayer, Verifier, cache::CacheSettings, testing::MockEntra};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// How often each path is measured.
const ROUNDS: usize = 60;
/// How long one measurement takes.
const SLICE: Duration = Duration::from_millis(4);

/// One path through the layer.
struct Path {
    name: &'static str,
    /// The most it may cost, as a ratio to the limit.
    target: Option<f64>,
    /// The most it may allocate, the bare service's own allocations taken off.
    allocations: Option<u64>,
    /// The bare service is taken off.
    is_net: bool,
    work: Box<dyn FnMut()>,
    nanos: Vec<f64>,
    allocated: u64,
}

impl Path {
    fn new(name: &'static str, target: Option<f64>, allocations: Option<u64>, work: impl FnMut() + 'static) -> Self {
        let is_net = target.is_some();
        Self { name, target, allocations, is_net, work: Box::new(work), nanos: Vec::new(), allocated: 0 }
    }

    /// Runs for about a slice, and notes the nanoseconds of one run.
    fn measure(&mut self) {
        let started = Instant::now();
        let mut runs = 0_u32;
        while started.elapsed() < SLICE {
            for _ in 0..8 {
                (self.work)();
            }
            runs += 8;
        }
        self.nanos.push(started.elapsed().as_nanos() as f64 / f64::from(runs));
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Half of the distance between the quartiles, as a part of the median: how far the machine strayed.
fn noise(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[sorted.len() * 3 / 4] - sorted[sorted.len() / 4]) / 2.0 / median(values)
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("this path must not wait"),
    }
}

/// Does nothing, as fast as a service can.
#[derive(Clone)]
struct Nothing;

impl Service<Request<()>> for Nothing {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        black_box(request);
        std::future::ready(Ok(Response::new(Full::default())))
    }
}

fn request(token: &str) -> Request<()> {
    Request::builder().uri("/").header("authorization", format!("Bearer {token}")).body(()).unwrap()
}

struct Bench {
    entra: MockEntra,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn verifier(&self, cache: CacheSettings, tenants: usize) -> Verifier {
        let mut builder = Verifier::builder().client_id(MockEntra::CLIENT_ID).fetch(self.entra.clone()).cache(cache);
        builder = builder.tenant(MockEntra::TENANT);
        for number in 1..tenants {
            builder = builder.tenant(format!("00000000-0000-0000-0000-{number:012}"));
        }
        let verifier = builder.build().unwrap();
        self.runtime.block_on(verifier.warm_up()).unwrap();
        verifier
    }

    /// A token of the size and shape that Entra's have: 25 claims, 1.8 KB.
    fn token(&self) -> String {
        let mut token = self.entra.token().scopes("Files.Read Files.ReadWrite User.Read.All");
        for (name, length) in [("xms_ftd", 60), ("acct", 1), ("ipaddr", 14), ("login_hint", 160), ("sid", 36)] {
            token = token.claim(name, "x".repeat(length));
        }
        token.claim("roles", vec!["Reader".to_owned(), "Writer".to_owned()]).build()
    }

    /// The service behind the layer, asked with `token`, whose answer must have `status`.
    fn path(
        &self,
        name: &'static str,
        target: Option<f64>,
        allocations: Option<u64>,
        verifier: &Verifier,
        token: &str,
        status: u16,
    ) -> Path {
        let mut service = AuthenticateLayer::new(verifier.clone()).layer(Nothing);
        let request = request(token);
        let mut ask = move || {
            let response = now(service.call(request.clone())).unwrap();
            black_box(response).status().as_u16()
        };
        assert_eq!(ask(), status, "{name}");
        assert_eq!(ask(), status, "{name}, the second time");
        Path::new(name, target, allocations, move || assert_eq!(ask(), status))
    }
}

fn paths() -> Vec<Path> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bench = Bench { entra: MockEntra::new(), runtime };
    let token = bench.token();
    eprintln!("a token of {} bytes", token.len());

    let jwk = bench.entra.current_key().jwk();
    let bytes = |member: &str| URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap();
    let (modulus, exponent) = (bytes("n"), bytes("e"));
    let key: ParsedPublicKey =
        RsaPublicKeyComponents { n: &modulus, e: &exponent }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (message, signature) = (message.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap());

    let plain = bench.verifier(CacheSettings::off(), 1);
    let many = bench.verifier(CacheSettings::off(), 10_000);
    let cached = bench.verifier(CacheSettings::default(), 1);
    let mut bad = token.clone();
    let last = bad.len() - 20;
    bad.replace_range(last..=last, if &bad[last..=last] == "A" { "B" } else { "A" });
    let unknown_kid = bench.entra.token().kid("invented").build();
    // Spend the budget, so that the path is that of a flood.
    bench.runtime.block_on(async {
        for _ in 0..3 {
            let _ = plain.verify(&unknown_kid).await;
        }
    });
    let other_tenant = bench.entra.token().tenant(MockEntra::OTHER_TENANT).build();
    let other_issuer = bench.entra.token().claim("iss", "https://issuer.example/").build();
    let mut bare = Nothing;
    let bare_request = request(&token);
    vec![
        Path::new("limit: one verification, key prepared", None, None, move || {
            key.verify_sig(message.as_bytes(), &signature).unwrap();
        }),
        Path::new("the bare service", None, None, move || {
            black_box(now(bare.call(bare_request.clone())).unwrap());
        }),
        bench.path("good token, uncached", Some(1.15), Some(20), &plain, &token, 200),
        bench.path("good token, uncached, 10,000 tenants", Some(1.15), Some(20), &many, &token, 200),
        bench.path("good token, cached", Some(0.03), Some(3), &cached, &token, 200),
        bench.path("bad signature", Some(1.06), None, &plain, &bad, 401),
        bench.path("malformed", Some(0.1), None, &plain, "not-a-token", 401),
        bench.path("too large", Some(0.1), None, &plain, &"x".repeat(20_000), 401),
        bench.path(
            "wrong algorithm",
            Some(0.1),
            None,
            &plain,
            &bench.entra.token().header("alg", "HS256").build(),
            401,
        ),
        bench.path("unknown issuer", Some(0.1), None, &plain, &other_issuer, 401),
        bench.path("unknown tenant", Some(0.1), None, &plain, &other_tenant, 401),
        bench.path("unknown key, budget spent", Some(0.1), None, &plain, &unknown_kid, 401),
        bench.path("a token for Microsoft Graph", Some(0.1), None, &plain, &bench.entra.token().graph().build(), 401),
        bench.path("no token", Some(0.1), None, &plain, "", 401),
    ]
}

fn main() {
    let mut paths = paths();
    if let Some(wanted) = std::env::args().nth(1) {
        let path = paths.iter_mut().find(|path| path.name.starts_with(&wanted)).expect("no such path");
        let times = std::env::args().nth(2).map_or(2_000, |times| times.parse().unwrap());
        for _ in 0..times {
            (path.work)();
        }
        return;
    }
    for path in &mut paths {
        (path.work)();
        path.allocated = allocations::count(|| (path.work)());
    }
    for _ in 0..ROUNDS {
        for path in &mut paths {
            path.measure();
        }
    }
    let (limit, bare) = (median(&paths[0].nanos), median(&paths[1].nanos));
    let bare_allocated = paths[1].allocated;
    let mut missed = 0;
    println!("{:<40} {:>9} {:>8} {:>8} {:>7} {:>6} {:>6}", "", "ns", "x limit", "target", "noise", "allocs", "most");
    for path in &paths {
        let nanos = median(&path.nanos) - if path.is_net { bare } else { 0.0 };
        let allocated = path.allocated - if path.is_net { bare_allocated } else { 0 };
        let ratio = nanos / limit;
        let noise = noise(&path.nanos) + noise(&paths[0].nanos);
        let is_slow = path.target.is_some_and(|target| ratio > target * (1.0 + noise));
        let is_greedy = path.allocations.is_some_and(|most| allocated > most);
        missed += usize::from(is_slow) + usize::from(is_greedy);
        println!(
            "{:<40} {nanos:>9.0} {ratio:>8.3} {:>8} {:>6.1}% {allocated:>6} {:>6} {}",
            path.name,
            path.target.map_or(String::new(), |target| format!("{target}")),
            noise * 100.0,
            path.allocations.map_or(String::new(), |most| most.to_string()),
            if is_slow || is_greedy { "missed" } else { "" },
        );
    }
    std::process::exit(i32::from(missed > 0));
}
