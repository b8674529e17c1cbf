//! An extractor, not a layer: the state has a decoder. The keys are fetched before it returns.

use std::sync::Arc;

use axum::extract::FromRef;
use axum_jwt_auth::{Decoder, RemoteJwksDecoder};
use jsonwebtoken::{Algorithm, Validation};
use settings::EntraClaims;

#[derive(Clone, FromRef)]
pub struct State {
    pub decoder: Decoder<EntraClaims>,
}

pub async fn state() -> State {
    #[cfg(feature = "choice")]
    if settings::wants_aws_lc() {
        jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
    } else {
        jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default().unwrap();
    }
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[settings::issuer()]);
    validation.set_audience(&[settings::audience()]);
    validation.validate_nbf = true;
    let decoder = RemoteJwksDecoder::builder().jwks_url(settings::jwks_url()).validation(validation).build().unwrap();
    decoder.initialize().await.unwrap();
    State { decoder: Arc::new(decoder) }
}
