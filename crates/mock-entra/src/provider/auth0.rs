use serde_json::json;

use super::{Dates, Found, Provider, openid::Layout};
use crate::answer::Answer;
use crate::state::State;
use crate::token_spec::{Claims, Kind, LOGIN, NONCE, TokenSpec};

/// An Auth0 tenant.
#[derive(Debug)]
pub(crate) struct Auth0;

const LAYOUT: Layout = Layout {
    issuer: "/",
    keys: "/.well-known/jwks.json",
    authorization: "/authorize",
    token: "/oauth/token",
    userinfo: "/userinfo",
    x5t: true,
};

/// The API, by the identifier with which it is registered.
const API: &str = "https://api.contoso.example";

impl Provider for Auth0 {
    fn find(&self, state: &State, path: &str, _query: &str) -> Result<Found, Box<Answer>> {
        LAYOUT.find(state, path)
    }

    fn issuer(&self, state: &State, _facts: &TokenSpec) -> String {
        LAYOUT.issuer(state)
    }

    fn dates(&self) -> Dates {
        Dates { lifetime: 86_400, back_dated: 0, not_before: false }
    }

    fn claims(&self, state: &State, spec: &TokenSpec) -> Claims {
        let mut claims = Claims::default();
        let api = spec.audience.clone().unwrap_or_else(|| API.to_owned());
        let scopes = |usual: &str| spec.scopes.clone().unwrap_or_else(|| usual.to_owned());
        match spec.kind {
            Kind::User => {
                claims.put("sub", format!("auth0|{}", spec.user()));
                claims.put("aud", json!([api, format!("{}{}", state.base_url.url, LAYOUT.userinfo)]));
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
                claims.put("aud", spec.audience.clone().unwrap_or_else(|| spec.client.clone()));
                claims.put("name", "Ada Example");
                claims.put("nickname", "ada");
                claims.put("email", LOGIN);
                claims.put("nonce", NONCE);
                claims.put("sid", spec.token_id());
            }
        }
        let usual = (spec.kind != Kind::IdToken).then(|| vec!["files:read".to_owned()]);
        claims.put_list("permissions", spec.roles.as_ref().or(usual.as_ref()));
        claims
    }
}
