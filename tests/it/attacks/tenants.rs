//! Row 6: tokens across tenants and clouds. All tenants of a cloud share their keys, so a good signature proves little.

use mock_entra::{KeySpec, MockEntra, TokenBuilder};
use serde_json::json;
use tower_entra::RejectionKind::{MalformedToken, WrongIssuer, WrongTenant};

use super::claims::MODES;
use crate::support::Bench;

const UNLISTED: &str = "99999999-8888-7777-6666-555555555555";

#[tokio::test]
async fn row_6_foreign_tenants() {
    for mode in [MODES[0], MODES[1]] {
        let bench = Bench::of(MockEntra::new(), mode).await;
        for version in [TokenBuilder::v1, TokenBuilder::v2] {
            let token = || version(bench.token());
            let tenant_of = |token: &TokenBuilder| token.claims()["iss"].clone();
            let foreign_issuer = tenant_of(&token().tenant(MockEntra::OTHER_TENANT));
            for tenant in [MockEntra::OTHER_TENANT, UNLISTED, "00000000-0000-0000-0000-000000000000"] {
                bench.refuses("a foreign token", &token().tenant(tenant).build(), WrongTenant).await;
                bench.refuses("foreign tid, our iss", &token().claim("tid", tenant).build(), WrongIssuer).await;
            }
            bench.refuses("our tid, foreign iss", &token().claim("iss", foreign_issuer).build(), WrongIssuer).await;
            bench.accepts("ours", &token().build()).await;
        }
    }
}

#[tokio::test]
async fn row_6_tenants_that_are_none() {
    let tenant = MockEntra::TENANT;
    for mode in MODES {
        let bench = Bench::of(MockEntra::new(), mode).await;
        bench.refuses("no tid", &bench.token().without_claim("tid").build(), WrongTenant).await;
        bench.refuses("no tid, v1", &bench.token().v1().without_claim("tid").build(), WrongTenant).await;
        let long = "http://schemas.microsoft.com/identity/claims/tenantid";
        let token = bench.token().without_claim("tid").claim(long, tenant).build();
        bench.refuses("the long name alone", &token, WrongTenant).await;
        for tid in [
            "",
            "common",
            "organizations",
            "{tenantid}",
            "contoso.onmicrosoft.com",
            "https://login.microsoftonline.com/common/",
            &tenant.replace('-', ""),
            &format!("{{{tenant}}}"),
            &format!("{tenant} "),
            &format!("{tenant}\n"),
            "ABCDEF00-2222-3333-4444-555555555555",
        ] {
            bench.refuses(tid, &bench.token().claim("tid", tid).build(), WrongTenant).await;
        }
        bench.refuses("a list", &bench.token().claim("tid", json!([tenant])).build(), MalformedToken).await;
    }
}

/// In any organisation's place every tenant is accepted, but none may speak with another's key.
#[tokio::test]
async fn row_6_keys_of_other_tenants() {
    for mode in MODES {
        let mock = MockEntra::new();
        let (theirs, oldest, odd) = (mock.new_key(), mock.new_key(), mock.new_key());
        mock.publish(KeySpec::new(&theirs).issuer(mock.v2_issuer(MockEntra::OTHER_TENANT)));
        mock.publish(KeySpec::new(&oldest).issuer(mock.v1_issuer("{tenantid}")));
        mock.publish(KeySpec::new(&odd).issuer("https://login.microsoftonline.com/{tenantid}/v2.0/"));
        let bench = Bench::of(mock, mode).await;
        for version in [TokenBuilder::v1, TokenBuilder::v2] {
            let token = |key| version(bench.token()).signed_with(key).build();
            bench.refuses("another tenant's key", &token(&theirs), WrongIssuer).await;
            bench.refuses("a key with an issuer of v1", &token(&oldest), WrongIssuer).await;
            bench.refuses("a key with an issuer of no cloud", &token(&odd), WrongIssuer).await;
        }
        bench.accepts("a key of its own", &bench.token().build()).await;
    }
}

#[tokio::test]
async fn row_6_keys_of_another_cloud_in_the_same_set() {
    for mode in MODES {
        let mock = MockEntra::new();
        let government = mock.new_key();
        mock.publish(KeySpec::new(&government).cloud_instance_name("microsoftonline.us"));
        let bench = Bench::of(mock, mode).await;
        // v1 issuers are the same in both clouds (`docs/entra.md`, "Issuers"): only the key tells them apart.
        let abroad = MockEntra::us_government();
        assert_eq!(abroad.v1_issuer(MockEntra::TENANT), bench.mock.v1_issuer(MockEntra::TENANT));
        for token in [bench.token(), bench.token().v1(), bench.token().app(), bench.token().v1().app()] {
            bench.refuses("a government key", &token.signed_with(&government).build(), WrongIssuer).await;
        }
        for name in ["MICROSOFTONLINE.COM", "microsoftonline.com.", "microsoftonline.de", "login.microsoftonline.com"] {
            let (mock, key) = (MockEntra::new(), MockEntra::new().new_key());
            mock.publish(KeySpec::new(&key).cloud_instance_name(name));
            let bench = Bench::of(mock, mode).await;
            bench.refuses(name, &bench.token().v1().signed_with(&key).build(), WrongIssuer).await;
        }
        bench.accepts("ours", &bench.token().v1().build()).await;
    }
}

/// The other way round: a verifier of the government's cloud does not believe the public one.
#[tokio::test]
async fn row_6_clouds_do_not_mix() {
    let public = MockEntra::new();
    let bench = Bench::of(MockEntra::us_government(), |builder| {
        builder.tenant(MockEntra::TENANT).cloud(tower_entra::Cloud::UsGovernment)
    })
    .await;
    public.set_clock(bench.clock.clone());
    let fetches = public.fetches();
    bench.refuses("public, v2", &public.token().build(), tower_entra::RejectionKind::UnknownIssuer).await;
    assert_eq!(bench.code(&public.token().v1().build()).await, "unknown_key");
    bench.accepts("government, v1", &bench.token().v1().build()).await;
    bench.accepts("government, v2", &bench.token().build()).await;
    assert_eq!(public.fetches(), fetches);
}

/// Metadata of another tenant, or of another cloud, in place of ours changes nothing.
#[tokio::test]
async fn row_6_documents_that_are_not_ours() {
    let other = MockEntra::new().v2_issuer(MockEntra::OTHER_TENANT);
    for (name, issuer) in [
        ("issuer", other.as_str()),
        ("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0"),
        ("issuer", "https://login.microsoftonline.us/11111111-2222-3333-4444-555555555555/v2.0"),
        ("issuer", "https://evil.example/11111111-2222-3333-4444-555555555555/v2.0"),
        ("cloud_instance_name", "microsoftonline.us"),
        ("jwks_uri", "https://evil.example/keys"),
        ("jwks_uri", "http://login.microsoftonline.com/common/discovery/v2.0/keys"),
        ("jwks_uri", "https://login.microsoftonline.us/common/discovery/v2.0/keys"),
        ("jwks_uri", "file:///etc/passwd"),
    ] {
        let mock = MockEntra::new();
        mock.set_metadata(name, Some(issuer.into()));
        let bench = Bench::cold(mock, MODES[0]);
        let token = bench.token().build();
        assert_eq!(bench.code(&token).await, "keys_unavailable", "{name} {issuer}");
        assert_eq!(bench.mock.fetches_of("keys"), 0, "{name} {issuer}");
        let foreign = bench.token().tenant(MockEntra::OTHER_TENANT).build();
        bench.refuses(issuer, &foreign, WrongTenant).await;
    }
}
