//! Ours.

use tower_entra::{AuthenticateLayer, Verifier, cache::CacheSettings};

/// The keys are fetched before it returns. `CACHE=off` verifies each time.
pub async fn layer() -> AuthenticateLayer {
    let is_off = std::env::var("CACHE").is_ok_and(|value| value == "off");
    let verifier = Verifier::builder()
        .instance(settings::setting("INSTANCE"))
        .tenant(settings::setting("TENANT"))
        .client_id(settings::audience())
        .cache(if is_off { CacheSettings::off() } else { CacheSettings::default() })
        .build()
        .unwrap();
    verifier.warm_up().await.unwrap();
    AuthenticateLayer::new(verifier)
}
