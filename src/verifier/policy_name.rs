use crate::{
    authority::forms,
    claims::{json, payload::Payload},
};

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
        match forms::b2c_parts(issuer) {
            Some((_, _, Some(policy))) => Self::OfIssuer(policy.to_ascii_lowercase()),
            _ => Self::None,
        }
    }
}
