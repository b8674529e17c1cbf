use std::borrow::Cow;

use serde_json::Value;

use super::{
    Rejection, RejectionKind,
    challenge_action::{ChallengeAction, ClaimsChallenge},
};
use crate::{claims::json, tenant::Cloud};

impl Rejection {
    /// A [claims challenge](crate::guide::entra#claims-challenges): status 401, and the client is to come back with a
    /// token for which it asked with these claims, a JSON object. It is sent as base64, so that nothing in it can break
    /// the header.
    ///
    /// Only clients that [understand it](crate::Claims::understands_claims_challenges) can do so; refuse others with
    /// `Rejection::new(RejectionKind::InsufficientClaims).forbidden()`. A text that is no JSON object is no challenge, and
    /// no client could make anything of it: the refusal is then that same 403, and its detail says why.
    ///
    /// A session that was revoked (continuous access evaluation) is told like this, with the time of the revocation in
    /// seconds since 1970:
    ///
    /// ```
    /// use tower_entra::Rejection;
    ///
    /// let revoked = Rejection::claims_challenge(r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#);
    /// assert_eq!((revoked.code(), revoked.status().as_u16()), ("insufficient_claims", 401));
    /// ```
    ///
    /// In another cloud than the public one, say where to sign in:
    ///
    /// ```
    /// use tower_entra::{Rejection, response::Challenge};
    ///
    /// let revoked = Rejection::claims_challenge(r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#)
    ///     .authorization_uri("https://login.microsoftonline.us/common/oauth2/authorize");
    /// let header = Challenge::new().header(&revoked).unwrap();
    /// assert!(header.to_str().unwrap().contains("login.microsoftonline.us"));
    /// ```
    #[must_use]
    pub fn claims_challenge(json: impl Into<String>) -> Self {
        let json = json.into();
        let rejection = Self::new(RejectionKind::InsufficientClaims).verified();
        if json::object(&json).is_err() {
            return rejection.forbidden().detail("the claims of its challenge are no JSON object");
        }
        let claims: Option<Value> = serde_json::from_str(&json).ok();
        let is_auth_context = claims.is_some_and(|claims| claims.pointer("/access_token/acrs").is_some());
        let uri = format!("https://{}/common/oauth2/authorize", Cloud::Public.login_host());
        rejection.with_ask(ChallengeAction::Claims(ClaimsChallenge {
            json,
            authorization_uri: Some(uri.into()),
            client_id: None,
            is_auth_context,
        }))
    }

    /// The same with the address where to sign in, in a [claims challenge](Self::claims_challenge). Of any other refusal it
    /// changes nothing.
    #[must_use]
    pub fn authorization_uri(self, uri: impl Into<String>) -> Self {
        let uri = uri.into();
        self.edit_claims_challenge(|challenge| challenge.authorization_uri = Some(uri.into()))
    }

    /// The same for one token: where its cloud signs in, and the application id of this API, if they are known.
    pub(crate) fn challenging(self, uri: Option<String>, client_id: Option<&str>) -> Self {
        self.edit_claims_challenge(|challenge| {
            challenge.authorization_uri = uri.map(Cow::Owned);
            challenge.client_id = client_id.map(str::to_owned);
        })
    }

    /// The user, or an administrator, must consent to scopes of an API that this one calls in their name: status
    /// 403, with [a challenge as Microsoft.Identity.Web writes it](crate::guide::entra#consent-challenge). `uri` is the
    /// address to consent at, percent-encoded.
    ///
    /// ```
    /// use tower_entra::{Rejection, response::Challenge};
    ///
    /// let uri = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=66666666";
    /// let rejection = Rejection::consent(uri, ["User.Read", "Mail.Read"]);
    /// assert_eq!(rejection.status(), 403);
    /// assert_eq!(
    ///     Challenge::new().header(&rejection).unwrap(),
    ///     &format!(r#"Bearer consentUri="{uri}", scopes="User.Read,Mail.Read", proposedAction="consent""#),
    /// );
    /// ```
    ///
    /// From a handler (feature `axum`):
    ///
    /// ```
    /// use tower_entra::{Claims, Rejection};
    ///
    /// async fn mail(claims: Claims) -> Result<&'static str, Rejection> {
    ///     let uri = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=66666666";
    ///     Err(Rejection::consent(uri, ["Mail.Read"]))
    /// }
    /// # #[cfg(feature = "axum")] fn app() -> axum::Router { axum::Router::new().route("/", axum::routing::get(mail)) }
    /// ```
    #[must_use]
    pub fn consent(uri: impl Into<String>, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        let ask = ChallengeAction::Consent { uri: uri.into(), scopes: scopes.join(",") };
        let rejection = Self::new(RejectionKind::InsufficientScope).verified().forbidden();
        rejection.detail("an API that this one calls needs consent").with_ask(ask)
    }

    /// The claims of a [claims challenge](Self::claims_challenge), for an answer of one's own.
    #[must_use]
    pub fn challenged_claims(&self) -> Option<&str> {
        match self.ask()? {
            ChallengeAction::Claims(challenge) => Some(&challenge.json),
            ChallengeAction::Consent { .. } => None,
        }
    }

    /// What goes into the challenge. Nothing if the status has been changed to one that it does not go with.
    pub(crate) fn ask(&self) -> Option<&ChallengeAction> {
        let is_challenge = self.status() == http::StatusCode::UNAUTHORIZED;
        self.0.ask.as_deref().filter(|ask| matches!(ask, ChallengeAction::Claims(_)) == is_challenge)
    }

    fn with_ask(self, ask: ChallengeAction) -> Self {
        self.edit(|inner| inner.ask = Some(Box::new(ask)))
    }

    fn edit_claims_challenge(self, change: impl FnOnce(&mut ClaimsChallenge)) -> Self {
        self.edit(|inner| {
            if let Some(ChallengeAction::Claims(challenge)) = inner.ask.as_deref_mut() {
                change(challenge);
            }
        })
    }
}
