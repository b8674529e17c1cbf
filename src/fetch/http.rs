//! Fetches documents over HTTPS, by reqwest and rustls.

use std::{
    error::Error,
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use reqwest::{Certificate, Client, ClientBuilder, redirect};

use super::{Fetch, FetchFuture, FetchRequest, FetchResponse};
use crate::{
    error::{ConfigError, ConfigProblem, ConfigProblemKind::Invalid, FetchError, FetchFailure, InvalidDocument},
    tenant::{HttpsUrl, is_loopback},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept: a refresh fetches its documents one after the other.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum length of a header that is kept.
const LONGEST_HEADER: usize = 1024;
const OK: u16 = 200;
/// Metadata is JSON. Key sets have a media type of their own too (RFC 7517, section 8.5), and Kubernetes supports no other.
const ACCEPT: &str = "application/json, application/jwk-set+json";

/// Fetches over HTTPS, and over HTTP on loopback.
///
/// It follows no redirects, reads only bodies of status 200 and no more than the cap, refuses compressed ones, and times out
/// after 10 s. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`) or of the system; loopback addresses are never
/// requested through a proxy. Certificates are verified against the roots of the system, on Linux also those of `SSL_CERT_FILE`
/// and `SSL_CERT_DIR`.
///
/// ```
/// use tower_entra::fetch::HttpFetch;
///
/// let fetch = HttpFetch::new();
/// # let _ = fetch;
/// ```
///
/// With shorter timeouts, and an error for an invalid root certificate:
///
/// ```
/// use std::time::Duration;
/// use tower_entra::fetch::HttpFetch;
///
/// let fetch = HttpFetch::builder().connect_timeout(Duration::from_secs(1)).timeout(Duration::from_secs(3)).build()?;
/// # let _ = fetch;
/// let error = HttpFetch::builder().with_root_certificate_pem(b"not a certificate").build().unwrap_err();
/// assert!(error.to_string().contains("with_root_certificate_pem()"));
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct HttpFetch(Arc<HttpClients>);

struct HttpClients {
    timeout: Duration,
    clients: Clients,
}

enum Clients {
    /// Built on first use, since that reads the certificates of the system.
    Own {
        settings: HttpFetchBuilder,
        remote: OnceLock<Client>,
        loopback: OnceLock<Client>,
        plain: OnceLock<Client>,
    },
    Given(Client),
}

/// Settings of an [`HttpFetch`].
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpFetchBuilder {
    connect_timeout: Duration,
    timeout: Duration,
    roots: Vec<Certificate>,
    /// Trusts only `roots`, not those of the system.
    only_roots: bool,
    problems: Vec<ConfigProblem>,
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetch").field("timeout", &self.0.timeout).finish_non_exhaustive()
    }
}

impl HttpFetch {
    /// Creates one with the defaults. Nothing is opened or read before the first request.
    #[must_use]
    pub fn new() -> Self {
        HttpFetchBuilder::default().finish()
    }

    /// A builder, for other settings than the defaults.
    pub fn builder() -> HttpFetchBuilder {
        HttpFetchBuilder::default()
    }

    /// Creates one that uses this client, with its settings for redirects (it should follow none), proxies (of loopback too)
    /// and trusted certificates. The cap, the timeout of 10 s, and the requirement of `https` remain.
    #[must_use]
    pub fn with_client(client: Client) -> Self {
        Self(Arc::new(HttpClients { timeout: TIMEOUT, clients: Clients::Given(client) }))
    }
}

impl Default for HttpFetchBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            timeout: TIMEOUT,
            roots: Vec::new(),
            only_roots: false,
            problems: Vec::new(),
        }
    }
}

impl HttpFetchBuilder {
    /// Timeout of the connection. Default: 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Timeout of the whole request. Default: 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Trusts these certificates (PEM, one or several) besides those of the system.
    pub fn with_root_certificate_pem(mut self, pem: &[u8]) -> Self {
        match Certificate::from_pem_bundle(pem) {
            Ok(roots) if !roots.is_empty() => self.roots.extend(roots),
            _ => {
                let advice = "one certificate at least is needed, in PEM: -----BEGIN CERTIFICATE----- …";
                self.problems.push(ConfigProblem::new(Invalid, "with_root_certificate_pem()", None, advice));
            }
        }
        self
    }

    /// Builds the [`HttpFetch`]. Nothing is opened or read before the first request.
    ///
    /// # Errors
    ///
    /// If a certificate is invalid, or a timeout is zero.
    pub fn build(mut self) -> Result<HttpFetch, ConfigError> {
        for (name, time) in [("connect_timeout()", self.connect_timeout), ("timeout()", self.timeout)] {
            if time.is_zero() {
                self.problems.push(ConfigProblem::new(Invalid, name, Some("0s"), "some time is needed"));
            }
        }
        ConfigError::check(std::mem::take(&mut self.problems))?;
        Ok(self.finish())
    }

    fn finish(self) -> HttpFetch {
        let timeout = self.timeout;
        let (remote, loopback, plain) = <(OnceLock<_>, OnceLock<_>, OnceLock<_>)>::default();
        let clients = Clients::Own { settings: self, remote, loopback, plain };
        HttpFetch(Arc::new(HttpClients { timeout, clients }))
    }

