use std::{sync::Arc, time::SystemTime};

use super::{b2c::PolicyName, expected_issuer::ExpectedIssuer};
use crate::{
    authority::{Gate, Source},
    claims::{authority::AuthorityFacts, payload::Payload},
    error::FetchError,
    jwt::Algorithm,
    keys::store::KeyStore,
    policy::{ClaimRule, Policy, Profile, Requirement, names_policy},
    rejection::{Detail, Rejection, RejectionKind},
};

/// One authority with its keys and its rules.
pub(super) struct ConfiguredAuthority {
    pub(super) name: Arc<str>,
    pub(super) algorithms: Arc<[Algorithm]>,
    pub(super) keys: KeyStore,
    pub(super) policy: Policy,
    /// What all of its tokens must meet.
    pub(super) requirement: Option<Requirement>,
    /// The operator's decision about tenants.
    pub(super) gate: Option<Gate>,
    /// What its tokens have in common, for their claims.
    pub(super) facts: Arc<AuthorityFacts>,
    /// The policy of Azure AD B2C, in lower case.
    pub(super) b2c_policy: Option<String>,
    /// The form of its issuers before metadata is loaded; `None` if they are known.
    pub(super) expected_issuer: Option<ExpectedIssuer>,
    /// Its audiences, for messages.
    pub(super) audiences: Arc<str>,
    pub(super) is_required_for_readiness: bool,
}

/// The configuration and state of an authority, for a diagnosis.
pub(crate) struct AuthorityReport {
    pub(crate) name: Arc<str>,
    pub(crate) source: Source,
    pub(crate) profile: Profile,
    pub(crate) audiences: Vec<String>,
    /// Why the last refresh failed.
    pub(crate) failure: Option<Arc<FetchError>>,
    /// The provider's time and ours, as of the last response with a `Date`.
    pub(crate) clocks: Option<(SystemTime, SystemTime)>,
    pub(crate) allowed_clients: Vec<String>,
    pub(crate) required_claims: Vec<ClaimRule>,
    pub(crate) requirement: Option<Requirement>,
    pub(crate) algorithms: Arc<[Algorithm]>,
}

impl ConfiguredAuthority {
    pub(super) fn is_entra(&self) -> bool {
        matches!(self.keys.source(), Source::Entra(_))
    }

    pub(super) fn report(&self) -> AuthorityReport {
        AuthorityReport {
            name: Arc::clone(&self.name),
            source: self.keys.source().clone(),
            profile: self.policy.profile.clone(),
            audiences: self.policy.audiences.sorted(),
            failure: self.keys.failure(),
            clocks: self.keys.clocks(),
            allowed_clients: self.policy.allowed_clients.iter().cloned().collect(),
            required_claims: self.policy.required_claims.clone(),
            requirement: self.requirement.clone(),
            algorithms: Arc::clone(&self.algorithms),
        }
    }

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

    /// Whether this authority, whose metadata is not loaded, may have issued a token.
    pub(super) fn may_issue(&self, issuer: &str, payload: &Payload) -> bool {
        self.may_have_issuer(issuer) && self.accepts_policy(payload, issuer)
    }

    /// Whether its metadata may name this issuer, as far as the configuration says.
    pub(super) fn may_have_issuer(&self, issuer: &str) -> bool {
        self.expected_issuer.as_ref().is_none_or(|expected| expected.fits(issuer))
    }
}
