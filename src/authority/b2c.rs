use std::fmt;

use super::settings::{Settings, common_methods, user_methods};

/// A tenant of [Azure AD B2C](crate::guide::entra#azure-ad-b2c), with one or more user flows or custom policies. Made by
/// [`Authority::b2c`](super::Authority::b2c) and [`Authority::b2c_at`](super::Authority::b2c_at).
///
/// ```
/// use tower_entra::{Authority, Verifier};
///
/// let customers = Authority::b2c("contoso", "B2C_1_susi").policy("B2C_1_edit_profile").named("customers");
/// let verifier =
///     Verifier::builder().client_id("66666666-7777-8888-9999-000000000000").authority(customers).build()?;
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
///
/// What does not apply to Azure AD B2C does not compile:
///
/// ```compile_fail,E0599
/// # use tower_entra::{Authority, claims::TokenVersion};
/// let authority = Authority::b2c("contoso", "B2C_1_susi").version(TokenVersion::V2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct B2c {
    pub(crate) spec: B2cSpec,
    pub(crate) settings: Settings,
}

/// A tenant and its policies. Strings are as they were written, and checked when the verifier is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct B2cSpec {
    pub(crate) address: String,
    pub(crate) tenant: String,
    pub(crate) policies: Vec<String>,
    /// Issuers with the policy in them.
    pub(crate) accept_tfp: bool,
    /// Tokens of applications, which name no policy.
    pub(crate) accept_app_tokens: bool,
}

common_methods!(B2c);
user_methods!(B2c);

impl B2c {
    pub(super) fn new(address: String, tenant: String, policy: String) -> Self {
        let spec = B2cSpec { address, tenant, policies: vec![policy], accept_tfp: false, accept_app_tokens: false };
        Self { spec, settings: Settings::default() }
    }

    /// Adds a user flow or custom policy.
    #[must_use]
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.spec.policies.push(policy.into());
        self
    }

    /// Accepts issuers with the policy in them, `https://{host}/tfp/{tenant}/{policy}/v2.0/`, where the user flow is
    /// configured so. Microsoft's own validators reject them.
    #[must_use]
    pub fn accept_tfp_issuers(mut self) -> Self {
        self.spec.accept_tfp = true;
        self
    }

    /// Accepts tokens of applications that name no policy. By Microsoft's documentation (Set up OAuth 2.0 client credentials
    /// flow in Azure Active Directory B2C) those tokens have neither `tfp` nor `acr`, so that without this setting they are
    /// rejected with `wrong_issuer`.
    ///
    /// The issuer and the key must belong to a listed policy, the token must have the marks of an application, and its client
    /// must be an [allowed client](Self::allowed_client), of which there must be one. The permissions in `scp` are
    /// application permissions and count as app roles. Such a token is never that of a user.
    ///
    /// ```
    /// use tower_entra::{Authority, Verifier};
    ///
    /// let verifier = Verifier::builder()
    ///     .client_id("66666666-7777-8888-9999-000000000000")
    ///     .authority(
    ///         Authority::b2c("contoso", "B2C_1_susi")
    ///             .accept_app_tokens_without_policy()
    ///             .allowed_client("77777777-8888-9999-0000-111111111111"),
    ///     )
    ///     .build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    #[must_use]
    pub fn accept_app_tokens_without_policy(mut self) -> Self {
        self.spec.accept_app_tokens = true;
        self
    }
}

impl fmt::Display for B2cSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.address, self.tenant, self.policies.join("+"))
    }
}
