//! The rules for the claims of a token. They are pure functions; the pipeline of the verifier calls them in order.
//!
//! The requirement of one operation is a [`Requirement`]:
//!
//! ```
//! use tower_entra::Requirement;
//!
//! let read = Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"));
//! # let _ = read;
//! ```
//!
//! A claim that every token must have is a [`ClaimRule`]:
//!
//! ```
//! use tower_entra::policy::ClaimRule;
//!
//! let staff = ClaimRule::any("department", ["engineering", "support"]);
//! assert_eq!(staff.to_string(), "claim department with any of [engineering, support]");
//! ```

mod claim_rule;
mod microsoft;
mod profile;
mod requirement;
mod truth;

use std::{collections::HashSet, time::Duration};

pub use claim_rule::ClaimRule;
pub(crate) use microsoft::{microsoft_api, microsoft_api_names};
pub(crate) use profile::{Mapping, Path, Profile};
pub use requirement::Requirement;
pub(crate) use requirement::Wanted;

use crate::{
    claims::{
        Mapped, TokenVersion, client_id_of,
        payload::{ListClaim, Payload, StringClaim},
        scopes,
    },
    rejection::{Detail, Malformed, Rejection, RejectionKind},
    tenant::TenantId,
};

/// The longest leeway that can be set.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(300);

/// Claims about a user, which tokens of the client credentials flow do not have.
const MARKS_OF_USERS: [&str; 14] = [
    "auth_time",
    "idp",
    "amr",
    "name",
    "given_name",
    "family_name",
    "email",
    "emails",
    "preferred_username",
    "unique_name",
    "upn",
    "signInName",
    "signInNames",
    "newUser",
];

/// Whether a token of Azure AD B2C names its policy.
pub(crate) fn names_policy(payload: &Payload) -> bool {
    payload.raw("tfp").is_some() || payload.raw("acr").is_some()
}

/// The kind of an access token.
#[derive(Debug)]
pub(crate) struct TokenClassification {
    /// It was issued to an application, without a user.
    pub(crate) app_only: bool,
    /// The claims that its issuer has under other names than Entra.
    pub(crate) mapped: Option<Box<Mapped>>,
}

/// The rules for all tokens of an authority.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) profile: Profile,
    /// For `exp` and `nbf`, up to [`MAX_LEEWAY`].
    pub(crate) leeway: Duration,
    pub(crate) audiences: Audiences,
    /// GUIDs in lower case. Empty: every client is allowed.
    pub(crate) allowed_clients: HashSet<String>,
    pub(crate) required_claims: Vec<ClaimRule>,
    /// `AllowWebApiToBeAuthorizedByACL`: an app-only token needs no role, but it needs the marks of an application.
    pub(crate) allow_without_role: bool,
    /// A token bound to a key is accepted as plain bearer.
    pub(crate) accept_bound: bool,
    /// A token of Azure AD B2C that names no policy is accepted as an application's.
    pub(crate) app_tokens_without_policy: bool,
}

/// The accepted audiences, compared exactly except for one trailing slash (`docs/entra.md`, "Audiences").
#[derive(Clone, Debug, Default)]
pub(crate) struct Audiences {
    accepted: HashSet<String>,
    /// The client id whose usual audiences the setting `StrictAudiences` leaves out.
    pub(crate) left_out: Option<String>,
}

impl Audiences {
    pub(crate) fn insert(&mut self, audience: &str) {
        self.accepted.insert(without_slash(audience).to_owned());
    }

    pub(crate) fn contains(&self, audience: &str) -> bool {
        self.accepted.contains(without_slash(audience))
    }

    pub(crate) fn extend(&mut self, others: &Self) {
        self.accepted.extend(others.accepted.iter().cloned());
    }

    /// All of them, the shortest first.
    pub(crate) fn sorted(&self) -> Vec<String> {
        let mut all: Vec<String> = self.accepted.iter().cloned().collect();
        all.sort_unstable_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        all
    }

    /// Up to four of the shortest, for messages.
    pub(crate) fn to_text(&self) -> String {
        const SHOWN: usize = 4;
        let mut all: Vec<&str> = self.accepted.iter().map(String::as_str).collect();
        all.sort_unstable_by_key(|audience| (audience.len(), *audience));
        let more = if all.len() > SHOWN { ", …" } else { "" };
        all.truncate(SHOWN);
        all.join(" or ") + more
    }
}

