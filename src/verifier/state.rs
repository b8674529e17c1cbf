use std::{sync::Arc, time::Duration};

#[cfg(test)]
use super::stub;
use super::{
    configured_authority::ConfiguredAuthority,
    header_cache::HeaderCache,
    issuer_index::IssuerIndex,
    permanent::{Check, Permanent},
    tenant_lookup::TenantLookups,
};
use crate::{
    cache::Cache,
    clock::Clock,
    jwt::Algorithm,
    keys::{revision::Revision, stats::Counters},
    policy::Audiences,
    sync::{ArcSwap, Guard, Mutex},
};

/// Verifies access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Verifier(pub(super) Arc<Current>);

/// The current state, and what is needed to replace it.
pub(super) struct Current {
    pub(super) state: ArcSwap<VerifierState>,
    pub(super) permanent: Permanent,
    /// What metadata and challenges of the layers contain, which are made once.
    pub(super) resource: Option<String>,
    /// Held during a reload.
    pub(super) reloading: Mutex<()>,
}

impl Verifier {
    /// The state for one request, which loads it once: so a reload in between does not mix two configurations. Not for
    /// holding across an await: [`snapshot`](Self::snapshot) is.
    #[inline]
    pub(crate) fn state(&self) -> Guard<VerifierState> {
        self.0.state.load()
    }

    /// The same, to be kept.
    pub(crate) fn snapshot(&self) -> Arc<VerifierState> {
        self.0.state.load_full()
    }
}

/// One configuration with its keys and cached verdicts. A reload replaces it.
pub(crate) struct VerifierState {
    pub(super) authorities: Vec<ConfiguredAuthority>,
    pub(super) issuers: IssuerIndex,
    /// Those of all authorities.
    pub(super) algorithms: Vec<Algorithm>,
    /// An authority may have a key that is found without a `kid`.
    pub(super) accepts_keys_without_id: bool,
    /// Those of all authorities.
    pub(super) audiences: Audiences,
    pub(super) lookups: TenantLookups,
    pub(super) cache: Option<Cache>,
    pub(super) headers: HeaderCache,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counters: Arc<Counters>,
    pub(super) revision: Arc<Revision>,
    pub(super) checks: Vec<Arc<dyn Check>>,
    pub(super) max_token_bytes: usize,
    /// The longest wait for a refresh: a little more than its own timeout.
    pub(super) max_wait: Duration,
    pub(super) warm_up_timeout: Duration,
    pub(super) detailed_errors: bool,
    #[cfg(test)]
    pub(super) stub: Option<stub::Start>,
}
