//! The verifier: a token in, claims or a rejection out.

mod b2c;
mod builder;
mod check;
mod check_signature;
mod choose_authority;
mod expected_issuer;
mod header_cache;
mod issuer_consistency;
mod issuer_index;
mod pipeline;
mod public_cause;
mod readiness;
mod recorder;
mod refresh_attempts;
mod rejections;
mod run;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub(crate) mod stub;
mod tenant_lookup;
mod verify;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use builder::VerifierBuilder;
pub use check::Check;
pub(crate) use recorder::{Recording, Step};
pub(crate) use verify::{Verdict, VerdictFuture};

use crate::{
    authority::{Gate, Source},
    cache::Cache,
    claims::authority::AuthorityFacts,
    clock::Clock,
    error::FetchError,
    jwt::Algorithm,
    keys::{
        KeyStats,
        epoch::Epoch,
        revoked::Revoked,
        stats::{Counters, Event},
        store::KeyStore,
    },
    policy::{Audiences, Policy, Profile, Requirement},
    tenant::TenantId,
};
use expected_issuer::ExpectedIssuer;
use header_cache::HeaderCache;
use issuer_index::IssuerIndex;
use tenant_lookup::TenantLookups;

/// Verifies access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Verifier(Arc<VerifierState>);

struct VerifierState {
    authorities: Vec<ConfiguredAuthority>,
    issuers: IssuerIndex,
    /// Those of all authorities.
    algorithms: Vec<Algorithm>,
    /// An authority may have a key that is found without a `kid`.
    accepts_keys_without_id: bool,
    /// Those of all authorities.
    audiences: Audiences,
    lookups: TenantLookups,
    cache: Option<Cache>,
    headers: HeaderCache,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    revoked: Arc<Revoked>,
    epoch: Arc<Epoch>,
    checks: Vec<Arc<dyn Check>>,
    max_token_bytes: usize,
    /// The longest wait for a refresh: a little more than its own timeout.
    max_wait: Duration,
    warm_up_timeout: Duration,
    detailed_errors: bool,
    resource: Option<String>,
    #[cfg(test)]
    stub: Option<stub::Start>,
}

/// One authority with its keys and its rules.
struct ConfiguredAuthority {
    name: Arc<str>,
    algorithms: Arc<[Algorithm]>,
    keys: KeyStore,
    policy: Policy,
    /// What all of its tokens must meet.
    requirement: Option<Requirement>,
    /// The operator's decision about tenants.
    gate: Option<Gate>,
    /// What its tokens have in common, for their claims.
    facts: Arc<AuthorityFacts>,
    /// The policy of Azure AD B2C, in lower case.
    b2c_policy: Option<String>,
    /// The form of its issuers before metadata is loaded; `None` if they are known.
    expected_issuer: Option<ExpectedIssuer>,
    /// Its audiences, for messages.
    audiences: Arc<str>,
    is_required_for_readiness: bool,
}

/// The configuration and state of an authority, for a diagnosis.
pub(crate) struct AuthorityReport {
    pub(crate) name: Arc<str>,
    pub(crate) source: Source,
    pub(crate) profile: Profile,
    pub(crate) audiences: Vec<String>,
    /// Why the last refresh failed.
    pub(crate) failure: Option<Arc<FetchError>>,
    /// The provider's time and ours, as of the last response with a `Date`.
    pub(crate) clocks: Option<(SystemTime, SystemTime)>,
}

impl Verifier {
    /// An empty builder.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let VerifierState { counters, cache, clock, authorities, .. } = &*self.0;
        // Static keys have no age.
        let fetched = authorities.iter().filter(|authority| !authority.keys.is_static());
        let oldest = fetched.map(|authority| authority.keys.loaded_at()).min().flatten();
        Stats {
            keys: counters.key_stats(oldest.map(|loaded_at| clock.elapsed().saturating_sub(loaded_at))),
            cache_hits: counters.read(Event::CacheHit),
            cache_misses: counters.read(Event::CacheMiss),
            cached_tokens: cache.as_ref().map_or(0, Cache::len),
        }
    }

    /// The identifier of this API as a protected resource (RFC 9728, section 2), if it is configured.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.0.resource.as_deref()
    }

    /// Revokes a signing key by `kid`, even if the issuer still publishes it. It takes effect immediately, also for cached
    /// tokens, and lasts until the process ends; [`VerifierBuilder::revoke_key`] makes it permanent.
    pub fn revoke_key(&self, key_id: impl Into<String>) {
        let key_id = key_id.into().trim().to_owned();
        tracing::warn!(target: "tower_entra", event = "key_revoked", kid = ?key_id);
        self.0.revoked.add(key_id);
        self.0.epoch.advance();
    }

    /// Removes the cached result of the [`TenantLookup`](crate::authority::TenantLookup) for a tenant, so that the next
    /// request looks it up again: after a customer was added or removed, for example.
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.0.lookups.forget(Some(tenant));
    }

    /// Removes the cached results for all tenants.
    pub fn forget_tenants(&self) {
        self.0.lookups.forget(None);
    }

    /// The maximum length of a token, in bytes.
    pub(crate) fn max_token_bytes(&self) -> usize {
        self.0.max_token_bytes
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// The authority of a recording, or the only one there is.
    pub(crate) fn report(&self, recording: &Recording) -> Option<AuthorityReport> {
        let authorities = &self.0.authorities;
        let only = if authorities.len() == 1 { Some(0) } else { None };
        recording.authority.or(only).map(|index| authorities[index].report())
    }

    /// Whether error responses have details.
    pub(crate) fn detailed_errors(&self) -> bool {
        self.0.detailed_errors
    }
}

/// Counters of a verifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Counters of the key stores.
    pub keys: KeyStats,
    /// Requests whose token was in the cache.
    pub cache_hits: u64,
    /// Requests whose token was not in the cache.
    pub cache_misses: u64,
    /// Tokens in the cache now.
    pub cached_tokens: usize,
}

impl ConfiguredAuthority {
    fn is_entra(&self) -> bool {
        matches!(self.keys.source(), Source::Entra(_))
    }

    fn report(&self) -> AuthorityReport {
        AuthorityReport {
            name: Arc::clone(&self.name),
            source: self.keys.source().clone(),
            profile: self.policy.profile.clone(),
            audiences: self.policy.audiences.sorted(),
            failure: self.keys.failure(),
            clocks: self.keys.clocks(),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("authorities", &self.0.authorities.iter().map(|authority| &*authority.name).collect::<Vec<_>>())
            .field("cache", &self.0.cache)
            .field("checks", &self.0.checks.len())
            .finish_non_exhaustive()
    }
}
