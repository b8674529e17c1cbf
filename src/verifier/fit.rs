//! Whether the pieces that say who issued a token fit together.

use crate::{
    claims::{
        TokenVersion,
        payload::{Payload, StringClaim},
    },
    keys::snapshot::Issuers,
    rejection::{Rejection, RejectionKind},
    tenant::{IssuerTemplate, TenantId},
};

/// The version and the tenant that an issuer names.
pub(super) fn named_by(issuers: &Issuers, issuer: &str) -> Option<(TokenVersion, TenantId)> {
    let tenant_of = |template: &Option<IssuerTemplate>| template.as_ref()?.tenant_of(issuer);
    let v2 = tenant_of(&issuers.v2).map(|tenant| (TokenVersion::V2, tenant));
    v2.or_else(|| tenant_of(&issuers.v1).map(|tenant| (TokenVersion::V1, tenant)))
}

/// `tid` must be there, a GUID as Entra writes it, and the tenant that the issuer names (§2.5).
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
