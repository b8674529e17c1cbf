use std::borrow::Cow;

use http::{HeaderValue, StatusCode};

use crate::{
    claims::scopes::is_scope_token,
    policy::microsoft_api_names,
    rejection::{ChallengeAction, ClaimsChallenge, Public, PublicCause, Rejection, RejectionKind},
};

/// What the `WWW-Authenticate` header says beside the error (RFC 6750 §3).
///
/// ```
/// use tower_entra::{Rejection, RejectionKind, response::Challenge};
///
/// let challenge = Challenge::new().realm("files");
/// let header = challenge.header(&Rejection::new(RejectionKind::MissingToken));
/// assert_eq!(header.unwrap(), r#"Bearer realm="files""#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    realm: Option<String>,
    resource_metadata: Option<String>,
    scope: Option<String>,
}

impl Challenge {
    /// Nothing beside the error.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a `realm`, the name of what is protected (RFC 9110 §11.5).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// The same with the address of the protected-resource metadata (RFC 9728 §5.1).
    #[must_use]
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }

    /// The same with the scopes to ask for in full, separated by spaces (RFC 6750 §3). They are told with 401; with 403 a
    /// required scope is told as it stands here: `api://orders/Read` for `Read`. What cannot be a scope
    /// ([RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)) is left out.
    #[must_use]
    pub fn scope(mut self, scopes: impl Into<String>) -> Self {
        let scopes: String = scopes.into();
        let scopes: Vec<&str> = scopes.split_whitespace().filter(|scope| is_scope_token(scope)).collect();
        self.scope = (!scopes.is_empty()).then(|| scopes.join(" "));
        self
    }

    /// The header's value for this rejection: a bare `Bearer` where no token was sent, with `error` and
    /// `error_description` otherwise; `scope` is the API's at 401, the required one at 403. A [claims
    /// challenge](Rejection::claims_challenge) and a demand for [consent](Rejection::consent) have the form of their own
    /// [that Microsoft's clients read](crate::guide::entra#claims-challenges). `None` where the fault is not the
    /// caller's: 500 and 503.
    #[must_use]
    pub fn header(&self, rejection: &Rejection) -> Option<HeaderValue> {
        match rejection.ask() {
            Some(ChallengeAction::Claims(challenge)) => return Some(self.claims(challenge)),
            Some(ChallengeAction::Consent { uri, scopes }) => return Some(self.consent(uri, scopes)),
            None => {}
        }
        let error = match rejection.status() {
            _ if rejection.kind() == RejectionKind::MissingToken => None,
            StatusCode::BAD_REQUEST => Some("invalid_request"),
            // `docs/entra.md`, "Claims challenges".
            StatusCode::UNAUTHORIZED if rejection.kind() == RejectionKind::InsufficientClaims => {
                Some("insufficient_claims")
            }
            StatusCode::UNAUTHORIZED => Some("invalid_token"),
            StatusCode::FORBIDDEN => Some("insufficient_scope"),
            _ => return None,
        };
        let description = error.map(|_| rejection.public_description());
        let scope = self.scope_for(rejection);
        let parameters = [
            ("realm", self.realm.as_deref()),
            ("error", error),
            ("error_description", description.as_deref()),
            ("scope", scope.as_deref()),
            ("resource_metadata", self.resource_metadata.as_deref()),
        ];
        let present = parameters.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Some(render(present))
    }

    /// A claims challenge (`docs/entra.md`, "Claims challenges"). An empty realm stands for the common one.
    fn claims(&self, challenge: &ClaimsChallenge) -> HeaderValue {
        let claims = challenge.encoded();
        let parameters = [
            ("realm", Some(self.realm.as_deref().unwrap_or_default())),
            ("authorization_uri", challenge.authorization_uri.as_deref()),
            ("client_id", challenge.client_id.as_deref()),
            ("error", Some("insufficient_claims")),
            ("claims", Some(claims.as_str())),
            ("cc_type", challenge.is_auth_context.then_some("authcontext")),
            ("resource_metadata", self.resource_metadata.as_deref()),
        ];
        render(parameters.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }

    /// A demand for consent, as Microsoft.Identity.Web writes it (`docs/entra.md`, "Consent challenge").
    fn consent(&self, uri: &str, scopes: &str) -> HeaderValue {
        let parameters = [
            ("realm", self.realm.as_deref()),
            ("consentUri", Some(uri)),
            ("scopes", Some(scopes)),
            ("proposedAction", Some("consent")),
        ];
        render(parameters.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }

    /// The scopes to ask for after this rejection.
    pub(super) fn scope_for<'a>(&'a self, rejection: &'a Rejection) -> Option<Cow<'a, str>> {
        match rejection.status() {
            StatusCode::UNAUTHORIZED => self.scope.as_deref().map(Cow::Borrowed),
            StatusCode::FORBIDDEN => rejection.required_scopes().map(|scopes| self.in_full(scopes)),
            _ => None,
        }
    }

    /// Tokens have scopes by their last part; Entra takes one that is asked for so as Microsoft Graph's.
    fn in_full<'a>(&'a self, scopes: &'a str) -> Cow<'a, str> {
        let Some(known) = self.scope.as_deref() else { return Cow::Borrowed(scopes) };
        let full = |scope: &'a str| {
            let is_it = |full: &&str| full.strip_suffix(scope).is_some_and(|resource| resource.ends_with('/'));
            known.split(' ').find(is_it).unwrap_or(scope)
        };
        Cow::Owned(scopes.split(' ').map(full).collect::<Vec<_>>().join(" "))
    }

    /// The header's value where nothing is known but that a token is wanted.
    pub(crate) fn bare(&self) -> HeaderValue {
        self.header(&Rejection::new(RejectionKind::MissingToken)).unwrap_or(BEARER)
    }
}

