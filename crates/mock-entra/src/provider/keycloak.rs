use serde_json::json;

use super::openid::OpenIdProvider;
use crate::{
    claims::{AT_HASH, Claims, LOGIN, NAME, NONCE, deterministic_guid},
    ids,
    state::State,
    token_spec::{Kind, TokenSpec},
};

/// Keycloak with the realm `main`.
pub(crate) const KEYCLOAK: OpenIdProvider = OpenIdProvider {
    issuer: "/realms/main",
    keys: "/realms/main/protocol/openid-connect/certs",
    authorization: "/realms/main/protocol/openid-connect/auth",
    token: "/realms/main/protocol/openid-connect/token",
    userinfo: "/realms/main/protocol/openid-connect/userinfo",
    x5t: true,
    typ: Some("JWT"),
    lifetime: 300,
    claims,
};

fn claims(_state: &State, spec: &TokenSpec) -> Claims {
    let mut claims = Claims::default();
    claims.put("jti", spec.token_id());
    claims.put("azp", spec.client.as_str());
    claims.put("acr", "1");
    if spec.kind == Kind::IdToken {
        claims.put("typ", "ID");
        claims.put("aud", spec.client_audience());
        claims.put("nonce", NONCE);
        claims.put("at_hash", AT_HASH);
    } else {
        let api = spec.audience.as_deref().unwrap_or(ids::CLIENT_ID);
        let roles = spec.roles.clone().unwrap_or_else(|| vec!["files-reader".to_owned()]);
        let default_scopes = if spec.kind == Kind::App { "files.read" } else { "openid profile files.read" };
        claims.put("typ", "Bearer");
        claims.put("aud", json!(["account", api]));
        claims.put("scope", spec.scopes.as_deref().unwrap_or(default_scopes));
        claims.put("realm_access", json!({ "roles": roles }));
        claims.put("resource_access", json!({ "account": { "roles": ["view-profile"] } }));
    }
    if spec.kind == Kind::App {
        claims.put("sub", deterministic_guid(&spec.client));
        claims.put("client_id", spec.client.as_str());
        claims.put("clientHost", "203.0.113.7");
        claims.put("preferred_username", format!("service-account-{}", spec.client));
    } else {
        claims.put("sub", spec.user());
        claims.put("sid", "bbbbbbbb-1111-2222-3333-444444444444");
        claims.put("name", NAME);
        claims.put("preferred_username", LOGIN);
    }
    claims
}
