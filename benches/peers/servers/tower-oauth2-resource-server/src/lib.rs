//! With discovery, so that the issuer is checked, and an audience. The keys come a moment after it returns.

use settings::EntraClaims;
use tower_oauth2_resource_server::{
    layer::OAuth2ResourceServerLayer, server::OAuth2ResourceServer, tenant::TenantConfiguration,
};

pub async fn layer<B: Default + Send + 'static>() -> OAuth2ResourceServerLayer<B, EntraClaims> {
    #[cfg(feature = "choice")]
    if settings::wants_aws_lc() {
        jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
    } else {
        jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default().unwrap();
    }
    let tenant =
        TenantConfiguration::builder(settings::issuer()).audiences(&[settings::audience()]).build().await.unwrap();
    OAuth2ResourceServer::<EntraClaims>::builder().add_tenant(tenant).build().await.unwrap().into_layer()
}
