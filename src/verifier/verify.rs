//! From a token to a verdict: the cache, then the checks, then the operator's own checks.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use super::{
    configured_authority::ConfiguredAuthority,
    issuer_index::IssuerMatch,
    pipeline::Accepted,
    recorder::{FirstFailure, Recording, Step, Stop},
    run::RefreshAttempts,
    state::{Verifier, VerifierState},
    tenant_lookup::LookupResult,
};
use crate::{
    authority::TenantFilter,
    cache::CachedToken,
    claims::Claims,
    keys::{revision::ValidityStamp, stats::Event, waiter::Waiter},
    rejection::{Detail, Rejection, RejectionKind},
    tenant::TenantId,
};

/// A verdict that is not known yet.
pub(crate) type VerdictFuture = Pin<Box<dyn Future<Output = Result<Claims, Rejection>> + Send>>;

/// The verdict on a request.
pub(crate) enum Verdict {
    Accepted(Claims),
    Rejected(Rejection),
    /// Keys are being fetched, or an asynchronous check runs.
    Pending(VerdictFuture),
}

impl Verifier {
    /// Verifies an access token, given as it follows `Bearer`.
    ///
    /// It waits only if the key of the token is not known yet: for one refresh that all requests share.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] that says which rule the token violates.
    pub async fn verify(&self, token: &str) -> Result<Claims, Rejection> {
        let verdict = self.state().start(token.as_bytes());
        match verdict {
            Verdict::Accepted(claims) => Ok(claims),
            Verdict::Rejected(rejection) => Err(rejection),
            Verdict::Pending(verdict) => verdict.await,
        }
    }
}

impl VerifierState {
    /// Verifies a token, without waiting if possible. Not even the characters of `token` have been checked.
    pub(crate) fn start(self: &Arc<Self>, token: &[u8]) -> Verdict {
        #[cfg(test)]
        if let Some(stub) = &self.stub {
            return crate::bearer::text(token).map_or_else(Verdict::Rejected, stub);
        }
        let mut attempts = RefreshAttempts::default();
        match self.decide(token, &mut attempts) {
            Ok(claims) => match self.check_tenant_at_once(&claims) {
                Some(Ok(())) if self.checks.is_empty() => Verdict::Accepted(claims),
                Some(Err(rejection)) => Verdict::Rejected(rejection),
                _ => {
                    let state = Arc::clone(self);
                    Verdict::Pending(Box::pin(async move { state.check(claims).await }))
                }
            },
            Err(Stop::Rejected(rejection)) => Verdict::Rejected(rejection),
            Err(Stop::Wait(waiter)) => {
                let (state, token) = (Arc::clone(self), token.to_vec());
                Verdict::Pending(Box::pin(async move { state.decide_later(&token, waiter, attempts).await }))
            }
        }
    }

    /// Runs every check on `token` and records the outcomes.
    pub(crate) async fn record(&self, token: &str) -> Recording {
        let mut attempts = RefreshAttempts::default();
        loop {
            let mut recording = Recording::default();
            match self.run(token.as_bytes(), self.since_epoch(), &mut attempts, &mut recording) {
                Err(Stop::Wait(waiter)) => waiter.wait(self.max_wait).await,
                Ok(Some(Accepted { claims, .. })) => {
                    self.record_checks(claims, &mut recording).await;
                    return recording;
                }
                // A recording goes on after failures.
                Ok(None) | Err(Stop::Rejected(_)) => {
                    debug_assert!(recording.rejection().is_some(), "a token is not accepted, and no check failed");
                    return recording;
                }
            }
        }
    }

    /// The same for a token that was rejected just now: without a refresh, and without the application's checks.
    pub(crate) fn record_rejected(&self, token: &str, rejection: &Rejection) -> Recording {
        let mut recording = Recording::immediate();
        let result = self.run(token.as_bytes(), self.since_epoch(), &mut RefreshAttempts::default(), &mut recording);
        if matches!(result, Ok(Some(_))) {
            // Only the tenant lookup adds its authority: an application cannot.
            let is_lookup = rejection.authority().is_some();
            let step = if is_lookup { Step::TenantLookup } else { Step::Application };
            recording.record(step, Err(rejection.clone()));
        }
        recording
    }

    /// Verifies a token by the cache, or else by the checks.
    fn decide(&self, token: &[u8], attempts: &mut RefreshAttempts) -> Result<Claims, Stop> {
        let now = self.since_epoch();
        // A longer token cannot be in the cache, and is not read at all.
        if token.len() <= self.max_token_bytes {
            if let Some(verdict) = self.cached(token, now) {
                self.counters.count(Event::CacheHit);
                return verdict.map_err(Stop::Rejected);
            }
            self.counters.count(Event::CacheMiss);
        }
        let Some(accepted) = self.run(token, now, attempts, &mut FirstFailure)? else {
            // Unreachable: the first failure ends the run. Fails closed.
            return Err(Stop::Rejected(Rejection::new(RejectionKind::MalformedToken)));
        };
        let Accepted { claims, authority, key, is_key_without_id, encoded_header, header } = accepted;
        if let Some(cache) = &self.cache {
            let key_id = header.key_id.as_deref().filter(|_| !is_key_without_id).unwrap_or_default().into();
            let (claims, stamp) = (claims.clone(), ValidityStamp::default());
            cache.insert(token, CachedToken { claims, authority, key_id, key, stamp });
        }
        self.headers.insert(encoded_header, header);
        Ok(claims)
    }

