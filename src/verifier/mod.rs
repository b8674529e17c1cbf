//! The verifier: a token in, claims or a rejection out.

mod assemble;
mod builder;
mod check_signature;
mod choose_authority;
mod configured_authority;
mod header_cache;
mod issuer_index;
mod permanent;
mod pipeline;
mod policy_name;
mod readiness;
mod recorder;
mod reload;
mod run;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub(crate) mod stub;
mod tenant_lookup;
#[cfg(test)]
mod tests;
mod verify;

use std::{fmt, sync::Arc};

pub use builder::VerifierBuilder;
pub(crate) use configured_authority::AuthorityReport;
pub use permanent::Check;
pub(crate) use recorder::{Recording, Step};
pub(crate) use reload::log_detailed_errors;
pub use state::Verifier;
pub(crate) use state::VerifierState;
pub(crate) use verify::{Verdict, VerdictFuture};

use crate::{
    cache::Cache,
    clock::Clock,
    keys::{KeyStats, stats::Event},
    tenant::TenantId,
};
use permanent::Permanent;

impl Verifier {
    /// An empty builder.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let state = self.state();
        let VerifierState { counters, cache, clock, authorities, .. } = &**state;
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
    /// tokens, and lasts until the process ends, also across a [`reload`](Self::reload); [`VerifierBuilder::revoke_key`]
    /// makes it permanent.
    pub fn revoke_key(&self, key_id: impl Into<String>) {
        let key_id = key_id.into().trim().to_owned();
        tracing::warn!(target: "tower_entra", event = "key_revoked", kid = ?key_id);
        let Permanent { revoked_at_run_time, revision, .. } = &self.0.permanent;
        revoked_at_run_time.add(key_id);
        revision.increment();
    }

    /// Removes the cached result of the [`TenantLookup`](crate::authority::TenantLookup) for a tenant, so that the next
    /// request looks it up again: after a customer was added or removed, for example.
    pub fn forget_tenant(&self, tenant: TenantId) {
        self.state().lookups.forget(Some(tenant));
    }

    /// Removes the cached results for all tenants.
    pub fn forget_tenants(&self) {
        self.state().lookups.forget(None);
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.permanent.clock)
    }
}

impl VerifierState {
    /// The maximum length of a token, in bytes.
    pub(crate) fn max_token_bytes(&self) -> usize {
        self.max_token_bytes
    }

    /// The authority of a recording, or the only one there is.
    pub(crate) fn report(&self, recording: &Recording) -> Option<AuthorityReport> {
        let only = if self.authorities.len() == 1 { Some(0) } else { None };
        let index = recording.authority.or(only)?;
        // A reload may have removed it since.
        self.authorities.get(index).map(|authority| authority.report())
    }

    /// Whether there is one authority alone, so that its settings are those of the section itself.
    pub(crate) fn has_one_authority(&self) -> bool {
        self.authorities.len() == 1
    }

    /// Whether error responses have details.
    pub(crate) fn detailed_errors(&self) -> bool {
        self.detailed_errors
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

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Verifier")
            .field("authorities", &state.authorities.iter().map(|authority| &**authority.name()).collect::<Vec<_>>())
            .field("cache", &state.cache)
            .field("checks", &state.checks.len())
            .finish_non_exhaustive()
    }
}
