//! With the cache for keys, as its documentation advises; without it every request fetches them.

use std::time::Duration;

use axum_jose::{AuthorizationLayer, RemoteJwkSet};
use url::Url;

pub async fn layer() -> AuthorizationLayer {
    let keys =
        RemoteJwkSet::builder(Url::parse(&settings::jwks_url()).unwrap()).with_cache(Duration::from_secs(300)).build();
    AuthorizationLayer::with_remote_jwk_set(keys, Url::parse(&settings::issuer()).unwrap(), settings::audience())
}
