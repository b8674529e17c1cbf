//! A tower [`Layer`](tower_layer::Layer) that validates Microsoft Entra ID (Azure AD) access tokens, and says exactly why
//! it refused one.

// The order of the modules: each imports only those above it. `tests/layering.rs` holds it.
pub mod error;
pub mod clock;
pub mod tenant;
pub mod claims;
pub mod rejection;
pub mod jwt;
mod signature;
mod jwk;
pub mod policy;
pub mod authority;
pub mod fetch;
mod discovery;
pub mod keys;
pub mod config;

pub use authority::Authority;
pub use claims::Claims;
pub use config::Config;
pub use error::ConfigError;
pub use policy::Requirement;
pub use rejection::{Rejection, RejectionKind};
pub use tenant::{Cloud, TenantId};
