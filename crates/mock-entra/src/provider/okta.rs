use serde_json::json;

use super::openid::OpenIdProvider;
use crate::{
    claims::{AT_HASH, Claims, LOGIN, NAME, NONCE, deterministic_string},
    ids,
    state::State,
    token_spec::{Kind, TokenSpec},
};

/// Okta with the authorization server `default`.
pub(crate) const OKTA: OpenIdProvider = OpenIdProvider {
    issuer: "/oauth2/default",
    keys: "/oauth2/default/v1/keys",
    authorization: "/oauth2/default/v1/authorize",
    token: "/oauth2/default/v1/token",
    userinfo: "/oauth2/default/v1/userinfo",
    x5t: false,
    typ: None,
    lifetime: 3600,
    claims,
};

fn claims(_state: &State, spec: &TokenSpec) -> Claims {
    let mut claims = Claims::default();
    claims.put("ver", 1);
    let id = deterministic_string(&spec.token_id());
    if spec.kind == Kind::IdToken {
        claims.put("jti", format!("ID.{id}"));
        claims.put("aud", spec.client_audience());
        claims.put("sub", spec.user());
        claims.put("name", NAME);
        claims.put("preferred_username", LOGIN);
        claims.put("amr", json!(["pwd", "mfa"]));
        claims.put("idp", "00oexample1");
        claims.put("nonce", NONCE);
        claims.put("at_hash", AT_HASH);
    } else {
        let is_app = spec.kind == Kind::App;
        let default_scopes = if is_app { "files.read" } else { "files.read openid" };
        let scopes = spec.scopes.as_deref().unwrap_or(default_scopes);
        claims.put("jti", format!("AT.{id}"));
        claims.put("aud", spec.audience.clone().unwrap_or_else(|| format!("api://{}", ids::CLIENT_ID)));
        claims.put("cid", spec.client.as_str());
        claims.put("scp", scopes.split_whitespace().collect::<Vec<_>>());
        if is_app {
            claims.put("sub", spec.client.as_str());
        } else {
            claims.put("uid", spec.user());
            claims.put("sub", LOGIN);
        }
    }
    claims.put_list("groups", spec.roles.as_deref());
    claims
}
