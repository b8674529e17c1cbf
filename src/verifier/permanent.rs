//! What a verifier keeps when its configuration is reloaded.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{
    authority::ResolvedAuthority,
    cache::CacheSettings,
    claims::Claims,
    clock::Clock,
    config::{Config, ConfigSettings, ResolvedConfig},
    error::{ConfigError, ConfigProblem, ConfigProblemKind, FetchError, FetchFailure},
    fetch::{self, Fetch, FetchFuture, FetchRequest},
    keys::{KeySettings, queue::RefreshQueue, revision::Revision, revoked::RevokedAtRunTime, stats::Counters},
    rejection::Rejection,
    sync::{Mutex, lock},
};

/// What a verifier keeps for its whole life: everything but the configuration.
pub(super) struct Permanent {
    /// The settings made in code, which override those of any configuration.
    code: ConfigSettings,
    pub(super) cache: CacheSettings,
    custom_fetch: Option<Arc<dyn Fetch>>,
    default_fetch: OnceLock<Arc<dyn Fetch>>,
    pub(super) no_fetch: Arc<dyn Fetch>,
    /// For authorities with certificates of their own, by their PEM: so that a reload with the same ones keeps the keys.
    trusting: Mutex<HashMap<Arc<str>, Arc<dyn Fetch>>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) checks: Vec<Arc<dyn Check>>,
    pub(super) settings: Arc<KeySettings>,
    pub(super) queue: Arc<RefreshQueue>,
    pub(super) counters: Arc<Counters>,
    pub(super) revision: Arc<Revision>,
    /// Keys that code revoked before the start.
    pub(super) revoked: HashSet<String>,
    pub(super) revoked_at_run_time: Arc<RevokedAtRunTime>,
}

impl Permanent {
    pub(super) fn new(
        code: ConfigSettings,
        keys: KeySettings,
        cache: CacheSettings,
        custom_fetch: Option<Arc<dyn Fetch>>,
        clock: Arc<dyn Clock>,
        checks: Vec<Arc<dyn Check>>,
    ) -> Self {
        let mut settings = keys.bounded();
        let revoked = std::mem::take(&mut settings.revoked);
        Self {
            code,
            cache,
            custom_fetch,
            default_fetch: OnceLock::new(),
            no_fetch: Arc::new(NoFetch),
            trusting: Mutex::default(),
            queue: Arc::new(RefreshQueue::new(Arc::clone(&clock), &settings)),
            clock,
            checks,
            settings: Arc::new(settings),
            counters: Arc::default(),
            revision: Arc::default(),
            revoked,
            revoked_at_run_time: Arc::default(),
        }
    }

    /// The longest wait for a refresh: a little more than its own timeout.
    pub(super) fn max_wait(&self) -> Duration {
        self.settings.timeout.saturating_add(Duration::from_secs(1))
    }

    /// What fetches documents. It is the same for the whole life, with its connections.
    pub(super) fn fetch(&self) -> Result<Arc<dyn Fetch>, ConfigProblem> {
        if let Some(fetch) = self.custom_fetch.as_ref().or(self.default_fetch.get()) {
            return Ok(Arc::clone(fetch));
        }
        let fetch = default_fetch()?;
        Ok(Arc::clone(self.default_fetch.get_or_init(|| fetch)))
    }

    /// What fetches documents of an authority from servers for which only these certificates vouch.
    pub(super) fn fetch_trusting(&self, pem: &Arc<str>) -> Result<Arc<dyn Fetch>, ConfigProblem> {
        let wrong = |advice| ConfigProblem::new(ConfigProblemKind::Invalid, "ca_certificates()", None, advice);
        let mut trusting = lock(&self.trusting);
        if let Some(fetch) = trusting.get(pem) {
            return Ok(Arc::clone(fetch));
        }
        // Those that no document uses any more.
        trusting.retain(|_, fetch| Arc::strong_count(fetch) > 1);
        let fetch = fetch::trusting_only(pem).map_err(wrong)?;
        trusting.insert(Arc::clone(pem), Arc::clone(&fetch));
        Ok(fetch)
    }

    /// Logs where each setting comes from.
    pub(super) fn log_sources(&self, config: &Config) {
        config.log_sources(&self.code);
    }

    /// Validates a configuration, with all mistakes at once.
    pub(super) fn resolve(&self, config: &Config) -> Result<ResolvedConfig, ConfigError> {
        let plan = config.resolve(&self.code);
        let needs = |needed: fn(&ResolvedAuthority) -> bool| {
            plan.as_ref().is_ok_and(|plan| plan.authorities.iter().any(needed))
        };
        let fetches = plan.is_err() || needs(|trusted| trusted.fetches() && trusted.ca_certificates.is_none());
        let has_certificates = needs(|trusted| trusted.ca_certificates.is_some());
        let problem = match &self.custom_fetch {
            Some(_) if has_certificates => {
                let advice =
                    "does not apply beside fetch(): the given Fetch decides which servers it trusts; leave one out";
                Some(ConfigProblem::new(ConfigProblemKind::Conflict, "ca_certificates()", None, advice))
            }
            _ if fetches => self.fetch().err(),
            _ => None,
        };
        match (plan, problem) {
            (plan, None) => plan,
            (Err(error), Some(problem)) => Err(error.with(problem)),
            (Ok(_), Some(problem)) => Err(ConfigError::from_problem(problem)),
        }
    }
}

/// An asynchronous check of the application, of revoked sessions or blocked users for example.
///
/// It runs after the signature and all rules, on every request, cached or not. Closures that return a future are checks.
///
/// ```
/// use tower_entra::{Claims, Rejection, RejectionKind, verifier::Check};
///
/// async fn is_revoked(_session: Option<String>) -> bool {
///     false
/// }
///
/// let check = |claims: Claims| async move {
///     if is_revoked(claims.token_id()).await { Err(Rejection::new(RejectionKind::ClaimNotAllowed)) } else { Ok(()) }
/// };
/// fn takes(_: impl Check) {}
/// takes(check);
/// ```
pub trait Check: Send + Sync + 'static {
    /// Accepts or rejects the claims.
    fn check(&self, claims: Claims) -> Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send + '_>>;
}

impl<F, R> Check for F
where
    F: Fn(Claims) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), Rejection>> + Send + 'static,
{
    fn check(&self, claims: Claims) -> Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send + '_>> {
        Box::pin(self(claims))
    }
}

/// For static keys.
#[derive(Debug)]
struct NoFetch;

impl Fetch for NoFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let reason = "all keys are static, so nothing is fetched".to_owned();
        Box::pin(async move { Err(FetchError::new(request.url, FetchFailure::Forbidden { reason })) })
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
