//! Why a request was rejected: a stable code, the details, and the remedy.
//!
//! A [`Rejection`] has all details. Which of them the caller sees is up to the [responder](crate::response).
//!
//! ```
//! use tower_entra::{Rejection, RejectionKind};
//!
//! let rejection = Rejection::new(RejectionKind::Expired);
//! assert_eq!(rejection.code(), "expired");
//! assert_eq!(rejection.status(), http::StatusCode::UNAUTHORIZED);
//! ```
//!
//! With the values that were expected and found:
//!
//! ```
//! use tower_entra::{Rejection, RejectionKind};
//!
//! let rejection = Rejection::new(RejectionKind::WrongAudience)
//!     .verified()
//!     .expected("api://66666666-7777-8888-9999-000000000000")
//!     .got("api://contoso.example");
//! assert!(rejection.to_string().contains("contoso.example"));
//! ```

mod challenge;
mod challenge_action;
mod detail;
mod hint;
mod kind;
mod text;

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use http::StatusCode;

pub(crate) use challenge_action::{ChallengeAction, ClaimsChallenge};
pub(crate) use detail::{Detail, KeyMismatch, Malformed, Unmet, Unstated};
pub use kind::RejectionKind;
use text::Text;

use crate::error::{FetchError, truncated};

/// The longest value of a token that is kept, in characters.
const MAX_GOT: usize = 300;

/// Why one request was rejected. Cheap to clone.
///
/// The layer puts it into the extensions of the response, for outer layers.
#[derive(Clone)]
pub struct Rejection(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: RejectionKind,
    forbidden: bool,
    verified: bool,
    public: PublicCause,
    detail: Option<Detail>,
    expected: Option<Text>,
    got: Option<String>,
    /// The claim of the rule that the token does not meet.
    claim: Option<Box<str>>,
    authority: Option<Text>,
    key_id: Option<String>,
    scopes: Option<String>,
    retry_after: Option<Duration>,
    /// Boxed because it is rare.
    ask: Option<Box<ChallengeAction>>,
    /// The hint that a diagnosis has found.
    hint: Option<Box<str>>,
}

/// What anybody can compute from an unverified token, so that the response may say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PublicCause {
    /// Nothing.
    #[default]
    None,
    /// It expired longer ago than the longest leeway.
    Expired,
    /// Its header has no `kid`.
    WithoutKeyId,
    /// Its `aud` is this Microsoft API (`docs/entra.md`, "Audiences of Microsoft APIs").
    MicrosoftApi(&'static str),
}

/// What the challenge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Public {
    /// The sentence of this kind.
    Summary(RejectionKind),
    /// It is not valid here: unknown issuers, tenants, keys and bad signatures all look the same.
    NotOurs,
    /// It is for this Microsoft API.
    Microsoft(&'static str),
}

impl Rejection {
    /// A rejection of this kind, without details.
    #[must_use]
    pub fn new(kind: RejectionKind) -> Self {
        Self(Arc::new(Inner {
            kind,
            forbidden: false,
            verified: false,
            public: PublicCause::None,
            detail: None,
            expected: None,
            got: None,
            claim: None,
            authority: None,
            key_id: None,
            scopes: None,
            retry_after: None,
            ask: None,
            hint: None,
        }))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Marks the signature of the token as verified.
    #[must_use]
    pub fn verified(self) -> Self {
        self.edit(|inner| inner.verified = true)
    }

    /// Sets the status to 403: the token is valid, but does not suffice.
    #[must_use]
    pub fn forbidden(self) -> Self {
        self.edit(|inner| inner.forbidden = true)
    }

    /// Adds a detail message. It may be shown to callers, so it must not contain token data.
    #[must_use]
    pub fn detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.because(Detail::Text(detail.into()))
    }

    /// Adds the value that the configuration requires.
    #[must_use]
    pub fn expected(self, expected: impl Into<String>) -> Self {
        self.edit(|inner| inner.expected = Some(Text::Own(expected.into())))
    }

    /// Adds the value that the token has, truncated to 300 characters.
    #[must_use]
    pub fn got(self, got: impl Into<String>) -> Self {
        let got = truncated(got.into(), MAX_GOT);
        self.edit(|inner| inner.got = Some(got))
    }

    /// Adds the scopes that would suffice, separated by spaces, for the challenge (RFC 6750, section 3).
    #[must_use]
    pub fn scopes(self, scopes: impl Into<String>) -> Self {
        self.edit(|inner| inner.scopes = Some(scopes.into()))
    }

