//! A verifier in front of a look-alike, with a service behind it that counts who got in.

use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use mock_entra::{ManualClock, MockEntra, TokenBuilder};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tower::{Layer, ServiceExt, service_fn};
use tower_entra::{
    AuthenticateLayer, Authority, Claims, Rejection, RejectionKind, TenantId, Verifier, VerifierBuilder,
};

/// When every test begins, in seconds since 1970.
pub(crate) const START: i64 = 1_800_000_000;

/// The body of every refusal with status 401.
pub(crate) const UNAUTHORIZED: &str =
    r#"{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}"#;

/// A look-alike, its clock, and a verifier that believes it.
pub(crate) struct Bench {
    pub(crate) mock: MockEntra,
    pub(crate) clock: ManualClock,
    pub(crate) verifier: Verifier,
    calls: Arc<AtomicUsize>,
}

/// All that a caller sees of an answer, and what our own side knows.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) rejection: Option<Rejection>,
}

impl Answer {
    pub(crate) fn kind(&self) -> Option<RejectionKind> {
        self.rejection.as_ref().map(Rejection::kind)
    }

    /// What the caller sees.
    pub(crate) fn seen(&self) -> (StatusCode, &HeaderMap, &Bytes) {
        (self.status, &self.headers, &self.body)
    }
}

/// The tenant of the tokens.
pub(crate) fn tenant() -> TenantId {
    MockEntra::TENANT.parse().unwrap()
}

/// A clock at [`START`], by which `mock` dates its tokens too.
pub(crate) fn clock_of(mock: &MockEntra) -> ManualClock {
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(START.unsigned_abs()));
    mock.set_clock(clock.clone());
    clock
}

impl Bench {
    /// One tenant, everything else by default, keys at hand.
    pub(crate) async fn new() -> Self {
        Self::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await
    }

    /// One authority, and nothing else that is configured, before the first key.
    pub(crate) fn alone(mock: MockEntra, authority: impl Into<Authority>) -> Self {
        let clock = clock_of(&mock);
        let builder = Verifier::builder().authority(authority).fetch(mock.clone()).clock(clock.clone());
        Self { mock, clock, verifier: builder.build().unwrap(), calls: Arc::default() }
    }

    /// As `configure` wants it, keys at hand.
    pub(crate) async fn of(mock: MockEntra, configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let bench = Self::cold(mock, configure);
        bench.verifier.warm_up().await.unwrap();
        bench
    }

    /// As `configure` wants it, before the first key.
    pub(crate) fn cold(mock: MockEntra, configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let clock = clock_of(&mock);
        let verifier = Self::another(&mock, &clock, configure);
        Self { mock, clock, verifier, calls: Arc::default() }
    }

    /// One more verifier for the same look-alike.
    pub(crate) fn another(
        mock: &MockEntra,
        clock: &ManualClock,
        configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder,
    ) -> Verifier {
        let builder = Verifier::builder().client_id(MockEntra::CLIENT_ID).fetch(mock.clone()).clock(clock.clone());
        configure(builder).build().unwrap()
    }

    pub(crate) fn token(&self) -> TokenBuilder {
        self.mock.token()
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Sends a request through the layer.
    pub(crate) async fn send(&self, request: Request<()>) -> Answer {
        let calls = Arc::clone(&self.calls);
        let inner = service_fn(move |_: Request<()>| {
            calls.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"inside")))) }
        });
        let response = AuthenticateLayer::new(self.verifier.clone()).layer(inner).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let rejection = parts.extensions.get::<Rejection>().cloned();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body, rejection }
    }

    /// Sends one `Authorization` header with these bytes; `None` if HTTP cannot carry them.
    pub(crate) async fn send_header(&self, value: &[u8]) -> Option<Answer> {
        let value = HeaderValue::from_bytes(value).ok()?;
        let mut request = Request::new(());
        request.headers_mut().insert("authorization", value);
        Some(self.send(request).await)
    }

    /// Sends a token that HTTP can carry.
    pub(crate) async fn send_token(&self, token: &str) -> Answer {
        self.send_header(format!("Bearer {token}").as_bytes()).await.unwrap()
    }

    /// The code of the refusal, or `accepted`.
    pub(crate) async fn code(&self, token: &str) -> &'static str {
        match self.verifier.verify(token).await {
            Ok(_) => "accepted",
            Err(rejection) => rejection.code(),
        }
    }

    /// The token is refused as `kind` by the verifier and by the layer, nothing is fetched for it, and nobody gets in.
    pub(crate) async fn refuses(&self, name: &str, token: &str, kind: RejectionKind) {
        let (fetches, calls) = (self.mock.fetches(), self.calls());
        let found = self.verifier.verify(token).await.map_err(|rejection| rejection.kind()).err();
        assert_eq!(found, Some(kind), "{name}");
        let answer = self.send_token(token).await;
        assert_eq!(answer.kind(), Some(kind), "{name}, through the layer");
        assert_eq!(answer.status, kind.status(), "{name}");
        if kind.status() == StatusCode::UNAUTHORIZED {
            assert_eq!(answer.body, UNAUTHORIZED, "{name}");
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with(r#"Bearer error="invalid_token""#), "{name}: {challenge}");
        }
        assert_eq!(self.calls(), calls, "{name}: the inner service was called");
        assert_eq!(self.mock.fetches(), fetches, "{name}: something was fetched");
    }

    /// The token is accepted, and without a request to the identity provider.
    pub(crate) async fn accepts(&self, name: &str, token: &str) {
        let (fetches, calls) = (self.mock.fetches(), self.calls());
        let answer = self.send_token(token).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {:?}", answer.rejection);
        assert_eq!(self.calls(), calls + 1, "{name}");
        assert_eq!(self.mock.fetches(), fetches, "{name}: something was fetched");
    }
}

/// A part of a token.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a part of a token.
pub(crate) fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// Header, payload and signature of a token, encoded.
pub(crate) fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// The code of the rejection, or `accepted`.
pub(crate) fn code(result: Result<Claims, Rejection>) -> &'static str {
    result.map_or_else(|rejection| rejection.code(), |_| "accepted")
}

/// The output of a future that needs no wait; `None` if it is pending.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Waits until refreshes in the background have ended.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A certificate authority, a certificate that it issued for 127.0.0.1, and the certificate's key, all as PEM.
pub(crate) fn certificate() -> (String, String, String) {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "an authority for tests");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.use_authority_key_identifier_extension = true;
    (authority.pem(), params.signed_by(&key, &authority).unwrap().pem(), key.serialize_pem())
}

/// A list of authorities of several kinds.
macro_rules! authorities {
    ($($authority:expr),* $(,)?) => { vec![$(tower_entra::Authority::from($authority)),*] };
}
pub(crate) use authorities;
