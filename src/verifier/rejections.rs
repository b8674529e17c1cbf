//! Rejections with values of the configuration.

use std::time::Duration;

use super::{configured_authority::ConfiguredAuthority, issuer_consistency::check_tid, state::VerifierState};
use crate::{
    claims::payload::{ListClaim, Payload, StringClaim},
    rejection::{Detail, Rejection, RejectionKind},
    tenant::TenantId,
};

/// The shortest `Retry-After`.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

impl VerifierState {
    /// No authority has the issuer.
    pub(super) fn unknown_issuer(&self, payload: &Payload) -> Rejection {
        let got = payload.string(StringClaim::Issuer).unwrap_or("no iss").to_owned();
        Rejection::new(RejectionKind::UnknownIssuer).got(got).expected_always(&self.issuers.accepted())
    }

    /// Two authorities accept the issuer and tenant, so that it is not clear which rules apply.
    pub(super) fn ambiguous_issuer(&self, authorities: [usize; 2]) -> Rejection {
        let [one, other] = authorities.map(|index| &self.authorities[index].name);
        let rejection = Rejection::new(RejectionKind::UnknownIssuer).because(Detail::AmbiguousIssuer);
        rejection.expected(format!("one of {one} and {other}"))
    }

    pub(super) fn is_configured_audience(&self, payload: &Payload) -> bool {
        payload.list(ListClaim::Audience).into_iter().flatten().any(|audience| self.audiences.contains(audience))
    }

    /// The audience is a Microsoft API.
    pub(super) fn for_microsoft(&self, payload: &Payload) -> Rejection {
        let got = payload.list(ListClaim::Audience).and_then(|mut audiences| audiences.next().map(str::to_owned));
        let rejection = Rejection::new(RejectionKind::MicrosoftApiToken).got(got.unwrap_or_default());
        match self.authorities.first() {
            Some(authority) => rejection.expected_always(&authority.audiences),
            None => rejection,
        }
    }

    /// For a diagnosis of a token with an unknown issuer: the only authority, or that for Entra if the issuer looks like
    /// one of Microsoft's.
    pub(super) fn closest_authority(&self, payload: &Payload) -> Option<usize> {
        if let [_] = self.authorities.as_slice() {
            return Some(0);
        }
        let issuer = payload.string(StringClaim::Issuer).unwrap_or_default();
        let is_microsofts = ["https://login.", "https://sts."].iter().any(|start| issuer.starts_with(start));
        self.authorities.iter().position(|authority| is_microsofts && authority.is_entra())
    }
}

impl ConfiguredAuthority {
    /// There are no keys, and none can be fetched now.
    pub(super) fn unavailable(&self) -> Rejection {
        let rejection = self.keys_unavailable(self.keys.retry_after());
        match self.keys.failure() {
            Some(failure) => rejection.because(Detail::Fetch(failure)),
            None => rejection,
        }
    }

    /// The key set of one listed tenant could not be refreshed.
    pub(super) fn tenant_unavailable(&self, retry_after: Duration, cause: Detail) -> Rejection {
        self.keys_unavailable(retry_after).because(cause)
    }

    fn keys_unavailable(&self, retry_after: Duration) -> Rejection {
        let rejection = Rejection::new(RejectionKind::KeysUnavailable).at_authority(&self.name);
        rejection.retry_after(retry_after.max(MIN_RETRY_AFTER))
    }

    /// The issuer has the right form, and names a tenant that is not accepted.
    pub(super) fn other_tenant(&self, payload: &Payload, tenant: TenantId) -> Rejection {
        let rejection = match check_tid(payload, tenant) {
            Ok(()) => Rejection::new(RejectionKind::WrongTenant).expected_always(&self.name).got(tenant.to_string()),
            Err(rejection) => rejection,
        };
        rejection.at_authority(&self.name)
    }
}
