//! Providers that differ only in their paths, the format of their tokens and their claims.

use serde_json::json;

use super::{Document, Provider, Validity, not_found, object};
use crate::{claims::Claims, key_spec::KeySet, message::MockResponse, state::State, token_spec::TokenSpec};

/// An OpenID Connect provider (OpenID Connect Discovery 1.0, section 3). All paths are relative to the base address.
#[derive(Debug)]
pub(crate) struct OpenIdProvider {
    /// With a trailing slash if the issuer has one.
    pub(super) issuer: &'static str,
    pub(super) keys: &'static str,
    pub(super) authorization: &'static str,
    pub(super) token: &'static str,
    pub(super) userinfo: &'static str,
    /// Whether keys have `x5t`.
    pub(super) x5t: bool,
    /// The `typ` header parameter of tokens.
    pub(super) typ: Option<&'static str>,
    /// The lifetime of tokens in seconds.
    pub(super) lifetime: i64,
    pub(super) claims: fn(&State, &TokenSpec) -> Claims,
}

impl Provider for OpenIdProvider {
    fn document(&self, state: &State, path: &str, _query: &str) -> Result<Document, Box<MockResponse>> {
        if path == self.keys {
            return Ok(Document::Keys(KeySet { x5t: self.x5t, alg: true, ..KeySet::default() }));
        }
        let root = path.strip_suffix("/.well-known/openid-configuration").ok_or_else(not_found)?;
        if root != self.issuer.trim_end_matches('/') {
            return Err(not_found());
        }
        let at = |path: &str| format!("{}{path}", state.base_url.url);
        Ok(Document::Metadata(object(json!({
            "issuer": at(self.issuer),
            "authorization_endpoint": at(self.authorization),
            "token_endpoint": at(self.token),
            "userinfo_endpoint": at(self.userinfo),
            "jwks_uri": at(self.keys),
            "response_types_supported": ["code", "id_token", "code id_token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "id_token_signing_alg_values_supported": [state.keys.current.algorithm().name()],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }))))
    }

    fn issuer(&self, state: &State, _spec: &TokenSpec) -> String {
        format!("{}{}", state.base_url.url, self.issuer)
    }

    fn claims(&self, state: &State, spec: &TokenSpec) -> Claims {
        (self.claims)(state, spec)
    }

    fn validity(&self) -> Validity {
        Validity { lifetime: self.lifetime, backdated: 0, has_not_before: false }
    }

    fn typ(&self) -> Option<&'static str> {
        self.typ
    }
}
