//! Whether `iss`, `tid` and `ver` are consistent (`docs/entra.md`, "Recommended order of checks").

use super::configured_authority::ConfiguredAuthority;
use crate::{
    claims::{
        TokenVersion,
        payload::{Payload, StringClaim},
    },
    policy::Profile,
    rejection::{Detail, Rejection, RejectionKind},
    tenant::TenantId,
};

impl ConfiguredAuthority {
    /// Whether `tid` and `ver` are those of the issuer.
    pub(super) fn check_origin(
        &self,
        payload: &Payload,
        version: TokenVersion,
        tenant: Option<TenantId>,
    ) -> Result<(), Rejection> {
        self.check_tenant(payload, tenant)?;
        match self.policy.profile {
            Profile::Workforce | Profile::ExternalId => check_version(payload, version),
            // In B2C `ver` is not the version of the issuer (`docs/entra.md`, "Azure AD B2C").
            Profile::B2c | Profile::OpenIdConnect(_) | Profile::Workload => Ok(()),
        }
    }

    /// Whether `tid` is the tenant of the issuer.
    pub(super) fn check_tenant(&self, payload: &Payload, tenant: Option<TenantId>) -> Result<(), Rejection> {
        match (&self.policy.profile, tenant) {
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
}

/// `tid` must be present, a GUID as Entra writes it, and the tenant that the issuer names.
pub(super) fn check_tid(payload: &Payload, of_issuer: TenantId) -> Result<(), Rejection> {
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
