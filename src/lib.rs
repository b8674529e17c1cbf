//! A tower [`Layer`](tower_layer::Layer) that validates Microsoft Entra ID (Azure AD) access tokens, and says exactly why
//! it refused one.

pub mod authenticate;
mod bearer;
pub mod claims;
pub mod clock;
pub mod error;
#[cfg(feature = "axum")]
pub mod extract;
pub mod fetch;
pub mod policy;
pub mod rejection;
pub mod require;
pub mod response;
pub mod tenant;
pub mod verifier;

pub use authenticate::AuthenticateLayer;
pub use claims::Claims;
pub use error::ConfigError;
pub use policy::Requirement;
pub use rejection::{Rejection, RejectionKind};
pub use require::RequireLayer;
pub use tenant::{Cloud, TenantId};
pub use verifier::Verifier;
