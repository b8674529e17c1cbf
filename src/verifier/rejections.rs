//! Rejections with the operator's own values in them.

use std::time::Duration;

use super::{Inner, Trust, fit::check_tenant};
use crate::{
    claims::payload::{ListClaim, Payload, StringClaim},
    jwt::Header,
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

/// The shortest time after which a client is asked to come again.
const SHORTEST_RETRY: Duration = Duration::from_secs(1);

impl Inner {
    /// Its issuer is none that is configured.
    pub(super) fn unknown_issuer(&self, payload: &Payload) -> Rejection {
        let got = payload.string(StringClaim::Issuer).unwrap_or("no iss").to_owned();
        Rejection::new(RejectionKind::UnknownIssuer).got(got).expected_always(&self.routes.issuers())
    }

    /// Two authorities accept its issuer and tenant, so that neither does.
    pub(super) fn disputed(&self, authorities: [usize; 2]) -> Rejection {
        let [one, other] = authorities.map(|authority| &self.authorities[authority].name);
        let detail = "two of the configured authorities accept this issuer and tenant";
        Rejection::new(RejectionKind::UnknownIssuer).detail(detail).expected(format!("one of {one} and {other}"))
    }

    pub(super) fn is_configured_audience(&self, payload: &Payload) -> bool {
        payload.list(ListClaim::Audience).into_iter().flatten().any(|audience| self.audiences.contains(audience))
    }

    pub(super) fn for_microsoft(&self, payload: &Payload) -> Rejection {
        let got = payload.list(ListClaim::Audience).and_then(|mut audiences| audiences.next().map(str::to_owned));
        let rejection = Rejection::new(RejectionKind::MicrosoftApiToken).got(got.unwrap_or_default());
        match self.authorities.first() {
            Some(trust) => rejection.expected_always(&trust.audiences),
            None => rejection,
        }
    }
}

impl Trust {
    /// There are no keys, and none can be had.
    pub(super) fn unavailable(&self) -> Rejection {
        let wait = self.keys.retry_after().max(SHORTEST_RETRY);
        let rejection = Rejection::new(RejectionKind::KeysUnavailable).at_authority(&self.name).retry_after(wait);
        match self.keys.failure() {
            Some(failure) => rejection.got_cause(&failure),
            None => rejection,
        }
    }

    /// The document of one listed tenant could not be refreshed.
    pub(super) fn tenant_unavailable(&self, wait: Duration, cause: &str) -> Rejection {
        let rejection = Rejection::new(RejectionKind::KeysUnavailable).at_authority(&self.name);
        rejection.retry_after(wait.max(SHORTEST_RETRY)).got_cause(cause)
    }

    /// The issuer is of the right form, and names a tenant that is not accepted.
    pub(super) fn other_tenant(&self, payload: &Payload, tenant: TenantId) -> Rejection {
        let rejection = match check_tenant(payload, tenant) {
            Ok(()) => Rejection::new(RejectionKind::WrongTenant).expected_always(&self.name).got(tenant.to_string()),
            Err(rejection) => rejection,
        };
        rejection.at_authority(&self.name)
    }

    pub(super) fn unsupported(&self, header: &Header) -> Rejection {
        let rejection = Rejection::new(RejectionKind::UnsupportedAlgorithm).got(header.algorithm.as_str());
        rejection.at_authority(&self.name)
    }
}
