//! A tower [`Layer`](tower_layer::Layer) that validates Microsoft Entra ID (Azure AD) access tokens, and says exactly why
//! it refused one.

// The order of the modules: each imports only those above it. `tests/layering.rs` holds it.
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
mod discovery;
pub mod keys;
pub mod cache;
pub mod config;
pub mod verifier;
pub mod response;
pub mod authenticate;
pub mod require;
#[cfg(feature = "axum")]
pub mod extract;
#[cfg(feature = "testing")]
pub mod testing;

pub use authenticate::AuthenticateLayer;
pub use authority::Authority;
pub use claims::Claims;
pub use config::Config;
pub use error::ConfigError;
pub use policy::Requirement;
pub use rejection::{Rejection, RejectionKind};
pub use require::RequireLayer;
pub use tenant::{Cloud, TenantId};
pub use verifier::{Verifier, VerifierBuilder};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
