//! The policy of a token of Azure AD B2C.

use super::{ConfiguredAuthority, VerifierState};
use crate::{
    claims::{json, payload::Payload},
    policy::names_policy,
    rejection::{Detail, Rejection, RejectionKind},
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

impl ConfiguredAuthority {
    /// Whether the token has the policy of this authority, or needs none.
    pub(super) fn accepts_policy(&self, payload: &Payload, issuer: &str) -> bool {
        let Some(own) = &self.b2c_policy else { return true };
        match PolicyName::of(payload, issuer) {
            PolicyName::Claimed(policy) => policy == *own,
            PolicyName::OfIssuer(policy) => policy == *own && self.policy.app_tokens_without_policy,
            PolicyName::None => self.policy.app_tokens_without_policy,
        }
    }

    /// The issuer is known, but the policy is not accepted.
    pub(super) fn other_policy(&self, payload: &Payload) -> Rejection {
        let detail = match names_policy(payload) {
            true => Detail::PolicyNotAccepted,
            false => Detail::PolicyMissing,
        };
        let rejection = Rejection::new(RejectionKind::WrongIssuer).expected_always(&self.name).because(detail);
        rejection.at_authority(&self.name)
    }
}

impl VerifierState {
    /// The first of these authorities that has the key of a token.
    pub(super) fn with_key(
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
