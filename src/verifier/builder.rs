use std::{fmt, future::Future, sync::Arc, time::Duration};

use super::{Check, Inner, Trust, Verifier, gate::Memory, headers::Headers, hint::Hint, route::Routes};
use crate::{
    authority::{Authority, IssuerOwners, Ownership, Trusted, subject_space},
    cache::{Cache, CacheSettings},
    claims::{
        Claims,
        authority::{AuthorityFacts, AuthorityNames},
    },
    clock::{Clock, SystemClock},
    config::{Config, ResolvedConfig},
    error::{ConfigError, ConfigProblem, FetchError},
    fetch::{Fetch, FetchFuture, FetchRequest},
    jwt::Algorithm,
    keys::{
        KeySettings, document::Surroundings, epoch::Epoch, queue::RefreshQueue, revoked::Revoked, stats::Counters,
        store::KeyStore,
    },
    policy::{Audiences, ClaimRule},
    rejection::Rejection,
    tenant::Cloud,
};

/// Builds a [`Verifier`]. Every mistake is kept, and reported by [`build`](Self::build) together with the others.
#[must_use]
pub struct VerifierBuilder {
    config: Config,
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

    /// Accepts tokens of this tenant, by its id or a verified domain. Repeat it for more tenants.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.config = self.config.tenant(tenant);
        self
    }

    /// Accepts tokens of every organisation there is. Whoever can make a tenant can then make tokens that are accepted:
    /// decide about [`Claims::tenant_id`] yourself.
    pub fn danger_any_organization(mut self) -> Self {
        self.config = self.config.danger_any_organization();
        self
    }

    /// Accepts tokens of every organisation and of personal accounts: of anybody.
    pub fn danger_any_account(mut self) -> Self {
        self.config = self.config.danger_any_account();
        self
    }

    /// Accepts tokens of personal accounts alone: of anybody.
    pub fn danger_personal_accounts(mut self) -> Self {
        self.config = self.config.danger_personal_accounts();
        self
    }

    /// One more authority whose tokens are accepted, beside the tenants that are named: B2C, External ID, any OpenID Connect
    /// issuer, another cloud. Repeat it for more. What it does not have of its own is as this builder says; but
    /// an OpenID Connect issuer other than Entra has no audience by [`client_id`](Self::client_id), which is Entra's.
    pub fn authority(mut self, authority: Authority) -> Self {
        self.config = self.config.authority(authority);
        self
    }

    /// This API's client id. `C`, `api://C` and, for each tenant `T`, `api://T/C` are then its
    /// [audiences](crate::guide::entra#audiences).
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.config = self.config.client_id(client_id);
        self
    }

    /// A further audience, compared exactly but for one trailing slash. Repeat it for more.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.config = self.config.audience(audience);
        self
    }

    /// One of Microsoft's clouds. The public one by default.
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.config = self.config.cloud(cloud);
        self
    }

    /// The address of the identity provider, such as `https://login.microsoftonline.us`, or of one that speaks like
    /// Entra on loopback; or the [name](Cloud::from_name) of a cloud.
    pub fn instance(mut self, address: impl Into<String>) -> Self {
        self.config = self.config.instance(address);
        self
    }

    /// Accepts tokens that this application got, and no other's. Repeat it for more.
    pub fn allowed_client(mut self, client_id: impl Into<String>) -> Self {
        self.config = self.config.allowed_client(client_id);
        self
    }

    /// A claim that every token must have.
    pub fn required_claim(mut self, rule: ClaimRule) -> Self {
        self.config = self.config.required_claim(rule);
        self
    }

    /// By how much clocks may differ, for `exp` and `nbf`: 0 s to 300 s, 60 s by default.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.config = self.config.leeway(leeway);
        self
    }

    /// Accepts app-only tokens without an app role, as `AllowWebApiToBeAuthorizedByACL` of Microsoft.Identity.Web: any
    /// application of an accepted tenant then gets in, and you decide by its client id.
    pub fn allow_web_api_to_be_authorized_by_acl(mut self, allow: bool) -> Self {
        self.config = self.config.allow_web_api_to_be_authorized_by_acl(allow);
        self
    }

    /// Accepts tokens that are bound to a key (`cnf`) without a proof of it: who steals one can use it.
    pub fn danger_accept_bound_tokens(mut self, accept: bool) -> Self {
        self.config = self.config.danger_accept_bound_tokens(accept);
        self
    }

    /// Fetches [the keys that this application has for itself](crate::guide::entra#application-specific-signing-keys):
    /// `?appid=`. Needs the client id.
    pub fn app_specific_keys(mut self, own: bool) -> Self {
        self.config = self.config.app_specific_keys(own);
        self
    }

    /// Never believes this key again, by its `kid`, whatever any document says.
    pub fn revoke_key(mut self, key_id: impl Into<String>) -> Self {
        self.config = self.config.revoke_key(key_id);
        self
    }

    /// Puts code and hint into the answer's body. Whoever probes this API can read them.
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.config = self.config.detailed_errors(detailed);
        self
    }

    /// The identifier of this API as a protected resource (RFC 9728 §2). It is no audience.
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.config = self.config.resource(uri);
        self
    }

    /// The longest token that is read, in bytes: 16 KiB by default.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.config = self.config.max_token_bytes(bytes);
        self
    }

    /// How keys are kept and refreshed.
    pub fn keys(mut self, settings: KeySettings) -> Self {
        self.keys = settings;
        self
    }

    /// How many accepted tokens are remembered.
    pub fn cache(mut self, settings: CacheSettings) -> Self {
        self.cache = settings;
        self
    }

    /// Fetches documents through this. By default over HTTPS, with the feature `reqwest`.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Reads the time from this. By default from the machine.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// A check of your own that may wait. It runs on every request, after all others.
    pub fn check<F, R>(mut self, check: F) -> Self
    where
        F: Fn(Claims) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Rejection>> + Send + 'static,
    {
        self.checks.push(Arc::new(check));
        self
    }

    /// The verifier. No network: keys are fetched when the first token comes, or by [`Verifier::warm_up`].
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] with every mistake, each with its setting, its value and what would be right.
    pub fn build(self) -> Result<Verifier, ConfigError> {
        let plan = self.config.resolve();
        let fetches = plan.as_ref().map_or(true, |plan| plan.authorities.iter().any(Trusted::fetches));
        let fetch = match self.fetch {
            Some(fetch) => Ok(fetch),
            None if fetches => default_fetch(),
            None => Ok(Arc::new(NoFetch) as Arc<dyn Fetch>),
        };
        let (plan, fetch) = match (plan, fetch) {
            (Ok(plan), Ok(fetch)) => (plan, fetch),
            (Err(error), Ok(_)) => return Err(error),
            (Ok(_), Err(problem)) => return Err(ConfigError::from_problem(problem)),
            (Err(error), Err(problem)) => return Err(error.with(problem)),
        };
        for warning in &plan.warnings {
            let setting = warning.settings();
            tracing::warn!(target: "tower_entra", event = "configuration", setting, "{warning}");
        }
        let ResolvedConfig { authorities, keys, detailed_errors, resource, max_token_bytes, .. } = plan;
        let mut settings = self.keys.bounded();
        let patience = settings.timeout.saturating_add(Duration::from_secs(1));
        settings.revoked.extend(keys.revoked);
        let revoked = Arc::new(Revoked::new(std::mem::take(&mut settings.revoked)));
        let queue = Arc::new(RefreshQueue::new(Arc::clone(&self.clock), &settings));
        let warm_up_timeout = settings.warm_up_timeout;
        let (counters, epoch, learnt) = (Arc::<Counters>::default(), Arc::<Epoch>::default(), Arc::<Epoch>::default());
        let around = Surroundings {
            fetch,
            clock: Arc::clone(&self.clock),
            settings: Arc::new(settings),
            counters: Arc::clone(&counters),
            epoch: Arc::clone(&epoch),
            learnt: Arc::clone(&learnt),
            revoked: Arc::clone(&revoked),
            ownership: Ownership::default(),
        };
        let owners = Arc::new(IssuerOwners::new(&authorities));
        let mut algorithms: Vec<Algorithm> = Vec::new();
        let mut audiences = Audiences::default();
        let mut accepts_nameless_keys = false;
        for trusted in &authorities {
            algorithms.extend(&*trusted.algorithms);
            accepts_nameless_keys |= trusted.source.main_document().accepts_nameless_keys();
            audiences.extend(&trusted.policy.audiences);
        }
        algorithms.sort_unstable();
        algorithms.dedup();
        let names = Arc::new(AuthorityNames::new(authorities.iter().map(|trusted| &trusted.name)));
        let trust = |(number, trusted)| {
            let around = Surroundings { ownership: Ownership::new(&owners, number), ..around.clone() };
            Trust::new(trusted, &names, &around, &queue)
        };
        let authorities: Vec<Trust> = authorities.into_iter().enumerate().map(trust).collect();
        Ok(Verifier(Arc::new(Inner {
            routes: Routes::new(&authorities, learnt),
            authorities,
            algorithms,
            accepts_nameless_keys,
            audiences,
            memory: Memory::new(Arc::clone(&self.clock)),
            cache: Cache::new(self.cache),
            headers: Headers::default(),
            clock: self.clock,
            counters,
            revoked,
            epoch,
            checks: self.checks,
            max_token_bytes,
            patience,
            warm_up_timeout,
            detailed_errors,
            resource,
            #[cfg(test)]
            stub: None,
        })))
    }
}

