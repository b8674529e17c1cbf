use serde_json::json;

use super::openid::OpenIdProvider;
use crate::{
    claims::{Claims, LOGIN, NAME, NONCE},
    state::State,
    token_spec::{Kind, TokenSpec},
};

/// An Auth0 tenant.
pub(crate) const AUTH0: OpenIdProvider = OpenIdProvider {
    issuer: "/",
    keys: "/.well-known/jwks.json",
    authorization: "/authorize",
    token: "/oauth/token",
    userinfo: USERINFO,
    x5t: true,
    typ: Some("JWT"),
    lifetime: 86_400,
    claims,
};

const USERINFO: &str = "/userinfo";

/// The identifier of the registered API.
const API: &str = "https://api.contoso.example";

fn claims(state: &State, spec: &TokenSpec) -> Claims {
    let mut claims = Claims::default();
    let api = spec.audience.as_deref().unwrap_or(API);
    let scopes = |default: &str| spec.scopes.as_deref().unwrap_or(default).to_owned();
    match spec.kind {
        Kind::User => {
            claims.put("sub", format!("auth0|{}", spec.user()));
            claims.put("aud", json!([api, format!("{}{USERINFO}", state.base_url.url)]));
            claims.put("azp", spec.client.as_str());
            claims.put("scope", scopes("openid profile files:read"));
        }
        Kind::App => {
            claims.put("sub", format!("{}@clients", spec.client));
            claims.put("aud", api);
            claims.put("azp", spec.client.as_str());
            claims.put("scope", scopes("files:read"));
            claims.put("gty", "client-credentials");
        }
        Kind::IdToken => {
            claims.put("sub", format!("auth0|{}", spec.user()));
            claims.put("aud", spec.client_audience());
            claims.put("name", NAME);
            claims.put("nickname", "ada");
            claims.put("email", LOGIN);
            claims.put("nonce", NONCE);
            claims.put("sid", spec.token_id());
        }
    }
    let default_permissions = (spec.kind != Kind::IdToken).then(|| vec!["files:read".to_owned()]);
    claims.put_list("permissions", spec.roles.as_deref().or(default_permissions.as_deref()));
    claims
}
