//! Several authorities out of one section: whose tokens the verifier of it accepts.

use std::fs;

use mock_entra::MockEntra;
use tower_entra::{Config, RejectionKind, VerifierBuilder};

/// Tenant, client id, and an issuer whose keys are at hand.
fn section(keys: &str) -> String {
    format!(
        r#"{{
            "AzureAd": {{
                "TenantId": "{tenant}",
                "ClientId": "{client}",
                "Authorities": [
                    {{
                        "Name": "partner",
                        "Authority": "https://partner.example/oauth2/default",
                        {keys},
                        "Audience": "api://orders",
                        "ScopeClaim": "permissions",
                        "RequiredClaims": [{{ "Name": "department", "Values": ["sales"] }}]
                    }}
                ]
            }}
        }}"#,
        tenant = MockEntra::TENANT,
        client = MockEntra::CLIENT_ID,
    )
}

#[tokio::test]
async fn each_authority_by_its_own_rules() {
    let mock = MockEntra::new();
    let partners = mock.new_key();
    let keys = format!(r#"{{"keys":[{}]}}"#, partners.jwk());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("appsettings.json");
    fs::write(folder.path().join("partner.json"), &keys).unwrap();
    fs::write(&file, section(r#""KeyFile": "partner.json""#)).unwrap();
    let inline = Config::from_json(&section(&format!(r#""StaticKeys": {keys}"#))).unwrap();

    let of_partner = || {
        mock.token()
            .claim("iss", "https://partner.example/oauth2/default")
            .audience("api://orders")
            .claim("permissions", serde_json::json!(["orders.read"]))
            .claim("department", "sales")
            .signed_with(&partners)
    };
    for config in [Config::from_file(&file).unwrap(), inline] {
        let verifier = VerifierBuilder::from(config).fetch(mock.clone()).build().unwrap();
        for (name, token, refused) in [
            ("of the tenant", mock.token(), None),
            ("of the partner", of_partner(), None),
            (
                "of the partner, by the tenant's key",
                of_partner().signed_with(&mock.current_key()),
                Some(RejectionKind::UnknownKey),
            ),
            (
                "of the tenant, by the partner's key",
                mock.token().signed_with(&partners),
                Some(RejectionKind::UnknownKey),
            ),
            (
                "of the partner, for the tenant's API",
                of_partner().audience(MockEntra::CLIENT_ID),
                Some(RejectionKind::WrongAudience),
            ),
            (
                "of the tenant, for the partner's API",
                mock.token().audience("api://orders"),
                Some(RejectionKind::WrongAudience),
            ),
            (
                "without the partner's claim",
                of_partner().without_claim("department"),
                Some(RejectionKind::ClaimMissing),
            ),
            (
                "of the partner, with a slash more",
                of_partner().claim("iss", "https://partner.example/oauth2/default/"),
                Some(RejectionKind::UnknownIssuer),
            ),
        ] {
            let verdict = verifier.verify(&token.build()).await;
            assert_eq!(verdict.err().map(|rejection| rejection.kind()), refused, "{name}");
        }
        let claims = verifier.verify(&of_partner().build()).await.unwrap();
        assert_eq!((claims.authority(), claims.has_scope("orders.read")), ("partner", true));
    }
}
