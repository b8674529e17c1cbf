//! [`Claims`] as an extractor of axum's, and [`Rejection`] as a response (feature `axum`).
//!
//! A handler that takes [`Claims`] answers 401 without them, one that takes `Option<Claims>` gets `None` behind an
//! [`optional`](crate::AuthenticateLayer::optional) layer. Without a layer both answer 500 and log what is missing.
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_entra::{AuthenticateLayer, Claims, Verifier};
//!
//! fn app(verifier: Verifier) -> Router {
//!     Router::new().route("/", get(greet)).layer(AuthenticateLayer::new(verifier).optional())
//! }
//!
//! async fn greet(claims: Option<Claims>) -> &'static str {
//!     if claims.is_some() { "welcome back" } else { "welcome" }
//! }
//! ```
//!
//! A handler may check by itself and return what comes of it:
//!
//! ```
//! use tower_entra::{Claims, Rejection, RejectionKind};
//!
//! async fn delete(claims: Claims) -> Result<&'static str, Rejection> {
//!     if !claims.has_role("Files.Admin") {
//!         return Err(Rejection::new(RejectionKind::InsufficientRole).verified());
//!     }
//!     Ok("deleted")
//! }
//! # fn app() -> axum::Router { axum::Router::new().route("/", axum::routing::delete(delete)) }
//! ```

use std::{error::Error, fmt};

use axum_core::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{Extensions, request::Parts};

use crate::{
    claims::Claims,
    rejection::{Rejection, RejectionKind},
    response::{LayerMarker, caller},
};

/// Why there are no [`Claims`] for a handler. As a response, it is what the responder of the
/// [`AuthenticateLayer`](crate::AuthenticateLayer) outside makes of it.
#[derive(Clone, Debug)]
pub struct ClaimsRejection {
    rejection: Rejection,
    mark: LayerMarker,
}

impl ClaimsRejection {
    /// [`MissingToken`](RejectionKind::MissingToken) behind an optional layer,
    /// [`LayerMissing`](RejectionKind::LayerMissing) without one.
    #[must_use]
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }
}

impl fmt::Display for ClaimsRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.fmt(f)
    }
}

impl Error for ClaimsRejection {}

impl IntoResponse for ClaimsRejection {
    fn into_response(self) -> Response {
        self.mark.refuse(&self.rejection, None).map(Body::from)
    }
}

impl IntoResponse for Rejection {
    /// The answer of [`ApiManagement`](crate::response::ApiManagement): a response that a handler returns knows of no
    /// layer. Where another responder is chosen, use [`RequireLayer`](crate::RequireLayer).
    fn into_response(self) -> Response {
        LayerMarker::default().refuse(&self, None).map(Body::from)
    }
}

fn claims(extensions: &Extensions) -> Result<Claims, ClaimsRejection> {
    match caller(extensions) {
        Ok(claims) => Ok(claims.clone()),
        Err((rejection, mark)) => Err(ClaimsRejection { rejection, mark }),
    }
}

impl<S: Sync> FromRequestParts<S> for Claims {
    type Rejection = ClaimsRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        claims(&parts.extensions)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Claims {
    type Rejection = ClaimsRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        match claims(&parts.extensions) {
            Ok(claims) => Ok(Some(claims)),
            Err(none) if none.rejection.kind() == RejectionKind::MissingToken => Ok(None),
            Err(missing) => Err(missing),
        }
    }
}

#[cfg(test)]
mod tests;
