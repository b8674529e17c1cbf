use std::{sync::Arc, time::Duration};

#[cfg(test)]
use super::stub;
use super::{
    check::Check, configured_authority::ConfiguredAuthority, header_cache::HeaderCache, issuer_index::IssuerIndex,
    tenant_lookup::TenantLookups,
};
use crate::{
    cache::Cache,
    clock::Clock,
    jwt::Algorithm,
    keys::{epoch::Epoch, revoked::Revoked, stats::Counters},
    policy::Audiences,
};

/// Verifies access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Verifier(pub(super) Arc<VerifierState>);

pub(super) struct VerifierState {
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
    pub(super) revoked: Arc<Revoked>,
    pub(super) epoch: Arc<Epoch>,
    pub(super) checks: Vec<Arc<dyn Check>>,
    pub(super) max_token_bytes: usize,
    /// The longest wait for a refresh: a little more than its own timeout.
    pub(super) max_wait: Duration,
    pub(super) warm_up_timeout: Duration,
    pub(super) detailed_errors: bool,
    pub(super) resource: Option<String>,
    #[cfg(test)]
    pub(super) stub: Option<stub::Start>,
}
