//! Settings from the builder, a JSON file, the environment or a policy of API Management, all validated by the same rules.
//!
//! A [`Config`] keeps every setting as it was written, with its name and its source, so that each problem can name it. It is
//! validated when the verifier is built, and all problems of all sources are reported at once.
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
//! .and_then(|config| config.validate())
//! .unwrap_err();
//! assert!(error.to_string().contains("AzureAd:CleintId: is not a setting; did you mean `ClientId`?"));
//! ```

mod address;
#[cfg(feature = "apim")]
mod apim;
mod authorities;
mod authority_reader;
mod authority_section;
#[expect(clippy::module_inception, reason = "the public type, in a file of its own")]
mod config;
mod config_reader;
mod deserialize;
mod env;
mod file;
mod find_section;
mod flattened;
mod flaw;
mod identifier;
mod jsonc;
mod key;
mod key_file;
mod layer;
mod listed_issuers;
mod location;
mod merge;
mod metadata_address;
mod names;
mod openid_authority;
mod overlap;
mod placeholder;
mod provenance;
mod reader;
mod report;
mod required_claims;
mod rules;
mod section;
mod section_kind;
mod section_reader;
mod setting;
mod settings;
mod size;
mod tenants;
mod token_validation;
mod validate;
mod value;
mod warning;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

#[cfg(feature = "apim")]
pub use apim::{ApimNote, ApimPolicy};

pub use config::Config;
pub use config_reader::ConfigReader;
pub use report::ConfigReport;
pub(crate) use settings::ConfigSettings;
pub(crate) use validate::ResolvedConfig;
