//! Settings from the builder, a JSON file, the environment or a policy of API Management, all validated by the same rules.
//!
//! A [`Config`] keeps every setting as it was written, with the name and the source it was written under, so that each
//! problem can name it. The rules are applied when the verifier is built, and all problems are reported at once.
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
mod authority_reader;
mod authority_section;
#[expect(clippy::module_inception, reason = "the public type, in a file of its own")]
mod config;
mod deserialize;
mod env;
mod file;
mod flaw;
mod identifier;
mod jsonc;
mod key;
mod location;
mod metadata_address;
mod overlap;
mod owned;
mod placeholder;
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

pub use config::Config;
pub(crate) use settings::ConfigSettings;
pub(crate) use validate::ResolvedConfig;
