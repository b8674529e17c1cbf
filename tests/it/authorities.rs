//! Every kind of authority: whose tokens it accepts, and what it says of all others.

use std::{
    collections::HashSet,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use mock_entra::{ManualClock, MockEntra, MockKey, MockNetwork, SigningAlgorithm, TokenBuilder};
use serde_json::json;
use tower_entra::{
    Authority, Cloud, Rejection, RejectionKind, Requirement, TenantId, Verifier, VerifierBuilder,
    authority::TenantLookup, cache::CacheSettings, claims::TokenVersion, diagnosis::CauseKind, jwt::Algorithm,
    policy::ClaimRule,
};

use crate::support::{Bench, authorities, clock_of, decode, tenant};

const API: &str = MockEntra::CLIENT_ID;
const OTHER: &str = MockEntra::OTHER_TENANT;

fn b2c() -> MockEntra {
    dated(MockEntra::b2c("contoso", "B2C_1_susi"))
}

/// The same with the time at which every test begins.
fn dated(mock: MockEntra) -> MockEntra {
    clock_of(&mock);
    mock
}

/// The authority that accepts the tokens of each look-alike of another provider.
fn others() -> Vec<(MockEntra, Authority)> {
    let openid = |mock: MockEntra, audience: &str| {
        let authority = Authority::openid_connect(mock.issuer()).audience(audience);
        (mock, Authority::from(authority))
    };
    let cognito = dated(MockEntra::cognito());
    let by_client = Authority::openid_connect(cognito.issuer()).audience(MockEntra::CALLER);
    vec![
        (b2c(), Authority::b2c("contoso", "B2C_1_susi").audience(API).into()),
        (dated(MockEntra::external_id("contoso")), Authority::external_id("contoso").audience(API).into()),
        openid(dated(MockEntra::okta()), &format!("api://{API}")),
        openid(dated(MockEntra::auth0()), "https://api.contoso.example"),
        openid(dated(MockEntra::keycloak()), API),
        (cognito, by_client.audience_claim("client_id").into()),
    ]
}

/// A public key in PEM.
fn pem(key: &MockKey) -> String {
    let jwk = key.jwk();
    let bytes = |name: &str| decode(jwk[name].as_str().unwrap());
    /// A value of this type (X.690 §8.1).
    fn der(tag: u8, value: &[u8]) -> Vec<u8> {
        match u8::try_from(value.len()) {
            Ok(length @ ..0x80) => [&[tag, length], value].concat(),
            _ => [&[tag, 0x82], &u16::try_from(value.len()).unwrap().to_be_bytes()[..], value].concat(),
        }
    }
    let number = |name: &str| match bytes(name) {
        positive if positive[0] < 0x80 => der(2, &positive),
        bytes => der(2, &[&[0], &bytes[..]].concat()),
    };
    let numbers = der(0x30, &[number("n"), number("e")].concat());
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    let info = der(0x30, &[&algorithm[..], &der(3, &[&[0], &numbers[..]].concat())].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(info))
}

fn bench(mock: &MockEntra, authority: impl Into<Authority>) -> Bench {
    Bench::alone(mock.clone(), authority)
}

/// What becomes of the tokens of a look-alike.
async fn outcomes(
    mock: &MockEntra,
    authority: impl Into<Authority>,
    tokens: impl IntoIterator<Item = (TokenBuilder, &'static str)>,
) {
    let authority = authority.into();
    let bench = bench(mock, authority.clone());
    for (at, (token, expected)) in tokens.into_iter().enumerate() {
        assert_eq!(bench.code(&token.build()).await, expected, "{authority}, number {at}: {:?}", token.claims());
    }
}

#[tokio::test]
async fn each_kind_accepts_its_own_tokens_and_tells_the_others_apart() {
    for (mock, authority) in others() {
        let key = mock.new_key();
        let table = [
            (mock.token(), "accepted"),
            (mock.token().app(), "accepted"),
            (mock.token().id_token(), "not_an_access_token"),
            (mock.token().expired(), "expired"),
            (mock.token().wrong_key(), "bad_signature"),
            (mock.token().signed_with(&key), "unknown_key"),
            (mock.token().claim("cnf", json!({"jkt": "x"})), "proof_required"),
            (mock.token().claim("iss", format!("{}x", mock.issuer())), "unknown_issuer"),
            (mock.token().algorithm(SigningAlgorithm::Ps256), "unsupported_algorithm"),
        ];
        let id_tokens_audience = bench(&mock, authority.clone());
        let id_token = mock.token().id_token().audience(API).claim("client_id", MockEntra::CALLER).build();
        let found = id_tokens_audience.code(&id_token).await;
        assert!(matches!(found, "not_an_access_token" | "wrong_audience"), "{authority}: {found}");
        for (token, expected) in table {
            let found = bench(&mock, authority.clone()).code(&token.build()).await;
            let is_for_another = found == "wrong_audience" && expected == "not_an_access_token";
            assert!(found == expected || is_for_another, "{authority}: {found}, not {expected}: {:?}", token.claims());
        }
        let strict = bench(&mock, authority.clone().audience("api://another"));
        assert_eq!(strict.code(&mock.token().build()).await, "accepted", "audiences add up");
    }
}

#[tokio::test]
async fn an_audience_of_another_is_refused() {
    for (mock, authority) in others() {
        let bench = bench(&mock, authority);
        let token = match mock.token() {
            cognito if mock.issuer().contains("cognito") => cognito.claim("client_id", MockEntra::OTHER_CALLER),
            token => token.audience("api://another"),
        };
        assert_eq!(bench.code(&token.build()).await, "wrong_audience", "{}", mock.issuer());
    }
}

#[tokio::test]
async fn b2c_by_its_policies() {
    let mock = b2c().add_policy("B2C_1_edit");
    let one = || Authority::b2c("contoso", "b2c_1_SUSI").client_id(API);
    outcomes(
        &mock,
        one(),
        [
            (mock.token(), "accepted"),
            (mock.token().policy("B2C_1_edit"), "wrong_issuer"),
            (mock.token().policy("B2C_1_nowhere"), "wrong_issuer"),
            (mock.token().without_claim("tfp"), "wrong_issuer"),
            (mock.token().without_claim("tfp").claim("acr", "B2C_1_susi"), "accepted"),
            (mock.token().without_claim("tfp").claim("acr", "1"), "wrong_issuer"),
            (mock.token().claim("tfp", json!(["B2C_1_susi"])), "wrong_issuer"),
            (mock.token().claim("tid", MockEntra::TENANT), "accepted"),
            (mock.token().claim("tid", OTHER), "wrong_issuer"),
            (mock.token().claim("tid", "contoso"), "wrong_tenant"),
            (mock.token().without_claim("scp"), "not_an_access_token"),
            (mock.token().claim("iss", format!("https://contoso.b2clogin.com/{OTHER}/v2.0/")), "unknown_issuer"),
            (
                mock.token().claim("iss", format!("https://contoso.b2clogin.com/{}/v2.0", MockEntra::TENANT)),
                "unknown_issuer",
            ),
        ],
    )
    .await;
    outcomes(&mock, one().policy("B2C_1_edit"), [(mock.token().policy("B2C_1_edit"), "accepted")]).await;
    let bench = bench(&mock, one());
    let claims = bench.verifier.verify(&mock.token().build()).await.unwrap();
    assert_eq!(claims.tenant_id(), Some(tenant()), "that of the issuer");
    assert_eq!(claims.subject(), Some(MockEntra::USER));
}

/// A token of an unlisted policy has one code, before and after the metadata is there, and nothing is fetched for it.
#[tokio::test]
async fn unlisted_policy_has_one_code_cold_and_warm() {
    let base = "https://contoso.b2clogin.com";
    let (plain, other) = (format!("{base}/{}/v2.0/", MockEntra::TENANT), format!("{base}/{OTHER}/v2.0/"));
    let with_policy = format!("{base}/tfp/{}/B2C_1_edit/v2.0/", MockEntra::TENANT);
    let mock = b2c().add_policy("B2C_1_edit");
    let by_name = || Authority::b2c("contoso", "B2C_1_susi").client_id(API);
    let by_id = || Authority::b2c_at(base, MockEntra::TENANT, "B2C_1_susi").client_id(API);
    let edit = |issuer: &str| mock.token().policy("B2C_1_edit").claim("iss", issuer);
    let none = |issuer: &str| mock.token().without_claim("tfp").claim("iss", issuer);
    for (name, authority, token, expected) in [
        ("another policy", by_name(), edit(&plain), "wrong_issuer"),
        ("another policy, by id", by_id(), edit(&plain), "wrong_issuer"),
        ("another policy with tfp issuers", by_name().accept_tfp_issuers(), edit(&plain), "wrong_issuer"),
        ("another policy in the issuer", by_name(), edit(&with_policy), "wrong_issuer"),
        ("another policy in the issuer alone", by_name(), none(&with_policy), "wrong_issuer"),
        ("no policy", by_name(), none(&plain), "wrong_issuer"),
        // Whose tenant that is only the metadata could tell.
        ("another policy and tenant", by_name(), edit(&other), "wrong_issuer"),
        ("another policy and tenant, by id", by_id(), edit(&other), "unknown_issuer"),
        ("another policy and form", by_name(), edit(plain.trim_end_matches('/')), "unknown_issuer"),
        ("another policy and address", by_name(), edit(&plain.replace("contoso", "fabrikam")), "unknown_issuer"),
    ] {
        let bench = bench(&mock, authority);
        let fetches = mock.fetches();
        let token = token.build();
        assert_eq!(bench.code(&token).await, expected, "{name}, cold");
        assert_eq!(mock.fetches(), fetches, "{name}: something was fetched");
        bench.verifier.warm_up().await.unwrap();
        let fetches = mock.fetches();
        assert_eq!(bench.code(&token).await, expected, "{name}, warm");
        assert_eq!(mock.fetches(), fetches, "{name}: something was fetched");
        assert_eq!(bench.code(&mock.token().build()).await, "accepted", "{name}");
    }
}

/// Tokens that applications get from B2C by client credentials name no policy.
#[tokio::test]
async fn app_tokens_of_b2c_without_a_policy_are_opted_in() {
    let mock = b2c().add_policy("B2C_1_edit");
    let tfp = b2c().tfp_issuer();
    let usual = || Authority::b2c("contoso", "B2C_1_susi").client_id(API).allowed_client(MockEntra::CALLER);
    let opted = || usual().accept_app_tokens_without_policy();
    let app = || mock.token().app().without_claim("tfp").claim("scp", "app.read app.write");
    let user = || mock.token().without_claim("tfp");
    for (name, mock, authority, token, expected) in [
        ("without the setting", &mock, usual(), app(), "wrong_issuer"),
        ("an application's", &mock, opted(), app(), "accepted"),
        ("of two policies", &mock, opted().policy("B2C_1_edit"), app(), "accepted"),
        ("idtyp", &mock, opted(), app().claim("idtyp", "app"), "accepted"),
        ("oid", &mock, opted(), app().claim("sub", OTHER).claim("oid", OTHER), "accepted"),
        ("roles", &mock, opted(), app().without_claim("scp").claim("roles", json!(["app.read"])), "accepted"),
        ("another client", &mock, opted(), app().client(MockEntra::OTHER_CALLER), "client_not_allowed"),
        ("no client", &mock, opted(), app().without_claim("azp"), "not_an_access_token"),
        ("no subject", &mock, opted(), app().without_claim("sub"), "not_an_access_token"),
        ("an empty subject", &mock, opted(), app().claim("sub", ""), "not_an_access_token"),
        ("no permission", &mock, opted(), app().without_claim("scp"), "not_an_access_token"),
        ("another object", &mock, opted(), app().claim("oid", OTHER), "not_an_access_token"),
        ("a user's type", &mock, opted(), app().claim("idtyp", "user"), "not_an_access_token"),
        ("a nonce", &mock, opted(), app().claim("nonce", "n"), "not_an_access_token"),
        ("signed in", &mock, opted(), app().claim("auth_time", 1_800_000_000), "not_an_access_token"),
        ("by a provider", &mock, opted(), user().claim("idp", "google.com"), "not_an_access_token"),
        ("a name", &mock, opted(), app().claim("name", "Ada Lovelace"), "not_an_access_token"),
        ("an address", &mock, opted(), app().claim("emails", json!(["ada@contoso.example"])), "not_an_access_token"),
        ("a public client", &mock, opted(), app().claim("azpacr", "0"), "not_an_access_token"),
        ("a client with a secret", &mock, opted(), app().claim("azpacr", "1"), "accepted"),
        ("expired", &mock, opted(), app().expired(), "expired"),
        ("another audience", &mock, opted(), app().audience("api://another"), "wrong_audience"),
        ("bound", &mock, opted(), app().claim("cnf", json!({"jkt": "x"})), "proof_required"),
        ("forged", &mock, opted(), app().wrong_key(), "bad_signature"),
        ("another policy", &mock, opted(), app().claim("tfp", "B2C_1_other"), "wrong_issuer"),
        ("another policy by acr", &mock, opted(), app().claim("acr", "B2C_1_other"), "wrong_issuer"),
        ("no text as its policy", &mock, opted(), app().claim("tfp", json!(null)), "wrong_issuer"),
        (
            "another tenant",
            &mock,
            opted(),
            app().claim("iss", format!("https://contoso.b2clogin.com/{OTHER}/v2.0/")),
            "unknown_issuer",
        ),
        ("another tid", &mock, opted(), app().claim("tid", OTHER), "wrong_issuer"),
        ("a listed policy", &mock, opted(), mock.token(), "accepted"),
        (
            "the policy in the issuer",
            &tfp,
            opted().accept_tfp_issuers(),
            tfp.token().app().without_claim("tfp"),
            "accepted",
        ),
        (
            "the policy in the issuer, without the setting",
            &tfp,
            usual().accept_tfp_issuers(),
            tfp.token().app().without_claim("tfp"),
            "wrong_issuer",
        ),
    ] {
        let bench = bench(mock, authority);
        let token = token.build();
        assert_eq!(bench.code(&token).await, expected, "{name}, cold");
        bench.verifier.warm_up().await.unwrap();
        assert_eq!(bench.code(&token).await, expected, "{name}, warm");
    }
    for (mock, authority) in [(&mock, opted()), (&tfp, opted().accept_tfp_issuers())] {
        let token = mock.token().app().without_claim("tfp").claim("scp", "app.read app.write").build();
        let bench = bench(mock, authority);
        for round in ["fresh", "cached"] {
            let claims = bench.verifier.verify(&token).await.unwrap();
            assert!(claims.is_app_only(), "{round}");
            for (requirement, is_met) in [
                (Requirement::app_permission("app.read"), true),
                (Requirement::app_permission("app.delete"), false),
                (Requirement::client(MockEntra::CALLER), true),
                (Requirement::scope("app.read"), false),
                (Requirement::user_role("app.read"), false),
                (Requirement::member(), false),
                (Requirement::guest(), false),
            ] {
                assert_eq!(requirement.check(&claims).is_ok(), is_met, "{round}: {requirement}");
            }
        }
    }
}

/// A key that one listed policy has is enough, and a new one is found at whichever of them has it.
#[tokio::test]
async fn app_tokens_of_b2c_are_signed_by_a_key_of_any_listed_policy() {
    let mock = b2c().add_policy("B2C_1_edit").add_policy("B2C_1_other");
    let keys = |policy: &str| format!("/contoso.onmicrosoft.com/{}/discovery/v2.0/keys", policy.to_ascii_lowercase());
    let all = ["B2C_1_susi", "B2C_1_edit", "B2C_1_other"].map(|policy| (policy, mock.new_key()));
    for (policy, key) in &all {
        mock.replace_document(keys(policy), json!({"keys": [key.jwk()]}).to_string());
    }
    let authority = Authority::b2c("contoso", "B2C_1_susi").policy("B2C_1_edit").client_id(API);
    let bench = bench(&mock, authority.allowed_client(MockEntra::CALLER).accept_app_tokens_without_policy());
    let token = |key: &MockKey| mock.token().app().without_claim("tfp").signed_with(key).build();
    bench.verifier.warm_up().await.unwrap();
    for ((policy, key), expected) in all.iter().zip(["accepted", "accepted", "unknown_key"]) {
        assert_eq!(bench.code(&token(key)).await, expected, "{policy}");
    }
    bench.clock.advance(Duration::from_secs(60));
    let fresh = mock.new_key();
    mock.replace_document(keys("B2C_1_edit"), json!({"keys": [fresh.jwk()]}).to_string());
    assert_eq!(bench.code(&token(&fresh)).await, "accepted", "a new key of the second policy");
    bench.clock.advance(Duration::from_secs(60));
    mock.reset_fetches();
    for _ in 0..100 {
        assert_eq!(bench.code(&token(&all[2].1)).await, "unknown_key");
    }
    assert!(mock.fetches() <= 4, "one refresh of each policy: {:?}", mock.requested());
}

#[tokio::test]
async fn each_policy_of_b2c_has_keys_of_its_own() {
    let mock = b2c().add_policy("B2C_1_edit");
    let (susi, edit) = (mock.new_key(), mock.new_key());
    let keys = |policy: &str| format!("/contoso.onmicrosoft.com/{}/discovery/v2.0/keys", policy.to_ascii_lowercase());
    for (policy, key) in [("B2C_1_susi", &susi), ("B2C_1_edit", &edit)] {
        mock.replace_document(keys(policy), json!({"keys": [key.jwk()]}).to_string());
    }
    let authority = Authority::b2c("contoso", "B2C_1_susi").policy("B2C_1_edit").client_id(API);
    let token = |policy: &str, key| mock.token().policy(policy).signed_with(key);
    outcomes(
        &mock,
        authority,
        [
            (token("B2C_1_susi", &susi), "accepted"),
            (token("B2C_1_edit", &edit), "accepted"),
            (token("B2C_1_susi", &edit), "unknown_key"),
            (token("B2C_1_edit", &susi), "unknown_key"),
        ],
    )
    .await;
}

#[tokio::test]
async fn issuers_of_b2c_with_the_policy_in_them_are_opted_in() {
    let mock = b2c().tfp_issuer();
    let authority = || Authority::b2c("contoso", "B2C_1_susi").client_id(API);
    let refused = bench(&mock, authority());
    let rejection = refused.verifier.verify(&mock.token().build()).await.unwrap_err();
    assert_eq!(rejection.code(), "keys_unavailable");
    let text = rejection.to_string();
    for text in [text, rejection.hint()] {
        assert!(text.contains("accept_tfp_issuers() (AcceptTfpIssuers in a file)"), "{text}");
        assert!(text.contains("/tfp/"), "{text}");
    }
    let ready = refused.verifier.ready().unwrap_err();
    assert!(ready.hint().contains("AcceptTfpIssuers"), "{ready}");
    let diagnosis = refused.verifier.diagnose(&mock.token().build()).await;
    assert_eq!(diagnosis.cause().unwrap().kind(), CauseKind::PolicyInIssuer);
    outcomes(
        &mock,
        authority().accept_tfp_issuers(),
        [
            (mock.token(), "accepted"),
            // Those of users have one: see `app_tokens_of_b2c_without_a_policy_are_opted_in`.
            (mock.token().without_claim("tfp"), "wrong_issuer"),
            (mock.token().without_claim("tfp").claim("acr", "B2C_1_susi"), "accepted"),
            (mock.token().claim("tfp", "B2C_1_other"), "wrong_issuer"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_metadata_is_told_with_both_values() {
    let moved = |mock: MockEntra, issuer: &str| {
        mock.set_metadata("issuer", Some(issuer.into()));
        mock
    };
    let elsewhere = |mock: MockEntra| {
        mock.set_metadata("jwks_uri", Some("https://keys.example/jwks".into()));
        mock
    };
    let okta = || -> Authority {
        Authority::openid_connect("https://contoso.okta.example/oauth2/default").audience("api://a").into()
    };
    let t = MockEntra::TENANT;
    for (mock, authority, texts) in [
        (
            b2c(),
            Authority::b2c("contoso", "B2C_1_absent").client_id(API).into(),
            ["B2C_1_absent", "has no user flow or policy"],
        ),
        (
            dated(MockEntra::new()),
            Authority::domain("nowhere.example").client_id(API).into(),
            ["status 400: there is no tenant nowhere.example", "compare tenant and cloud"],
        ),
        (
            moved(dated(MockEntra::new()), &format!("https://login.microsoftonline.us/{t}/v2.0")),
            Authority::tenant(tenant()).client_id(API).into(),
            [
                &*format!("https://login.microsoftonline.us/{t}/v2.0"),
                "not \"https://login.microsoftonline.com/{tenantid}/v2.0\"; name the instance whose issuer that is",
            ],
        ),
        (
            moved(dated(MockEntra::new()), &format!("https://login.microsoftonline.com/{OTHER}/v2.0")),
            Authority::tenant(tenant()).client_id(API).into(),
            [OTHER, "which is not one with 11111111-2222-3333-4444-555555555555; name the tenant that it is of"],
        ),
        (
            dated(MockEntra::okta()),
            Authority::openid_connect("https://contoso.okta.example/oauth2/other").audience("a").into(),
            ["https://contoso.okta.example/oauth2/other", "has no metadata"],
        ),
        (
            moved(dated(MockEntra::okta()), "https://contoso.okta.example"),
            okta(),
            [
                "its issuer is \"https://contoso.okta.example\"",
                "https://contoso.okta.example/oauth2/default\"; configure the issuer",
            ],
        ),
        (elsewhere(dated(MockEntra::okta())), okta(), ["https://keys.example/jwks", "name it by jwks_uri()"]),
        (
            moved(b2c(), &format!("https://fabrikam.b2clogin.com/{t}/v2.0/")),
            Authority::b2c("contoso", "B2C_1_susi").client_id(API).into(),
            [
                "https://fabrikam.b2clogin.com/",
                "https://contoso.b2clogin.com/{tenantid}/v2.0/\"; configure the URL of the issuer by b2c_at()",
            ],
        ),
        (
            moved(dated(MockEntra::external_id("contoso")), &format!("https://{OTHER}.ciamlogin.com/{t}/v2.0")),
            Authority::external_id("contoso").client_id(API).into(),
            [
                OTHER,
                &*format!("https://{t}.ciamlogin.com/{t}/v2.0\"; configure the URL of the issuer by external_id_at()"),
            ],
        ),
        (
            dated(MockEntra::external_id("contoso")),
            Authority::external_id_at("https://contoso.ciamlogin.com", OTHER).client_id(API).into(),
            [OTHER, "there is no tenant"],
        ),
    ] {
        let bench = bench(&mock, authority.clone());
        let text = bench.verifier.warm_up().await.unwrap_err().to_string().replace("\\\"", "\"");
        assert!(texts.iter().all(|part| text.contains(part)), "{authority}: {text}");
    }
    // However long the values are: a document may be as long as a mebibyte.
    let mock = moved(dated(MockEntra::okta()), &format!("https://{}.example", "x".repeat(100_000)));
    let text = bench(&mock, okta()).verifier.warm_up().await.unwrap_err().to_string();
    assert!((800..1_200).contains(&text.len()), "{} bytes", text.len());
}

#[tokio::test]
async fn external_id_by_its_metadata_alone() {
    let mock = dated(MockEntra::external_id("contoso"));
    let authority = Authority::external_id("contoso").client_id(API);
    let t = MockEntra::TENANT;
    outcomes(
        &mock,
        authority.clone(),
        [
            (mock.token(), "accepted"),
            (mock.token().app(), "accepted"),
            (mock.token().v1(), "accepted"),
            (mock.token().claim("iss", format!("https://contoso.ciamlogin.com/{t}/v2.0")), "unknown_issuer"),
            (mock.token().claim("iss", format!("https://{OTHER}.ciamlogin.com/{OTHER}/v2.0")), "unknown_issuer"),
            (mock.token().claim("iss", format!("https://{t}.ciamlogin.com/{t}/v2.0/")), "unknown_issuer"),
            (mock.token().claim("tid", OTHER), "wrong_issuer"),
            (mock.token().without_claim("tid"), "wrong_tenant"),
            (mock.token().claim("ver", "1.0"), "wrong_issuer"),
            (mock.token().without_claim("scp"), "not_an_access_token"),
        ],
    )
    .await;
    outcomes(
        &mock,
        authority.version(TokenVersion::V2),
        [(mock.token(), "accepted"), (mock.token().v1(), "unknown_issuer")],
    )
    .await;
    let own = dated(MockEntra::external_id_at("https://login.contoso.example"));
    let at = |tenant: &str| Authority::external_id_at("https://login.contoso.example", tenant).client_id(API);
    outcomes(&own, at(t), [(own.token(), "accepted")]).await;
    let by_domain = bench(&own, at("contoso.onmicrosoft.com"));
    let refused = by_domain.verifier.verify(&own.token().build()).await.unwrap_err();
    assert_eq!(refused.code(), "keys_unavailable");
    assert!(refused.to_string().contains("configure the tenant's GUID"), "{refused}");
}

#[tokio::test]
async fn versions_of_entra_by_choice() {
    let mock = dated(MockEntra::new());
    let authority = || Authority::tenant(tenant()).client_id(API);
    for (version, v1, v2) in [
        (None, "accepted", "accepted"),
        (Some(TokenVersion::V1), "accepted", "unknown_issuer"),
        (Some(TokenVersion::V2), "unknown_issuer", "accepted"),
    ] {
        let authority = version.map_or_else(authority, |version| authority().version(version));
        outcomes(&mock, authority, [(mock.token().v1(), v1), (mock.token(), v2)]).await;
    }
}

#[tokio::test]
async fn algorithms_are_a_choice_and_then_pinned() {
    for (signing, algorithm) in [
        (SigningAlgorithm::Rs256, Algorithm::RS256),
        (SigningAlgorithm::Rs384, Algorithm::RS384),
        (SigningAlgorithm::Rs512, Algorithm::RS512),
        (SigningAlgorithm::Ps256, Algorithm::PS256),
        (SigningAlgorithm::Es256, Algorithm::ES256),
        (SigningAlgorithm::Es384, Algorithm::ES384),
        (SigningAlgorithm::EdDsa, Algorithm::EdDSA),
    ] {
        let mock = dated(MockEntra::okta());
        mock.rotate_to(signing);
        let authority = || Authority::openid_connect(mock.issuer()).audience(format!("api://{API}"));
        outcomes(&mock, authority().algorithms([algorithm]), [(mock.token(), "accepted")]).await;
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            let bench = bench(&mock, authority().algorithms([other]));
            assert_eq!(bench.code(&mock.token().build()).await, "unsupported_algorithm", "{algorithm} at {other}");
        }
    }
}

#[tokio::test]
async fn claims_under_other_names() {
    let keycloak = dated(MockEntra::keycloak());
    let authority = Authority::openid_connect(keycloak.issuer())
        .audience(API)
        .role_claim("/realm_access/roles")
        .subject_claim("preferred_username")
        .allowed_client(MockEntra::CALLER);
    let bench = bench(&keycloak, authority.clone());
    let token = keycloak.token().claim("realm_access", json!({"roles": ["reader"]})).scopes("files.read openid");
    let claims = bench.verifier.verify(&token.build()).await.unwrap();
    assert_eq!(claims.roles().collect::<Vec<_>>(), ["reader"]);
    assert!(claims.has_scope("files.read") && claims.has_role("reader"));
    assert_eq!(claims.client_id(), Some(MockEntra::CALLER));
    assert_ne!(claims.subject(), Some(MockEntra::USER));
    for (requirement, holds) in [
        (Requirement::scope("files.read"), true),
        (Requirement::user_role("reader"), true),
        (Requirement::user_role("writer"), false),
        (Requirement::scope("files"), false),
        (Requirement::client(MockEntra::CALLER), true),
    ] {
        assert_eq!(requirement.check(&claims).is_ok(), holds, "{requirement}");
    }
    assert_eq!(bench.code(&keycloak.token().client(MockEntra::OTHER_CALLER).build()).await, "client_not_allowed");
    assert_eq!(bench.code(&token.claim("realm_access", json!({"roles": [7]})).build()).await, "malformed_token");
    // An application's own token of such an issuer has scopes, and they count.
    let auth0 = dated(MockEntra::auth0());
    let authority = Authority::openid_connect(auth0.issuer()).audience("https://api.contoso.example");
    let claims =
        Bench::alone(auth0.clone(), authority).verifier.verify(&auth0.token().app().scopes("a").build()).await.unwrap();
    assert!(claims.is_app_only() && Requirement::scope("a").check(&claims).is_ok());
}

#[tokio::test]
async fn what_an_authority_has_of_its_own() {
    let (entra, okta) = (dated(MockEntra::new()), dated(MockEntra::okta()));
    let both = MockNetwork::new([entra.clone(), okta.clone()]);
    let clock = clock_of(&entra);
    okta.set_clock(clock.clone());
    let build = |builder: VerifierBuilder| builder.fetch(both.clone()).clock(clock.clone()).build().unwrap();
    let verifier = build(
        Verifier::builder().tenant(MockEntra::TENANT).client_id(API).authority(
            Authority::openid_connect(okta.issuer())
                .named("partner")
                .audience("api://partner")
                .require(Requirement::scope("orders.read"))
                .require(Requirement::client(MockEntra::CALLER))
                .required_claim(ClaimRule::present("uid")),
        ),
    );
    let code = async |token: TokenBuilder| match verifier.verify(&token.build()).await {
        Ok(claims) => claims.authority().to_owned(),
        Err(rejection) => rejection.code().to_owned(),
    };
    let good = || okta.token().audience("api://partner").scopes("orders.read");
    assert_eq!(code(good()).await, "partner");
    assert_eq!(code(good()).await, "partner", "remembered");
    assert_eq!(code(good().audience(API)).await, "wrong_audience", "that of the others");
    assert_eq!(code(good().scopes("orders.write")).await, "insufficient_scope");
    assert_eq!(code(good().client(MockEntra::OTHER_CALLER)).await, "client_not_allowed");
    assert_eq!(code(good().without_claim("uid")).await, "claim_missing");
    assert_eq!(code(entra.token()).await, format!("https://login.microsoftonline.com/{}", MockEntra::TENANT));
    assert_eq!(code(entra.token().audience("api://partner")).await, "wrong_audience");
    let refused = verifier.verify(&good().scopes("x").build()).await.unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.authority()), (403, Some("partner")));
}

/// Owners decide about tenants after the signature.
mod owners {
    use super::*;

    fn of(mock: &MockEntra, clock: &ManualClock, authority: impl Into<Authority>) -> Verifier {
        let builder = Verifier::builder().client_id(API).authority(authority);
        builder.fetch(mock.clone()).clock(clock.clone()).build().unwrap()
    }

    async fn code(verifier: &Verifier, token: TokenBuilder) -> &'static str {
        verifier.verify(&token.build()).await.err().map_or("accepted", |rejection| rejection.code())
    }

    #[tokio::test]
    async fn by_a_predicate_on_every_request() {
        let mock = dated(MockEntra::new());
        let clock = clock_of(&mock);
        let customers: Arc<RwLock<HashSet<TenantId>>> = Arc::default();
        let asked = Arc::new(AtomicUsize::new(0));
        let verifier = of(&mock, &clock, {
            let (customers, asked) = (customers.clone(), asked.clone());
            Authority::tenants_matching(move |tenant| {
                asked.fetch_add(1, Ordering::Relaxed);
                customers.read().unwrap().contains(&tenant)
            })
        });
        let token = mock.token();
        assert_eq!(code(&verifier, token.clone()).await, "wrong_tenant");
        customers.write().unwrap().insert(tenant());
        assert_eq!(code(&verifier, token.clone()).await, "accepted");
        assert_eq!(code(&verifier, token.clone()).await, "accepted");
        customers.write().unwrap().clear();
        assert_eq!(code(&verifier, token).await, "wrong_tenant", "though it was accepted before");
        let before = asked.load(Ordering::Relaxed);
        assert_eq!(code(&verifier, mock.token().wrong_key()).await, "bad_signature");
        assert_eq!(code(&verifier, mock.token().expired()).await, "expired");
        assert_eq!(code(&verifier, mock.token().tenant(TenantId::PERSONAL_ACCOUNTS)).await, "wrong_tenant");
        assert_eq!(asked.load(Ordering::Relaxed), before, "nobody is asked without a genuine token");
    }

    /// A table of customers that counts how often it is read.
    #[derive(Clone, Default)]
    struct Table {
        customers: Arc<RwLock<HashSet<TenantId>>>,
        reads: Arc<AtomicUsize>,
        is_down: Arc<RwLock<bool>>,
        /// Runs while a look-up is under way.
        between: Arc<RwLock<Option<Verifier>>>,
    }

    impl Table {
        fn lookup(&self) -> impl TenantLookup {
            let table = self.clone();
            move |tenant| {
                let table = table.clone();
                async move {
                    table.reads.fetch_add(1, Ordering::Relaxed);
                    let found = table.customers.read().unwrap().contains(&tenant);
                    tokio::task::yield_now().await;
                    if let Some(verifier) = &*table.between.read().unwrap() {
                        verifier.forget_tenant(tenant);
                    }
                    match *table.is_down.read().unwrap() {
                        true => Err(Rejection::new(RejectionKind::KeysUnavailable)),
                        false => Ok(found),
                    }
                }
            }
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn by_a_look_up_that_is_remembered() {
        let mock = dated(MockEntra::new());
        let clock = clock_of(&mock);
        let table = Table::default();
        table.customers.write().unwrap().insert(tenant());
        let verifier = of(&mock, &clock, Authority::tenants_from_lookup(table.lookup()));
        for (token, reads) in [(mock.token(), 1), (mock.token(), 1), (mock.token().scopes("other"), 1)] {
            assert_eq!((code(&verifier, token).await, table.reads()), ("accepted", reads));
        }
        // Put out: the memory holds until it is told, or five minutes.
        table.customers.write().unwrap().clear();
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 1));
        verifier.forget_tenant(tenant());
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("wrong_tenant", 2));
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("wrong_tenant", 2));
        // Let in again.
        table.customers.write().unwrap().insert(tenant());
        verifier.forget_tenants();
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 3));
        clock.advance(Duration::from_secs(299));
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 3));
        clock.advance(Duration::from_secs(1));
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 4));
        assert_eq!((code(&verifier, mock.token().wrong_key()).await, table.reads()), ("bad_signature", 4));
    }

    #[tokio::test]
    async fn many_at_once_are_one_look_up() {
        let mock = MockEntra::new();
        let clock = clock_of(&mock);
        let table = Table::default();
        table.customers.write().unwrap().insert(tenant());
        let verifier = of(&mock, &clock, Authority::tenants_from_lookup(table.lookup()));
        verifier.warm_up().await.unwrap();
        let token = mock.token().build();
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..1_000 {
            let (verifier, token) = (verifier.clone(), token.clone());
            asking.spawn(async move { verifier.verify(&token).await.is_ok() });
        }
        assert!(asking.join_all().await.into_iter().all(|is_good| is_good));
        assert_eq!(table.reads(), 1);
    }

    #[tokio::test]
    async fn a_failure_is_remembered_for_a_second() {
        let mock = dated(MockEntra::new());
        let clock = clock_of(&mock);
        let table = Table::default();
        table.customers.write().unwrap().insert(tenant());
        *table.is_down.write().unwrap() = true;
        let verifier = of(&mock, &clock, Authority::tenants_from_lookup(table.lookup()));
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("keys_unavailable", 1));
        *table.is_down.write().unwrap() = false;
        clock.advance(Duration::from_millis(999));
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("keys_unavailable", 1));
        clock.advance(Duration::from_millis(1));
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 2));
        // One that was forgotten is not remembered.
        *table.is_down.write().unwrap() = true;
        verifier.forget_tenant(tenant());
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("keys_unavailable", 3));
        *table.is_down.write().unwrap() = false;
        verifier.forget_tenant(tenant());
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 4));
    }

    #[tokio::test]
    async fn what_is_forgotten_during_a_look_up_is_not_remembered_after_it() {
        let mock = dated(MockEntra::new());
        let clock = clock_of(&mock);
        let table = Table::default();
        table.customers.write().unwrap().insert(tenant());
        let verifier = of(&mock, &clock, Authority::tenants_from_lookup(table.lookup()));
        *table.between.write().unwrap() = Some(verifier.clone());
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 1));
        *table.between.write().unwrap() = None;
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 2), "asked again");
        assert_eq!((code(&verifier, mock.token()).await, table.reads()), ("accepted", 2));
    }
}

