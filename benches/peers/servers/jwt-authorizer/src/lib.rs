//! Issuer and audience checked, as its users must ask for. The keys are fetched at the first token.

use jwt_authorizer::{IntoLayer, JwtAuthorizer, Validation, layer::AuthorizationLayer};
use settings::EntraClaims;

pub async fn layer() -> AuthorizationLayer<EntraClaims> {
    let validation = Validation::new().iss(&[settings::issuer()]).aud(&[settings::audience()]);
    JwtAuthorizer::<EntraClaims>::from_jwks_url(&settings::jwks_url())
        .validation(validation)
        .build()
        .await
        .unwrap()
        .into_layer()
}
