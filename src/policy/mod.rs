//! The rules a token is held to once its signature has verified. Pure: a payload, the time, a verdict.
//!
//! What one operation demands is a [`Requirement`]:
//!
//! ```
//! use tower_entra::Requirement;
//!
//! let read = Requirement::scope("Files.Read").or(Requirement::app_role("Files.Read.All"));
//! # let _ = read;
//! ```
//!
//! What every token must have is a [`ClaimRule`] of the verifier:
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

use crate::{
    claims::{
        Mapped, TokenVersion, client_id_of,
        payload::{ListClaim, Payload, StringClaim},
        scopes,
    },
    rejection::{Rejection, RejectionKind},
    tenant::TenantId,
};

/// The longest leeway that can be set.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(300);

/// Claims about a user, which no token of client credentials has.
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

const MISTYPED: &str = "a claim that must be a string, or a list of strings, is none";

/// For a token of Azure AD B2C that names no policy.
pub(crate) const WITHOUT_POLICY: &str = "it names no policy (tfp, acr), as tokens of applications do: \
    accept_app_tokens_without_policy() (AcceptAppTokensWithoutPolicy in a file) accepts those";

/// Whether a token of Azure AD B2C names its policy.
pub(crate) fn names_policy(payload: &Payload) -> bool {
    payload.raw("tfp").is_some() || payload.raw("acr").is_some()
}

/// What an accepted token turned out to be.
#[derive(Debug)]
pub(crate) struct Nature {
    /// An application's own, without a user.
    pub(crate) app_only: bool,
    /// What it says under the names of its issuer, where those are not Entra's.
    pub(crate) mapped: Option<Box<Mapped>>,
}

/// What every token of an authority must keep.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) profile: Profile,
    /// For `exp` and `nbf`, up to [`MAX_LEEWAY`].
    pub(crate) leeway: Duration,
    pub(crate) audiences: Audiences,
    /// GUIDs in lower case; empty: every client.
    pub(crate) allowed_clients: HashSet<String>,
    pub(crate) required_claims: Vec<ClaimRule>,
    /// `AllowWebApiToBeAuthorizedByACL`: an app-only token needs no role. The marks of an application it does need.
    pub(crate) allow_without_role: bool,
    /// A token bound to a key is accepted as plain bearer.
    pub(crate) accept_bound: bool,
    /// A token of Azure AD B2C that names no policy is accepted as that of an application.
    pub(crate) app_tokens_without_policy: bool,
}

/// The audiences that are ours, compared exactly but for one trailing slash (`docs/entra.md`, "Audiences").
#[derive(Clone, Debug, Default)]
pub(crate) struct Audiences(HashSet<String>);

impl Audiences {
    pub(crate) fn insert(&mut self, audience: &str) {
        self.0.insert(without_slash(audience).to_owned());
    }

    pub(crate) fn contains(&self, audience: &str) -> bool {
        self.0.contains(without_slash(audience))
    }

