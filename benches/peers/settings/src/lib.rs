//! What every server is told, and the claims that it reads: the same for all.

use serde::Deserialize;

/// From the environment. Panics where something is missing: these are measurements.
#[must_use]
pub fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// The issuer of the tokens.
#[must_use]
pub fn issuer() -> String {
    setting("ISSUER")
}

/// Where the keys are.
#[must_use]
pub fn jwks_url() -> String {
    setting("JWKS_URL")
}

/// Whom the tokens are for.
#[must_use]
pub fn audience() -> String {
    setting("AUDIENCE")
}

/// Whether the back end of `jsonwebtoken` shall be aws-lc, where a program of more than one can say so.
#[must_use]
pub fn wants_aws_lc() -> bool {
    std::env::var("BACK_END").is_ok_and(|name| name == "aws-lc")
}

/// What an API reads of a token, for crates that leave the type of the claims to their users.
#[derive(Clone, Debug, Deserialize)]
pub struct EntraClaims {
    pub aud: String,
    pub iss: String,
    pub sub: String,
    pub exp: i64,
    pub nbf: Option<i64>,
    pub iat: Option<i64>,
    pub tid: String,
    pub oid: Option<String>,
    pub azp: Option<String>,
    pub name: Option<String>,
    pub preferred_username: Option<String>,
    pub scp: Option<String>,
    #[serde(default)]
    pub roles: Vec<String>,
    pub ver: Option<String>,
}
