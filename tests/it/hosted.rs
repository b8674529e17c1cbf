//! Every provider over HTTP on 127.0.0.1: its keys are found there, and its tokens are told apart.

use mock_entra::MockEntra;
use tower_entra::Verifier;

use crate::everyone::presets;

#[tokio::test]
async fn every_provider_behind_a_socket() {
    let (all, clock) = presets(MockEntra::TENANT);
    for preset in &all {
        let server = preset.mock.clone().serve_at("127.0.0.1:0").await.unwrap();
        let verifier =
            Verifier::builder().authority(preset.hosted_at(&server.url())).clock(clock.clone()).build().unwrap();
        for (name, token) in preset.tokens() {
            for (what, token, expected) in [
                ("good", token.clone(), "accepted"),
                ("of an application", token.clone().app(), "accepted"),
                ("expired", token.clone().expired(), "expired"),
                ("by another key", token.clone().wrong_key(), "bad_signature"),
                ("for another API", preset.addressed(token.clone(), "api://another"), "wrong_audience"),
                ("of another issuer", token.clone().claim("iss", "https://other.example"), "unknown_issuer"),
            ] {
                let verdict = verifier.verify(&token.build()).await;
                let found = verdict.as_ref().map_or_else(|rejection| rejection.code(), |_| "accepted");
                assert_eq!(found, expected, "{name}, {what}: {verdict:?}");
                if let Ok(claims) = verdict {
                    assert_eq!(claims.authority(), preset.name, "{name}, {what}");
                }
            }
        }
        preset.mock.rotate();
        let asked = preset.mock.fetches();
        assert!(asked > 0, "{}: over HTTP", preset.name);
        assert!(verifier.verify(&preset.token().build()).await.is_ok(), "{}: with a new key", preset.name);
        assert!(preset.mock.fetches() > asked, "{}: the new key came over HTTP", preset.name);
    }
}
