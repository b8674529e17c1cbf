//! Inputs like those in public reports that were explained wrongly or not at all, one test for each.

use http::{HeaderMap, HeaderValue, Uri};
use mock_entra::{Fault, MockEntra};
use serde_json::json;
use tower_entra::{
    Authority,
    diagnosis::{Cause, CauseKind, Diagnosis, Outcome},
};

use crate::support::Bench;

fn entra() -> Bench {
    Bench::cold(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT))
}

fn openid_connect(mock: MockEntra) -> Bench {
    let authority = Authority::openid_connect(mock.issuer()).audience("api://orders");
    Bench::alone(mock, authority)
}

fn cause(diagnosis: &Diagnosis, kind: CauseKind) -> &Cause {
    let cause = diagnosis.cause().unwrap();
    assert_eq!(cause.kind(), kind, "{diagnosis}");
    cause
}

#[tokio::test]
async fn fetched_key_set_without_a_usable_key_names_the_kid_and_its_fault() {
    let bench = openid_connect(MockEntra::okta());
    let keys = json!({ "keys": [{ "kty": "oct", "kid": "shared-secret", "k": "AAAA" }] });
    bench.mock.replace_document("/oauth2/default/v1/keys", keys.to_string());
    let diagnosis = bench.verifier.diagnose(&bench.token().audience("api://orders").build()).await;
    let cause = cause(&diagnosis, CauseKind::WrongMetadata);
    assert!(cause.explanation().contains("shared-secret"), "{cause}");
    for word in ["DNS", "proxy", "firewall"] {
        assert!(!cause.to_string().contains(word), "{word} in {cause}");
    }
    bench.mock.restore_document("/oauth2/default/v1/keys");
    bench.clock.advance(std::time::Duration::from_secs(60));
    assert!(bench.verifier.diagnose(&bench.token().audience("api://orders").build()).await.is_accepted());
}

#[tokio::test]
async fn status_304_that_was_not_requested_is_said() {
    let bench = entra();
    bench.mock.set_fault(Fault::Status(304));
    let diagnosis = bench.verifier.diagnose(&bench.token().build()).await;
    let cause = cause(&diagnosis, CauseKind::NoMetadata);
    assert!(cause.explanation().contains("If-None-Match") && !cause.to_string().contains("Redirects"), "{cause}");
}

#[tokio::test]
async fn status_404_at_okta_and_keycloak_names_the_metadata_and_the_issuer() {
    for mock in [MockEntra::okta(), MockEntra::keycloak()] {
        let bench = openid_connect(mock);
        bench.mock.set_fault(Fault::Status(404));
        let diagnosis = bench.verifier.diagnose(&bench.token().audience("api://orders").build()).await;
        let text = cause(&diagnosis, CauseKind::NoSuchTenant).to_string();
        assert!(text.contains(&bench.mock.metadata_url()) && text.contains("issuer"), "{text}");
        assert!(!text.contains("policy") && !text.contains("cloud"), "{text}");
    }
}

#[tokio::test]
async fn text_as_exp_says_nothing_of_entra_where_none_is_configured() {
    let bench = openid_connect(MockEntra::okta());
    let token = bench.token().audience("api://orders").claim("exp", "tomorrow").build();
    let text = bench.verifier.diagnose(&token).await.to_string();
    for word in ["Entra", "Microsoft", "Azure"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[tokio::test]
async fn cors_preflight_is_recognised() {
    let headers = HeaderMap::from_iter([
        ("access-control-request-method".parse().unwrap(), HeaderValue::from_static("GET")),
        ("cookie".parse().unwrap(), HeaderValue::from_static("session=made-up")),
    ]);
    let diagnosis = entra().verifier.diagnose_request(&headers, &Uri::from_static("/")).await;
    assert!(cause(&diagnosis, CauseKind::CorsPreflight).remedy().contains("outside"), "{diagnosis}");
}

#[tokio::test]
async fn tokens_in_headers_of_platforms_are_found() {
    for name in ["X-MS-TOKEN-AAD-ACCESS-TOKEN", "X-Forwarded-Access-Token", "x-amzn-oidc-accesstoken"] {
        let headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static("made-up"))]);
        let diagnosis = entra().verifier.diagnose_request(&headers, &Uri::from_static("/")).await;
        let cause = cause(&diagnosis, CauseKind::TokenInOtherHeader);
        assert!(cause.explanation().contains(&name.to_ascii_lowercase()), "{cause}");
    }
}

#[tokio::test]
async fn v1_audience_with_a_host_is_offered_as_an_audience() {
    let bench = entra();
    let audience = format!("api://app.contoso.example/{}", MockEntra::CLIENT_ID);
    let diagnosis = bench.verifier.diagnose(&bench.token().v1().audience(&*audience).build()).await;
    let cause = cause(&diagnosis, CauseKind::AudienceForm);
    assert_eq!(cause.remedies()[0].setting(), Some(&json!({ "AzureAd": { "Audiences": [audience] } })), "{cause}");
}

#[tokio::test]
async fn metadata_address_as_the_key_set_is_recognised() {
    let mock = MockEntra::okta();
    let authority = Authority::openid_connect(mock.issuer()).jwks_uri(mock.metadata_url()).audience("api://orders");
    let bench = Bench::alone(mock, authority);
    let diagnosis = bench.verifier.diagnose(&bench.token().audience("api://orders").build()).await;
    let cause = cause(&diagnosis, CauseKind::MetadataAsKeySet);
    assert!(cause.remedies()[0].setting().is_some_and(|setting| setting["AzureAd"]["MetadataAddress"].is_string()));
}

#[tokio::test]
async fn good_token_with_its_header_is_accepted_and_said() {
    let bench = entra();
    let diagnosis = bench.verifier.diagnose(&format!("Authorization: Bearer {}", bench.token().build())).await;
    assert!(diagnosis.is_accepted(), "{diagnosis}");
    assert_eq!(diagnosis.notes()[0].kind(), CauseKind::PastedRequest);
}

#[tokio::test]
async fn failed_check_has_the_sentence_of_its_failure() {
    let bench = entra();
    let diagnosis = bench.verifier.diagnose(&bench.token().audience("api://orders").build()).await;
    let check = diagnosis.checks().iter().find(|check| check.outcome == Outcome::Failed).unwrap();
    assert_eq!((check.name, check.title), ("audience", "the token is for another API"));
}

#[tokio::test]
async fn dates_are_rfc_3339_with_the_time_since() {
    let bench = entra();
    let diagnosis = bench.verifier.diagnose(&bench.token().expired().build()).await;
    let cause = cause(&diagnosis, CauseKind::Expired);
    assert!(cause.explanation().contains("1 h ago, at 2027-01-15T"), "{cause}");
    let shown = format!("{diagnosis:#}");
    let claims = shown.split("\nclaims (verified):\n").nth(1).unwrap();
    assert!(claims.contains("  exp: ") && claims.contains("Z, 1 h ago)"), "{claims}");
    assert!(!diagnosis.to_string().contains("claims ("), "claims are in the long form alone");
}
