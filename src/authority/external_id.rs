use std::fmt;

use super::settings::{Settings, common_methods, user_methods};
use crate::claims::TokenVersion;

/// A tenant of [External ID](crate::guide::entra#external-id). Made by
/// [`Authority::external_id`](super::Authority::external_id) and
/// [`Authority::external_id_at`](super::Authority::external_id_at).
///
/// ```
/// use tower_entra::{Authority, Verifier};
///
/// let customers = Authority::external_id_at("https://login.contoso.example", "11111111-2222-3333-4444-555555555555");
/// assert_eq!(customers.to_string(), "https://login.contoso.example/11111111-2222-3333-4444-555555555555");
/// let verifier =
///     Verifier::builder().client_id("66666666-7777-8888-9999-000000000000").authority(customers).build()?;
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
///
/// What does not apply to External ID does not compile:
///
/// ```compile_fail,E0599
/// # use tower_entra::Authority;
/// let authority = Authority::external_id("contoso").policy("B2C_1_susi");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId {
    pub(crate) spec: ExternalIdSpec,
    pub(crate) settings: Settings,
}

/// A tenant. Strings are as they were written, and checked when the verifier is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalIdSpec {
    pub(crate) address: String,
    pub(crate) tenant: String,
    /// The one version of tokens that is accepted; `None`: both.
    pub(crate) version: Option<TokenVersion>,
}

common_methods!(ExternalId);
user_methods!(ExternalId);

impl ExternalId {
    pub(super) fn new(address: String, tenant: String) -> Self {
        Self { spec: ExternalIdSpec { address, tenant, version: None }, settings: Settings::default() }
    }

    /// Accepts only tokens of this [version](crate::guide::entra#token-versions). Default: both. The last call counts.
    #[must_use]
    pub fn version(mut self, version: TokenVersion) -> Self {
        self.spec.version = Some(version);
        self
    }
}

impl fmt::Display for ExternalIdSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.tenant)
    }
}
