//! Row 24: another crate of the same process installs a provider of its own for jsonwebtoken. Ours does not ask it.

use std::process::Command;

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    crypto::{CryptoProvider, KeyUtils},
    errors::ErrorKind,
};
use mock_entra::SigningAlgorithm;

use crate::support::Bench;

static USELESS: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidKeyFormat.into()),
    verifier_factory: |_, _| panic!("somebody asked the provider of the process"),
    key_utils: KeyUtils::new_unimplemented(),
};

/// The provider is one of the whole process, so this has a process of its own.
#[test]
fn a_useless_provider_of_somebody_elses() {
    let test = "jsonwebtoken::with_a_useless_provider";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
#[ignore = "run by a_useless_provider_of_somebody_elses, in a process of its own"]
async fn with_a_useless_provider() {
    USELESS.install_default().unwrap();
    let key = EncodingKey::from_secret(b"secret");
    assert!(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &"claims", &key).is_err(), "it is in place");
    let bench = Bench::new().await;
    bench.accepts("a user", &bench.token().build()).await;
    bench.accepts("an application", &bench.token().v1().app().build()).await;
    let forged = bench.token().wrong_key().build();
    bench.refuses("forged", &forged, tower_entra::RejectionKind::BadSignature).await;
    let shared = bench.token().algorithm(SigningAlgorithm::Hs256(Vec::new())).build();
    bench.refuses("a shared secret", &shared, tower_entra::RejectionKind::UnsupportedAlgorithm).await;
    bench.mock.rotate();
    assert_eq!(bench.code(&bench.token().build()).await, "accepted");
}
