//! A tower [`Layer`](tower_layer::Layer) that validates Microsoft Entra ID (Azure AD) access tokens. It inserts the
//! [`Claims`] into the request's extensions, and rejects all other requests with a 401 whose cause you can look up.
//!
//! - [`Verifier`] validates tokens. [`AuthenticateLayer`] applies it to a service; [`RequireLayer`] requires scopes and
//!   roles for a route.
//! - [`Rejection`] has a stable code per cause. The guide's [troubleshooting](guide::troubleshooting) page has causes and
//!   remedies for each.
//! - [`Config`] reads the settings from a JSON file or the environment.
//! - [`Diagnosis`] explains why a token was rejected, and what to do.
//! - [`metadata`] serves protected-resource metadata (RFC 9728), from which clients, of MCP for example, discover the
//!   authorization server.
//! - The crate [`mock-entra`](https://docs.rs/mock-entra) is a mock identity provider for tests.
//! - The [guide] covers trusted issuers, testing, security, operations, and migration from other libraries.
//!
//! With axum (feature `axum`):
//!
//! ```no_run
//! # #[cfg(feature = "axum")] async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, routing::get};
//! use tower_entra::{AuthenticateLayer, Claims, Requirement, RequireLayer, Verifier};
//!
//! let verifier = Verifier::builder()
//!     .tenant("11111111-2222-3333-4444-555555555555")
//!     .client_id("66666666-7777-8888-9999-000000000000")
//!     .build()?; // no network; every mistake reported at once
//! let may_read = Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"));
//! let app: Router = Router::new()
//!     .route("/files", get(async |claims: Claims| format!("{:?}", claims.object_id())).layer(RequireLayer::new(may_read)))
//!     .layer(AuthenticateLayer::new(verifier));
//! # axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?;
//! # Ok(()) }
//! ```
//!
//! Without an HTTP request, for a queue or a WebSocket:
//!
//! ```no_run
//! # async fn run(token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use tower_entra::Verifier;
//!
//! let verifier = Verifier::builder()
//!     .tenant("11111111-2222-3333-4444-555555555555")
//!     .client_id("66666666-7777-8888-9999-000000000000")
//!     .build()?;
//! match verifier.verify(token).await {
//!     Ok(claims) => println!("{:?} of {:?}", claims.object_id(), claims.tenant_id()),
//!     Err(rejection) => println!("{rejection}"),
//! }
//! # Ok(()) }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

// The order of the modules: each imports only those above it. `tests/layering.rs` enforces it.
mod sync;
pub mod tenant;
pub mod error;
pub mod clock;
pub mod claims;
pub mod rejection;
mod bearer;
pub mod jwt;
mod signature;
mod jwk;
pub mod policy;
pub mod authority;
pub mod fetch;
pub mod keys;
pub mod cache;
pub mod config;
pub mod verifier;
pub mod diagnosis;
pub mod response;
pub mod authenticate;
pub mod require;
#[cfg(feature = "axum")]
pub mod extract;
pub mod metadata;
pub mod guide;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
mod readme {}

pub use authenticate::AuthenticateLayer;
pub use authority::Authority;
pub use claims::Claims;
pub use config::Config;
pub use diagnosis::Diagnosis;
pub use error::ConfigError;
pub use policy::Requirement;
pub use rejection::{Rejection, RejectionKind};
pub use require::RequireLayer;
pub use tenant::{Cloud, TenantId};
pub use verifier::{Verifier, VerifierBuilder};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
