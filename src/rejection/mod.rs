//! Refusals: what was wrong, with a stable code, and what to do about it.
//!
//! A [`Rejection`] knows everything. What of it reaches the caller is for a [responder](crate::response) to say.
//!
//! ```
//! use tower_entra::{Rejection, RejectionKind};
//!
//! let rejection = Rejection::new(RejectionKind::Expired);
//! assert_eq!(rejection.code(), "expired");
//! assert_eq!(rejection.status(), http::StatusCode::UNAUTHORIZED);
//! ```
//!
//! With what was expected and found:
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
mod kind;
mod text;

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use http::StatusCode;

pub(crate) use challenge::{Ask, ClaimsChallenge};
pub use kind::RejectionKind;
use text::Text;
pub(crate) use text::cut;

/// The longest text of a token that is shown, in characters.
const LONGEST_GOT: usize = 300;
/// The longest text that says why there are no keys: with both values, addresses mostly, and what to do.
pub(crate) const LONGEST_CAUSE: usize = 1_000;

/// Why one request was refused. A cheap clone.
///
/// It is put into the extensions of the response, for the layers outside.
#[derive(Clone)]
pub struct Rejection(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: RejectionKind,
    forbidden: bool,
    verified: bool,
    /// It rests on a claim that the authority cannot state.
    unstated: bool,
    public: PublicCause,
    detail: Option<Cow<'static, str>>,
    expected: Option<Text>,
    got: Option<String>,
    /// `got` is why there are no keys, and nothing of a token.
    got_is_cause: bool,
    authority: Option<Text>,
    key_id: Option<String>,
    scopes: Option<String>,
    retry_after: Option<Duration>,
    /// Boxed: it is rare.
    ask: Option<Box<Ask>>,
}

/// What anybody can compute from an unverified token, and so may be told to whoever sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PublicCause {
    /// Nothing that is not ours alone to know.
    #[default]
    None,
    /// Its own `exp` is long past.
    Expired,
    /// Its header has no `kid`.
    WithoutKeyId,
    /// Its `aud` is this API of Microsoft's (`docs/entra.md`, "Audiences of Microsoft APIs").
    MicrosoftApi(&'static str),
}

/// What the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Public {
    /// The sentence of this kind.
    Summary(RejectionKind),
    /// It is not for this API: issuer, tenant, key and signature that are not ours all look the same.
    NotOurs,
    /// It is for this API of Microsoft's.
    Microsoft(&'static str),
}

