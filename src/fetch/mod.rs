//! The one seam to the network: a [`Fetch`] gets metadata documents and key sets, and nothing else.

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

/// What a [`Fetch`] gives back.
pub type FetchFuture = Pin<Box<dyn Future<Output = Result<FetchResponse, FetchError>> + Send>>;

/// Gets documents over HTTP. Object-safe; an `Arc<F>` of one is one too.
///
/// An implementation must not follow redirects, must stop reading at [`FetchRequest::max_bytes`], and must give up within
/// a bounded time. Any status may be returned as it is: the caller looks at it.
pub trait Fetch: fmt::Debug + Send + Sync + 'static {
    /// Gets one document.
    fn fetch(&self, request: FetchRequest) -> FetchFuture;
}

impl<F: Fetch + ?Sized> Fetch for Arc<F> {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        (**self).fetch(request)
    }
}

/// One document to get.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchRequest {
    /// The address. It was checked: `https`, or `http` on loopback.
    pub url: String,
    /// The `ETag` of the version that is already here, to be sent as `If-None-Match`.
    pub etag: Option<String>,
    /// Bytes of body after which to give up with [`FetchFailure::TooLarge`](crate::error::FetchFailure::TooLarge).
    pub max_bytes: usize,
}

impl FetchRequest {
    /// A request for `url`, without `ETag`, with a cap of `max_bytes` bytes.
    pub fn new(url: impl Into<String>, max_bytes: usize) -> Self {
        Self { url: url.into(), etag: None, max_bytes }
    }

    /// The same with the `ETag` of the version that is already here.
    #[must_use]
    pub fn with_etag(mut self, etag: Option<String>) -> Self {
        self.etag = etag;
        self
    }
}

/// An answer of the identity provider, any status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body, not longer than the cap.
    pub body: Bytes,
    /// The `ETag` header.
    pub etag: Option<String>,
    /// `max-age` of `Cache-Control`.
    pub max_age: Option<Duration>,
    /// The `Date` header as it came (RFC 9110 §5.6.7): the provider's clock, to tell a wrong clock here.
    pub date: Option<String>,
}

impl FetchResponse {
    /// An answer of `status` with `body` and nothing else.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }
}