#[tokio::test]
async fn keys_that_are_at_hand() {
    let mock = dated(MockEntra::okta());
    let key = mock.current_key();
    let jwks = |keys: serde_json::Value| json!({ "keys": keys }).to_string();
    let mut nameless = key.jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    let other = mock.new_key();
    let authority = || Authority::openid_connect(mock.issuer()).audience(format!("api://{API}"));
    let token = || mock.token();
    let unnamed = || mock.token().without_header("kid");
    for (name, authority, token, expected) in [
        ("named", authority().static_keys(jwks(json!([key.jwk()]))), token(), "accepted"),
        ("one, no kid", authority().static_keys(jwks(json!([key.jwk()]))), unnamed(), "malformed_token"),
        ("one, another kid", authority().static_keys(jwks(json!([key.jwk()]))), token().kid("x"), "unknown_key"),
        (
            "several, no kid",
            authority().static_keys(jwks(json!([key.jwk(), other.jwk()]))),
            unnamed(),
            "malformed_token",
        ),
        ("nameless", authority().static_keys(jwks(json!([nameless]))), token(), "accepted"),
        ("nameless, no kid", authority().static_keys(jwks(json!([nameless]))), unnamed(), "accepted"),
        (
            "nameless beside another",
            authority().static_keys(jwks(json!([nameless, other.jwk()]))),
            unnamed(),
            "malformed_token",
        ),
        ("nameless, forged", authority().static_keys(jwks(json!([nameless]))), token().wrong_key(), "bad_signature"),
        ("pem", authority().pem_key(pem(&key)), token(), "accepted"),
        ("pem, no kid", authority().pem_key(pem(&key)), unnamed(), "accepted"),
        ("pem of two", authority().pem_key(pem(&other)).pem_key(pem(&key)), token(), "accepted"),
        ("pem of two, no kid", authority().pem_key(pem(&other)).pem_key(pem(&key)), unnamed(), "accepted"),
        ("pem, forged", authority().pem_key(pem(&key)), token().wrong_key(), "bad_signature"),
        ("pem of another", authority().pem_key(pem(&other)), token(), "bad_signature"),
        (
            "pem, wrong issuer",
            authority().pem_key(pem(&key)),
            token().claim("iss", "https://x.example"),
            "unknown_issuer",
        ),
        (
            "pem, elsewhere, no kid",
            authority().pem_key(pem(&key)),
            unnamed().claim("iss", "https://x.example"),
            "malformed_token",
        ),
    ] {
        let bench = bench(&mock, authority);
        bench.clock.advance(Duration::from_secs(1));
        assert_eq!(bench.code(&token.build()).await, expected, "{name}");
        assert!(bench.verifier.ready().is_ok(), "{name}");
        assert_eq!(mock.fetches(), 0, "{name}: nothing is fetched");
    }
    // They never grow old, and can be revoked.
    let bench = bench(&mock, authority().static_keys(jwks(json!([key.jwk()]))));
    bench.clock.advance(Duration::from_secs(365 * 24 * 3600));
    assert_eq!(bench.code(&mock.token().build()).await, "accepted");
    assert_eq!(bench.verifier.stats().keys.age, None);
    bench.verifier.revoke_key(key.kid());
    assert_ne!(bench.code(&mock.token().build()).await, "accepted");
    assert_eq!(mock.fetches(), 0);
}