    fn client(&self) -> ClientBuilder {
        // Another crate in the same build may have enabled the features.
        let builder = Client::builder();
        let roots = self.roots.iter().cloned();
        let builder = if self.only_roots { builder.tls_certs_only(roots) } else { builder.tls_certs_merge(roots) };
        builder
            .user_agent(concat!("tower-entra/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
    }
}

/// Checks the certificates of [`trusting_only`].
///
/// # Errors
///
/// Says what is wrong with them.
pub(crate) fn check_certificates(pem: &str) -> Result<(), String> {
    let roots = Certificate::from_pem_bundle(pem.as_bytes()).unwrap_or_default();
    if roots.is_empty() {
        return Err("a certificate in PEM is needed: -----BEGIN CERTIFICATE----- …".to_owned());
    }
    // Nothing is opened: this only parses the certificates.
    let settings = HttpFetchBuilder { roots, only_roots: true, ..HttpFetchBuilder::default() };
    settings.client().build().map(drop).map_err(|error| format!("a certificate cannot be used: {}", chain(&error)))
}

/// A [`Fetch`] that trusts only these CA certificates.
///
/// # Errors
///
/// Says what is wrong with them.
pub(crate) fn trusting_only(pem: &str) -> Result<Arc<dyn Fetch>, String> {
    check_certificates(pem)?;
    let roots = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| chain(&error))?;
    Ok(Arc::new(HttpFetchBuilder { roots, only_roots: true, ..HttpFetchBuilder::default() }.finish()))
}

impl HttpClients {
    /// The client for an address.
    fn client(&self, address: &HttpsUrl) -> Result<Client, String> {
        let (settings, remote, loopback, plain) = match &self.clients {
            Clients::Given(client) => return Ok(client.clone()),
            Clients::Own { settings, remote, loopback, plain } => (settings, remote, loopback, plain),
        };
        let slot = match (is_loopback(&address.host), address.is_https()) {
            (false, _) => remote,
            (true, true) => loopback,
            (true, false) => plain,
        };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let mut builder = settings.client();
        if !std::ptr::eq(slot, remote) {
            builder = builder.no_proxy();
        }
        if std::ptr::eq(slot, plain) {
            // Without TLS, the machine may have no certificates at all, as in a container built from scratch.
            builder = builder.tls_certs_only(settings.roots.iter().cloned());
        }
        let client = build(builder)?;
        Ok(slot.get_or_init(|| client).clone())
    }

    async fn fetch(&self, request: &FetchRequest) -> Result<FetchResponse, FetchError> {
        let FetchRequest { url, etag, max_bytes } = request;
        let error = |failure| FetchError::new(url, failure);
        let forbidden = |reason: String| error(FetchFailure::Forbidden { reason });
        let too_large = || error(FetchFailure::TooLarge { max_bytes: *max_bytes });
        let started = Instant::now();
        let failed = |error: reqwest::Error| failure(url, started, error);

        let address = HttpsUrl::parse(url).map_err(|error| forbidden(error.to_string()))?;
        let client = self.client(&address).map_err(|cause| error(FetchFailure::Connection { cause }))?;
        let mut get = client.get(url).header(header::ACCEPT, ACCEPT).header(header::ACCEPT_ENCODING, "identity");
        if let Some(etag) = etag.as_ref().and_then(|etag| HeaderValue::from_str(etag).ok()) {
            get = get.header(header::IF_NONE_MATCH, etag);
        }
        let mut response = get.send().await.map_err(failed)?;
        // A custom client may have followed a redirect.
        HttpsUrl::parse(response.url().as_str())
            .map_err(|error| forbidden(format!("it led to another address: {error}")))?;

        let headers = response.headers();
        let mut answer = FetchResponse {
            status: response.status().as_u16(),
            etag: text(headers, &header::ETAG),
            max_age: max_age(headers),
            date: text(headers, &header::DATE),
            ..FetchResponse::default()
        };
        if answer.status != OK {
            return Ok(answer);
        }
        if let Some(encoding) =
            text(headers, &header::CONTENT_ENCODING).filter(|name| !name.eq_ignore_ascii_case("identity"))
        {
            let reason = format!("it is compressed ({encoding}), which was not requested");
            return Err(error(FetchFailure::InvalidDocument(InvalidDocument::new(reason))));
        }
        let cap = u64::try_from(*max_bytes).unwrap_or(u64::MAX);
        if response.content_length().is_some_and(|length| length > cap) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if chunk.len() > max_bytes - body.len() {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        answer.body = body.freeze();
        Ok(answer)
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let Self(inner) = self.clone();
        Box::pin(async move {
            match tokio::time::timeout(inner.timeout, inner.fetch(&request)).await {
                Ok(result) => result,
                Err(_) => Err(FetchError::new(request.url, FetchFailure::Timeout { after: inner.timeout })),
            }
        })
    }
}

fn build(builder: ClientBuilder) -> Result<Client, String> {
    // The usual cause is that the machine has no root certificates.
    builder.build().map_err(|error| {
        format!("{}; install ca-certificates, or set SSL_CERT_FILE to a file of root certificates", chain(&error))
    })
}

fn failure(url: &str, started: Instant, error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        let after = Duration::from_millis(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        return FetchError::new(url, FetchFailure::Timeout { after });
    }
    FetchError::new(url, FetchFailure::Connection { cause: chain(&error.without_url()) })
}

/// An error with all its causes, without repetitions.
fn chain(error: &dyn Error) -> String {
    let mut all = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !all.contains(&text) {
            all.push_str(": ");
            all.push_str(&text);
        }
        source = cause.source();
    }
    all
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (text.len() <= LONGEST_HEADER).then(|| text.to_owned())
}

/// The `max-age` in seconds (RFC 9111, section 5.2.2.1), the first if there are several.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let seconds = values.flat_map(|value| value.split(',')).find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| seconds.trim().trim_matches('"').parse().ok())
    })?;
    seconds.map(Duration::from_secs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
