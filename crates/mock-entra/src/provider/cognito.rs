use super::{Dates, Found, Provider, openid::Layout};
use crate::answer::Answer;
use crate::state::State;
use crate::token_spec::{AT_HASH, Claims, Kind, LOGIN, NONCE, TokenSpec};

/// A user pool of AWS Cognito.
#[derive(Debug)]
pub(crate) struct Cognito;

/// Its other endpoints lie at a host of its own, which is not played here.
const LAYOUT: Layout = Layout {
    issuer: "/eu-west-1_Example1",
    keys: "/eu-west-1_Example1/.well-known/jwks.json",
    authorization: "/oauth2/authorize",
    token: "/oauth2/token",
    userinfo: "/oauth2/userInfo",
    x5t: false,
};

impl Provider for Cognito {
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
        claims.put("jti", spec.token_id());
        match spec.kind {
            Kind::IdToken => {
                claims.put("token_use", "id");
                claims.put("aud", spec.audience.clone().unwrap_or_else(|| spec.client.clone()));
                claims.put("sub", spec.user());
                claims.put("cognito:username", "ada");
                claims.put("email", LOGIN);
                claims.put("nonce", NONCE);
                claims.put("at_hash", AT_HASH);
            }
            Kind::User | Kind::App => {
                claims.put("token_use", "access");
                claims.put("version", 2);
                claims.put("client_id", spec.client.as_str());
                claims.put_some("aud", spec.audience.clone());
                let is_app = spec.kind == Kind::App;
                let usual = if is_app { "files/read" } else { "aws.cognito.signin.user.admin files/read" };
                claims.put("scope", spec.scopes.as_deref().unwrap_or(usual));
                claims.put("sub", if is_app { spec.client.as_str() } else { spec.user() });
                if !is_app {
                    claims.put("username", "ada");
                }
            }
        }
        let usual = (spec.kind != Kind::App).then(|| vec!["readers".to_owned()]);
        claims.put_list("cognito:groups", spec.roles.as_ref().or(usual.as_ref()));
        claims
    }
}
