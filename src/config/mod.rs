//! Settings from the builder, a JSON file, the environment or a policy of API Management, all validated by the same rules.
//!
//! A [`Config`] keeps every setting as it was written, with the name and the source it was written under, so that each
//! problem can name it. The rules are applied when the verifier is built, and all problems are reported at once.
//!
//! From code:
//!
//! ```
//! use tower_entra::Config;
//!
//! let config = Config::default()
//!     .tenant("11111111-2222-3333-4444-555555555555")
//!     .client_id("66666666-7777-8888-9999-000000000000");
//! assert!(config.validate().is_ok());
//! ```
//!
//! From the section of an `appsettings.json` that Microsoft.Identity.Web reads too, where a misspelled setting is named:
//!
//! ```
//! use tower_entra::Config;
//!
//! let error = Config::from_json(
//!     r#"{
//!         "AzureAd": {
//!             "Instance": "https://login.microsoftonline.com/",
//!             "TenantId": "11111111-2222-3333-4444-555555555555",
//!             "CleintId": "66666666-7777-8888-9999-000000000000"
//!         }
//!     }"#,
//! )
//! .unwrap_err();
//! assert!(error.to_string().contains("AzureAd:CleintId: there is no such setting; did you mean `ClientId`?"));
//! ```

mod address;
#[cfg(feature = "apim")]
mod apim;
mod authorities;
mod authority_keys;
mod authority_reader;
mod authority_section;
mod deserialize;
mod env;
mod file;
mod flaw;
mod jsonc;
mod key;
mod location;
mod overlap;
mod owned;
mod provenance;
mod reader;
mod required_claims;
mod rules;
mod section;
mod section_kind;
mod section_reader;
mod settings;
mod size;
mod tenants;
mod validate;
mod value;
mod warning;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

#[cfg(feature = "apim")]
pub use apim::{ApimNote, ApimPolicy};

pub use settings::Config;
pub(crate) use validate::ResolvedConfig;
