use serde_json::json;

use super::{Dates, Found, Provider, openid::Layout};
use crate::answer::Answer;
use crate::facts::{Claims, Facts, Kind, LOGIN, NONCE};
use crate::state::State;

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

    fn issuer(&self, state: &State, _facts: &Facts) -> String {
        LAYOUT.issuer(state)
    }

    fn dates(&self) -> Dates {
        Dates { lifetime: 86_400, back_dated: 0, not_before: false }
    }

    fn claims(&self, state: &State, facts: &Facts) -> Claims {
        let mut claims = Claims::default();
        let api = facts.audience.clone().unwrap_or_else(|| API.to_owned());
        let scopes = |usual: &str| facts.scopes.clone().unwrap_or_else(|| usual.to_owned());
        match facts.kind {
            Kind::User => {
                claims.put("sub", format!("auth0|{}", facts.user()));
                claims.put("aud", json!([api, format!("{}{}", state.site.base, LAYOUT.userinfo)]));
                claims.put("azp", facts.client.as_str());
                claims.put("scope", scopes("openid profile files:read"));
            }
            Kind::App => {
                claims.put("sub", format!("{}@clients", facts.client));
                claims.put("aud", api);
                claims.put("azp", facts.client.as_str());
                claims.put("scope", scopes("files:read"));
                claims.put("gty", "client-credentials");
            }
            Kind::IdToken => {
                claims.put("sub", format!("auth0|{}", facts.user()));
                claims.put("aud", facts.audience.clone().unwrap_or_else(|| facts.client.clone()));
                claims.put("name", "Ada Example");
                claims.put("nickname", "ada");
                claims.put("email", LOGIN);
                claims.put("nonce", NONCE);
                claims.put("sid", facts.token_id());
            }
        }
        let usual = (facts.kind != Kind::IdToken).then(|| vec!["files:read".to_owned()]);
        claims.put_list("permissions", facts.roles.as_ref().or(usual.as_ref()));
        claims
    }
}
