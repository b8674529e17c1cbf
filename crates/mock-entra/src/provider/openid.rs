//! What OpenID Connect providers have in common (OpenID Connect Discovery §3).

use serde_json::json;

use super::{Found, nothing, object};
use crate::answer::Answer;
use crate::key_spec::KeySet;
use crate::state::State;

/// The paths of a provider, each behind the base address.
#[derive(Debug)]
pub(super) struct Layout {
    /// Of the issuer; with a slash at its end if the issuer has one.
    pub(super) issuer: &'static str,
    pub(super) keys: &'static str,
    pub(super) authorization: &'static str,
    pub(super) token: &'static str,
    pub(super) userinfo: &'static str,
    /// Whether keys have `x5t`.
    pub(super) x5t: bool,
}

impl Layout {
    pub(super) fn issuer(&self, state: &State) -> String {
        format!("{}{}", state.base_url.url, self.issuer)
    }

    /// The metadata document, the key set, or an error.
    pub(super) fn find(&self, state: &State, path: &str) -> Result<Found, Box<Answer>> {
        if path == self.keys {
            return Ok(Found::Keys(KeySet { x5t: self.x5t, alg: true, ..KeySet::default() }));
        }
        let root = path.strip_suffix("/.well-known/openid-configuration").ok_or_else(nothing)?;
        if root != self.issuer.trim_end_matches('/') {
            return Err(nothing());
        }
        let at = |path: &str| format!("{}{path}", state.base_url.url);
        Ok(Found::Metadata(object(json!({
            "issuer": self.issuer(state),
            "authorization_endpoint": at(self.authorization),
            "token_endpoint": at(self.token),
            "userinfo_endpoint": at(self.userinfo),
            "jwks_uri": at(self.keys),
            "response_types_supported": ["code", "id_token", "code id_token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "id_token_signing_alg_values_supported": [state.current.algorithm().name()],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }))))
    }
}
