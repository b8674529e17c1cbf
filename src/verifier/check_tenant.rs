//! The check `tenant_lookup`: whether the operator accepts the tenant.

use std::sync::Arc;

use super::{configured_authority::ConfiguredAuthority, state::VerifierState, tenant_lookup::LookupResult};
use crate::{
    authority::Gate,
    claims::Claims,
    rejection::{Detail, Rejection, RejectionKind},
    tenant::TenantId,
};

impl VerifierState {
    /// Whether the operator accepts the tenant, if that is known without waiting.
    pub(super) fn check_tenant_at_once(&self, claims: &Claims) -> Option<Result<(), Rejection>> {
        let authority = &self.authorities[claims.facts().number];
        let (Some(gate), Some(tenant)) = (&authority.gate, claims.tenant_id()) else {
            // Only authorities of Entra have a lookup, and all of their tokens have a tenant.
            return Some(if authority.gate.is_none() { Ok(()) } else { Err(authority.tenant_rejected(None)) });
        };
        let is_allowed = match gate {
            Gate::If(allows) => Some(Ok(allows(tenant))),
            Gate::By(_) => self.lookups.get((claims.facts().number, tenant)),
        };
        is_allowed.map(|result| authority.tenant_outcome(tenant, result))
    }

    /// Whether the operator accepts the tenant.
    pub(super) async fn check_tenant_lookup(&self, claims: &Claims) -> Result<(), Rejection> {
        let number = claims.facts().number;
        let authority = &self.authorities[number];
        if let Some(known) = self.check_tenant_at_once(claims) {
            return known;
        }
        let (Some(Gate::By(lookup)), Some(tenant)) = (&authority.gate, claims.tenant_id()) else {
            return Err(authority.tenant_rejected(None));
        };
        let look_up = || {
            let lookup = Arc::clone(lookup);
            async move { lookup.is_allowed(tenant).await }
        };
        let result = self.lookups.get_or_look_up((number, tenant), look_up).await;
        authority.tenant_outcome(tenant, result)
    }
}

impl ConfiguredAuthority {
    fn tenant_outcome(&self, tenant: TenantId, result: LookupResult) -> Result<(), Rejection> {
        match result {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.tenant_rejected(Some(tenant))),
            Err(rejection) => Err(rejection.verified().at_authority(&self.name)),
        }
    }

    /// The operator does not accept the tenant.
    fn tenant_rejected(&self, tenant: Option<TenantId>) -> Rejection {
        let rejection = Rejection::new(RejectionKind::WrongTenant).verified().at_authority(&self.name);
        let rejection = rejection.because(Detail::TenantRejected);
        match tenant {
            Some(tenant) => rejection.got(tenant.to_string()),
            None => rejection,
        }
    }
}
