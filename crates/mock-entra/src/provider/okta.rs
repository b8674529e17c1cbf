use serde_json::json;

use super::{Dates, Found, Provider, openid::Layout};
use crate::answer::Answer;
use crate::ids;
use crate::state::State;
use crate::token_spec::{AT_HASH, Claims, Kind, LOGIN, NONCE, TokenSpec, deterministic_string};

/// Okta with its authorization server `default`.
#[derive(Debug)]
pub(crate) struct Okta;

const LAYOUT: Layout = Layout {
    issuer: "/oauth2/default",
    keys: "/oauth2/default/v1/keys",
    authorization: "/oauth2/default/v1/authorize",
    token: "/oauth2/default/v1/token",
    userinfo: "/oauth2/default/v1/userinfo",
    x5t: false,
};

impl Provider for Okta {
    fn find(&self, state: &State, path: &str, _query: &str) -> Result<Found, Box<Answer>> {
        LAYOUT.find(state, path)
    }

    fn issuer(&self, state: &State, _facts: &TokenSpec) -> String {
        LAYOUT.issuer(state)
    }

    fn dates(&self) -> Dates {
        Dates { lifetime: 3600, back_dated: 0, not_before: false }
    }

    fn typ(&self) -> Option<&'static str> {
        None
    }

    fn claims(&self, _state: &State, spec: &TokenSpec) -> Claims {
        let mut claims = Claims::default();
        claims.put("ver", 1);
        let id = deterministic_string(&spec.token_id());
        if spec.kind == Kind::IdToken {
            claims.put("jti", format!("ID.{id}"));
            claims.put("aud", spec.audience.clone().unwrap_or_else(|| spec.client.clone()));
            claims.put("sub", spec.user());
            claims.put("name", "Ada Example");
            claims.put("preferred_username", LOGIN);
            claims.put("amr", json!(["pwd", "mfa"]));
            claims.put("idp", "00oexample1");
            claims.put("nonce", NONCE);
            claims.put("at_hash", AT_HASH);
        } else {
            let audience = spec.audience.clone().unwrap_or_else(|| format!("api://{}", ids::CLIENT_ID));
            let is_app = spec.kind == Kind::App;
            let usual = if is_app { "files.read" } else { "files.read openid" };
            let scopes = spec.scopes.as_deref().unwrap_or(usual);
            claims.put("jti", format!("AT.{id}"));
            claims.put("aud", audience);
            claims.put("cid", spec.client.as_str());
            claims.put("scp", scopes.split_whitespace().collect::<Vec<_>>());
            if is_app {
                claims.put("sub", spec.client.as_str());
            } else {
                claims.put("uid", spec.user());
                claims.put("sub", LOGIN);
            }
        }
        claims.put_list("groups", spec.roles.as_ref());
        claims
    }
}
