//! Tenants, clouds and the strings that name them: hosts, addresses and issuers.
//!
//! ```
//! use tower_entra::TenantId;
//!
//! let tenant: TenantId = "11111111-2222-3333-4444-555555555555".parse()?;
//! assert_eq!(tenant.to_string(), "11111111-2222-3333-4444-555555555555");
//! # Ok::<(), tower_entra::tenant::InvalidTenantId>(())
//! ```
//!
//! A cloud knows its own hosts, and the others' names for them:
//!
//! ```
//! use tower_entra::Cloud;
//!
//! assert_eq!(Cloud::from_host("login.windows.net"), Some(Cloud::Public));
//! assert_eq!(Cloud::China.login_host(), "login.partner.microsoftonline.cn");
//! ```

mod cloud;
mod https_url;
mod id;
mod instance;
mod issuer;
mod microsoft_host;
mod url_text;

pub use cloud::Cloud;
pub use https_url::InvalidAddress;
pub(crate) use https_url::{HttpsUrl, is_loopback};
pub use id::{InvalidTenantId, TenantId};
pub use instance::Instance;
pub use issuer::IssuerTemplate;
pub(crate) use microsoft_host::{CHINA_V1_HOST, MicrosoftHost};
pub(crate) use url_text::{after_https, lenient_host, split_origin, split_scheme, with_scheme, without_password};
