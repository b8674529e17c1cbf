//! Access to the network: a [`Fetch`] fetches metadata documents and key sets, and nothing else does.

#[cfg(feature = "reqwest")]
mod http;
#[cfg(not(feature = "reqwest"))]
mod without_http;

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

#[cfg(feature = "reqwest")]
pub use self::http::{HttpFetch, HttpFetchBuilder};
#[cfg(feature = "reqwest")]
pub(crate) use self::http::{check_certificates, trusting_only};
#[cfg(not(feature = "reqwest"))]
pub(crate) use self::without_http::{check_certificates, trusting_only};
use crate::error::FetchError;

/// The future of a [`Fetch`].
pub type FetchFuture = Pin<Box<dyn Future<Output = Result<FetchResponse, FetchError>> + Send>>;

/// Fetches documents over HTTP. Object-safe, and implemented for `Arc<F>`.
///
/// An implementation must not follow redirects, must stop reading at [`FetchRequest::max_bytes`], and must time out. It may
/// return any status: the caller checks it.
pub trait Fetch: fmt::Debug + Send + Sync + 'static {
    /// Fetches one document.
    fn fetch(&self, request: FetchRequest) -> FetchFuture;
}

impl<F: Fetch + ?Sized> Fetch for Arc<F> {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        (**self).fetch(request)
    }
}

/// A request for one document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchRequest {
    /// The URL, which was checked: `https`, or `http` on loopback.
    pub url: String,
    /// The `ETag` of the cached version, to be sent as `If-None-Match`.
    pub etag: Option<String>,
    /// The maximum length of the body, in bytes. A longer one is
    /// [`FetchFailure::TooLarge`](crate::error::FetchFailure::TooLarge).
    pub max_bytes: usize,
}

impl FetchRequest {
    /// A request for `url` without an `ETag`, for a body of at most `max_bytes` bytes.
    pub fn new(url: impl Into<String>, max_bytes: usize) -> Self {
        Self { url: url.into(), etag: None, max_bytes }
    }

    /// Sets the `ETag` of the cached version.
    #[must_use]
    pub fn with_etag(mut self, etag: Option<String>) -> Self {
        self.etag = etag;
        self
    }
}

/// A response of the identity provider, of any status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body, not longer than the maximum.
    pub body: Bytes,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `max-age` of the `Cache-Control` header.
    pub max_age: Option<Duration>,
    /// The `Date` header (RFC 9110, section 5.6.7): the provider's time, by which a wrong local clock is detected.
    pub date: Option<String>,
}

impl FetchResponse {
    /// A response of `status` with `body` and without headers.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }
}
