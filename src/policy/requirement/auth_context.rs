use std::fmt;

use crate::{
    claims::Claims,
    policy::truth::Truth,
    rejection::{Rejection, RejectionKind},
};

/// An authentication context of Conditional Access: `c1` to `c99`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct AuthContext {
    text: String,
    /// `None`: there is no such context.
    number: Option<u8>,
}

impl AuthContext {
    pub(super) fn new(text: String) -> Self {
        Self { number: number(&text), text }
    }

    pub(super) fn number(&self) -> Option<u8> {
        self.number
    }

    /// Contexts are for users: an application's token tells nothing, whatever it has.
    pub(super) fn name(&self) -> &str {
        &self.text
    }

    pub(super) fn truth(&self, claims: &Claims, satisfied: &[u8]) -> Truth {
        let Some(wanted) = self.number.filter(|_| !claims.is_app_only()) else { return Truth::Unknown };
        if satisfied.contains(&wanted) {
            return Truth::True;
        }
        match claims.known_auth_contexts() {
            Some(mut contexts) => contexts.any(|context| number(context) == Some(wanted)).into(),
            None => Truth::Unknown,
        }
    }

    /// The refusal where no challenge would help.
    pub(super) fn refuse(&self, claims: &Claims) -> Rejection {
        let rejection = Rejection::new(RejectionKind::InsufficientClaims);
        if self.number.is_none() {
            rejection.detail("the requirement names an authentication context that is none of c1 to c99")
        } else if claims.is_app_only() {
            rejection.detail("the token has no user who could sign in again")
        } else if !claims.understands_claims_challenges() {
            rejection.detail("the client does not say that it understands claims challenges (cp1 in xms_cc)")
        } else {
            rejection
        }
    }
}

/// The challenge by which a client gets a token with this context.
pub(super) fn challenge(claims: &Claims, context: u8) -> Rejection {
    let json = format!(r#"{{"access_token":{{"acrs":{{"essential":true,"value":"c{context}"}}}}}}"#);
    Rejection::claims_challenge(json).challenging(claims.authorization_uri(), claims.audience_id())
}

/// `c1` to `c99`, ignoring case.
fn number(text: &str) -> Option<u8> {
    let digits = text.strip_prefix(['c', 'C'])?;
    let is_plain = matches!(digits.as_bytes(), [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9']);
    digits.parse().ok().filter(|_| is_plain)
}

impl fmt::Display for AuthContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "authentication context {}", self.text)
    }
}
