//! The 401 side: a layer that lets a request through with the [`Claims`](crate::Claims) of its token, or answers it.
//!
//! Around a router, with the token in the `Authorization` header and API Management's answer:
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_entra::{AuthenticateLayer, Claims, Verifier};
//!
//! fn app(verifier: Verifier) -> Router {
//!     Router::new().route("/me", get(me)).layer(AuthenticateLayer::new(verifier))
//! }
//!
//! async fn me(claims: Claims) -> String {
//!     claims.object_id().unwrap_or("nobody").to_owned()
//! }
//! ```
//!
//! With settings, around any service of `http` requests:
//!
//! ```
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, service_fn};
//! use tower_entra::{AuthenticateLayer, Claims, Verifier, response::Problem};
//!
//! fn service(verifier: Verifier) {
//!     let layer = AuthenticateLayer::new(verifier).responder(Problem::new()).realm("files").optional();
//!     let service = ServiceBuilder::new().layer(layer).service(service_fn(files));
//!     # let _ = tower::ServiceExt::<Request<String>>::oneshot(service, Request::new(String::new()));
//! }
//!
//! async fn files(request: Request<String>) -> Result<Response<axum::body::Body>, std::convert::Infallible> {
//!     let claims = request.extensions().get::<Claims>();
//!     Ok(Response::new(if claims.is_some() { "yours" } else { "everybody's" }.into()))
//! }
//! ```
//!
//! # What it does to a request
//!
//! - It puts [`Claims`](crate::Claims) into the request's extensions, and a mark by which
//!   [`RequireLayer`](crate::RequireLayer) and the extractors know that it was there and how it answers.
//! - The `Authorization` header stays, for on-behalf-of calls, and is marked
//!   [sensitive](http::HeaderValue::set_sensitive), so that it is not logged. With
//!   [`token_from`](AuthenticateLayer::token_from) so is every other header that has the token in it.
//! - Nothing about a caller that was there before is left: within one another, each layer decides anew, and what is
//!   inside sees the claims of the innermost alone.
//!
//! # What it does to a response
//!
//! The inner service's responses and errors pass untouched but for the type of the body. A refused request is answered
//! by the [responder](crate::response::Responder), never with an `Err`. The [`Rejection`](crate::Rejection) is in the
//! extensions of that response, and [the log](#the-log) tells of it.
//!
//! # The log
//!
//! A refusal is one `tracing` event with target `tower_entra`: at level debug where there was no token, info where it was
//! refused, warn where it could not be checked, error where a layer is missing. No token is in it and nothing personal.
//!
//! | field | |
//! |---|---|
//! | `code` | the stable [code](crate::RejectionKind::code); its sentence is the message |
//! | `status` | the HTTP status |
//! | `authority` | the configured authority that the token chose |
//! | `kid` | the key that the token names |
//! | `detail` | a further sentence about the cause; where there is no token, that the request has a cookie, a token in its address or another scheme instead |
//! | `expected`, `got` | what the configuration wants, and what the token had |
//! | `cause` | the [cause](crate::diagnosis::CauseKind) that a diagnosis finds |
//! | `remedy` | its first remedy, in the values of the token and the configuration; without a layer that of the code |
//! | `suppressed` | how many refusals with this code at this authority were not logged before this one |
//!
//! Those that are not known are left out. Of refusals with the same code at the same authority one is logged in 10 s, by the
//! [clock](crate::VerifierBuilder::clock) of the verifier, so that a flood cannot fill the log nor hide another cause. The
//! next one that is logged has the number of the others in `suppressed`; where none comes, an event "more requests refused"
//! with `code`, `authority` and `suppressed` tells of them at some other refusal, 20 s after at the latest. A layer and all
//! services made of it count together; up to 15 authorities are told apart. What is refused without a layer has one log for
//! the process. [`log_every_refusal`](AuthenticateLayer::log_every_refusal) switches the limit off:
//!
//! ```
//! use tower_entra::{AuthenticateLayer, Verifier};
//!
//! fn while_looking_for_a_fault(verifier: Verifier) -> AuthenticateLayer {
//!     AuthenticateLayer::new(verifier).log_every_refusal()
//! }
//! ```
//!
//! A layer whose verifier has [detailed errors](crate::VerifierBuilder::detailed_errors) on says so once when it is made, with
//! an event at level warn.

mod future;
mod gate;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::AuthenticateLayer;
pub use service::Authenticate;

#[cfg(test)]
mod tests;
