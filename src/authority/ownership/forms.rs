//! The usual issuers of each kind of authority, which follow from its base URL and its tenant.

use crate::{
    claims::TokenVersion,
    tenant::{HttpsUrl, IssuerTemplate, MicrosoftHost, TenantId, split_origin},
};

/// Of Entra at an instance, and of External ID at its base URL: `{base}/{tenantid}/v2.0`, and for v1 `{base}/{tenantid}/`
/// (`docs/entra.md`, "External ID"). Only those of `accepted`, or of both versions.
pub(super) fn of_versions(base: &str, accepted: Option<TokenVersion>) -> impl Iterator<Item = IssuerTemplate> {
    let prefix = format!("{base}/");
    [(TokenVersion::V2, "/v2.0"), (TokenVersion::V1, "/")]
        .into_iter()
        .filter(move |(version, _)| accepted.is_none_or(|only| only == *version))
        .map(move |(_, suffix)| IssuerTemplate::new(&prefix, suffix))
}

/// Of Azure AD B2C: `{base}/{tenantid}/v2.0/` (`docs/entra.md`, "Azure AD B2C").
pub(crate) fn b2c(base: &str) -> IssuerTemplate {
    IssuerTemplate::new(&format!("{base}/"), "/v2.0/")
}

/// Of Azure AD B2C with the policy in it: `{base}/tfp/{tenantid}/{policy}/v2.0/`, with or without the trailing slash
/// (`docs/entra.md`, "Azure AD B2C").
pub(crate) fn b2c_with_policy(base: &str, policy: &str, has_slash: bool) -> IssuerTemplate {
    let slash = if has_slash { "/" } else { "" };
    IssuerTemplate::new(&format!("{base}/tfp/"), &format!("/{policy}/v2.0{slash}"))
}

/// Of a tenant of External ID, wherever its metadata is: `https://{GUID}.ciamlogin.com/{GUID}/v2.0` (`docs/entra.md`,
/// "External ID").
pub(crate) fn external_id(tenant: TenantId) -> IssuerTemplate {
    external_id_at(&external_id_base(tenant)).for_tenant(tenant)
}

/// Of External ID at its base URL: `{base}/{tenantid}/v2.0`.
pub(crate) fn external_id_at(base: &str) -> IssuerTemplate {
    IssuerTemplate::new(&format!("{base}/"), "/v2.0")
}

/// The base URL of a tenant's usual issuers of External ID.
pub(super) fn external_id_base(tenant: TenantId) -> String {
    format!("https://{tenant}.{}", MicrosoftHost::external_id_domain())
}

/// Base, tenant and policy of an issuer of Azure AD B2C, with or without the policy.
pub(crate) fn b2c_parts(issuer: &str) -> Option<(&str, TenantId, Option<&str>)> {
    let (base, path) = split_origin(issuer)?;
    let segments: Vec<&str> = path[1..].split('/').take(6).collect();
    let (tenant, policy) = match segments.as_slice() {
        [tenant, "v2.0", ""] => (tenant, None),
        ["tfp", tenant, policy, "v2.0"] | ["tfp", tenant, policy, "v2.0", ""] => (tenant, Some(*policy)),
        _ => return None,
    };
    Some((base, TenantId::from_canonical(tenant)?, policy))
}

/// The origin of an issuer, which may have a placeholder in its path; `None` if nothing may be fetched from there.
pub(crate) fn origin(issuer: &str) -> Option<String> {
    HttpsUrl::parse(issuer.split('{').next()?).ok().map(|address| address.origin)
}
