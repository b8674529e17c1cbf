//! The policies of API Management, imported as a configuration (`docs/entra.md`, "API Management").
//!
//! A policy becomes the JSON that [`Config::from_json`] reads, and notes. Everything that a policy requires of a token is
//! imported or a problem, so that no token is accepted that the policy refuses; each difference is a note.

mod azure;
mod claims;
mod document;
mod elements;
mod entra;
mod expressions;
mod import;
mod issuers;
mod jwt;
mod placeholder;
mod shape;
mod surroundings;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
mod token_use;
mod trust;
mod url;
mod value;

pub use import::{ApimNote, ApimPolicy};

use super::Config;
use crate::error::ConfigError;

impl Config {
    /// Imports the `validate-jwt` or `validate-azure-ad-token` of API Management that is in `xml`: a whole document of
    /// policies, as the portal shows it or as XML, or only that element.
    ///
    /// ```
    /// use tower_entra::{Config, VerifierBuilder};
    ///
    /// let policy = Config::from_apim_policy(
    ///     r#"<validate-jwt header-name="Authorization" failed-validation-httpcode="401">
    ///         <openid-config url="https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration" />
    ///         <audiences>
    ///             <audience>66666666-7777-8888-9999-000000000000</audience>
    ///         </audiences>
    ///     </validate-jwt>"#,
    /// )?;
    /// println!("{policy}"); // the same as JSON, and the differences
    /// let verifier = VerifierBuilder::from(policy.into_config()).build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the document cannot be read: it is not XML, has an expression without an end, a DTD, more than 1 MiB or an unusual
    /// depth, or has none or several of these policies. If the policy requires something that is not supported here, or that
    /// only API Management can evaluate. If another element decides by the token who gets in. All mistakes at once, each with
    /// its place and the fix.
    pub fn from_apim_policy(xml: &str) -> Result<ApimPolicy, ConfigError> {
        document::with_policy(xml, |element, draft| {
            if element.tag_name().name() == document::JWT {
                jwt::read(element, draft)
            } else {
                azure::read(element, draft)
            }
        })?
        .finish()
    }
}