    /// Adds the time after which the client may try again.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(wait))
    }

    /// Adds the value that the configuration requires, without a copy.
    pub(crate) fn expected_always(self, expected: &Arc<str>) -> Self {
        self.edit(|inner| inner.expected = Some(Text::Shared(Arc::clone(expected))))
    }

    /// Adds the particular reason.
    pub(crate) fn because(self, detail: impl Into<Detail>) -> Self {
        self.edit(|inner| inner.detail = Some(detail.into()))
    }

    /// Adds the claim whose rule the token does not meet.
    pub(crate) fn about_claim(self, name: &str) -> Self {
        self.edit(|inner| inner.claim = Some(name.into()))
    }

    /// The particular reason.
    pub(crate) fn reason(&self) -> Option<&Detail> {
        self.0.detail.as_ref()
    }

    /// The claim whose rule the token does not meet.
    pub(crate) fn claim(&self) -> Option<&str> {
        self.0.claim.as_deref()
    }

    pub(crate) fn at_authority(self, authority: &Arc<str>) -> Self {
        self.edit(|inner| inner.authority = Some(Text::Shared(Arc::clone(authority))))
    }

    pub(crate) fn with_key_id(self, key_id: &str) -> Self {
        let key_id = truncated(key_id.to_owned(), MAX_GOT);
        self.edit(|inner| inner.key_id = Some(key_id))
    }

    /// Removes the value of the token.
    pub(crate) fn without_got(self) -> Self {
        self.edit(|inner| inner.got = None)
    }

    pub(crate) fn with_public_cause(self, cause: PublicCause) -> Self {
        self.edit(|inner| inner.public = cause)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.0.kind
    }

    /// The stable code of [`kind`](Self::kind).
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The HTTP status of the response: 400, 401, 403, 500 or 503.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        if self.0.forbidden { StatusCode::FORBIDDEN } else { self.0.kind.status() }
    }

    /// Whether the signature had been verified, so that the values of the token are authentic.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.0.verified
    }

    /// The value that the configuration requires, where there is one.
    #[must_use]
    pub fn expected_value(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// The value that the token has. Do not show it to callers unless [`is_verified`](Self::is_verified).
    #[must_use]
    pub fn got_value(&self) -> Option<&str> {
        self.0.got.as_deref()
    }

    /// A further sentence about the cause, which may be shown to callers.
    #[must_use]
    pub fn detail_text(&self) -> Option<Cow<'_, str>> {
        match self.0.detail.as_ref()? {
            Detail::Fetch(_) => None,
            Detail::Text(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }

    /// Why there are no keys. For the operator only: it has URLs, and texts of servers.
    #[must_use]
    pub fn fetch_error(&self) -> Option<&FetchError> {
        match self.0.detail.as_ref()? {
            Detail::Fetch(error) => Some(error),
            _ => None,
        }
    }

    /// The configured name of the authority that issued the token, as far as it is known.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.0.authority.as_deref()
    }

    /// The `kid` of the token's header.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// The scopes that would suffice, separated by spaces.
    #[must_use]
    pub fn required_scopes(&self) -> Option<&str> {
        self.0.scopes.as_deref()
    }

    /// The time after which the client may try again (503).
    #[must_use]
    pub fn retry_after_time(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The `error_description` of the challenge (RFC 6750, section 3).
    ///
    /// Before the signature is verified it depends on nothing but the token and public knowledge, so that unknown issuers,
    /// tenants and keys and bad signatures cannot be told apart.
    #[must_use]
    pub fn public_description(&self) -> String {
        match self.public() {
            Public::Summary(kind) => kind.summary().to_owned(),
            Public::NotOurs => "the access token is not valid for this API".to_owned(),
            Public::Microsoft(name) => format!("the token is for {name}: ask for a scope of this API instead"),
        }
    }

    /// Which description to use.
    pub(crate) fn public(&self) -> Public {
        if self.0.verified {
            return Public::Summary(self.0.kind);
        }
        if let PublicCause::MicrosoftApi(name) = self.0.public {
            return Public::Microsoft(name);
        }
        match self.0.kind {
            kind @ (RejectionKind::MissingToken
            | RejectionKind::MalformedHeader
            | RejectionKind::TokenTooLarge
            | RejectionKind::MalformedToken
            | RejectionKind::EncryptedToken
            | RejectionKind::KeysUnavailable
            | RejectionKind::LayerMissing) => Public::Summary(kind),
            // Also where a static key was used without a `kid`: which authorities have static keys is not public.
            _ if self.0.public == PublicCause::WithoutKeyId => Public::Summary(RejectionKind::MalformedToken),
            _ if self.0.public == PublicCause::Expired => Public::Summary(RejectionKind::Expired),
            _ => Public::NotOurs,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.0.kind.summary())?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        match (&self.0.expected, &self.0.got) {
            (Some(expected), Some(got)) => write!(f, " (expected {expected}, got {got:?})"),
            (Some(expected), None) => write!(f, " (expected {expected})"),
            (None, Some(got)) => write!(f, " (got {got:?})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("kind", &self.0.kind)
            .field("status", &self.status().as_u16())
            .field("verified", &self.0.verified)
            .field("detail", &self.0.detail)
            .field("expected", &self.0.expected)
            .field("got", &self.0.got)
            .field("authority", &self.0.authority)
            .field("key_id", &self.0.key_id)
            .finish_non_exhaustive()
    }
}

impl Error for Rejection {}
