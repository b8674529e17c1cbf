use super::openid::OpenIdProvider;
use crate::{
    claims::{AT_HASH, Claims, LOGIN, NONCE},
    state::State,
    token_spec::{Kind, TokenSpec},
};

/// A user pool of AWS Cognito. The real endpoints for authorization, tokens and user information are at another host.
pub(crate) const COGNITO: OpenIdProvider = OpenIdProvider {
    issuer: "/eu-west-1_Example1",
    keys: "/eu-west-1_Example1/.well-known/jwks.json",
    authorization: "/oauth2/authorize",
    token: "/oauth2/token",
    userinfo: "/oauth2/userInfo",
    x5t: false,
    typ: None,
    lifetime: 3600,
    claims,
};

fn claims(_state: &State, spec: &TokenSpec) -> Claims {
    let mut claims = Claims::default();
    claims.put("jti", spec.token_id());
    if spec.kind == Kind::IdToken {
        claims.put("token_use", "id");
        claims.put("aud", spec.client_audience());
        claims.put("sub", spec.user());
        claims.put("cognito:username", "ada");
        claims.put("email", LOGIN);
        claims.put("nonce", NONCE);
        claims.put("at_hash", AT_HASH);
    } else {
        let is_app = spec.kind == Kind::App;
        let default_scopes = if is_app { "files/read" } else { "aws.cognito.signin.user.admin files/read" };
        claims.put("token_use", "access");
        claims.put("version", 2);
        claims.put("client_id", spec.client.as_str());
        claims.put_some("aud", spec.audience.as_deref());
        claims.put("scope", spec.scopes.as_deref().unwrap_or(default_scopes));
        if is_app {
            claims.put("sub", spec.client.as_str());
        } else {
            claims.put("sub", spec.user());
            claims.put("username", "ada");
        }
    }
    let default_groups = (spec.kind != Kind::App).then(|| vec!["readers".to_owned()]);
    claims.put_list("cognito:groups", spec.roles.as_deref().or(default_groups.as_deref()));
    claims
}
