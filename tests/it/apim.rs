//! Policies of API Management, and the tokens that their verifiers accept.

use mock_entra::MockEntra;
use tower_entra::{Config, RejectionKind, Verifier, VerifierBuilder};

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
async fn tokens_are_accepted_as_by_validate_jwt() {
    let mock = MockEntra::new();
    let verifier = verifier(&mock, POLICY);
    let other = "99999999-2222-3333-4444-555555555555";
    mock.add_tenant(other.parse().unwrap());
    for (name, token, refused) in [
        ("with a required scope", mock.token().scopes("Other Files.Read"), None),
        ("another scope", mock.token().scopes("Files.Delete"), Some(RejectionKind::ClaimNotAllowed)),
        ("of version 1", mock.token().v1().scopes("Files.Read"), Some(RejectionKind::UnknownIssuer)),
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
async fn tokens_are_accepted_as_by_validate_azure_ad_token() {
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

/// The document as the portal shows it.
const STORED: &str = r#"
<policies>
    <inbound>
        <base />
        <choose>
            <when condition="@(context.Request.Method == "OPTIONS" && context.Request.Headers.Count() < 9)">
                <return-response><set-status code="204" /></return-response>
            </when>
        </choose>
        <validate-jwt token-value="@(context.Request.Headers.GetValueOrDefault("Authorization","").Split(' ').Last())" output-token-variable-name="jwt">
            <openid-config url="https://login.microsoftonline.com/TENANT/v2.0/.well-known/openid-configuration" />
            <audiences><audience>CLIENT</audience></audiences>
        </validate-jwt>
        <set-header name="x-subject" exists-action="override"><value>@(((Jwt)context.Variables["jwt"]).Subject)</value></set-header>
        <!-- authorization -->
    </inbound>
</policies>"#;

#[tokio::test]
async fn the_stored_format_is_imported_and_its_json_is_the_same_configuration() {
    let mock = MockEntra::new();
    let policy = STORED.replace("TENANT", MockEntra::TENANT).replace("CLIENT", MockEntra::CLIENT_ID);
    let policy = Config::from_apim_policy(&policy).unwrap();
    let from_json = Config::from_json(policy.to_json()).unwrap();
    assert_eq!(policy.config(), &from_json);
    let verifier = VerifierBuilder::from(from_json).fetch(mock.clone()).build().unwrap();
    assert!(verifier.verify(&mock.token().scopes("Files.Read").build()).await.is_ok());
    let other = mock.token().scopes("Files.Read").audience("api://other").build();
    assert_eq!(verifier.verify(&other).await.unwrap_err().kind(), RejectionKind::WrongAudience);
}

#[test]
fn a_decision_by_a_claim_that_is_not_imported_is_an_error() {
    let check = r#"
        <choose>
            <when condition="@(!((Jwt)context.Variables["jwt"]).Claims["roles"].Contains("Admin"))">
                <return-response><set-status code="403" /></return-response>
            </when>
        </choose>"#;
    let policy = STORED.replace("<!-- authorization -->", check);
    let policy = policy.replace("TENANT", MockEntra::TENANT).replace("CLIENT", MockEntra::CLIENT_ID);
    let error = Config::from_apim_policy(&policy).unwrap_err();
    let [problem] = error.problems() else { panic!("{error}") };
    assert_eq!(problem.setting(), "inbound/choose/when/return-response");
    assert_eq!(problem.kind().code(), "unsupported");
    assert!(problem.value().is_some_and(|value| value.contains("Admin")), "{problem}");
}

#[test]
fn application_keys_are_those_of_the_audience() {
    let policy = POLICY.replace("openid-configuration\"", "openid-configuration?appid=CLIENT\"");
    let policy = policy.replace("TENANT", MockEntra::TENANT).replace("CLIENT", MockEntra::CLIENT_ID);
    let policy = Config::from_apim_policy(&policy).unwrap();
    assert!(policy.to_json().contains("\"AppSpecificKeys\": true"), "{policy}");
    assert!(VerifierBuilder::from(policy.into_config()).fetch(MockEntra::new()).build().is_ok());
}
