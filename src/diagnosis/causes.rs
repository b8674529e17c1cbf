//! From a rejection to its cause, with the values of this token and this configuration.

use std::time::SystemTime;

use super::{
    Cause, CauseKind, Decoded,
    pasted::{Pasted, is_jwt_in_any_base64},
};
use crate::{
    authority::KeySource,
    claims::TokenVersion,
    jwt::Algorithm,
    policy::Profile,
    rejection::{Detail, Malformed, Rejection, RejectionKind},
    verifier::{AuthorityReport, Recording, Step},
};

/// The facts about one token.
pub(super) struct Analysis<'a> {
    pub(super) pasted: &'a Pasted,
    pub(super) recording: &'a Recording,
    pub(super) authority: Option<&'a AuthorityReport>,
    pub(super) now: SystemTime,
    pub(super) token: &'a Decoded,
}

impl Analysis<'_> {
    /// The root cause of a rejection, then the causes that would remain.
    pub(super) fn causes(&self, rejection: &Rejection) -> Vec<Cause> {
        // A new ID token would be rejected too.
        let mut causes = match rejection.kind() {
            RejectionKind::Expired if self.is_id_token() => vec![self.id_token(), self.root(rejection)],
            _ if self.is_by_application(rejection) => vec![self.by_application(rejection)],
            _ => vec![self.root(rejection)],
        };
        for failed in self.recording.failures() {
            if failed.kind() != rejection.kind() && self.is_independent(failed, rejection) {
                causes.push(self.root(failed));
            }
        }
        causes
    }

    /// Whether a failure would remain once the root cause is fixed.
    fn is_independent(&self, failed: &Rejection, root: &Rejection) -> bool {
        use RejectionKind as Kind;
        match root.kind() {
            // Another token is needed, so that nothing else of this one matters.
            Kind::MicrosoftApiToken
            | Kind::UnknownIssuer
            | Kind::WrongTenant
            | Kind::MalformedToken
            | Kind::EncryptedToken => false,
            // The rules for such a signature are not known.
            Kind::UnsupportedAlgorithm => !matches!(failed.kind(), Kind::BadSignature | Kind::MalformedToken),
            // Unauthenticated claims are only hints at the cause.
            Kind::BadSignature | Kind::UnknownKey | Kind::KeysUnavailable => {
                matches!(failed.kind(), Kind::WrongAudience | Kind::Expired)
            }
            _ => !self.is_id_token() || failed.kind() == Kind::Expired,
        }
    }

    fn root(&self, rejection: &Rejection) -> Cause {
        use RejectionKind as Kind;
        if let Some(Detail::CannotState(advice)) = rejection.reason() {
            return self.cannot_state(rejection, advice);
        }
        match rejection.kind() {
            Kind::MissingToken => super::paste_causes::of_paste(CauseKind::NoToken, self.pasted),
            Kind::MalformedHeader => super::paste_causes::two_headers(),
            Kind::TokenTooLarge => self.too_large(rejection),
            Kind::MalformedToken => self.malformed(rejection),
            // Five parts, and no header in the first: refresh tokens of personal accounts have dots too.
            Kind::EncryptedToken if self.token.header().is_none() => {
                super::paste_causes::of_paste(CauseKind::Opaque, self.pasted)
            }
            Kind::EncryptedToken => Cause::new(
                CauseKind::Encrypted,
                "The token has five parts: it is encrypted (JWE), and this API has no key to open it.",
                format!(
                    "In the registration of {}, remove tokenEncryptionKeyId (Token encryption); new tokens are then \
                     signed only.",
                    self.api()
                ),
            ),
            Kind::UnsupportedAlgorithm => self.algorithm(rejection),
            Kind::MicrosoftApiToken => self.for_microsoft(),
            Kind::UnknownIssuer => self.unknown_issuer(rejection),
            Kind::WrongTenant => self.wrong_tenant(rejection),
            Kind::WrongIssuer => self.wrong_issuer(rejection),
            Kind::UnknownKey => self.unknown_key(),
            Kind::KeysUnavailable => self.no_keys(rejection),
            Kind::BadSignature => self.bad_signature(),
            Kind::Expired | Kind::NotYetValid => self.dates(rejection),
            Kind::WrongAudience if self.is_id_token() => self.id_token(),
            Kind::WrongAudience => self.wrong_audience(),
            Kind::NotAnAccessToken => self.not_an_access_token(),
            Kind::ProofRequired => Cause::new(
                CauseKind::BoundToken,
                "The token has a claim cnf: it is bound to a key of the client's, and was sent without a proof of that key.",
                "Switch token binding (proof of possession, mTLS) off in the client, so that it gets a plain bearer token.",
            ),
            _ => self.not_allowed(rejection),
        }
    }

    /// It is an ID token, and not also a valid access token.
    fn is_id_token(&self) -> bool {
        self.token.is_id_token() && self.failed(Step::Kind).is_some()
    }

    /// A check of the application rejected it, for a reason that only the application knows.
    fn is_by_application(&self, rejection: &Rejection) -> bool {
        use RejectionKind as Kind;
        let is_explained = match rejection.kind() {
            Kind::InsufficientClaims => true,
            Kind::ClaimMissing | Kind::ClaimNotAllowed | Kind::InsufficientScope | Kind::InsufficientRole => {
                rejection.expected_value().is_some()
            }
            _ => false,
        };
        let is_lookup = |failed: &Rejection| failed.reason() != Some(&Detail::TenantRejected);
        self.failed(Step::Application).is_some() && !is_explained
            || self.failed(Step::TenantLookup).is_some_and(is_lookup)
    }

    fn by_application(&self, rejection: &Rejection) -> Cause {
        let (what, setting) = match self.failed(Step::TenantLookup) {
            Some(_) => ("the tenant lookup", "tenants_from_lookup()"),
            None => ("a check of the application", "check()"),
        };
        Cause::new(
            CauseKind::OwnersCheck,
            format!("The token itself passed every check; {what} rejected it: {rejection}."),
            format!(
                "Look at the function that was given to the builder by {setting}, and at the list or service that it uses."
            ),
        )
    }

    /// The API, by its audience.
    pub(super) fn api(&self) -> String {
        match self.audiences().first() {
            Some(audience) => format!("this API ({audience})"),
            None => "this API".to_owned(),
        }
    }

    pub(super) fn audiences(&self) -> &[String] {
        self.authority.map_or(&[], |authority| &authority.audiences)
    }

    /// The scope that a client requests to get a token for this API.
    pub(super) fn scope_to_ask(&self) -> String {
        let audience = self.audiences().first().map_or("api://<client id of this API>", String::as_str);
        format!("{}/.default", audience.trim_end_matches('/'))
    }

    pub(super) fn failed(&self, step: Step) -> Option<&Rejection> {
        self.recording.failure(step)
    }

    fn too_large(&self, rejection: &Rejection) -> Cause {
        let groups = self.token.list("groups").len();
        let got = rejection.got_value().unwrap_or("more");
        let many = if groups > 0 { format!(" It lists {groups} groups.") } else { String::new() };
        Cause::new(
            CauseKind::TooLarge,
            format!("The token has {got}, and the limit is {}.{many}", rejection.expected_value().unwrap_or("less")),
            "In the API's registration, under Token configuration, limit the groups claim to groups assigned to the \
             application, or use app roles; or raise max_token_bytes.",
        )
    }

    fn malformed(&self, rejection: &Rejection) -> Cause {
        let token = &self.pasted.token;
        let dots = token.matches('.').count();
        let malformed = match rejection.reason() {
            Some(Detail::Malformed(malformed)) => Some(*malformed),
            _ => None,
        };
        let is_null = ["null", "undefined", "[object Object]", "None"].contains(&token.as_str());
        if is_null || malformed == Some(Malformed::Placeholder) {
            return super::paste_causes::of_paste(CauseKind::Placeholder, self.pasted);
        }
        // Refresh tokens and authorization codes of Entra have dots too, but no JSON between them.
        let is_readable = self.token.header().is_some() || self.token.claims().is_some();
        if dots == 0 || (dots <= 2 && !is_readable && !token.starts_with("eyJ")) {
            return super::paste_causes::of_paste(CauseKind::Opaque, self.pasted);
        }
        if token.contains(['+', '/', '=']) && is_jwt_in_any_base64(token) {
            return Cause::new(
                CauseKind::Malformed,
                "The token is written in another alphabet of base64 (with +, / or =) than JWTs are: something on its way has \
                 decoded it and encoded it anew.",
                "Send the value of access_token exactly as the token response had it.",
            );
        }
        let is_cut = dots == 1
            || malformed == Some(Malformed::SignatureEncoding)
            || (dots == 2 && (token.ends_with('.') || self.token.header().is_none() || self.token.claims().is_none()));
        if is_cut && (is_readable || token.starts_with("eyJ")) && self.token.header_text("alg") != Some("none") {
            return super::paste_causes::of_paste(CauseKind::Truncated, self.pasted);
        }
        if let Some(Malformed::OtherType | Malformed::CriticalExtension) = malformed {
            let explanation = match self.token.header_text("typ") {
                Some(kind) if malformed == Some(Malformed::OtherType) => {
                    format!("The header says that it is another kind of JWT: its typ is {kind}, not JWT or at+jwt.")
                }
                _ => "The header requires an extension (crit), which no access token of Entra does.".to_owned(),
            };
            return Cause::new(
                CauseKind::OtherKindOfJwt,
                explanation,
                "Send the access token of the token response; a proof (DPoP, PoP) or a logout token opens nothing.",
            );
        }
        let detail = rejection.detail_text().unwrap_or("it does not have the form of one".into());
        Cause::new(
            CauseKind::Malformed,
            format!("What was sent cannot be an access token of Entra: {detail}."),
            "Send the value of access_token exactly as the token response had it. If that is what was sent, Entra has not \
             issued it: look who made it.",
        )
    }

    fn algorithm(&self, rejection: &Rejection) -> Cause {
        let algorithm = rejection.got_value().unwrap_or("none");
        if algorithm.eq_ignore_ascii_case("none") {
            return Cause::new(
                CauseKind::Unsigned,
                "The token has no signature (alg none): anybody can write such a one.",
                "Get the token from the issuer's token endpoint; if it comes from a test, sign it there.",
            );
        }
        let issuer = self.token.text("iss").unwrap_or("an unknown issuer");
        Cause::new(
            CauseKind::OtherAlgorithm,
            format!(
                "The token is signed with {algorithm}, and that is not accepted of its authority. It names {issuer} as its issuer; Entra signs with RS256."
            ),
            if algorithm.parse::<Algorithm>().is_err() {
                format!("Let the issuer sign with RS256: {algorithm} cannot be accepted here by any setting.")
            } else {
                format!(
                    "Check who issued it. If {issuer} is right and signs with {algorithm}, name that by algorithms() of its \
                 authority."
                )
            },
        )
    }

    pub(super) fn id_token(&self) -> Cause {
        Cause::new(
            CauseKind::IdToken,
            "It is an id token: it tells the client who signed in, and opens no API.",
            format!(
                "Send the field access_token of the token response, not id_token; and ask for a scope of {}, such as {}, \
                 or there is none for it.",
                self.api(),
                self.scope_to_ask()
            ),
        )
    }

    fn not_an_access_token(&self) -> Cause {
        if self.token.is_id_token() {
            return self.id_token();
        }
        if self.token.is_app() {
            let client = self.token.text("azp").or(self.token.text("appid")).unwrap_or("the client");
            return Cause::new(
                CauseKind::AppWithoutRole,
                format!("The application {client} got the token for itself, and it has no app role of {}.", self.api()),
                format!(
                    "In the registration of {} add an app role for applications; in that of {client}, under API \
                     permissions, add it as an application permission and grant admin consent; then get a new token. To \
                     let every application of the tenant in: allow_web_api_to_be_authorized_by_acl(true) \
                     (AllowWebApiToBeAuthorizedByACL in JSON).",
                    self.api()
                ),
            );
        }
        Cause::new(
            CauseKind::NoScopeNoRole,
            format!(
                "The token has neither a scope (scp) nor the marks and a role of an application: it allows nothing at {}.",
                self.api()
            ),
            format!(
                "Expose a scope in the API's registration, have it consented to, and ask for it: {}.",
                self.scope_to_ask()
            ),
        )
    }

    fn not_allowed(&self, rejection: &Rejection) -> Cause {
        use RejectionKind as Kind;
        let expected = rejection.expected_value().unwrap_or("what is required");
        let (kind, explanation) = match rejection.kind() {
            Kind::ClientNotAllowed => {
                let client = rejection.got_value().unwrap_or("an unknown application");
                (
                    CauseKind::OtherClient,
                    format!(
                        "The application {client} got the token, and it is not on the list of those that may call."
                    ),
                )
            }
            Kind::ClaimMissing => {
                (CauseKind::ClaimMissing, format!("The token lacks what this API requires: {expected}."))
            }
            Kind::ClaimNotAllowed => {
                let value = rejection.claim().and_then(|name| Some((name, self.token.claims()?.get(name)?)));
                let has = value.map(|(name, value)| format!(" Its {name} is {value}.")).unwrap_or_default();
                (CauseKind::ClaimValue, format!("The token does not have what this API requires: {expected}.{has}"))
            }
            Kind::InsufficientScope => {
                let have = self.token.text("scp").or(self.token.text("scope")).unwrap_or("none");
                (CauseKind::NoScope, format!("This API requires {expected}; the token has the scopes: {have}."))
            }
            Kind::InsufficientRole => {
                let have = self.token.list("roles").join(", ");
                let have = if have.is_empty() { "none".to_owned() } else { have };
                (CauseKind::NoRole, format!("This API requires {expected}; the token has the roles: {have}."))
            }
            Kind::GroupsOverage => (
                CauseKind::GroupsOverage,
                format!("This API requires {expected}; the user is in so many groups that the token lists none."),
            ),
            Kind::InsufficientClaims
                if self.token.list("xms_cc").iter().any(|known| known.eq_ignore_ascii_case("cp1")) =>
            {
                (
                    CauseKind::StrongerSignIn,
                    format!(
                        "This API requires {expected}: the user has to sign in again, more strongly. The client says that it understands such a challenge (cp1)."
                    ),
                )
            }
            Kind::InsufficientClaims => (
                CauseKind::ChallengeNotUnderstood,
                format!(
                    "This API requires {expected}. The client does not say that it understands claims challenges (xms_cc with cp1), so it is refused again and again."
                ),
            ),
            Kind::WrongTenant => {
                (CauseKind::TenantPutOut, "The operator of the API does not accept this tenant.".to_owned())
            }
            _ => (CauseKind::LayerMissing, format!("{rejection}.")),
        };
        let remedy = match kind {
            CauseKind::ChallengeNotUnderstood => {
                "Let the client declare the capability cp1 (MSAL: client capabilities) and \
                 answer the claims of the challenge by asking for a token with them."
                    .to_owned()
            }
            CauseKind::OtherClient => format!(
                "Add {} to the allowed clients (AllowedClients in JSON), or use an application that is on the list.",
                rejection.got_value().unwrap_or("it")
            ),
            CauseKind::ClaimValue => {
                "Change the value where it comes from, and get a new token; or add it to the values of the rule \
                 (RequiredClaims in JSON)."
                    .to_owned()
            }
            _ => format!("{}.", capitalised(rejection.kind().remedy())),
        };
        Cause::new(kind, explanation, remedy)
    }

    /// Whether the authority is one of Entra for work and school that accepts one version alone.
    pub(super) fn only_version(&self) -> Option<TokenVersion> {
        let authority = self.authority?;
        match (&authority.resolved.source, &authority.resolved.policy.profile) {
            (KeySource::Entra(entra), Profile::Workforce) => entra.version,
            _ => None,
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
