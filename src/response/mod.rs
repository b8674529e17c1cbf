//! What the caller of a refused request is answered.
//!
//! A [`Responder`] builds the answer: [`ApiManagement`] unless another is chosen, [`Problem`], [`Empty`], [`Grpc`], or a
//! closure. What of a [`Rejection`] it shows is settled by the [`ResponseContext`]: one sentence, or code and hint too
//! where the owner switched detailed errors on. The `WWW-Authenticate` header comes from the [`Challenge`].
//!
//! | | without detailed errors | with them, also | of tokens whose signature verified, also |
//! |---|---|---|---|
//! | [`ApiManagement`] | one sentence for each status | `code`, `hint` | `expected`, `got` |
//! | [`Problem`] | `about:blank`, the status | `type` in the [guide](crate::guide::troubleshooting), `title`, `detail`, `code` | `expected`, `got` |
//! | [`Grpc`] | the public description, its reason | code and hint as message, the code as reason | `expected`, `got` |
//! | [`Empty`] | – | – | – |
//!
//! The default says this and no more:
//!
//! ```
//! use tower_entra::{Rejection, RejectionKind};
//! use tower_entra::response::{ApiManagement, Responder, ResponseContext};
//!
//! let rejection = Rejection::new(RejectionKind::Expired).verified();
//! let response = ApiManagement::new().respond(&rejection, &ResponseContext::default());
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.body(), r#"{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}"#);
//! assert_eq!(
//!     response.headers()["www-authenticate"],
//!     r#"Bearer error="invalid_token", error_description="the token has expired""#,
//! );
//! ```
//!
//! A closure takes the [`Rejection`] and is free to answer as it likes:
//!
//! ```
//! use http::Response;
//! use tower_entra::{AuthenticateLayer, Rejection, Verifier};
//!
//! fn layer(verifier: Verifier) -> AuthenticateLayer {
//!     AuthenticateLayer::new(verifier).responder(|rejection: &Rejection| {
//!         let mut response = Response::new(format!("no entry: {}", rejection.code()));
//!         *response.status_mut() = rejection.status();
//!         response
//!     })
//! }
//! ```

mod body;
mod challenge;
mod error_info;
mod grpc;
mod json;
mod log;
mod layer_marker;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};

pub use body::ResponseBody;
pub use challenge::Challenge;
use challenge::Prepared;
pub use grpc::Grpc;
pub use json::{ApiManagement, Problem};
#[cfg(test)]
pub(crate) use layer_marker::has_passed;
pub(crate) use layer_marker::{LayerMarker, LayerMarkers, caller, marker_of};
pub(crate) use log::Log;

use crate::rejection::Rejection;

/// Builds the answer to a refused request.
///
/// Implemented for closures `Fn(&Rejection) -> http::Response<impl Into<Bytes>>`. An answer with status 401, or with the
/// rejection's own status 400 or 403, that has no `WWW-Authenticate` header is given one afterwards, whoever built it
/// (RFC 9110 §15.5.2, RFC 6750 §3).
pub trait Responder: Send + Sync + 'static {
    /// The answer to the request that was refused with `rejection`.
    ///
    /// Of the rejection, only [`public_description`](Rejection::public_description) may be shown unless
    /// [`context.detailed()`](ResponseContext::detailed).
    fn respond(&self, rejection: &Rejection, context: &ResponseContext) -> Response<Bytes>;
}

impl<F, T> Responder for F
where
    F: Fn(&Rejection) -> Response<T> + Send + Sync + 'static,
    T: Into<Bytes>,
{
    fn respond(&self, rejection: &Rejection, _: &ResponseContext) -> Response<Bytes> {
        self(rejection).map(Into::into)
    }
}

/// What a [`Responder`] has to know beside the rejection.
#[derive(Clone, Debug)]
pub struct ResponseContext {
    challenge: Challenge,
    detailed: bool,
    prepared: Arc<Prepared>,
}

impl Default for ResponseContext {
    fn default() -> Self {
        Self::new(Challenge::new(), false)
    }
}

impl ResponseContext {
    /// With this challenge, and code and hint of a rejection shown to callers if `detailed`.
    #[must_use]
    pub fn new(challenge: Challenge, detailed: bool) -> Self {
        let prepared = Arc::new(Prepared::new(&challenge));
        Self { challenge, detailed, prepared }
    }

    /// Whether the owner lets callers see code and hint.
    #[must_use]
    pub fn detailed(&self) -> bool {
        self.detailed
    }

    /// What the `WWW-Authenticate` header is made from.
    #[must_use]
    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// Sets the headers that `rejection` calls for: `WWW-Authenticate` with 400, 401 and 403 (RFC 6750 §3), `Retry-After` in
    /// whole seconds, at least one, with 503 (RFC 9110 §10.2.3).
    pub fn set_headers(&self, rejection: &Rejection, headers: &mut HeaderMap) {
        if let Some(challenge) = self.prepared.header(rejection).or_else(|| self.challenge.header(rejection)) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if rejection.status() == StatusCode::SERVICE_UNAVAILABLE {
            let wait = rejection.retry_after_time().unwrap_or_default();
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
    }

    /// A response with these, and with the headers that `rejection` calls for.
    fn response(&self, rejection: &Rejection, status: StatusCode, body: impl Into<Bytes>) -> Response<Bytes> {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        self.set_headers(rejection, response.headers_mut());
        response
    }
}

/// The status and the headers, without a body.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Empty;

impl Empty {
    /// The responder.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Responder for Empty {
    fn respond(&self, rejection: &Rejection, context: &ResponseContext) -> Response<Bytes> {
        context.response(rejection, rejection.status(), Bytes::new())
    }
}

#[cfg(test)]
mod tests;