    pub(crate) fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.iter().cloned());
    }

    /// All of them, the shortest first.
    pub(crate) fn sorted(&self) -> Vec<String> {
        let mut all: Vec<String> = self.0.iter().cloned().collect();
        all.sort_unstable_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        all
    }

    /// The shortest few, for a message.
    pub(crate) fn to_text(&self) -> String {
        const SHOWN: usize = 4;
        let mut all: Vec<&str> = self.0.iter().map(String::as_str).collect();
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
    /// Holds a payload whose signature has verified to every rule, in the order of the codes.
    ///
    /// `now` is the time since the epoch; `is_rfc9068` says that the header's `typ` is that of an access token.
    pub(crate) fn check(
        &self,
        payload: &Payload,
        version: TokenVersion,
        is_rfc9068: bool,
        now: Duration,
    ) -> Result<Nature, Rejection> {
        self.check_types(payload)?;
        self.check_dates(payload, now)?;
        self.check_audience(payload)?;
        let nature = self.nature(payload, version, is_rfc9068)?;
        self.check_binding(payload)?;
        self.check_client_of(payload, version, &nature)?;
        self.required_claims.iter().try_for_each(|rule| rule.check(payload))?;
        Ok(nature)
    }

    /// Claims by which tokens of Entra are judged must be of the right type; other issuers may use the names otherwise.
    pub(crate) fn check_types(&self, payload: &Payload) -> Result<(), Rejection> {
        if payload.has_mistyped && !matches!(self.profile, Profile::OpenIdConnect(_)) {
            return Err(Rejection::new(RejectionKind::MalformedToken).detail(MISTYPED));
        }
        Ok(())
    }

    /// What the token is, if it is an access token.
    pub(crate) fn nature(
        &self,
        payload: &Payload,
        version: TokenVersion,
        is_rfc9068: bool,
    ) -> Result<Nature, Rejection> {
        match &self.profile {
            Profile::OpenIdConnect(mapping) => {
                let (mapped, app_only) = mapping.read(payload, is_rfc9068)?;
                Ok(Nature { app_only, mapped: Some(Box::new(mapped)) })
            }
            Profile::B2c if !names_policy(payload) => self.app_without_policy(payload, version),
            _ => Ok(Nature { app_only: self.check_kind(payload, version)?, mapped: None }),
        }
    }

    /// `exp` and `nbf` (RFC 7519 §4.1.4, §4.1.5): refused from `exp` + leeway on, and before `nbf` − leeway.
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

    /// One of the audiences must be ours.
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
    /// "App-only tokens"). Gives back whether it is app-only.
    pub(crate) fn check_kind(&self, payload: &Payload, version: TokenVersion) -> Result<bool, Rejection> {
        let kind = payload.string(StringClaim::TokenType);
        let is_marked_app = match kind {
            Some(kind) => kind == "app",
            // At B2C `sub` is the user's object too (`docs/entra.md`, "Azure AD B2C"): that they are equal says
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
            (true, ..) => "it is an application's, without an app role of this API",
            (_, _, true) => "it is an id token",
            (false, true, _) => "it has roles, but neither a scope nor the marks of an application",
            (false, false, _) => "it has neither scp nor roles",
        };
        Err(Rejection::new(RejectionKind::NotAnAccessToken).detail(detail))
    }

    /// A token of Azure AD B2C without `tfp` and `acr`: by Microsoft's documentation (Set up OAuth 2.0 client credentials flow
    /// in Azure Active Directory B2C) an application's, with `aud`, `sub`, `azp`, and its application permissions in `scp`.
    /// Those are app roles, so that nothing that a user needs is met by them.
    fn app_without_policy(&self, payload: &Payload, version: TokenVersion) -> Result<Nature, Rejection> {
        if !self.app_tokens_without_policy {
            return Err(Rejection::new(RejectionKind::WrongIssuer).detail(WITHOUT_POLICY));
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
            // A user has signed in: whatever this is, it is not a token of client credentials.
            && MARKS_OF_USERS.iter().all(|name| payload.raw(name).is_none());
        if !is_app {
            return refused("it names no policy (tfp, acr), and lacks the marks of an app-only token");
        }
        let roles = payload.list(ListClaim::Roles).into_iter().flatten().filter(|role| scopes::is_visible(role));
        let roles: Vec<Box<str>> = scopes::of_payload(payload).chain(roles).map(Into::into).collect();
        if roles.is_empty() && !self.allow_without_role {
            return refused("it is an application's, without a permission in scp");
        }
        let client = client_id_of(payload, version).map(Into::into);
        let mapped = Mapped { scopes: Vec::new(), roles, groups: None, subject: None, client };
        Ok(Nature { app_only: true, mapped: Some(Box::new(mapped)) })
    }

    /// A token with `cnf` is bound to a key (RFC 7800 §3.1): as plain bearer anybody could use it.
    pub(crate) fn check_binding(&self, payload: &Payload) -> Result<(), Rejection> {
        if payload.is_bound && !self.accept_bound {
            return Err(Rejection::new(RejectionKind::ProofRequired));
        }
        Ok(())
    }

    /// The application that got the token must be on the list, if there is one.
    pub(crate) fn check_client_of(
        &self,
        payload: &Payload,
        version: TokenVersion,
        nature: &Nature,
    ) -> Result<(), Rejection> {
        if self.allowed_clients.is_empty() {
            return Ok(());
        }
        let client = match &nature.mapped {
            Some(mapped) => mapped.client.as_deref(),
            None => client_id_of(payload, version),
        };
        // A GUID is the same in either case; other client ids are not.
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