/// No network, no runtime, no reqwest: keys at hand need none.
#[test]
fn keys_at_hand_need_no_runtime() {
    let mock = dated(MockEntra::okta());
    let authority = Authority::openid_connect(mock.issuer()).audience(format!("api://{API}"));
    let verifier = Verifier::builder().authority(authority.pem_key(pem(&mock.current_key()))).build().unwrap();
    let mut verdict = std::pin::pin!(async { verifier.verify(&mock.token().build()).await.is_ok() });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(verdict.as_mut().poll(&mut context), std::task::Poll::Ready(true));
}

/// What is refused when the verifier is built, with a piece of what is said.
#[test]
fn mistakes_of_authorities() {
    let okta = "https://contoso.okta.example";
    let openid = || Authority::openid_connect(okta).audience("api://a");
    let entra = || Authority::tenant(tenant()).client_id(API);
    let any = || Authority::danger_any_organization().client_id(API);
    let instance = || tower_entra::tenant::Instance::parse("http://127.0.0.1:4000").unwrap();
    let local = || entra().in_instance(instance());
    let custom = |tenant: &str| Authority::external_id_at("https://login.contoso.example", tenant).client_id(API);
    fn one(authority: impl Into<Authority>) -> Vec<Authority> {
        vec![authority.into()]
    }
    for (authorities, said) in [
        (one(Authority::openid_connect(okta)), "has no audience"),
        (
            one(Authority::openid_connect("https://x.example?a=b").audience("a")),
            "write it as its tokens have it in iss",
        ),
        (one(Authority::openid_connect("https://x.example/#a").audience("a")), "no fragment (#)"),
        (one(Authority::openid_connect("http://x.example").audience("a")), "use https://"),
        (one(Authority::openid_connect("x.example").audience("a")), "an absolute address"),
        (one(Authority::openid_connect("https://login.microsoftonline.com/common/v2.0").audience("a")), "is at Entra"),
        (one(Authority::openid_connect("https://sts.chinacloudapi.cn/x/").audience("a")), "is at Entra"),
        (
            one(Authority::openid_connect("https://contoso.b2clogin.com/x/v2.0/").audience("a")),
            "in code, Authority::b2c",
        ),
        (
            one(Authority::openid_connect("https://x.ciamlogin.com/x/v2.0").audience("a")),
            "in code, Authority::external_id",
        ),
        (one(openid().metadata("ftp://x.example")), "only https://"),
        (one(openid().jwks_uri("http://x.example/keys")), "use https://"),
        (one(openid().jwks_uri("https://x.example/keys").static_keys("{}")), "static_keys(): the keys have another"),
        (one(openid().pem_key("x").metadata("https://x.example/m")), "metadata(): the keys have another source"),
        (one(openid().static_keys("{}").pem_key("x")), "pem_key(): the keys have another source"),
        (one(openid().metadata("https://x.example/m").jwks_uri("https://x.example/keys")), "jwks_uri(): the keys have"),
        (one(openid().static_keys("{}")), "it is no key set"),
        (one(openid().static_keys(r#"{"keys":[]}"#)), "none of its keys can be used for RS256"),
        (one(openid().pem_key("x")), "pem_key(), number 1: is no PEM text"),
        (
            one(openid().pem_key(pem(&dated(MockEntra::new()).current_key())).algorithms([Algorithm::ES256])),
            "can be used for ES256",
        ),
        (one(openid().role_claim("/a//b")), "role_claim(): the name of a claim"),
        (one(Authority::tenant(tenant()).client_id("api://x")), "is needed as the client id"),
        (one(Authority::domain("common").client_id(API)), "or a verified domain"),
        (one(Authority::tenants([], []).client_id(API)), "has no tenant"),
        (one(entra().app_specific_keys("x")), "the client id that has those keys"),
        (one(entra().allowed_client("x")), "an application's client id"),
        (one(entra().audience("*")), "* is not a wildcard"),
        (one(entra().required_claim(ClaimRule::any("a", Vec::<String>::new()))), "has no values"),
        (one(Authority::b2c("contoso", "").client_id(API)), "the name of a user flow"),
        (one(Authority::b2c("contoso", "..").client_id(API)), "the name of a user flow"),
        (one(Authority::b2c("contoso", "a/b").client_id(API)), "the name of a user flow"),
        (one(Authority::b2c("contoso", "B2C_1").policy("b2c_1").client_id(API)), "is named twice"),
        (one(Authority::b2c("evil.example/x", "B2C_1").client_id(API)), "the host alone is needed"),
        (
            one(Authority::b2c_at("https://login.microsoftonline.com", "a.example", "B2C_1").client_id(API)),
            "is the sign-in host of a cloud",
        ),
        (
            one(Authority::b2c_at("https://login.contoso.example", "common", "B2C_1").client_id(API)),
            "the tenant's GUID, or its domain",
        ),
        (one(Authority::external_id("a b").client_id(API)), "an address such as https://contoso.ciamlogin.com"),
        (
            one(Authority::b2c("contoso", "B2C_1").client_id(API).accept_app_tokens_without_policy()),
            "needs allowed_client()",
        ),
        (
            ["B2C_1_a", "B2C_1_b"]
                .map(|policy| {
                    let authority = Authority::b2c("contoso", policy).named(policy).client_id(API);
                    authority.allowed_client(MockEntra::CALLER).accept_app_tokens_without_policy().into()
                })
                .into(),
            "at the same address: it would be ambiguous which rules apply",
        ),
        (one(entra().issuers(["https://id.example/{tenantid}/v2.0"])), "the issuers of this authority are known"),
        (
            one(Authority::b2c("contoso", "B2C_1").client_id(API).issuers(["https://id.example/a/"])),
            "the issuers of this authority are known",
        ),
        (one(local().issuers(["id.example/{tenantid}/v2.0"])), "must be exactly the token's iss"),
        (one(local().issuers([""])), "must be exactly the token's iss"),
        (one(local().issuers(["https://id.example/{tenantid}/ v2.0"])), "must be exactly the token's iss"),
        (one(local().issuers(["https://user@id.example/{tenantid}/v2.0"])), "must be exactly the token's iss"),
        (one(local().issuers(["https://id.example/v2.0"])), "needs {tenantid}, or a tenant's GUID"),
        (one(local().issuers(["https://login.microsoftonline.com/{tenantid}/v2.0"])), "is at a Microsoft host"),
        (one(openid().issuers([format!("https://{OTHER}.ciamlogin.com/{OTHER}/v2.0")])), "is at a Microsoft host"),
        (one(openid().issuers(["https://id.example/{tenantid}/v2.0"])), "an issuer has no placeholder here"),
        (
            one(custom("contoso.onmicrosoft.com").issuers(["https://id.example/{tenantid}/v2.0"])),
            "needs the tenant's GUID as a segment",
        ),
        (
            authorities![openid(), Authority::openid_connect("https://a.example").audience("b").issuers([okta])],
            "accepts tokens that",
        ),
        (
            authorities![
                local().issuers(["https://id.example/{tenantid}/v2.0"]),
                Authority::openid_connect(format!("https://id.example/{}/v2.0", MockEntra::TENANT)).audience("b"),
            ],
            "shares an issuer with http://127.0.0.1:4000",
        ),
        (
            authorities![
                custom(MockEntra::TENANT),
                Authority::external_id_at("https://other.contoso.example", MockEntra::TENANT).client_id(API),
            ],
            "shares an issuer with https://login.contoso.example",
        ),
        (authorities![entra(), entra()], "accepts tokens that"),
        (authorities![entra(), any()], "accepts tokens that"),
        (authorities![any(), any()], "accepts tokens that"),
        (
            authorities![
                Authority::danger_any_account().client_id(API),
                Authority::danger_personal_accounts().client_id(API)
            ],
            "accepts tokens that",
        ),
        (authorities![entra(), entra().in_instance(Cloud::UsGovernment.into())], "separate them by version()"),
        (
            authorities![
                Authority::domain("a.example").client_id(API),
                Authority::tenants([], ["A.example".into(), "b.example".into()]).client_id(API),
            ],
            "accepts tokens that",
        ),
        (authorities![openid(), openid().audience("b")], "accepts tokens that"),
        (
            authorities![
                Authority::b2c("contoso", "B2C_1").client_id(API),
                Authority::b2c("Contoso", "b2c_1").client_id(API)
            ],
            "accepts tokens that",
        ),
        (
            authorities![entra().named("one"), Authority::external_id("contoso").client_id(API).named("one")],
            "is the name of another authority too",
        ),
        (
            authorities![
                Authority::external_id("contoso").client_id(API),
                Authority::external_id("contoso").client_id(API)
            ],
            "accepts tokens that",
        ),
    ] {
        let shown = format!("{authorities:?}");
        let builder = authorities.into_iter().fold(Verifier::builder(), VerifierBuilder::authority);
        let error = builder.fetch(dated(MockEntra::new())).build().map(drop).expect_err(&shown).to_string();
        assert!(error.contains(said), "{shown}\n{error}\ndoes not say: {said}");
    }
    for apart in [
        authorities![entra(), Authority::tenant(OTHER.parse().unwrap()).client_id(API)],
        authorities![any(), Authority::danger_personal_accounts().client_id(API)],
        authorities![entra(), entra().in_instance(Cloud::UsGovernment.into()).version(TokenVersion::V2)],
        authorities![any(), any().in_instance(Cloud::China.into())],
        authorities![local().issuers(["https://id.example/{tenantid}/v2.0"]), openid()],
        authorities![
            local().issuers(["https://id.example/{tenantid}/v2.0"]),
            Authority::openid_connect(format!("https://id.example/{OTHER}/v2.0")).audience("b"),
        ],
        authorities![custom(MockEntra::TENANT), custom(OTHER)],
        authorities![openid().issuers(["http://adfs.contoso.example/adfs/services/trust"])],
        [TokenVersion::V1, TokenVersion::V2]
            .map(|version| {
                entra()
                    .in_instance(tower_entra::tenant::Instance::parse("http://127.0.0.1:4000").unwrap())
                    .version(version)
                    .into()
            })
            .into(),
        [TokenVersion::V1, TokenVersion::V2]
            .map(|version| Authority::external_id("contoso").client_id(API).version(version).into())
            .into(),
        authorities![openid(), Authority::openid_connect(format!("{okta}/a")).audience("a")],
        authorities![
            Authority::b2c("contoso", "B2C_1").client_id(API),
            Authority::b2c("contoso", "B2C_2").client_id(API)
        ],
        authorities![
            Authority::b2c("contoso", "B2C_1").client_id(API),
            Authority::external_id("contoso").client_id(API)
        ],
    ] {
        let shown = format!("{apart:?}");
        let builder = apart.into_iter().fold(Verifier::builder(), VerifierBuilder::authority);
        builder.fetch(dated(MockEntra::new())).build().map(drop).expect(&shown);
    }
}

/// Two ways to name one tenant come out when documents tell: then neither counts.
#[tokio::test]
async fn authorities_that_turn_out_to_be_one_are_both_refused() {
    let mock = dated(MockEntra::new());
    mock.add_domain("contoso.example", tenant());
    let clock = clock_of(&mock);
    let verifier = Verifier::builder()
        .client_id(API)
        .authority(Authority::tenant(tenant()))
        .authority(Authority::domain("contoso.example").audience("api://lenient"))
        .fetch(mock.clone())
        .clock(clock)
        .build()
        .unwrap();
    verifier.warm_up().await.unwrap();
    let rejection = verifier.verify(&mock.token().build()).await.unwrap_err();
    assert_eq!(rejection.code(), "unknown_issuer");
    let text = rejection.to_string();
    assert!(text.contains("contoso.example") && text.contains(MockEntra::TENANT), "{text}");
}

/// A token that cannot be of an authority asks nothing of it, though its issuers are not known yet.
#[tokio::test]
async fn what_cannot_be_theirs_asks_nobody() {
    for (mock, authority) in others() {
        let bench = bench(&mock, authority.clone());
        for foreign in [dated(MockEntra::new()), dated(MockEntra::china()), MockEntra::at("https://login.example")] {
            assert_eq!(bench.code(&foreign.token().build()).await, "unknown_issuer", "{authority}");
        }
        let elsewhere = bench.token().claim("iss", "https://fabrikam.b2clogin.com/x/v2.0/");
        assert_eq!(bench.code(&elsewhere.build()).await, "unknown_issuer", "{authority}");
        assert_eq!(bench.code(&bench.token().expired().build()).await, "expired", "{authority}");
        assert_eq!(mock.fetches(), 0, "{authority}: {:?}", mock.requested());
    }
}

/// Many authorities: each token goes to its own, and fetches for that one alone.
#[tokio::test]
async fn a_thousand_authorities() {
    const MANY: usize = 1_000;
    let mock = dated(MockEntra::okta());
    let clock = clock_of(&mock);
    let jwks = json!({"keys": [mock.current_key().jwk()]}).to_string();
    let issuer = |number: usize| format!("https://contoso.okta.example/oauth2/{number}");
    let mut builder = Verifier::builder().fetch(mock.clone()).clock(clock);
    for number in 0..MANY {
        let authority = Authority::openid_connect(issuer(number)).audience(format!("api://{number}"));
        let authority = if number % 2 == 0 { authority.static_keys(&*jwks) } else { authority };
        builder = builder.authority(authority);
    }
    let verifier = builder.build().unwrap();
    let token = |number: usize| mock.token().claim("iss", issuer(number)).audience(format!("api://{number}")).build();
    for number in [0, 2, 500, 998] {
        assert_eq!(verifier.verify(&token(number)).await.unwrap().authority(), issuer(number));
    }
    assert_eq!(mock.fetches(), 0);
    let other = mock.token().claim("iss", issuer(4)).audience("api://2").build();
    assert_eq!(verifier.verify(&other).await.unwrap_err().code(), "wrong_audience");
    let odd = verifier.verify(&token(501)).await.unwrap_err();
    assert_eq!(
        (odd.code(), mock.requested()),
        ("keys_unavailable", vec![format!("{}/.well-known/openid-configuration", issuer(501))])
    );
}

/// Many domains in one list: each is resolved once, and its tenant is found among the others. What that costs is measured in
/// `benches`.
#[tokio::test]
async fn many_domains() {
    const MANY: usize = 1_000;
    let mock = dated(MockEntra::new());
    let id = |number: usize| format!("00000000-0000-0000-0000-{number:012}").parse::<TenantId>().unwrap();
    let domain = |number: usize| format!("d{number}.example");
    (0..MANY).for_each(|number| mock.add_domain(domain(number), id(number)));
    let authority = Authority::tenants([OTHER.parse().unwrap()], (0..MANY).map(domain)).client_id(API);
    let builder = Verifier::builder().authority(authority).fetch(mock.clone()).clock(clock_of(&mock));
    let verifier = builder.cache(CacheSettings::off()).build().unwrap();
    verifier.verify(&mock.token().tenant(OTHER).build()).await.unwrap();
    verifier.verify(&mock.token().tenant(id(0)).build()).await.unwrap();
    let fetches = verifier.stats().keys.fetches;
    for number in 0..MANY {
        verifier.verify(&mock.token().tenant(id(number)).build()).await.unwrap();
    }
    assert_eq!(
        verifier.verify(&mock.token().build()).await.unwrap_err().code(),
        "wrong_tenant",
        "all of them are known"
    );
    assert_eq!(verifier.stats().keys.fetches, fetches, "all were resolved at once");
}