fn without_slash(audience: &str) -> &str {
    audience.strip_suffix('/').unwrap_or(audience)
}

impl Policy {
    /// Claims that decide about tokens of Entra must have the right type. Other issuers may use their names differently.
    pub(crate) fn check_types(&self, payload: &Payload) -> Result<(), Rejection> {
        if payload.has_mistyped && !matches!(self.profile, Profile::OpenIdConnect(_) | Profile::Workload) {
            return Err(Rejection::new(RejectionKind::MalformedToken).because(Malformed::ClaimType));
        }
        Ok(())
    }

    /// The kind of the token, if it is an access token.
    ///
    /// `is_rfc9068` says that its header has the `typ` of an access token (RFC 9068, section 2.1).
    pub(crate) fn classify(
        &self,
        payload: &Payload,
        version: TokenVersion,
        is_rfc9068: bool,
    ) -> Result<TokenClassification, Rejection> {
        match &self.profile {
            Profile::OpenIdConnect(mapping) => {
                let (mapped, app_only) = mapping.read(payload, is_rfc9068)?;
                Ok(TokenClassification { app_only, mapped: Some(Box::new(mapped)) })
            }
            Profile::Workload => {
                let mapped = profile::read_workload(payload)?;
                Ok(TokenClassification { app_only: true, mapped: Some(Box::new(mapped)) })
            }
            Profile::B2c if !names_policy(payload) => self.app_without_policy(payload, version),
            _ => Ok(TokenClassification { app_only: self.check_kind(payload, version)?, mapped: None }),
        }
    }

    /// `exp` and `nbf` (RFC 7519, sections 4.1.4 and 4.1.5): rejected from `exp` + leeway on, and before `nbf` − leeway.
    pub(crate) fn check_dates(&self, payload: &Payload, now: Duration) -> Result<(), Rejection> {
        let seconds = |date: Duration| format!("{} s since 1970", date.as_secs());
        if now >= payload.expires_at.saturating_add(self.leeway) {
            return Err(Rejection::new(RejectionKind::Expired)
                .expected(format!("exp after {}", seconds(now)))
                .got(seconds(payload.expires_at)));
        }
        match payload.not_before {
            Some(not_before) if now.saturating_add(self.leeway) < not_before => {
                Err(Rejection::new(RejectionKind::NotYetValid)
                    .expected(format!("nbf not after {}", seconds(now)))
                    .got(seconds(not_before)))
            }
            _ => Ok(()),
        }
    }

    /// One of the audiences must be accepted.
    pub(crate) fn check_audience(&self, payload: &Payload) -> Result<(), Rejection> {
        if let Profile::OpenIdConnect(mapping) = &self.profile
            && let Some(audiences) = mapping.audiences(payload)
        {
            return self.check_audiences(audiences.iter().map(|audience| &**audience));
        }
        match payload.list(ListClaim::Audience) {
            Some(audiences) => self.check_audiences(audiences),
            None => Err(self.wrong_audience("no aud")),
        }
    }

