//! See Cargo.toml. jsonwebtoken panics if a build has both of its back ends and none was chosen.
#![cfg(test)]

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use mock_entra::MockEntra;
use serde_json::{Value, json};
use tower_entra::{Authority, RejectionKind, Verifier};

/// A throwaway Ed25519 key pair of RFC 8032 §7.1, test 1.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----";
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----";
const ISSUER: &str = "https://id.contoso.example";

#[tokio::test]
async fn own_tokens_and_tokens_of_the_mock_are_accepted_in_one_process() {
    let expiry = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 600;
    let claims = json!({"iss": ISSUER, "aud": "api://orders", "sub": "user", "scp": "Orders.Read", "exp": expiry});
    let key = EncodingKey::from_ed_pem(PRIVATE_KEY.as_bytes()).unwrap();
    let own_token = encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&["api://orders"]);
    decode::<Value>(&own_token, &DecodingKey::from_ed_pem(PUBLIC_KEY.as_bytes()).unwrap(), &validation).unwrap();

    let mock = MockEntra::new();
    let own_issuer = Authority::openid_connect(ISSUER)
        .pem_key(PUBLIC_KEY)
        .algorithms(["EdDSA".parse().unwrap()])
        .audience("api://orders");
    let verifier = Verifier::builder()
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .authority(own_issuer)
        .fetch(mock.clone())
        .build()
        .unwrap();
    verifier.warm_up().await.unwrap();
    verifier.verify(&own_token).await.unwrap();
    verifier.verify(&mock.token().scopes("Files.Read").build()).await.unwrap();
    let forged = verifier.verify(&mock.token().wrong_key().build()).await.unwrap_err();
    assert_eq!(forged.kind(), RejectionKind::BadSignature);
}
