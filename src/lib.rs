//! A tower [`Layer`](tower_layer::Layer) that validates Microsoft Entra ID (Azure AD) access tokens, and says exactly why
//! it refused one.

pub mod clock;
pub mod error;
pub mod fetch;
pub mod rejection;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::ConfigError;
pub use rejection::{Rejection, RejectionKind};
pub use tenant::{Cloud, TenantId};
