//! What a refusal advises: the rule that is broken, in the words of the configuration.

use mock_entra::{MockEntra, TokenBuilder};
use serde_json::{Value, json};
use tower_entra::{Authority, Claims, Requirement, Verifier, policy::ClaimRule};

use crate::support::{Bench, START, clock_of};

const AUDIENCE: &str = "https://api.contoso.example";

/// A mock with the time at which every test begins.
fn dated(mock: MockEntra) -> MockEntra {
    clock_of(&mock);
    mock
}

async fn claims(mock: &MockEntra, authority: impl Into<Authority>, token: &TokenBuilder) -> Claims {
    let verifier = Verifier::builder().authority(authority).fetch(mock.clone()).clock(clock_of(mock));
    verifier.build().unwrap().verify(&token.build()).await.unwrap()
}

/// A claim that the authority of a token cannot state.
#[tokio::test]
async fn claims_that_an_authority_cannot_state() {
    let okta = dated(MockEntra::okta());
    let partner = Authority::openid_connect(okta.issuer()).audience(AUDIENCE);
    let partner = claims(&okta, partner, &okta.token().audience(AUDIENCE)).await;
    let issuer = "https://token.contoso.example";
    let platform = dated(MockEntra::okta().hosted_at(issuer));
    let metadata = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/oauth2/default/v1/keys")});
    platform.replace_document("/.well-known/openid-configuration", metadata.to_string());
    let payload = json!({"iss": issuer, "aud": AUDIENCE, "sub": "deploy", "iat": START, "exp": START + 300});
    let workload = Authority::workload(issuer).audience(AUDIENCE).subject("deploy");
    let workload = claims(&platform, workload, &platform.token().raw_payload(payload.to_string())).await;
    for (claims, claim, said) in [
        (&partner, "tid", "cannot state the tenant"),
        (&partner, "acct", "who is a guest"),
        (&partner, "wids", "trust_directory_claims()"),
        (&partner, "groups", "trust_directory_claims()"),
        (&workload, "scp", "neither scopes nor roles"),
        (&workload, "scope", "neither scopes nor roles"),
        (&workload, "roles", "neither scopes nor roles"),
        (&workload, "tid", "cannot state the tenant"),
        (&workload, "acct", "who is a guest"),
    ] {
        let requirement = Requirement::claim(ClaimRule::present(claim));
        for requirement in [requirement.clone(), Requirement::not(requirement)] {
            let text = requirement.check(claims).unwrap_err().to_string();
            assert!(text.contains(said), "{requirement}: {text}");
        }
    }
}

/// Whether a client is another one, or has not proved who it is.
#[tokio::test]
async fn refusal_of_a_client() {
    let mock = dated(MockEntra::new());
    let public = mock.token().claim("azpacr", "0");
    let claims =
        claims(&mock, Authority::tenant(crate::support::tenant()).client_id(MockEntra::CLIENT_ID), &public).await;
    for (client, is_same) in [(MockEntra::CALLER, true), (MockEntra::OTHER_CALLER, false)] {
        let rejection = Requirement::confidential_client(client).check(&claims).unwrap_err();
        assert_eq!(rejection.code(), "client_not_allowed");
        let text = rejection.detail_text().unwrap_or_default();
        assert_eq!(text.contains("has not proved who it is"), is_same, "{client}: {text}");
    }
}

#[test]
fn requirements_of_authorities_are_equal_by_their_names() {
    let named = Requirement::authority;
    assert!(named("a") == named("a"));
    assert!(named("a") != named("b"));
    assert!(named("a") == named("a").clone());
}

/// A mapped claim of the wrong type is told by the name that is configured for it.
#[tokio::test]
async fn mapped_claims_of_the_wrong_type() {
    let okta = || Authority::openid_connect(MockEntra::okta().issuer()).audience(AUDIENCE);
    for (authority, claim, value, name) in [
        (okta().scope_claim("permissions"), "permissions", json!(7), "permissions"),
        (okta().scope_claim("/api/scopes"), "api", json!({"scopes": 7}), "api/scopes"),
        (okta().role_claim("/realm/roles"), "realm", json!({"roles": [7]}), "realm/roles"),
        (okta().group_claim("/realm/groups"), "realm", json!({"groups": {}}), "realm/groups"),
    ] {
        let bench = Bench::alone(MockEntra::okta(), authority);
        let rejection = bench.verifier.verify(&bench.token().audience(AUDIENCE).claim(claim, value).build()).await;
        let rejection = rejection.unwrap_err();
        assert_eq!(rejection.code(), "malformed_token", "{name}");
        let text = rejection.to_string();
        assert!(text.contains(name), "{name}: {text}");
    }
}

/// The audiences that were expected: the four shortest.
#[tokio::test]
async fn expected_audiences() {
    let all = ["api://a", "api://bb", "api://ccc", "api://dddd", "api://eeeee"];
    for (number, shown) in [(3, "api://a or api://bb or api://ccc"), (4, FOUR), (5, FOUR)] {
        let authority = Authority::openid_connect(MockEntra::okta().issuer());
        let authority = all[..number].iter().rev().fold(authority, |authority, audience| authority.audience(*audience));
        let bench = Bench::alone(MockEntra::okta(), authority);
        let rejection = bench.verifier.verify(&bench.token().audience("api://another").build()).await.unwrap_err();
        assert_eq!(rejection.code(), "wrong_audience");
        let expected = rejection.expected_value().unwrap().to_owned();
        assert_eq!(expected.strip_suffix(", …").unwrap_or(&expected), shown, "{number}");
        assert_eq!(expected.ends_with(", …"), number > 4, "{number}: {expected}");
    }
}

const FOUR: &str = "api://a or api://bb or api://ccc or api://dddd";

#[test]
fn builder_is_validated_without_being_built() {
    let good = Verifier::builder().tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID);
    assert!(good.validate().is_ok());
    let error = good.leeway(std::time::Duration::from_secs(100_000)).allowed_client("x").validate().unwrap_err();
    assert_eq!(error.problems().len(), 2, "{error}");
}

/// The authority of a diagnosis, of a token that reaches none: the only one there is.
#[tokio::test]
async fn advice_for_a_token_that_reaches_no_authority() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let token = bench.token().graph().build();
    let diagnosis: Value = serde_json::to_value(bench.verifier.diagnose(&token).await).unwrap();
    let remedy = diagnosis["cause"]["remedy"].as_str().unwrap();
    assert!(remedy.contains(MockEntra::CLIENT_ID), "{remedy}");
}