impl Trust {
    fn new(trusted: Trusted, names: &Arc<AuthorityNames>, around: &Surroundings, queue: &Arc<RefreshQueue>) -> Self {
        let Trusted {
            name,
            source,
            algorithms,
            policy,
            requirement,
            gate,
            b2c_policy,
            directory,
            is_required_for_readiness,
        } = trusted;
        let facts = AuthorityFacts {
            name: Arc::clone(&name),
            names: Arc::clone(names),
            cloud: source.main_document().cloud(),
            directory,
            subjects: subject_space(&source, &policy.profile),
        };
        Self {
            name,
            facts: Arc::new(facts),
            hint: Hint::of(&source.main_document()),
            keys: KeyStore::new(source, Arc::clone(&algorithms), around.clone(), Arc::clone(queue)),
            algorithms,
            audiences: policy.audiences.to_text().into(),
            policy,
            requirement,
            gate,
            b2c_policy,
            is_required_for_readiness,
        }
    }
}

/// For keys that are at hand.
#[derive(Debug)]
struct NoFetch;

impl Fetch for NoFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let reason = "nothing is fetched here: all keys are at hand".to_owned();
        Box::pin(async move { Err(FetchError::Forbidden { url: request.url, reason }) })
    }
}

#[cfg(feature = "reqwest")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature there is none")]
fn default_fetch() -> Result<Arc<dyn Fetch>, ConfigProblem> {
    Ok(Arc::new(crate::fetch::HttpFetch::new()))
}

#[cfg(not(feature = "reqwest"))]
fn default_fetch() -> Result<Arc<dyn Fetch>, ConfigProblem> {
    let advice = "something must fetch the keys: pass a Fetch, or switch the feature reqwest on";
    Err(ConfigProblem::new(crate::error::ConfigProblemKind::Missing, "fetch", None, advice))
}

impl From<Config> for VerifierBuilder {
    fn from(config: Config) -> Self {
        Self {
            config,
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
            .field("keys", &self.keys)
            .field("cache", &self.cache)
            .field("checks", &self.checks.len())
            .finish_non_exhaustive()
    }
}
