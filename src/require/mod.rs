//! The 403 side: a layer that lets a request through if its [`Claims`](crate::Claims) meet a
//! [`Requirement`](crate::Requirement).
//!
//! It stands inside an [`AuthenticateLayer`](crate::AuthenticateLayer), whose responder it answers through:
//!
//! ```
//! use axum::{Router, routing::get};
//! use tower_entra::{AuthenticateLayer, RequireLayer, Requirement, Verifier};
//!
//! fn app(verifier: Verifier) -> Router {
//!     Router::new()
//!         .route("/files", get(async || "your files").layer(RequireLayer::new(Requirement::scope("Files.Read"))))
//!         .layer(AuthenticateLayer::new(verifier))
//! }
//! ```
//!
//! Around another service:
//!
//! ```
//! use tower::ServiceBuilder;
//! use tower_entra::{AuthenticateLayer, RequireLayer, Requirement, Verifier};
//!
//! fn stack<S>(verifier: Verifier, service: S) {
//!     let service = ServiceBuilder::new()
//!         .layer(AuthenticateLayer::new(verifier).realm("files"))
//!         .layer(RequireLayer::new(Requirement::scope("Files.Read")))
//!         .service(service);
//! }
//! ```
//!
//! # What it answers
//!
//! - A requirement that is not met: 403 (RFC 6750 §3.1).
//! - One that is met but for an [authentication context](crate::Requirement::auth_context), where the client understands
//!   it: 401 with a claims challenge, [`insufficient_claims`](crate::RejectionKind::InsufficientClaims).
//! - No claims behind an [`optional`](crate::AuthenticateLayer::optional) layer: 401
//!   [`missing_token`](crate::RejectionKind::MissingToken).
//! - No [`AuthenticateLayer`](crate::AuthenticateLayer) outside: 500 [`layer_missing`](crate::RejectionKind::LayerMissing),
//!   and an event at level error that says so. It never passes unseen.

mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::RequireLayer;
pub use service::Require;

#[cfg(test)]
mod tests;