    fn check_audiences<'a>(&self, mut audiences: impl Iterator<Item = &'a str> + Clone) -> Result<(), Rejection> {
        if audiences.clone().any(|audience| self.audiences.contains(audience)) {
            return Ok(());
        }
        Err(self.wrong_audience(audiences.next().unwrap_or("an empty aud")))
    }

    fn wrong_audience(&self, got: &str) -> Rejection {
        Rejection::new(RejectionKind::WrongAudience).expected(self.audiences.to_text()).got(got)
    }

    /// An access token is delegated (a scope), or app-only (a role and the marks of an application; `docs/entra.md`,
    /// "App-only tokens"). Returns whether it is app-only.
    pub(crate) fn check_kind(&self, payload: &Payload, version: TokenVersion) -> Result<bool, Rejection> {
        let kind = payload.string(StringClaim::TokenType);
        let is_marked_app = match kind {
            Some(kind) => kind == "app",
            // In B2C `sub` is the object id of users too (`docs/entra.md`, "Azure AD B2C"), so that equality proves
            // nothing.
            None if self.profile == Profile::B2c => false,
            None => {
                client_id_of(payload, version).is_some()
                    && payload.string(StringClaim::ObjectId).is_some()
                    && payload.string(StringClaim::ObjectId) == payload.string(StringClaim::Subject)
                    && !payload.has_id_token_mark
            }
        };
        let has_scope = scopes::of_payload(payload).next().is_some();
        if has_scope && kind != Some("app") {
            return Ok(false);
        }
        let has_role = payload.list(ListClaim::Roles).is_some_and(|mut roles| roles.any(scopes::is_visible));
        if is_marked_app && (has_role || self.allow_without_role) {
            return Ok(true);
        }
        let detail = match (is_marked_app, has_role, payload.has_id_token_mark) {
            (true, ..) => "it was issued to an application that has no app role of this API",
            (_, _, true) => "it is an ID token",
            (false, true, _) => "it has roles, but neither a scope nor the marks of an application",
            (false, false, _) => "it has neither scp nor roles",
        };
        Err(Rejection::new(RejectionKind::NotAnAccessToken).detail(detail))
    }

    /// A token of Azure AD B2C without `tfp` and `acr`: by Microsoft's documentation (Set up OAuth 2.0 client credentials flow
    /// in Azure Active Directory B2C) an application's, with `aud`, `sub`, `azp`, and its application permissions in `scp`.
    /// Those are app roles, so that nothing that a user needs is met by them.
    fn app_without_policy(&self, payload: &Payload, version: TokenVersion) -> Result<TokenClassification, Rejection> {
        if !self.app_tokens_without_policy {
            return Err(Rejection::new(RejectionKind::WrongIssuer).because(Detail::PolicyMissing));
        }
        let refused = |detail| Err(Rejection::new(RejectionKind::NotAnAccessToken).detail(detail));
        let subject = payload.string(StringClaim::Subject).filter(|subject| !subject.is_empty());
        let is_app = payload.string(StringClaim::TokenType).is_none_or(|kind| kind == "app")
            && client_id_of(payload, version).is_some()
            && subject.is_some()
            && payload.string(StringClaim::ObjectId).is_none_or(|id| Some(id) == subject)
            && !payload.has_id_token_mark
            // A public client has no credentials.
            && !matches!(payload.string(StringClaim::AzpAcr).or(payload.string(StringClaim::AppIdAcr)), Some("0"))
            // A user has signed in, so it is not a token of the client credentials flow.
            && MARKS_OF_USERS.iter().all(|name| payload.raw(name).is_none());
        if !is_app {
            return refused("it names no policy (tfp, acr), and lacks the marks of an app-only token");
        }
        let roles = payload.list(ListClaim::Roles).into_iter().flatten().filter(|role| scopes::is_visible(role));
        let roles: Vec<Box<str>> = scopes::of_payload(payload).chain(roles).map(Into::into).collect();
        if roles.is_empty() && !self.allow_without_role {
            return refused("it was issued to an application that has no permission in scp");
        }
        let client = client_id_of(payload, version).map(Into::into);
        let mapped = Mapped { scopes: Vec::new(), roles, groups: None, subject: None, client };
        Ok(TokenClassification { app_only: true, mapped: Some(Box::new(mapped)) })
    }

    /// A token with `cnf` is bound to a key (RFC 7800, section 3.1), and must not be accepted as a plain bearer token.
    pub(crate) fn check_binding(&self, payload: &Payload) -> Result<(), Rejection> {
        if payload.is_bound && !self.accept_bound {
            return Err(Rejection::new(RejectionKind::ProofRequired));
        }
        Ok(())
    }

    /// The token must have the required claims.
    pub(crate) fn check_required_claims(&self, payload: &Payload) -> Result<(), Rejection> {
        self.required_claims.iter().try_for_each(|rule| rule.check(payload))
    }

    /// The client application must be on the allow-list, if there is one.
    pub(crate) fn check_client(
        &self,
        payload: &Payload,
        version: TokenVersion,
        token: &TokenClassification,
    ) -> Result<(), Rejection> {
        if self.allowed_clients.is_empty() {
            return Ok(());
        }
        let client = match &token.mapped {
            Some(mapped) => mapped.client.as_deref(),
            None => client_id_of(payload, version),
        };
        // GUIDs compare ignoring case, other client ids exactly.
        let is_allowed = |client: &str| match client.parse::<TenantId>() {
            Ok(id) => self.allowed_clients.contains(&id.to_string()),
            Err(_) => self.allowed_clients.contains(client),
        };
        if client.is_some_and(is_allowed) {
            return Ok(());
        }
        Err(Rejection::new(RejectionKind::ClientNotAllowed).got(client.unwrap_or("no azp or appid")))
    }
}

#[cfg(test)]
mod tests;