impl Rejection {
    /// A refusal of this kind, with nothing known but that.
    #[must_use]
    pub fn new(kind: RejectionKind) -> Self {
        Self(Arc::new(Inner {
            kind,
            forbidden: false,
            verified: false,
            unstated: false,
            public: PublicCause::None,
            detail: None,
            expected: None,
            got: None,
            got_is_cause: false,
            authority: None,
            key_id: None,
            scopes: None,
            retry_after: None,
            ask: None,
        }))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The same, found on a token whose signature has verified.
    #[must_use]
    pub fn verified(self) -> Self {
        self.edit(|inner| inner.verified = true)
    }

    /// The same, answered with 403: the token is good, and not enough.
    #[must_use]
    pub fn forbidden(self) -> Self {
        self.edit(|inner| inner.forbidden = true)
    }

    /// The same with a further sentence about the cause. It may be shown to callers, so it has nothing of the token in it.
    #[must_use]
    pub fn detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.detail = Some(detail.into()))
    }

    /// The same with what the configuration wants.
    #[must_use]
    pub fn expected(self, expected: impl Into<String>) -> Self {
        self.edit(|inner| inner.expected = Some(Text::Own(expected.into())))
    }

    /// The same with what the token had. Cut after 300 characters.
    #[must_use]
    pub fn got(self, got: impl Into<String>) -> Self {
        let got = cut(got.into(), LONGEST_GOT);
        self.edit(|inner| {
            inner.got = Some(got);
            inner.got_is_cause = false;
        })
    }

    /// The same with why there are no keys.
    pub(crate) fn got_cause(self, cause: &str) -> Self {
        let cause = cut(cause.to_owned(), LONGEST_CAUSE);
        self.edit(|inner| {
            inner.got = Some(cause);
            inner.got_is_cause = true;
        })
    }

    /// The same with the scopes that would be enough, separated by spaces, for the challenge (RFC 6750 §3).
    #[must_use]
    pub fn scopes(self, scopes: impl Into<String>) -> Self {
        self.edit(|inner| inner.scopes = Some(scopes.into()))
    }

    /// The same with the time after which to ask again.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(wait))
    }

    /// The same with what the configuration wants, which is known once and for all.
    pub(crate) fn expected_always(self, expected: &Arc<str>) -> Self {
        self.edit(|inner| inner.expected = Some(Text::Shared(Arc::clone(expected))))
    }

    /// The same for a requirement on a claim about a directory that the token's authority cannot state.
    pub(crate) fn unstated(self) -> Self {
        self.edit(|inner| inner.unstated = true)
    }

    pub(crate) fn is_unstated(&self) -> bool {
        self.0.unstated
    }

    pub(crate) fn at_authority(self, authority: &Arc<str>) -> Self {
        self.edit(|inner| inner.authority = Some(Text::Shared(Arc::clone(authority))))
    }

    pub(crate) fn with_key_id(self, key_id: &str) -> Self {
        let key_id = cut(key_id.to_owned(), LONGEST_GOT);
        self.edit(|inner| inner.key_id = Some(key_id))
    }

    pub(crate) fn with_public_cause(self, cause: PublicCause) -> Self {
        self.edit(|inner| inner.public = cause)
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.0.kind
    }

    /// The stable code of [`kind`](Self::kind).
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The HTTP status to answer with: 400, 401, 403, 500 or 503.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        if self.0.forbidden { StatusCode::FORBIDDEN } else { self.0.kind.status() }
    }

    /// Whether the signature had verified, so that what is said of the token is true of a genuine one.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.0.verified
    }

    /// What the configuration wants, where that is a value.
    #[must_use]
    pub fn expected_value(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What the token had. Not to be shown to callers unless [`is_verified`](Self::is_verified).
    #[must_use]
    pub fn got_value(&self) -> Option<&str> {
        self.0.got.as_deref()
    }

    /// A further sentence about the cause, fit to be shown.
    #[must_use]
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The authority that the token chose, by its configured name.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.0.authority.as_deref()
    }

    /// The `kid` of the token's header.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// The scopes that would be enough, separated by spaces.
    #[must_use]
    pub fn required_scopes(&self) -> Option<&str> {
        self.0.scopes.as_deref()
    }

    /// The time after which to ask again, with 503.
    #[must_use]
    pub fn retry_after_time(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What to do about it, with the values that may be shown: why there are no keys, and values of a token only where its
    /// signature has verified.
    #[must_use]
    pub fn hint(&self) -> String {
        let mut hint = String::from(self.0.kind.summary());
        if let PublicCause::MicrosoftApi(name) = self.0.public {
            hint.push_str(" (");
            hint.push_str(name);
            hint.push(')');
        }
        if let Some(detail) = &self.0.detail {
            hint.push_str(": ");
            hint.push_str(detail);
        }
        if let Some(cause) = self.0.got.as_deref().filter(|_| self.0.got_is_cause) {
            hint.push_str(": ");
            hint.push_str(cause);
        }
        let got = self.0.got.as_deref().filter(|_| self.0.verified && !self.0.got_is_cause);
        match (self.0.expected.as_deref(), got) {
            (Some(expected), Some(got)) => hint.push_str(&format!(" (expected {expected}, got {got})")),
            (Some(expected), None) => hint.push_str(&format!(" (expected {expected})")),
            (None, Some(got)) => hint.push_str(&format!(" (got {got})")),
            (None, None) => {}
        }
        hint.push_str(". To mend it: ");
        hint.push_str(self.0.kind.remedy());
        hint.push('.');
        hint
    }

    /// The `error_description` of the challenge: what may be told to anybody who sent this token.
    ///
    /// Before the signature has verified it depends on the token and public knowledge alone, so that issuer, tenant, key
    /// and signature that are not ours all look the same.
    #[must_use]
    pub fn public_description(&self) -> String {
        match self.public() {
            Public::Summary(kind) => kind.summary().to_owned(),
            Public::NotOurs => "the access token is not valid for this API".to_owned(),
            Public::Microsoft(name) => format!("the token is for {name}: ask for a scope of this API instead"),
        }
    }

    /// Which description that is.
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
            // Also where a key at hand was found without one: whose keys are at hand is nobody's business.
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
