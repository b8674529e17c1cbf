//! A tower [`Layer`](tower_layer::Layer) that lets requests with a valid Microsoft Entra ID (Azure AD) access token
//! through, with the [`Claims`] in the request's extensions, and answers all others with a 401 that you can find the
//! reason of.
//!
//! - [`Verifier`] decides about tokens; [`AuthenticateLayer`] puts it in front of a service; [`RequireLayer`] demands
//!   scopes and roles of single routes.
//! - [`Rejection`] says why not, with a stable code. What to do about each is in the guide's
//!   [troubleshooting](guide::troubleshooting).
//! - [`Config`] reads a JSON file or the environment.
//! - [`metadata`] tells clients that know nothing but the address, MCP's for one, who issues tokens for this API.
//! - [`mock-entra`](https://docs.rs/mock-entra), a crate of its own, is a mock identity provider for your tests.
//! - The [guide] is by topic: kinds of issuers, tests, security, operations, coming from elsewhere.
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
//! Without a request, for a queue or a socket:
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

// The order of the modules: each imports only those above it. `tests/layering.rs` holds it.
mod sync;
pub mod error;
pub mod clock;
pub mod tenant;
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
