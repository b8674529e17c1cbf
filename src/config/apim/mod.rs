//! The policies of API Management, read as a configuration (`docs/entra.md`, "API Management").
//!
//! A policy becomes the section that [`Config::from_json`] reads too. Nothing that a policy requires is dropped silently, so
//! that no more tokens are accepted than by the policy, and each difference gets a note.

mod azure;
mod claims;
mod document;
mod draft;
mod issuers;
mod jwt;
mod shape;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
mod url;

pub use draft::{ApimNote, ApimPolicy};

use super::config::Config;
use crate::error::ConfigError;

impl Config {
    /// Reads the one `validate-jwt` or `validate-azure-ad-token` of API Management that is in `xml`: a whole document of
    /// policies, or the element alone.
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
    /// println!("{policy}"); // the same as JSON, and what is otherwise
    /// let verifier = VerifierBuilder::from(policy.into_config()).build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not XML, has more than 1 MiB or an unusual depth, has a DTD, or has none or several of these policies; if the policy demands something that cannot be
    /// demanded here, or does not say whose tokens are for which API. All mistakes at once, each with what to do.
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
