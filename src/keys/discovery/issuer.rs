//! Checks of the issuer in a metadata document, one per kind of authority.

use crate::{
    authority::{DocumentOwner, DocumentSpec, forms, is_listed},
    claims::TokenVersion,
    error::{DocumentFault, InvalidDocument},
    tenant::{Cloud, IssuerTemplate, TenantId, split_origin},
};

/// The issuer as a template, if it has a placeholder for the tenant or names one.
pub(super) fn check_issuer(
    found: &str,
    spec: &DocumentSpec,
    version: TokenVersion,
) -> Result<Option<IssuerTemplate>, InvalidDocument> {
    let template = || {
        IssuerTemplate::parse(found).ok_or_else(|| {
            format!("its issuer {found:?} names no tenant and has no {{tenantid}} in a segment of its path")
        })
    };
    match spec {
        DocumentSpec::Entra { owner, .. } => Ok(Some(check_entra(found, template()?, spec.cloud(), owner, version)?)),
        DocumentSpec::B2c { base, tenant, policy, accept_tfp, listed } => {
            let at = base_of(base, found, is_listed(listed, found));
            let issuer = check_b2c(found, template()?, at, policy, *accept_tfp)?;
            Ok(Some(check_tenant(found, issuer, tenant)?))
        }
        DocumentSpec::ExternalId { base, tenant, listed, .. } => {
            let at = base_of(base, found, is_listed(listed, found));
            let issuer = check_external_id(found, template()?, at)?;
            Ok(Some(check_tenant(found, issuer, tenant)?))
        }
        DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. }
            if **issuer == *found || spec.other_spelling().is_some_and(|other| *other == *found) =>
        {
            Ok(None)
        }
        DocumentSpec::OpenIdConnect { issuer, .. } | DocumentSpec::Static { issuer, .. } => {
            Err(InvalidDocument::new(format!(
                "its issuer is {found:?}, not the configured {:?}; configure the issuer exactly as it is there",
                &**issuer
            )))
        }
    }
}

/// A shared document has the placeholder, and a tenant's document that tenant. At a Microsoft cloud the rest is known.
fn check_entra(
    found: &str,
    issuer: IssuerTemplate,
    cloud: Option<Cloud>,
    owner: &DocumentOwner,
    version: TokenVersion,
) -> Result<IssuerTemplate, String> {
    let known = cloud.and_then(|cloud| match version {
        TokenVersion::V1 => cloud.v1_issuer(),
        TokenVersion::V2 => Some(cloud.v2_issuer()),
    });
    if let Some(known) = known
        && !issuer.same_form(&known)
    {
        return Err(format!(
            "its issuer is {found:?}, not {:?}; name the instance whose issuer that is, and look for a proxy that answers in \
             its place",
            known.to_string()
        ));
    }
    let expected: Option<TenantId> = match owner {
        DocumentOwner::Tenant(tenant) => Some(*tenant),
        DocumentOwner::Shared(_) => None,
        DocumentOwner::Domain(domain) => {
            let tenant = issuer.tenant();
            if tenant == Some(TenantId::PERSONAL_ACCOUNTS) {
                return Err(format!("{domain} stands for all personal accounts: those are let in by name alone"));
            }
            return tenant
                .map(|_| issuer)
                .ok_or_else(|| format!("its issuer {found:?} does not say which tenant {domain} is"));
        }
    };
    if issuer.tenant() != expected {
        let expected = expected.map_or("{tenantid}".to_owned(), |tenant| tenant.to_string());
        return Err(format!(
            "its issuer is {found:?}, which is not one with {expected}; name the tenant that it is of"
        ));
    }
    Ok(issuer)
}

/// The base URL that an issuer must have: that of its authority, or its own if it is listed.
fn base_of<'a>(base: &'a str, found: &'a str, is_listed: bool) -> &'a str {
    split_origin(found).filter(|_| is_listed).map_or(base, |(origin, _)| origin)
}

/// The setting that accepts issuers with the policy, in code and in a file.
pub(crate) const ACCEPT_TFP: &str = "accept_tfp_issuers() (AcceptTfpIssuers in a file)";

/// The usual issuer of Azure AD B2C, or the one with the policy if that is enabled (`docs/entra.md`, "Azure AD B2C").
fn check_b2c(
    found: &str,
    issuer: IssuerTemplate,
    base: &str,
    policy: &str,
    accept_tfp: bool,
) -> Result<IssuerTemplate, InvalidDocument> {
    let expected = forms::b2c(base);
    if issuer.same_form(&expected) {
        return Ok(issuer);
    }
    // With or without a trailing slash, as the document has it.
    let start = found.strip_suffix('/').unwrap_or(found).strip_suffix("/v2.0");
    let named = start.and_then(|start| start.rsplit('/').next()).unwrap_or_default();
    let with_policy = forms::b2c_with_policy(base, named, found.ends_with('/'));
    if !named.eq_ignore_ascii_case(policy) || !issuer.same_form(&with_policy) {
        return Err(InvalidDocument::new(format!(
            "its issuer is {found:?}, not {:?}; configure the URL of the issuer by b2c_at() or Instance",
            expected.to_string()
        )));
    }
    if !accept_tfp {
        let reason = format!(
            "its issuer contains the policy: {ACCEPT_TFP} accepts it, or set that of the user flow to {expected}; it is {found}"
        );
        return Err(InvalidDocument::with_fault(DocumentFault::PolicyInIssuer, reason));
    }
    Ok(issuer)
}

/// The usual issuer of the tenant, or the one at the authority's base URL (`docs/entra.md`, "External ID").
fn check_external_id(found: &str, issuer: IssuerTemplate, base: &str) -> Result<IssuerTemplate, String> {
    let tenant = issuer.tenant().ok_or_else(|| format!("its issuer {found:?} does not say which tenant it is"))?;
    let usual = forms::external_id(tenant);
    let own = forms::external_id_at(base);
    if issuer.same_form(&usual) || issuer.same_form(&own) {
        Ok(issuer)
    } else {
        Err(format!(
            "its issuer is {found:?}, not {:?}; configure the URL of the issuer by external_id_at() or Instance",
            usual.to_string()
        ))
    }
}

/// A tenant that is configured by its GUID must be that of the document.
fn check_tenant(found: &str, issuer: IssuerTemplate, configured: &str) -> Result<IssuerTemplate, String> {
    match configured.parse::<TenantId>() {
        Ok(expected) if issuer.tenant() != Some(expected) => {
            Err(format!("its issuer is {found:?}, which is not one with {expected}; name the tenant that it is of"))
        }
        _ if issuer.tenant().is_none() => Err(format!("its issuer {found:?} does not say which tenant it is")),
        _ => Ok(issuer),
    }
}
