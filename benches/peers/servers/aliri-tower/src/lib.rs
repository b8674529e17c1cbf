//! Issuer, audience, algorithm and dates checked; keys refreshed every minute. The keys are fetched before it returns.

use std::time::Duration;

use aliri::{jwa, jwt};
use aliri_clock::UnixTime;
use aliri_oauth2::{Authority, HasScope, scope::Scope};
use aliri_tower::{Oauth2Authorizer, TerseErrorHandler};
use serde::Deserialize;

/// [`settings::EntraClaims`], in its own types where it asks for them.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    aud: jwt::Audiences,
    iss: jwt::Issuer,
    sub: jwt::Subject,
    exp: UnixTime,
    nbf: Option<UnixTime>,
    pub iat: Option<i64>,
    pub tid: String,
    pub oid: Option<String>,
    pub azp: Option<String>,
    pub name: Option<String>,
    pub preferred_username: Option<String>,
    scp: Scope,
    #[serde(default)]
    pub roles: Vec<String>,
    pub ver: Option<String>,
}

impl jwt::CoreClaims for Claims {
    fn nbf(&self) -> Option<UnixTime> {
        self.nbf
    }

    fn exp(&self) -> Option<UnixTime> {
        Some(self.exp)
    }

    fn aud(&self) -> &jwt::Audiences {
        &self.aud
    }

    fn iss(&self) -> Option<&jwt::IssuerRef> {
        Some(&self.iss)
    }

    fn sub(&self) -> Option<&jwt::SubjectRef> {
        Some(&self.sub)
    }
}

impl HasScope for Claims {
    fn scope(&self) -> &Scope {
        &self.scp
    }
}

pub async fn authority() -> Authority {
    let validator = jwt::CoreValidator::default()
        .add_approved_algorithm(jwa::Algorithm::RS256)
        .add_allowed_audience(jwt::Audience::from(settings::audience()))
        .require_issuer(jwt::Issuer::from(settings::issuer()))
        .check_expiration()
        .check_not_before();
    let authority = Authority::new_from_url(settings::jwks_url(), validator).await.unwrap();
    authority.spawn_refresh(Duration::from_secs(60));
    authority
}

/// Its `jwt_layer` takes the authority.
#[must_use]
pub fn authorizer<B: axum::body::HttpBody + Default>() -> Oauth2Authorizer<Claims, TerseErrorHandler<B>> {
    Oauth2Authorizer::new().with_claims::<Claims>().with_terse_error_handler::<B>()
}
