//! Whether the pieces that say who issued a token fit together.

use crate::{
    claims::{
        TokenVersion,
        payload::{Payload, StringClaim},
    },
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

/// `tid` must be there, a GUID as Entra writes it, and the tenant that the issuer names (`docs/entra.md`, "Recommended
/// order of checks").
pub(super) fn check_tenant(payload: &Payload, of_issuer: TenantId) -> Result<(), Rejection> {
    let Some(tid) = payload.string(StringClaim::Tenant) else {
        return Err(Rejection::new(RejectionKind::WrongTenant).detail("the claim tid is missing"));
    };
    match TenantId::from_canonical(tid) {
        None => {
            Err(Rejection::new(RejectionKind::WrongTenant).detail("the claim tid is no GUID in lower case").got(tid))
        }
        Some(tenant) if tenant != of_issuer => Err(Rejection::new(RejectionKind::WrongIssuer)
            .detail("iss and tid name different tenants")
            .expected(format!("tid {of_issuer}"))
            .got(tid)),
        Some(_) => Ok(()),
    }
}

/// `ver`, where it is there, must be that of the issuer.
pub(super) fn check_version(payload: &Payload, version: TokenVersion) -> Result<(), Rejection> {
    match payload.string(StringClaim::Version) {
        Some(found) if found != version.as_str() => Err(Rejection::new(RejectionKind::WrongIssuer)
            .detail("ver is not the version of the issuer")
            .expected(format!("ver {version}"))
            .got(found)),
        _ => Ok(()),
    }
}