    async fn decide_later(
        &self,
        token: &[u8],
        mut waiter: Waiter,
        mut attempts: RefreshAttempts,
    ) -> Result<Claims, Rejection> {
        loop {
            waiter.wait(self.max_wait).await;
            match self.decide(token, &mut attempts) {
                Ok(claims) => return self.check(claims).await,
                Err(Stop::Rejected(rejection)) => return Err(rejection),
                Err(Stop::Wait(next)) => waiter = next,
            }
        }
    }

    /// A cached verdict. Its dates are checked again, and its very key must still be authorized.
    fn cached(&self, token: &[u8], now: Duration) -> Option<Result<Claims, Rejection>> {
        let cache = self.cache.as_ref()?;
        let cached = cache.get(token)?;
        let authority = self.authorities.get(cached.authority)?;
        if !cached.stamp.is_valid(&self.revision, self.clock.elapsed()) {
            // Loaded before the check, so that a change in between is noticed the next time.
            let revision = self.revision.current();
            let until = authority.keys.confirm(&cached.key_id, &cached.key, cached.claims.tenant_id());
            let Some(until) = until.filter(|_| self.is_still_chosen(&cached)) else {
                cache.remove(token);
                return None;
            };
            cached.stamp.set(revision, until);
        }
        Some(match authority.resolved.policy.check_dates(cached.claims.payload(), now) {
            Ok(()) => Ok(cached.claims.clone()),
            Err(rejection) => {
                if rejection.kind() == RejectionKind::Expired {
                    cache.remove(token);
                }
                Err(rejection.verified().at_authority(authority.name()).with_key_id(&cached.key_id))
            }
        })
    }

    /// Whether the issuer still belongs to the authority that accepted the token. New documents may have given it to another
    /// one, or made it ambiguous.
    fn is_still_chosen(&self, cached: &CachedToken) -> bool {
        let (is_same_authority, version, tenant) = match self.issuers.find(&self.authorities, cached.claims.payload()) {
            IssuerMatch::Authority { authority, version, tenant } => (authority == cached.authority, version, tenant),
            IssuerMatch::OneOf { authorities, version, tenant } => {
                (authorities.contains(&cached.authority), version, tenant)
            }
            _ => return false,
        };
        is_same_authority && (version, tenant) == (cached.claims.version(), cached.claims.tenant_id())
    }

    /// The operator's tenant lookup, then the application's checks in their order.
    async fn check(&self, claims: Claims) -> Result<Claims, Rejection> {
        self.check_tenant_lookup(&claims).await?;
        self.check_application(&claims).await?;
        Ok(claims)
    }

    async fn check_application(&self, claims: &Claims) -> Result<(), Rejection> {
        for check in &self.checks {
            check.check(claims.clone()).await.map_err(Rejection::verified)?;
        }
        Ok(())
    }

    /// Whether the operator accepts the tenant, if that is known without waiting.
    fn check_tenant_at_once(&self, claims: &Claims) -> Option<Result<(), Rejection>> {
        let authority = &self.authorities[claims.facts().number];
        let Some(filter) = authority.resolved.tenant_filter() else { return Some(Ok(())) };
        // Only authorities of Entra have a filter, and all of their tokens have a tenant.
        let Some(tenant) = claims.tenant_id() else { return Some(Err(authority.tenant_rejected(None))) };
        let is_allowed = match filter {
            TenantFilter::Matching(matches) => Some(Ok(matches(tenant))),
            TenantFilter::Lookup(_) => self.lookups.get((claims.facts().number, tenant)),
        };
        is_allowed.map(|result| authority.tenant_outcome(tenant, result))
    }

    /// Whether the operator accepts the tenant.
    async fn check_tenant_lookup(&self, claims: &Claims) -> Result<(), Rejection> {
        let number = claims.facts().number;
        let authority = &self.authorities[number];
        if let Some(known) = self.check_tenant_at_once(claims) {
            return known;
        }
        let (Some(TenantFilter::Lookup(lookup)), Some(tenant)) =
            (authority.resolved.tenant_filter(), claims.tenant_id())
        else {
            return Err(authority.tenant_rejected(None));
        };
        let look_up = || {
            let lookup = Arc::clone(lookup);
            async move { lookup.is_allowed(tenant).await }
        };
        let result = self.lookups.get_or_look_up((number, tenant), look_up).await;
        authority.tenant_outcome(tenant, result)
    }

    async fn record_checks(&self, claims: Claims, recording: &mut Recording) {
        if recording.record(Step::TenantLookup, self.check_tenant_lookup(&claims).await) {
            recording.record(Step::Application, self.check_application(&claims).await);
        }
    }

    /// The time since the Unix epoch. A clock that is set to a time before it makes every token expired.
    pub(super) fn since_epoch(&self) -> Duration {
        self.clock.now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::MAX)
    }
}

impl ConfiguredAuthority {
    fn tenant_outcome(&self, tenant: TenantId, result: LookupResult) -> Result<(), Rejection> {
        match result {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.tenant_rejected(Some(tenant))),
            Err(rejection) => Err(rejection.verified().at_authority(self.name())),
        }
    }

    /// The operator does not accept the tenant.
    fn tenant_rejected(&self, tenant: Option<TenantId>) -> Rejection {
        let rejection = Rejection::new(RejectionKind::WrongTenant).verified().at_authority(self.name());
        let rejection = rejection.because(Detail::TenantRejected);
        match tenant {
            Some(tenant) => rejection.got(tenant.to_string()),
            None => rejection,
        }
    }
}
