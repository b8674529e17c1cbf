//! A policy of API Management, and the tokens that its verifier accepts.

use tower_entra::{Config, RejectionKind, Verifier, VerifierBuilder, testing::MockEntra};

const POLICY: &str = r#"
    <policies>
        <inbound>
            <base />
            <validate-jwt header-name="Authorization" require-scheme="Bearer" clock-skew="60">
                <openid-config url="https://login.microsoftonline.com/TENANT/v2.0/.well-known/openid-configuration" />
                <audiences>
                    <audience>CLIENT</audience>
                </audiences>
                <required-claims>
                    <claim name="scp" match="any" separator=" ">
                        <value>Files.Read</value>
                        <value>Files.ReadWrite</value>
                    </claim>
                </required-claims>
            </validate-jwt>
        </inbound>
    </policies>"#;

fn verifier(mock: &MockEntra, policy: &str) -> Verifier {
    let policy = policy.replace("TENANT", MockEntra::TENANT).replace("CLIENT", MockEntra::CLIENT_ID);
    let policy = Config::from_apim_policy(&policy).unwrap_or_else(|error| panic!("{error}"));
    VerifierBuilder::from(policy.into_config()).fetch(mock.clone()).build().unwrap()
}

#[tokio::test]
async fn what_the_policy_lets_through() {
    let mock = MockEntra::new();
    let verifier = verifier(&mock, POLICY);
    let other = "99999999-2222-3333-4444-555555555555";
    mock.add_tenant(other.parse().unwrap());
    for (name, token, refused) in [
        ("the right one", mock.token().scopes("Other Files.Read"), None),
        ("another scope", mock.token().scopes("Files.Delete"), Some(RejectionKind::ClaimNotAllowed)),
        ("of v1", mock.token().v1().scopes("Files.Read"), Some(RejectionKind::UnknownIssuer)),
        (
            "for another API",
            mock.token().scopes("Files.Read").audience("api://other"),
            Some(RejectionKind::WrongAudience),
        ),
        ("of another tenant", mock.token().scopes("Files.Read").tenant(other), Some(RejectionKind::WrongTenant)),
        ("without a scope", mock.token().without_claim("scp"), Some(RejectionKind::NotAnAccessToken)),
    ] {
        let verdict = verifier.verify(&token.build()).await;
        assert_eq!(verdict.err().map(|rejection| rejection.kind()), refused, "{name}");
    }
    // The other version by its issuer.
    let both = POLICY.replace(
        "<required-claims>",
        "<issuers><issuer>https://sts.windows.net/TENANT/</issuer></issuers><required-claims>",
    );
    let verifier = self::verifier(&mock, &both);
    for token in [mock.token().v2(), mock.token().v1().audience(MockEntra::CLIENT_ID)] {
        assert!(verifier.verify(&token.scopes("Files.Read").build()).await.is_ok());
    }
}

#[tokio::test]
async fn the_policy_for_entra_lets_its_clients_through() {
    let mock = MockEntra::new();
    let client = "88888888-2222-3333-4444-555555555555";
    let policy = format!(
        r#"<validate-azure-ad-token tenant-id="TENANT">
            <client-application-ids><application-id>{client}</application-id></client-application-ids>
            <audiences><audience>CLIENT</audience></audiences>
        </validate-azure-ad-token>"#
    );
    let verifier = verifier(&mock, &policy);
    assert!(verifier.verify(&mock.token().client(client).build()).await.is_ok());
    let refused =
        verifier.verify(&mock.token().client("77777777-2222-3333-4444-555555555555").build()).await.unwrap_err();
    assert_eq!(refused.kind(), RejectionKind::ClientNotAllowed);
}
