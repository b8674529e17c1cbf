//! The policy of a token of Azure AD B2C.

use crate::{
    claims::{json, payload::Payload},
    tenant::TenantId,
};

/// Base, tenant and policy of an issuer of Azure AD B2C: `{base}/{tenant}/v2.0/`, or with the policy in it
/// `{base}/tfp/{tenant}/{policy}/v2.0/`, with or without the trailing slash (`docs/entra.md`, "Azure AD B2C").
pub(super) fn b2c_form(issuer: &str) -> Option<(&str, TenantId, Option<&str>)> {
    let path = issuer.find("://").and_then(|at| Some(at + 3 + issuer[at + 3..].find('/')?))?;
    let base = &issuer[..path];
    let segments: Vec<&str> = issuer[path + 1..].split('/').take(6).collect();
    let (tenant, policy) = match segments.as_slice() {
        [tenant, "v2.0", ""] => (tenant, None),
        ["tfp", tenant, policy, "v2.0"] | ["tfp", tenant, policy, "v2.0", ""] => (tenant, Some(*policy)),
        _ => return None,
    };
    Some((base, TenantId::from_canonical(tenant)?, policy))
}

/// The policy of a token, in lower case (`docs/entra.md`, "Azure AD B2C").
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PolicyName {
    /// By `tfp`, else `acr`.
    Claimed(String),
    /// Only in the issuer.
    OfIssuer(String),
    None,
}

impl PolicyName {
    pub(super) fn of(payload: &Payload, issuer: &str) -> Self {
        // A claim that is not a string names no policy, and the next one is not tried.
        let text = |raw| json::string(raw).unwrap_or_default().to_ascii_lowercase();
        if let Some(claimed) = payload.raw("tfp").or_else(|| payload.raw("acr")) {
            return Self::Claimed(text(claimed));
        }
        match b2c_form(issuer) {
            Some((_, _, Some(policy))) => Self::OfIssuer(policy.to_ascii_lowercase()),
            _ => Self::None,
        }
    }
}