/// The headers of all refusals with 401 that are told apart by their kind alone, made once: whoever floods an API with bad
/// tokens makes it do little.
#[derive(Debug)]
pub(super) struct Prepared {
    by_kind: Vec<Option<HeaderValue>>,
    not_ours: Option<HeaderValue>,
    microsoft: Vec<(&'static str, Option<HeaderValue>)>,
}

impl Prepared {
    pub(super) fn new(challenge: &Challenge) -> Self {
        let for_microsoft =
            |name| Rejection::new(RejectionKind::MicrosoftApiToken).with_public_cause(PublicCause::MicrosoftApi(name));
        let header = |rejection: Rejection| challenge.header(&rejection).filter(|_| Self::has(&rejection));
        Self {
            by_kind: RejectionKind::ALL.iter().map(|&kind| header(Rejection::new(kind).verified())).collect(),
            not_ours: header(Rejection::new(RejectionKind::UnknownIssuer)),
            microsoft: microsoft_api_names().map(|name| (name, header(for_microsoft(name)))).collect(),
        }
    }

    /// The header, if it was made before.
    pub(super) fn header(&self, rejection: &Rejection) -> Option<HeaderValue> {
        if !Self::has(rejection) {
            return None;
        }
        let public = match rejection.kind() {
            // Bare, whatever else is known.
            RejectionKind::MissingToken => Public::Summary(RejectionKind::MissingToken),
            _ => rejection.public(),
        };
        match public {
            Public::Summary(kind) => self.by_kind.get(kind as usize)?.clone(),
            Public::NotOurs => self.not_ours.clone(),
            Public::Microsoft(name) => self.microsoft.iter().find(|(known, _)| *known == name)?.1.clone(),
        }
    }

    fn has(rejection: &Rejection) -> bool {
        rejection.status() == StatusCode::UNAUTHORIZED && rejection.kind() != RejectionKind::InsufficientClaims
    }
}

#[allow(clippy::declare_interior_mutable_const)]
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");

fn render<'a>(parameters: impl Iterator<Item = (&'static str, &'a str)>) -> HeaderValue {
    let mut header = String::from("Bearer");
    for (index, (name, value)) in parameters.enumerate() {
        header.push_str(if index == 0 { " " } else { ", " });
        header.push_str(name);
        header.push_str("=\"");
        header.extend(value.chars().filter_map(allowed));
        header.push('"');
    }
    HeaderValue::try_from(header).unwrap_or(BEARER)
}

/// The characters of RFC 6750 §3, %x20-21 / %x23-5B / %x5D-7E. Quotes become single ones and white space a space; whatever
/// else would need escaping is dropped, because clients differ in how they unescape.
fn allowed(character: char) -> Option<char> {
    match character {
        '"' => Some('\''),
        '\\' => None,
        ' '..='~' => Some(character),
        '\t' | '\r' | '\n' => Some(' '),
        _ => None,
    }
}
