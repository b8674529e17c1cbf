//! The verifier: a token in, claims or a refusal out. It ties everything else together.

mod b2c;
mod builder;
mod check;
mod decide;
pub(crate) mod examine;
mod fit;
mod gate;
mod headers;
mod hint;
mod progress;
mod public_cause;
mod readiness;
mod rejections;
mod route;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub(crate) mod stub;

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

pub use builder::VerifierBuilder;
pub use check::Check;

use crate::{
    authority::Gate,
    cache::Cache,
    claims::{Claims, authority::AuthorityFacts},
    clock::Clock,
    jwt::Algorithm,
    keys::{
        KeyStats,
        epoch::Epoch,
        revoked::Revoked,
        stats::{Counters, Event},
        store::KeyStore,
    },
    policy::{Audiences, Policy, Requirement},
    rejection::Rejection,
    tenant::TenantId,
};
use decide::Decision;
use gate::Memory;
use headers::Headers;
use hint::Hint;
use progress::Progress;
use route::Routes;

/// Decides about access tokens. A cheap clone.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    authorities: Vec<Trust>,
    routes: Routes,
    /// Those of all authorities.
    algorithms: Vec<Algorithm>,
    /// An authority may have a key that is found without a `kid`.
    accepts_nameless_keys: bool,
    /// Those of all authorities.
    audiences: Audiences,
    /// What look-ups of tenants have said.
    memory: Memory,
    cache: Option<Cache>,
    headers: Headers,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    revoked: Arc<Revoked>,
    epoch: Arc<Epoch>,
    checks: Vec<Arc<dyn Check>>,
    max_token_bytes: usize,
    /// The longest wait for a refresh: its own timeout and a little.
    patience: Duration,
    warm_up_timeout: Duration,
    detailed_errors: bool,
    resource: Option<String>,
    #[cfg(test)]
    stub: Option<stub::Start>,
}

/// One authority with its keys and its rules.
struct Trust {
    name: Arc<str>,
    algorithms: Arc<[Algorithm]>,
    keys: KeyStore,
    policy: Policy,
    /// What all of its tokens must meet.
    requirement: Option<Requirement>,
    /// The owner's decision about tenants.
    gate: Option<Gate>,
    /// What its tokens have in common, for their claims.
    facts: Arc<AuthorityFacts>,
    /// The policy of Azure AD B2C whose tokens these are, in lower case.
    b2c_policy: Option<String>,
    /// What its issuer must look like before it is known; `None`: anything.
    hint: Option<Hint>,
    /// Its audiences, for a message.
    audiences: Arc<str>,
    /// Whether the service is ready only with its keys.
    is_required_for_readiness: bool,
}

/// What became of a token: known at once, or after a wait.
pub(crate) enum Verdict {
    Ready(Result<Claims, Rejection>),
    /// Keys must be awaited, or an owner's asynchronous check.
    Wait(Pin<Box<dyn Future<Output = Result<Claims, Rejection>> + Send>>),
}

impl Verifier {
    /// A builder with nothing set.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    /// Decides about an access token, as it stands behind `Bearer`.
    ///
    /// Waits only if the token's key is not known yet: for one refresh that all requests share.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] that says which rule the token breaks.
    pub async fn verify(&self, token: &str) -> Result<Claims, Rejection> {
        match self.start(token.as_bytes()) {
            Verdict::Ready(result) => result,
            Verdict::Wait(result) => result.await,
        }
    }

    /// Decides at once if that is possible. Not even the characters of `token` have been looked at.
    pub(crate) fn start(&self, token: &[u8]) -> Verdict {
        #[cfg(test)]
        if let Some(stub) = &self.0.stub {
            return crate::bearer::text(token).map_or_else(|rejection| Verdict::Ready(Err(rejection)), stub);
        }
        let mut progress = Progress::default();
        match self.0.decide(token, &mut progress) {
            Decision::Done(Ok(claims)) => match self.0.admits(&claims) {
                Some(Ok(())) if self.0.checks.is_empty() => Verdict::Ready(Ok(claims)),
                Some(Err(rejection)) => Verdict::Ready(Err(rejection)),
                _ => {
                    let inner = Arc::clone(&self.0);
                    Verdict::Wait(Box::pin(async move { inner.check(claims).await }))
                }
            },
            Decision::Done(result) => Verdict::Ready(result),
            Decision::Wait(waiter) => {
                let (inner, token) = (Arc::clone(&self.0), token.to_vec());
                Verdict::Wait(Box::pin(async move {
                    let mut waiter = waiter;
                    loop {
                        waiter.ended(inner.patience).await;
                        match inner.decide(&token, &mut progress) {
                            Decision::Done(Ok(claims)) => return inner.check(claims).await,
                            Decision::Done(Err(rejection)) => return Err(rejection),
                            Decision::Wait(next) => waiter = next,
                        }
                    }
                }))
            }
        }
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let Inner { counters, cache, clock, authorities, .. } = &*self.0;
        // Keys that are at hand have no age.
        let fetched = authorities.iter().filter(|trust| !trust.keys.is_static());
        let oldest = fetched.map(|trust| trust.keys.loaded_at()).min().flatten();
        Stats {
            keys: counters.key_stats(oldest.map(|loaded_at| clock.elapsed().saturating_sub(loaded_at))),
            cache_hits: counters.read(Event::CacheHit),
            cache_misses: counters.read(Event::CacheMiss),
            cached_tokens: cache.as_ref().map_or(0, Cache::len),
        }
    }

    /// The identifier of this API as a protected resource (RFC 9728 §2), if it is configured.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.0.resource.as_deref()
    }

    /// Never believes this key again, by its `kid`, whatever any document says. It holds at once, for cached verdicts
    /// too, and until the process ends; [`VerifierBuilder::revoke_key`] makes it last.
    pub fn revoke_key(&self, key_id: impl Into<String>) {
        let key_id = key_id.into().trim().to_owned();
        tracing::warn!(target: "tower_entra", event = "key_revoked", kid = ?key_id);
        self.0.revoked.add(key_id);
        self.0.epoch.advance();
    }

    /// Forgets what [`TenantLookup`](crate::authority::TenantLookup)s have said of a tenant: the next request asks again.
    /// For a customer that has just come, or gone.
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.0.memory.forget(Some(tenant));
    }

    /// Forgets what they have said of all tenants.
    pub fn forget_tenants(&self) {
        self.0.memory.forget(None);
    }

    /// The longest token that is read, in bytes.
    pub(crate) fn max_token_bytes(&self) -> usize {
        self.0.max_token_bytes
    }

    /// The clock that it was given.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// Whether answers say why.
    pub(crate) fn detailed_errors(&self) -> bool {
        self.0.detailed_errors
    }
}

/// What a verifier has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Of its keys.
    pub keys: KeyStats,
    /// Tokens whose verdict was remembered.
    pub cache_hits: u64,
    /// Tokens whose verdict was not.
    pub cache_misses: u64,
    /// Tokens in the cache now.
    pub cached_tokens: usize,
}

impl Inner {
    /// The owner's decision about the tenant, and his checks in their order.
    async fn check(&self, claims: Claims) -> Result<Claims, Rejection> {
        self.look_up(&claims).await?;
        for check in &self.checks {
            check.check(claims.clone()).await.map_err(Rejection::verified)?;
        }
        Ok(claims)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("authorities", &self.0.authorities.iter().map(|trust| &*trust.name).collect::<Vec<_>>())
            .field("cache", &self.0.cache)
            .field("checks", &self.0.checks.len())
            .finish_non_exhaustive()
    }
}
