//! The checks `issuer` and `tenant`: which authority a token names.

use super::{
    issuer_index::IssuerMatch,
    recorder::{Recorder, Step, Stop},
    run::Run,
    state::VerifierState,
};
use crate::{
    claims::{
        TokenVersion,
        payload::{Payload, StringClaim},
    },
    rejection::{Detail, Rejection, RejectionKind},
    tenant::TenantId,
};

/// The authority whose rules apply to a token.
pub(super) struct Chosen {
    pub(super) index: usize,
    /// Version and tenant of the issuer; `None` in a diagnosis, if the issuer is not accepted.
    pub(super) issuer: Option<(TokenVersion, Option<TenantId>)>,
}

impl<R: Recorder> Run<'_, R> {
    /// The authority that the unverified `iss` and `tid` name. It decides only which keys and rules apply.
    #[inline]
    pub(super) fn choose_authority(&mut self, payload: &Payload) -> Result<Option<Chosen>, Stop> {
        let state = self.state;
        let all = &state.authorities;
        let found = state.issuers.find(all, payload);
        if !matches!(found, IssuerMatch::Authority { .. } | IssuerMatch::OneOf { .. }) {
            // Only OpenID Connect issuers, which are known from the start, may have a key without an id.
            self.check_key_id(false)?;
        }
        let index = match found {
            IssuerMatch::Authority { authority, version, tenant } => return self.chosen(authority, version, tenant),
            IssuerMatch::OneOf { authorities, version, tenant } => {
                let authority = self.one_of(&authorities, payload, tenant)?;
                return self.chosen(authority, version, tenant);
            }
            IssuerMatch::Unknown => {
                self.note(Step::Issuer, Err::<(), _>(state.unknown_issuer(payload)))?;
                let Some(closest) = state.closest_authority(payload) else { return Ok(None) };
                closest
            }
            IssuerMatch::NotLoaded { authorities } => {
                if self.is_long_expired {
                    self.note(Step::Dates, Err::<(), _>(Rejection::new(RejectionKind::Expired)))?;
                } else {
                    self.wait_for(&authorities, |run, index| {
                        all[index].keys.refresh_main_once(run.revision, run.attempts.of(index))
                    })?;
                    self.note(Step::Issuer, Err::<(), _>(all[authorities[0]].unavailable()))?;
                }
                authorities[0]
            }
            IssuerMatch::Ambiguous { authorities } => {
                self.note(Step::Issuer, Err::<(), _>(state.ambiguous_issuer(authorities)))?;
                authorities[0]
            }
            IssuerMatch::Unresolved { authorities, tenant } => {
                self.note(Step::Issuer, Ok(()))?;
                self.check_unresolved(&authorities, tenant, payload)?;
                authorities[0]
            }
            IssuerMatch::OtherTenant { authority, tenant } => {
                self.note(Step::Issuer, Ok(()))?;
                self.note(Step::Tenant, Err::<(), _>(all[authority].other_tenant(payload, tenant)))?;
                authority
            }
            IssuerMatch::OtherPolicy { authority } => {
                self.note(Step::Issuer, Ok(()))?;
                self.note(Step::Tenant, Err::<(), _>(all[authority].other_policy(payload)))?;
                authority
            }
        };
        Ok(Some(Chosen { index, issuer: None }))
    }

    fn chosen(
        &mut self,
        index: usize,
        version: TokenVersion,
        tenant: Option<TenantId>,
    ) -> Result<Option<Chosen>, Stop> {
        self.note(Step::Issuer, Ok(()))?;
        self.note(Step::Tenant, Ok(()))?;
        Ok(Some(Chosen { index, issuer: Some((version, tenant)) }))
    }

    /// Of several policies of Azure AD B2C that accept a token, the one that has its key.
    fn one_of(&mut self, authorities: &[usize], payload: &Payload, tenant: Option<TenantId>) -> Result<usize, Stop> {
        let issuer = payload.string(StringClaim::Issuer).unwrap_or_default();
        if let Some(authority) = self.state.with_key(authorities, issuer, self.key_id(), tenant) {
            return Ok(authority);
        }
        let all = &self.state.authorities;
        let is_of_tenant = all[authorities[0]].check_tenant(payload, tenant).is_ok();
        if self.key_id().is_some() && is_of_tenant && !self.is_long_expired {
            // Each of them may have got the key by now.
            self.wait_for(authorities, |run, index| {
                all[index].keys.refresh_main_once(run.revision, run.attempts.of(index))
            })?;
        }
        Ok(authorities[0])
    }

    /// A domain that is not resolved yet may be the tenant of the token.
    fn check_unresolved(&mut self, authorities: &[usize], tenant: TenantId, payload: &Payload) -> Result<(), Stop> {
        let all = &self.state.authorities;
        let first = &all[authorities[0]];
        if self.is_long_expired {
            return self.note(Step::Dates, Err::<(), _>(Rejection::new(RejectionKind::Expired))).map(drop);
        }
        if first.check_tenant(payload, Some(tenant)).is_ok() {
            self.wait_for(authorities, |run, index| {
                all[index].keys.refresh_domains_once(run.revision, run.attempts.of(index))
            })?;
            // If there are keys, the response is that for any other tenant: it must not reveal which tenants are listed.
            if let Some(&without_keys) = authorities.iter().find(|&&index| !all[index].keys.has_keys()) {
                return self.note(Step::Tenant, Err::<(), _>(all[without_keys].unavailable())).map(drop);
            }
        }
        self.note(Step::Tenant, Err::<(), _>(first.other_tenant(payload, tenant))).map(drop)
    }
}

impl VerifierState {
    /// No authority has the issuer.
    fn unknown_issuer(&self, payload: &Payload) -> Rejection {
        let got = payload.string(StringClaim::Issuer).unwrap_or("no iss").to_owned();
        Rejection::new(RejectionKind::UnknownIssuer).got(got).expected_always(&self.issuers.accepted())
    }

    /// Two authorities accept the issuer and tenant, so that it is not clear which rules apply.
    fn ambiguous_issuer(&self, authorities: [usize; 2]) -> Rejection {
        let [one, other] = authorities.map(|index| self.authorities[index].name());
        let rejection = Rejection::new(RejectionKind::UnknownIssuer).because(Detail::AmbiguousIssuer);
        rejection.expected(format!("one of {one} and {other}"))
    }

    /// For a diagnosis of a token with an unknown issuer: the only authority, or that for Entra if the issuer looks like
    /// one of Microsoft's.
    fn closest_authority(&self, payload: &Payload) -> Option<usize> {
        if let [_] = self.authorities.as_slice() {
            return Some(0);
        }
        let issuer = payload.string(StringClaim::Issuer).unwrap_or_default();
        let is_microsoft = ["https://login.", "https://sts."].iter().any(|start| issuer.starts_with(start));
        self.authorities.iter().position(|authority| is_microsoft && authority.resolved.is_entra())
    }

    /// The first of these authorities that has the key of a token.
    fn with_key(
        &self,
        authorities: &[usize],
        issuer: &str,
        key_id: Option<&str>,
        tenant: Option<TenantId>,
    ) -> Option<usize> {
        let has_key = |authority: &usize| {
            let keys = &self.authorities[*authority].keys;
            // Metadata may have been loaded since these were chosen: only those with exactly this issuer count.
            keys.has_issuer(issuer) && keys.key_id(key_id).is_some_and(|key_id| !keys.find(key_id, tenant).is_empty())
        };
        authorities.iter().copied().find(has_key)
    }
}
