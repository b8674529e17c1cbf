//! An instance that is none of Microsoft's clouds: its issuers are known from its own documents only.

use mock_entra::MockEntra;
use tower_entra::{Verifier, VerifierBuilder};

fn verifier(entra: &MockEntra, tenants: impl Fn(VerifierBuilder) -> VerifierBuilder) -> Verifier {
    let builder = Verifier::builder().instance(entra.base()).client_id(MockEntra::CLIENT_ID).fetch(entra.clone());
    tenants(builder).build().unwrap()
}

#[tokio::test]
async fn its_first_token_waits_for_its_documents() {
    const DOMAIN: &str = "contoso.example";
    let one: fn(VerifierBuilder) -> VerifierBuilder = |builder| builder.tenant(MockEntra::TENANT);
    let two: fn(VerifierBuilder) -> VerifierBuilder =
        |builder| builder.tenant(MockEntra::TENANT).tenant(MockEntra::OTHER_TENANT);
    let domain: fn(VerifierBuilder) -> VerifierBuilder = |builder| builder.tenant(DOMAIN);
    let both: fn(VerifierBuilder) -> VerifierBuilder = |builder| builder.tenant(DOMAIN).tenant(MockEntra::OTHER_TENANT);
    let any: fn(VerifierBuilder) -> VerifierBuilder = VerifierBuilder::danger_any_organization;
    for (name, tenants) in
        [("one tenant", one), ("two tenants", two), ("a domain", domain), ("both", both), ("any", any)]
    {
        let entra = MockEntra::at("http://127.0.0.1:4000");
        entra.add_domain(DOMAIN, MockEntra::TENANT.parse().unwrap());
        for token in [entra.token(), entra.token().v1()] {
            let claims = verifier(&entra, tenants).verify(&token.build()).await;
            assert!(claims.is_ok(), "{name}: {claims:?}");
        }
    }
}

#[tokio::test]
async fn a_token_from_elsewhere_is_refused_once_they_are_known() {
    let entra = MockEntra::at("http://127.0.0.1:4000");
    let verifier = verifier(&entra, |builder| builder.tenant(MockEntra::TENANT));
    let refused = verifier.verify(&MockEntra::new().token().build()).await.unwrap_err();
    assert_eq!(refused.code(), "unknown_issuer");
    let fetches = entra.fetches();
    verifier.verify(&MockEntra::new().token().build()).await.unwrap_err();
    assert_eq!(entra.fetches(), fetches);
}

#[tokio::test]
async fn a_token_of_another_tenant_is_told_as_that() {
    let entra = MockEntra::at("http://127.0.0.1:4000");
    entra.add_domain("contoso.example", MockEntra::TENANT.parse().unwrap());
    for tenant in [MockEntra::TENANT, "contoso.example"] {
        let verifier = verifier(&entra, |builder| builder.tenant(tenant));
        for token in [entra.token(), entra.token().v1()] {
            let refused = verifier.verify(&token.tenant(MockEntra::OTHER_TENANT).build()).await.unwrap_err();
            assert_eq!(refused.code(), "wrong_tenant", "{tenant}");
        }
    }
}

#[tokio::test]
async fn without_its_documents_it_is_unavailable() {
    let entra = MockEntra::at("http://127.0.0.1:4000");
    entra.set_fault(mock_entra::Fault::Down);
    let verifier = verifier(&entra, |builder| builder.tenant(MockEntra::TENANT));
    let refused = verifier.verify(&entra.token().build()).await.unwrap_err();
    assert_eq!((refused.code(), refused.status().as_u16()), ("keys_unavailable", 503));
    let expired = verifier.verify(&entra.token().expired().build()).await.unwrap_err();
    assert_eq!(expired.code(), "expired");
}
