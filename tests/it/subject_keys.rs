//! `Claims::subject_key`: one key for one user, and never one for two.

use std::collections::{BTreeMap, HashMap};

use mock_entra::{MockEntra, TokenBuilder};
use serde_json::json;
use tower_entra::{Authority, Cloud, claims::SubjectKey, tenant::Instance};

use crate::support::{Bench, tenant};

const OTHER_USER: &str = "55555555-aaaa-bbbb-cccc-dddddddddddd";
const ELSEWHERE: &str = "https://login.contoso.example";

fn bench(mock: &MockEntra, authority: impl Into<Authority>) -> Bench {
    let id = MockEntra::CLIENT_ID;
    let audiences = [id, &format!("api://{id}"), "https://api.contoso.example"];
    Bench::alone(mock.clone(), audiences.into_iter().fold(authority.into(), Authority::audience))
}

async fn key(bench: &Bench, token: TokenBuilder) -> Option<SubjectKey> {
    let claims = bench.verifier.verify(&token.build()).await;
    claims.unwrap_or_else(|rejection| panic!("{rejection}: {:?}", token.claims())).subject_key()
}

async fn text(bench: &Bench, token: TokenBuilder) -> String {
    key(bench, token).await.unwrap().to_string()
}

#[tokio::test]
async fn one_user_has_one_key_in_v1_and_v2_tokens_and_at_every_host_of_a_cloud() {
    let t = MockEntra::TENANT;
    let user = MockEntra::USER;
    for (cloud, hosts) in [
        (Cloud::Public, Cloud::Public.hosts()),
        (Cloud::UsGovernment, Cloud::UsGovernment.hosts()),
        (Cloud::China, Cloud::China.hosts()),
    ] {
        let mock = MockEntra::for_cloud(cloud);
        mock.add_domain("contoso.example", tenant());
        let expected = format!("entra/{}/{t}/{user}", cloud.login_host());
        for host in hosts {
            let instance = || Instance::parse(host).unwrap();
            let other = MockEntra::OTHER_TENANT.parse().unwrap();
            for authority in [
                Authority::tenant(tenant()),
                Authority::tenants([tenant(), other], []),
                Authority::domain("contoso.example"),
                Authority::danger_any_organization(),
                Authority::tenants_matching(|_| true),
            ] {
                let bench = bench(&mock, authority.in_instance(instance()));
                let guest = |token: TokenBuilder| token.claim("acct", 1).claim("idp", "live.com");
                for token in [
                    bench.token(),
                    bench.token().v1(),
                    guest(bench.token()),
                    guest(bench.token().v1()),
                    bench.token().claim("sub", "another-subject-for-each-application"),
                    bench.token().client(MockEntra::OTHER_CALLER),
                    bench.token().object_id(user.to_uppercase()),
                ] {
                    assert_eq!(text(&bench, token).await, expected, "{host}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_differs_has_another_key() {
    let mock = MockEntra::new();
    let bench = bench(&mock, Authority::danger_any_organization());
    let own = key(&bench, bench.token()).await.unwrap();
    for (name, token) in [
        ("another user", bench.token().object_id(OTHER_USER)),
        ("the same object id in another tenant", bench.token().tenant(MockEntra::OTHER_TENANT)),
        ("an application", bench.token().app()),
    ] {
        assert_ne!(key(&bench, token).await.unwrap(), own, "{name}");
    }
}

#[tokio::test]
async fn applications_have_a_key_of_their_own() {
    let bench = bench(&MockEntra::new(), Authority::tenant(tenant()));
    let (v1, v2) = (bench.token().app().v1(), bench.token().app());
    let principal = v2.claims()["oid"].as_str().unwrap().to_owned();
    let expected = format!("entra/login.microsoftonline.com/{}/{principal}", MockEntra::TENANT);
    assert_eq!(text(&bench, v1).await, expected);
    assert_eq!(text(&bench, v2).await, expected);
    assert_ne!(principal, MockEntra::USER);
}

/// A GUID in another case is the same object; the subject of another provider is compared exactly (OpenID Connect Core,
/// section 2), since a user may be able to choose it.
#[tokio::test]
async fn case_matters_in_subjects_of_openid_connect_issuers_alone() {
    let (lower, upper) = (OTHER_USER, OTHER_USER.to_ascii_uppercase());
    let entra = bench(&MockEntra::new(), Authority::tenant(tenant()));
    let by_object = |id: &str| entra.token().claim("oid", id);
    assert_eq!(key(&entra, by_object(lower)).await, key(&entra, by_object(&upper)).await);
    let okta = bench(&MockEntra::okta(), Authority::openid_connect(MockEntra::okta().issuer()));
    let by_subject = |id: &str| okta.token().claim("sub", id);
    assert_ne!(key(&okta, by_subject(lower)).await, key(&okta, by_subject(&upper)).await);
}

#[tokio::test]
async fn without_a_subject_there_is_none() {
    let entra = bench(&MockEntra::new(), Authority::tenant(tenant()));
    assert_eq!(key(&entra, entra.token().without_claim("oid")).await, None, "sub differs between applications");
    assert_eq!(key(&entra, entra.token().claim("oid", "")).await, None);
    let okta = MockEntra::okta();
    let openid = || Authority::openid_connect(okta.issuer());
    let by_sub = bench(&okta, openid());
    for token in [by_sub.token().without_claim("sub"), by_sub.token().claim("sub", "")] {
        assert_eq!(key(&by_sub, token).await, None);
    }
    // The value of `sub` may be that of the configured claim for somebody else.
    let by_login = bench(&okta, openid().subject_claim("login"));
    assert_eq!(key(&by_login, by_login.token().claim("sub", "ada").without_claim("login")).await, None);
    assert!(text(&by_login, by_login.token().claim("sub", "grace").claim("login", "ada")).await.ends_with("/ada"));
    // B2C's sentence for "none" is the same for every user.
    let none = "Not supported currently. Use oid claim.";
    assert_eq!(key(&by_sub, by_sub.token().claim("sub", none)).await, None);
    let b2c = bench(&MockEntra::b2c("contoso", "B2C_1_susi"), Authority::b2c("contoso", "B2C_1_susi"));
    assert_eq!(key(&b2c, b2c.token().claim("sub", none).without_claim("oid")).await, None);
    assert_eq!(key(&b2c, b2c.token().without_claim("sub").without_claim("oid")).await, None);
}

#[tokio::test]
async fn users_of_b2c_have_one_key_for_all_policies() {
    let expected = |host: &str| format!("b2c/{host}/{}/{}", MockEntra::TENANT, MockEntra::USER);
    let named = || Authority::b2c("contoso", "B2C_1_susi").policy("B2C_1_edit");
    let mock = || MockEntra::b2c("contoso", "B2C_1_susi").add_policy("B2C_1_edit");
    for (mock, authority) in [(mock(), named()), (mock().tfp_issuer(), named().accept_tfp_issuers())] {
        let bench = bench(&mock, authority);
        for policy in ["B2C_1_susi", "B2C_1_edit"] {
            let token = || bench.token().policy(policy);
            assert_eq!(text(&bench, token()).await, expected("contoso.b2clogin.com"), "{policy}");
            let by_oid = token().claim("sub", "Not supported currently. Use oid claim.").claim("oid", MockEntra::USER);
            assert_eq!(text(&bench, by_oid).await, expected("contoso.b2clogin.com"), "{policy}");
        }
    }
    let own = bench(
        &MockEntra::b2c_at(ELSEWHERE, "B2C_1_susi"),
        Authority::b2c_at(ELSEWHERE, MockEntra::TENANT, "B2C_1_susi"),
    );
    assert_eq!(text(&own, own.token()).await, expected("login.contoso.example"));
}

#[tokio::test]
async fn external_id_by_its_tenant_and_object() {
    let end = format!("{}/{}", MockEntra::TENANT, MockEntra::USER);
    let usual = bench(&MockEntra::external_id("contoso"), Authority::external_id("contoso"));
    for token in [usual.token(), usual.token().v1()] {
        assert_eq!(text(&usual, token).await, format!("external-id/ciamlogin.com/{end}"));
    }
    let own = bench(&MockEntra::external_id_at(ELSEWHERE), Authority::external_id_at(ELSEWHERE, MockEntra::TENANT));
    assert_eq!(text(&own, own.token()).await, format!("external-id/login.contoso.example/{end}"));
}

/// Whatever a partner writes into its tokens, its users have no key of another authority's.
#[tokio::test]
async fn no_two_authorities_have_a_key_in_common() {
    let at = |base: &str| {
        let authority = Authority::tenant(tenant()).in_instance(Instance::parse(base).unwrap());
        (MockEntra::at(base), Authority::from(authority))
    };
    let openid = |mock: MockEntra| {
        let authority = Authority::openid_connect(mock.issuer());
        (mock, Authority::from(authority))
    };
    let static_okta = MockEntra::okta();
    let jwks = json!({"keys": [static_okta.current_key().jwk()]}).to_string();
    let authorities: Vec<(&str, (MockEntra, Authority))> = vec![
        ("public", (MockEntra::new(), Authority::tenant(tenant()).into())),
        (
            "government",
            (MockEntra::us_government(), Authority::tenant(tenant()).in_instance(Cloud::UsGovernment.into()).into()),
        ),
        ("custom", at(ELSEWHERE)),
        ("emulator", at("http://127.0.0.1:4000")),
        ("emulator at another port", at("http://127.0.0.1:4001")),
        ("External ID", (MockEntra::external_id("contoso"), Authority::external_id("contoso").into())),
        (
            "External ID, custom",
            (MockEntra::external_id_at(ELSEWHERE), Authority::external_id_at(ELSEWHERE, MockEntra::TENANT).into()),
        ),
        ("B2C", (MockEntra::b2c("contoso", "B2C_1_susi"), Authority::b2c("contoso", "B2C_1_susi").into())),
        ("another B2C", (MockEntra::b2c("fabrikam", "B2C_1_susi"), Authority::b2c("fabrikam", "B2C_1_susi").into())),
        (
            "B2C, custom",
            (
                MockEntra::b2c_at(ELSEWHERE, "B2C_1_susi"),
                Authority::b2c_at(ELSEWHERE, MockEntra::TENANT, "B2C_1_susi").into(),
            ),
        ),
        ("Okta", openid(MockEntra::okta())),
        ("Auth0", openid(MockEntra::auth0())),
        ("Keycloak", openid(MockEntra::keycloak())),
    ];
    let mut seen: HashMap<SubjectKey, &str> = HashMap::new();
    let mut texts: BTreeMap<String, &str> = BTreeMap::new();
    for (name, (mock, authority)) in authorities {
        let bench = bench(&mock, authority);
        // The same ids everywhere, and a subject that looks like the parts of somebody else's key.
        for subject in
            [MockEntra::USER.to_owned(), format!("x/{}", MockEntra::USER), "x%2Fy".to_owned(), "x/y".to_owned()]
        {
            let token = bench.token().claim("sub", &*subject).claim("oid", &*subject).claim("tid", MockEntra::TENANT);
            let key = key(&bench, token).await.unwrap();
            assert_eq!(texts.insert(key.to_string(), name), None, "{key}");
            assert_eq!(seen.insert(key.clone(), name), None, "{key}");
        }
    }
    let okta = bench(&MockEntra::okta(), Authority::openid_connect(MockEntra::okta().issuer()));
    let same = bench(&static_okta, Authority::openid_connect(static_okta.issuer()).static_keys(jwks));
    assert_eq!(
        key(&okta, okta.token()).await,
        key(&same, same.token()).await,
        "one issuer, wherever its keys come from"
    );
}
