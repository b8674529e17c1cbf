use std::{fmt, future::Future, sync::Arc, time::Duration};

use super::{Check, Verifier, permanent::Permanent};
use crate::{
    authority::Authority,
    cache::CacheSettings,
    claims::Claims,
    clock::{Clock, SystemClock},
    config::{Config, ConfigSettings},
    error::ConfigError,
    fetch::Fetch,
    keys::KeySettings,
    policy::ClaimRule,
    rejection::Rejection,
    tenant::Cloud,
};

/// Builds a [`Verifier`]. [`build`](Self::build) reports all mistakes together.
#[must_use]
pub struct VerifierBuilder {
    config: Config,
    /// What the setters were given; it overrides `config`.
    settings: ConfigSettings,
    keys: KeySettings,
    cache: CacheSettings,
    fetch: Option<Arc<dyn Fetch>>,
    clock: Arc<dyn Clock>,
    checks: Vec<Arc<dyn Check>>,
}

impl VerifierBuilder {
    pub(super) fn new() -> Self {
        Self::from(Config::default())
    }

    /// Accepts tokens of this tenant, given by its id or a verified domain. May be called more than once.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.settings = self.settings.tenant(tenant);
        self
    }

    /// Accepts tokens of every organization. Anyone can create a tenant and get accepted tokens: authorize by
    /// [`Claims::tenant_id`].
    pub fn danger_any_organization(mut self) -> Self {
        self.settings = self.settings.danger_any_organization();
        self
    }

    /// Accepts tokens of every organization and of personal accounts, that is, of anyone.
    pub fn danger_any_account(mut self) -> Self {
        self.settings = self.settings.danger_any_account();
        self
    }

    /// Accepts only tokens of personal accounts, of anyone.
    pub fn danger_personal_accounts(mut self) -> Self {
        self.settings = self.settings.danger_personal_accounts();
        self
    }

    /// Accepts tokens of another [authority](crate::authority), in addition to the tenants: B2C, External ID, an OpenID
    /// Connect issuer, another cloud. May be called more than once. Anything the authority omits is inherited from this builder, except that
    /// [`client_id`](Self::client_id) is not an audience of an OpenID Connect issuer other than Entra.
    pub fn authority(mut self, authority: impl Into<Authority>) -> Self {
        self.settings = self.settings.authority(authority);
        self
    }

    /// The client id `C` of this API. Its [audiences](crate::guide::entra#audiences) are then `C`, `api://C` and, for each
    /// tenant `T`, `api://T/C`.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.settings = self.settings.client_id(client_id);
        self
    }

    /// Adds an audience, compared exactly except for one trailing slash.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.settings = self.settings.audience(audience);
        self
    }

    /// The Microsoft cloud. Default: the public one.
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.settings = self.settings.cloud(cloud);
        self
    }

    /// The base URL of the identity provider, such as `https://login.microsoftonline.us`, or of a mock on loopback; or the
    /// [name](Cloud::from_name) of a cloud.
    pub fn instance(mut self, address: impl Into<String>) -> Self {
        self.settings = self.settings.instance(address);
        self
    }

    /// Only accepts tokens issued to this client application (`azp`/`appid`). May be called more than once. The clients given
    /// here replace the `AllowedClients` of a [`Config`].
    pub fn allowed_client(mut self, client_id: impl Into<String>) -> Self {
        self.settings = self.settings.allowed_client(client_id);
        self
    }

    /// Requires a claim of every token. May be called more than once. The rules given here replace the `RequiredClaims` of a
    /// [`Config`].
    pub fn required_claim(mut self, rule: ClaimRule) -> Self {
        self.settings = self.settings.required_claim(rule);
        self
    }

    /// The clock skew that is tolerated for `exp` and `nbf`: 0 s to 300 s. Default: 60 s.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.settings = self.settings.leeway(leeway);
        self
    }

    /// Accepts app-only tokens without an app role, as `AllowWebApiToBeAuthorizedByACL` of Microsoft.Identity.Web does. Every
    /// application of an accepted tenant is then accepted: authorize by the client id.
    pub fn allow_web_api_to_be_authorized_by_acl(mut self, allow: bool) -> Self {
        self.settings = self.settings.allow_web_api_to_be_authorized_by_acl(allow);
        self
    }

    /// Accepts tokens that are bound to a key (`cnf`) without a proof of possession: a stolen token can be used.
    pub fn danger_accept_bound_tokens(mut self, accept: bool) -> Self {
        self.settings = self.settings.danger_accept_bound_tokens(accept);
        self
    }

    /// Fetches [application-specific signing keys](crate::guide::entra#application-specific-signing-keys) (`?appid=`).
    /// Requires the client id.
    pub fn app_specific_keys(mut self, own: bool) -> Self {
        self.settings = self.settings.app_specific_keys(own);
        self
    }

    /// Revokes a signing key by `kid`, even if the issuer still publishes it. May be called more than once. The keys given here
    /// are revoked in addition to the `RevokedKeys` of a [`Config`].
    pub fn revoke_key(mut self, key_id: impl Into<String>) -> Self {
        self.settings = self.settings.revoke_key(key_id);
        self
    }

    /// Adds code and hint to the body of error responses. Any caller can read them.
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.settings = self.settings.detailed_errors(detailed);
        self
    }

    /// The identifier of this API as a protected resource (RFC 9728, section 2). It is not an audience.
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.settings = self.settings.resource(uri);
        self
    }

    /// The maximum length of a token, in bytes. Default: 16 KiB.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.settings = self.settings.max_token_bytes(bytes);
        self
    }

    /// Whether only the listed audiences are accepted, and not those that follow from the client id. Default: both are.
    ///
    /// ```
    /// use tower_entra::Verifier;
    ///
    /// let verifier = Verifier::builder()
    ///     .tenant("11111111-2222-3333-4444-555555555555")
    ///     .client_id("66666666-7777-8888-9999-000000000000")
    ///     .audience("https://orders.contoso.example")
    ///     .strict_audiences(true)
    ///     .build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    pub fn strict_audiences(mut self, strict: bool) -> Self {
        self.settings = self.settings.strict_audiences(strict);
        self
    }

    /// How keys are cached and refreshed.
    pub fn keys(mut self, settings: KeySettings) -> Self {
        self.keys = settings;
        self
    }

    /// How many accepted tokens are cached.
    pub fn cache(mut self, settings: CacheSettings) -> Self {
        self.cache = settings;
        self
    }

    /// Fetches documents. Default: over HTTPS, with the feature `reqwest`.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// The clock. Default: the system clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Adds an asynchronous check. It runs on every request, after all rules.
    pub fn check<F, R>(mut self, check: F) -> Self
    where
        F: Fn(Claims) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Rejection>> + Send + 'static,
    {
        self.checks.push(Arc::new(check));
        self
    }

    /// Validates the settings without building a verifier.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.config.resolve(&self.settings).map(drop)
    }

    /// Builds the verifier, without network access: keys are fetched for the first token, or by [`Verifier::warm_up`].
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with every mistake: its setting, its value and the fix.
    pub fn build(self) -> Result<Verifier, ConfigError> {
        let Self { config, settings, keys, cache, fetch, clock, checks } = self;
        Verifier::new(Permanent::new(settings, keys, cache, fetch, clock, checks), &config)
    }
}

impl From<Config> for VerifierBuilder {
    fn from(config: Config) -> Self {
        Self {
            config,
            settings: ConfigSettings::default(),
            keys: KeySettings::default(),
            cache: CacheSettings::default(),
            fetch: None,
            clock: Arc::new(SystemClock::default()),
            checks: Vec::new(),
        }
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder")
            .field("config", &self.config)
            .field("settings", &self.settings)
            .field("keys", &self.keys)
            .field("cache", &self.cache)
            .field("checks", &self.checks.len())
            .finish_non_exhaustive()
    }
}
