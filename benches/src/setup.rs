//! The layer around a service that does nothing, with a mock for the keys.

use std::{
    convert::Infallible,
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use mock_entra::MockEntra;
use tower::{Layer, Service};
use tower_entra::{
    AuthenticateLayer, Authority, Verifier, VerifierBuilder, authenticate::Authenticate, cache::CacheSettings,
};

use crate::path::Path;

pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("this path must not wait"),
    }
}

/// Does nothing, as fast as a service can.
#[derive(Clone)]
pub struct Nothing;

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

pub fn request(token: &str) -> Request<()> {
    Request::builder().uri("/").header("authorization", format!("Bearer {token}")).body(()).unwrap()
}

pub struct Bench {
    pub entra: MockEntra,
    pub runtime: tokio::runtime::Runtime,
}

impl Default for Bench {
    fn default() -> Self {
        Self::new()
    }
}

impl Bench {
    #[must_use]
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { entra: MockEntra::new(), runtime }
    }

    pub fn verifier(&self, cache: CacheSettings, tenants: usize) -> Verifier {
        self.build(Verifier::builder().cache(cache), tenants)
    }

    /// One that accepts so many authorities beside the tenant.
    pub fn with_authorities(&self, others: usize) -> Verifier {
        let jwks = serde_json::json!({ "keys": [self.entra.current_key().jwk()] }).to_string();
        let other = |number: usize| {
            let authority = Authority::openid_connect(format!("https://id{number}.example"));
            authority.audience("api://other").static_keys(&*jwks)
        };
        let builder = Verifier::builder().cache(CacheSettings::off());
        self.build((0..others).map(other).fold(builder, VerifierBuilder::authority), 1)
    }

    /// One that accepts so many tenants by their domains, one of which is the tenant's.
    pub fn with_domains(&self, others: usize) -> Verifier {
        let domain = |number: usize| format!("d{number}.example");
        for number in 0..others {
            let id = format!("00000000-0000-0000-0000-{number:012}").parse().unwrap();
            self.entra.add_domain(domain(number), id);
        }
        self.entra.add_domain("contoso.example", MockEntra::TENANT.parse().unwrap());
        let domains = (0..others).map(domain).chain(["contoso.example".to_owned()]);
        let listed = [MockEntra::OTHER_TENANT.parse().unwrap()];
        let authority = Authority::tenants(listed, domains).client_id(MockEntra::CLIENT_ID);
        let builder = Verifier::builder().cache(CacheSettings::off()).authority(authority).fetch(self.entra.clone());
        let verifier = builder.build().unwrap();
        self.runtime.block_on(verifier.warm_up()).unwrap();
        // Resolves them all.
        self.runtime.block_on(verifier.verify(&self.token())).unwrap();
        verifier
    }

    pub fn build(&self, builder: VerifierBuilder, tenants: usize) -> Verifier {
        let mut builder = builder.client_id(MockEntra::CLIENT_ID).fetch(self.entra.clone());
        builder = builder.tenant(MockEntra::TENANT);
        for number in 1..tenants {
            builder = builder.tenant(format!("00000000-0000-0000-0000-{number:012}"));
        }
        let verifier = builder.build().unwrap();
        self.runtime.block_on(verifier.warm_up()).unwrap();
        verifier
    }

    /// A token of the size and shape that Entra's have: 25 claims, 1.8 KB.
    pub fn token(&self) -> String {
        self.numbered(0)
    }

    /// The same, different for each number.
    pub fn numbered(&self, number: usize) -> String {
        let mut token = self.entra.token().scopes("Files.Read Files.ReadWrite User.Read.All");
        for (name, length) in [("xms_ftd", 60), ("acct", 1), ("ipaddr", 14), ("login_hint", 160), ("sid", 36)] {
            token = token.claim(name, "x".repeat(length));
        }
        token = token.claim("uti", format!("{number:022}"));
        token.claim("roles", vec!["Reader".to_owned(), "Writer".to_owned()]).build()
    }

    /// The service behind the layer, asked with `token`, whose answer must have `status`.
    pub fn path(
        &self,
        name: &'static str,
        target: Option<f64>,
        allocations: Option<u64>,
        verifier: &Verifier,
        token: &str,
        status: u16,
    ) -> Path {
        let mut ask = asking(verifier, token);
        assert_eq!(ask(), status, "{name}");
        assert_eq!(ask(), status, "{name}, the second time");
        Path::new(name, target, allocations, move || assert_eq!(ask(), status))
    }
}

/// Asks the service behind the layer, and gives back the status.
pub fn asking(verifier: &Verifier, token: &str) -> impl FnMut() -> u16 + Send + 'static {
    asking_of(AuthenticateLayer::new(verifier.clone()).layer(Nothing), token)
}

/// The same of a service that others may have clones of.
pub fn asking_of(mut service: Authenticate<Nothing>, token: &str) -> impl FnMut() -> u16 + Send + 'static {
    let request = request(token);
    move || black_box(now(service.call(request.clone())).unwrap()).status().as_u16()
}
