//! A validated authority with its keys, and the checks and rejections that depend on it alone.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::policy_name::PolicyName;
use crate::{
    authority::{ExpectedIssuer, ResolvedAuthority},
    claims::{
        Claims, TokenVersion,
        authority::AuthorityFacts,
        payload::{Payload, StringClaim},
    },
    error::FetchError,
    keys::store::KeyStore,
    policy::{Profile, names_policy},
    rejection::{Detail, Rejection, RejectionKind},
    tenant::TenantId,
};

/// The shortest `Retry-After`.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A validated authority with its keys.
pub(super) struct ConfiguredAuthority {
    pub(super) resolved: Arc<ResolvedAuthority>,
    pub(super) keys: KeyStore,
    /// What its tokens have in common, for their claims.
    pub(super) facts: Arc<AuthorityFacts>,
    /// The form of its issuers before metadata is loaded; `None` if they are known.
    pub(super) expected_issuer: Option<ExpectedIssuer>,
    /// Its audiences, for messages.
    pub(super) audiences: Arc<str>,
}

/// An authority and the state of its keys, for a diagnosis.
pub(crate) struct AuthorityReport {
    pub(crate) resolved: Arc<ResolvedAuthority>,
    pub(crate) audiences: Vec<String>,
    /// Why the last refresh failed.
    pub(crate) failure: Option<Arc<FetchError>>,
    /// The provider's time and ours, as of the last response with a `Date`.
    pub(crate) clocks: Option<(SystemTime, SystemTime)>,
    pub(crate) allowed_clients: Vec<String>,
    /// The names of all authorities of the verifier.
    pub(crate) authority_names: Vec<String>,
}

impl ConfiguredAuthority {
    pub(super) fn name(&self) -> &Arc<str> {
        &self.resolved.name
    }

    pub(super) fn report(&self) -> AuthorityReport {
        AuthorityReport {
            resolved: Arc::clone(&self.resolved),
            audiences: self.resolved.policy.audiences.sorted(),
            failure: self.keys.failure(),
            clocks: self.keys.clocks(),
            allowed_clients: self.resolved.policy.allowed_clients.iter().cloned().collect(),
            authority_names: self.facts.names.iter().map(str::to_owned).collect(),
        }
    }

    /// Whether the token has the policy of this authority, or needs none.
    pub(super) fn accepts_policy(&self, payload: &Payload, issuer: &str) -> bool {
        let Some(own) = &self.resolved.b2c_policy else { return true };
        match PolicyName::of(payload, issuer) {
            PolicyName::Claimed(policy) => policy == *own,
            PolicyName::OfIssuer(policy) => policy == *own && self.accepts_app_tokens_without_policy(),
            PolicyName::None => self.accepts_app_tokens_without_policy(),
        }
    }

    pub(super) fn accepts_app_tokens_without_policy(&self) -> bool {
        self.resolved.policy.app_tokens_without_policy
    }

    /// Whether this authority, whose metadata is not loaded, may have issued a token.
    pub(super) fn may_issue(&self, issuer: &str, payload: &Payload) -> bool {
        self.may_have_issuer(issuer) && self.accepts_policy(payload, issuer)
    }

    /// Whether its metadata may name this issuer, by the configuration.
    pub(super) fn may_have_issuer(&self, issuer: &str) -> bool {
        self.expected_issuer.as_ref().is_none_or(|expected| expected.may_be(issuer))
    }

    /// Whether `tid` and `ver` are those of the issuer (`docs/entra.md`, "Recommended order of checks").
    pub(super) fn check_origin(
        &self,
        payload: &Payload,
        version: TokenVersion,
        tenant: Option<TenantId>,
    ) -> Result<(), Rejection> {
        self.check_tenant(payload, tenant)?;
        match self.resolved.policy.profile {
            Profile::Workforce | Profile::ExternalId => check_version(payload, version),
            // In B2C `ver` is not the version of the issuer (`docs/entra.md`, "Azure AD B2C").
            Profile::B2c | Profile::OpenIdConnect(_) | Profile::Workload => Ok(()),
        }
    }

    /// Whether `tid` is the tenant of the issuer.
    pub(super) fn check_tenant(&self, payload: &Payload, tenant: Option<TenantId>) -> Result<(), Rejection> {
        match (&self.resolved.policy.profile, tenant) {
            (Profile::Workforce | Profile::ExternalId, Some(tenant)) => check_tid(payload, tenant),
            // B2C tokens have no `tid` by default (`docs/entra.md`, "Azure AD B2C").
            (Profile::B2c, Some(_)) if payload.string(StringClaim::Tenant).is_none() => Ok(()),
            (Profile::B2c, Some(tenant)) => check_tid(payload, tenant),
            (Profile::OpenIdConnect(_) | Profile::Workload, None) => Ok(()),
            (_, None) | (Profile::OpenIdConnect(_) | Profile::Workload, Some(_)) => {
                Err(Rejection::new(RejectionKind::WrongIssuer))
            }
        }
    }

    pub(super) fn check_requirement(&self, claims: &Claims) -> Result<(), Rejection> {
        self.resolved.requirement.as_ref().map_or(Ok(()), |requirement| requirement.check(claims))
    }

    /// The issuer is known, but the policy is not accepted.
    pub(super) fn other_policy(&self, payload: &Payload) -> Rejection {
        let detail = match names_policy(payload) {
            true => Detail::PolicyNotAccepted,
            false => Detail::PolicyMissing,
        };
        let rejection = Rejection::new(RejectionKind::WrongIssuer).expected_always(self.name()).because(detail);
        rejection.at_authority(self.name())
    }

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
        let rejection = Rejection::new(RejectionKind::KeysUnavailable).at_authority(self.name());
        rejection.retry_after(retry_after.max(MIN_RETRY_AFTER))
    }

    /// The issuer is known, but the tenant in it is not accepted.
    pub(super) fn other_tenant(&self, payload: &Payload, tenant: TenantId) -> Rejection {
        let rejection = match check_tid(payload, tenant) {
            Ok(()) => Rejection::new(RejectionKind::WrongTenant).expected_always(self.name()).got(tenant.to_string()),
            Err(rejection) => rejection,
        };
        rejection.at_authority(self.name())
    }
}

/// `tid` must be present, a GUID as Entra writes it, and the tenant that the issuer names.
fn check_tid(payload: &Payload, of_issuer: TenantId) -> Result<(), Rejection> {
    let Some(tid) = payload.string(StringClaim::Tenant) else {
        return Err(Rejection::new(RejectionKind::WrongTenant).because(Detail::TenantMissing));
    };
    match TenantId::from_canonical(tid) {
        None => Err(Rejection::new(RejectionKind::WrongTenant).because(Detail::TenantNotGuid).got(tid)),
        Some(tenant) if tenant != of_issuer => Err(Rejection::new(RejectionKind::WrongIssuer)
            .because(Detail::TenantMismatch)
            .expected(format!("tid {of_issuer}"))
            .got(tid)),
        Some(_) => Ok(()),
    }
}

/// `ver`, if present, must be the version of the issuer.
fn check_version(payload: &Payload, version: TokenVersion) -> Result<(), Rejection> {
    match payload.string(StringClaim::Version) {
        Some(found) if found != version.as_str() => Err(Rejection::new(RejectionKind::WrongIssuer)
            .because(Detail::VersionMismatch)
            .expected(format!("ver {version}"))
            .got(found)),
        _ => Ok(()),
    }
}
