//! Authorities beside each other: none speaks for another, and no answer tells how they are configured.

use http::Request;
use mock_entra::{KeySpec, ManualClock, MockEntra, MockNetwork, SigningAlgorithm, TokenBuilder};
use serde_json::json;
use tower_entra::{
    Authority, TenantId, Verifier, VerifierBuilder, jwt::Algorithm, policy::ClaimRule, tenant::Instance,
};

use crate::support::{Bench, authorities, clock_of, tenant};

const API: &str = MockEntra::CLIENT_ID;
const OTHER: &str = MockEntra::OTHER_TENANT;
const EMULATOR: &str = "http://127.0.0.1:4000";

fn several(mocks: &[&MockEntra], authorities: Vec<Authority>) -> (Verifier, ManualClock) {
    let clock = clock_of(mocks[0]);
    for mock in mocks {
        mock.set_clock(clock.clone());
    }
    let fetch = MockNetwork::new(mocks.iter().map(|mock| (*mock).clone()));
    let builder = authorities.into_iter().fold(Verifier::builder().client_id(API), VerifierBuilder::authority);
    (builder.fetch(fetch).clock(clock.clone()).build().unwrap(), clock)
}

async fn code(verifier: &Verifier, token: &TokenBuilder) -> String {
    match verifier.verify(&token.build()).await {
        Ok(claims) => format!("accepted by {}", claims.authority()),
        Err(rejection) => rejection.code().to_owned(),
    }
}

fn at(address: &str) -> Instance {
    Instance::parse(address).unwrap()
}

/// The keys of the other tenant do not say whose they are: they speak for whomever their document does.
fn keys_of_nobody(mock: &MockEntra) {
    let keys = json!({"keys": [mock.current_key().jwk()]});
    mock.replace_document(format!("/{OTHER}/discovery/v2.0/keys"), keys.to_string());
}

fn other() -> TenantId {
    OTHER.parse().unwrap()
}

/// Whoever runs an emulator says what its issuer is. It is not that of Entra, nor of what else Microsoft runs.
#[tokio::test]
async fn an_emulator_does_not_speak_for_microsoft() {
    for (issuer, v1) in [
        (format!("https://login.microsoftonline.com/{OTHER}/v2.0"), None),
        (format!("https://contoso.b2clogin.com/{OTHER}/v2.0/"), None),
        (format!("{EMULATOR}/{OTHER}/v2.0"), Some(format!("https://sts.windows.net/{OTHER}/"))),
    ] {
        let (entra, emulator) = (MockEntra::new(), MockEntra::at(EMULATOR));
        let document =
            |issuer: &str| json!({"issuer": issuer, "jwks_uri": format!("{EMULATOR}/{OTHER}/discovery/v2.0/keys")});
        keys_of_nobody(&emulator);
        let path = |version: &str| format!("/{OTHER}{version}/.well-known/openid-configuration");
        emulator.replace_document(path("/v2.0"), document(&issuer).to_string());
        if let Some(v1) = &v1 {
            emulator.replace_document(path(""), document(v1).to_string());
        }
        let (verifier, _) = several(
            &[&entra, &emulator],
            vec![
                Authority::danger_any_organization().into(),
                Authority::tenant(other()).in_instance(at(EMULATOR)).named("emulator").into(),
            ],
        );
        let _ = verifier.warm_up().await;
        let forged = emulator.token().tenant(OTHER).claim("iss", v1.clone().unwrap_or(issuer.clone()));
        let forged = if v1.is_some() { forged.claim("ver", "1.0") } else { forged };
        let found = code(&verifier, &forged).await;
        assert!(!found.starts_with("accepted"), "{issuer} {v1:?}: {found}");
        assert!(
            code(&verifier, &entra.token().tenant(OTHER)).await.starts_with("accepted by https://login."),
            "{issuer}"
        );
    }
}

/// Two emulators, one for every organisation, and the other claims its issuer for one tenant.
#[tokio::test]
async fn an_open_authority_does_not_yield_to_one_that_claims_its_issuer() {
    const SECOND: &str = "http://127.0.0.1:5000";
    let (first, second) = (MockEntra::at(EMULATOR), MockEntra::at(SECOND));
    keys_of_nobody(&second);
    for (version, issuer) in [("/v2.0", first.v2_issuer(OTHER)), ("", first.v1_issuer(OTHER))] {
        let document = json!({"issuer": issuer, "jwks_uri": format!("{SECOND}/{OTHER}/discovery/v2.0/keys")});
        second.replace_document(format!("/{OTHER}{version}/.well-known/openid-configuration"), document.to_string());
    }
    let (verifier, _) = several(
        &[&first, &second],
        vec![
            Authority::danger_any_organization().in_instance(at(EMULATOR)).into(),
            Authority::tenant(other()).in_instance(at(SECOND)).into(),
        ],
    );
    assert_eq!(verifier.warm_up().await.unwrap_err().code(), "keys_unavailable", "the document is refused");
    let forged = second.token().tenant(OTHER).claim("iss", first.v2_issuer(OTHER));
    assert!(["unknown_key", "bad_signature"].contains(&&*code(&verifier, &forged).await));
    for token in [first.token().tenant(OTHER), first.token()] {
        assert!(code(&verifier, &token).await.starts_with("accepted"), "it belongs to the first");
    }
}

/// Verdicts that are remembered end when the issuer turns out to be disputed.
#[tokio::test]
async fn a_remembered_verdict_ends_with_a_dispute() {
    let mock = MockEntra::new();
    mock.add_domain("contoso.example", tenant());
    let authorities =
        authorities![Authority::tenant(tenant()), Authority::domain("contoso.example").audience("api://lenient")];
    let (verifier, _) = several(&[&mock], authorities);
    let token = mock.token();
    assert!(code(&verifier, &token).await.starts_with("accepted"), "the domain is not known yet");
    verifier.warm_up().await.unwrap();
    assert_eq!(code(&verifier, &mock.token().claim("new", 1)).await, "unknown_issuer");
    assert_eq!(code(&verifier, &token).await, "unknown_issuer", "though it was accepted before");
}

/// An OpenID Connect issuer, and a policy of B2C whose metadata names that very issuer: the one that is configured has it.
#[tokio::test]
async fn issuer_named_by_a_configuration_is_not_that_of_a_policy() {
    const BASE: &str = "https://login.contoso.example";
    let mock = MockEntra::b2c_at(BASE, "B2C_1_susi");
    let all = Authority::openid_connect(mock.issuer()).metadata(mock.metadata_url()).audience(API);
    let one = Authority::b2c_at(BASE, "contoso.onmicrosoft.com", "B2C_1_susi");
    for authorities in [authorities![all.clone(), one.clone()], authorities![one, all]] {
        let (verifier, _) = several(&[&mock], authorities);
        for round in ["cold", "warm"] {
            assert_eq!(code(&verifier, &mock.token()).await, format!("accepted by {}", mock.issuer()), "{round}");
            assert_eq!(verifier.warm_up().await.unwrap_err().code(), "keys_unavailable", "the policy's is refused");
        }
    }
}

/// At B2C `sub` is the user's object: roles and `oid` make no application of a user.
#[tokio::test]
async fn a_user_of_b2c_is_no_application() {
    let mock = MockEntra::b2c("contoso", "B2C_1_susi");
    let bench = Bench::alone(mock.clone(), Authority::b2c("contoso", "B2C_1_susi").client_id(API));
    let user = mock.token().without_claim("scp").claim("oid", MockEntra::USER).claim("sub", MockEntra::USER);
    let user = user.claim("roles", json!(["Files.Read.All"]));
    assert_eq!(bench.code(&user.build()).await, "not_an_access_token");
    assert_eq!(bench.code(&user.claim("idtyp", "app").build()).await, "accepted");
}

/// `tfp` of the wrong type is not passed over for `acr`.
#[tokio::test]
async fn a_policy_that_is_no_text_is_none() {
    let mock = MockEntra::b2c("contoso", "B2C_1_susi");
    let bench = Bench::alone(mock.clone(), Authority::b2c("contoso", "B2C_1_susi").client_id(API));
    bench.verifier.warm_up().await.unwrap();
    let token = mock.token().claim("acr", "B2C_1_susi");
    for tfp in [json!(["B2C_1_edit"]), json!(1), json!(null), json!({})] {
        assert_eq!(bench.code(&token.clone().claim("tfp", tfp.clone()).build()).await, "wrong_issuer", "{tfp}");
    }
}

/// Elsewhere than at Entra client ids may differ in case alone.
#[tokio::test]
async fn clients_that_are_no_guids_are_compared_exactly() {
    let mock = MockEntra::keycloak();
    let authority = Authority::openid_connect(mock.issuer()).audience(API);
    let upper = MockEntra::CALLER.to_uppercase();
    let bench = Bench::alone(mock.clone(), authority.allowed_client("Orders").allowed_client(&upper));
    for (client, expected) in [
        ("Orders", "accepted"),
        ("orders", "client_not_allowed"),
        ("ORDERS", "client_not_allowed"),
        (MockEntra::CALLER, "accepted"),
        (&upper, "accepted"),
    ] {
        assert_eq!(bench.code(&mock.token().claim("azp", client).build()).await, expected, "{client}");
    }
}

/// A token without `kid` gets one answer, whether its issuer's keys have names or not, and wherever they come from.
#[tokio::test]
async fn what_has_no_kid_does_not_tell_whose_keys_are_at_hand() {
    let (mock, bare, nameless) = (MockEntra::okta(), MockEntra::okta(), MockEntra::okta());
    let key = mock.current_key();
    let mut jwk = key.jwk();
    jwk.as_object_mut().unwrap().remove("kid");
    let jwks = json!({"keys": [jwk]}).to_string();
    nameless.drop_all_keys();
    nameless.publish(KeySpec::new(&key).without_member("kid"));
    let authority = || Authority::openid_connect(mock.issuer()).audience(format!("api://{API}"));
    let at_hand = Bench::alone(mock.clone(), authority().static_keys(jwks));
    let fetched = Bench::alone(bare, authority());
    fetched.verifier.warm_up().await.unwrap();
    let nameless = Bench::alone(nameless, authority());
    nameless.verifier.warm_up().await.unwrap();
    let entra = Bench::new().await;
    let token = || mock.token().without_header("kid");
    let mut answers = Vec::new();
    for token in [
        token().wrong_key(),
        token().wrong_key().claim("iss", "https://other.example"),
        token().wrong_key().expired().expires_at(1_000),
        token().wrong_key().algorithm(SigningAlgorithm::Rs512),
        token().wrong_key().claim("aud", "api://another"),
    ] {
        for bench in [&at_hand, &fetched, &nameless, &entra] {
            answers.push(format!("{:?}", bench.send_token(&token.build()).await.seen()));
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert!(answers[0].contains("well-formed"), "{}", answers[0]);
    let good = Request::builder().header("authorization", format!("Bearer {}", token().build()));
    assert_eq!(at_hand.send(good.body(()).unwrap()).await.status, 200);
}

/// What is said of a token does not depend on whether anybody's tokens may have its algorithm.
#[tokio::test]
async fn answers_do_not_tell_which_algorithms_are_accepted() {
    let mock = MockEntra::okta();
    let authority = || Authority::openid_connect(mock.issuer()).audience(format!("api://{API}"));
    let strict = Bench::alone(mock.clone(), authority());
    let lenient = Bench::alone(mock.clone(), authority().algorithms([Algorithm::RS256, Algorithm::RS512]));
    for bench in [&strict, &lenient] {
        bench.verifier.warm_up().await.unwrap();
    }
    let token = || mock.token().wrong_key().algorithm(SigningAlgorithm::Rs512);
    let elsewhere = "https://other.example";
    let graph = "https://graph.microsoft.com";
    for (name, token) in [
        ("plain", token()),
        ("long expired", token().expires_at(1_000)),
        ("of nobody, long expired", token().expires_at(1_000).claim("iss", elsewhere)),
        ("of Graph", token().claim("aud", graph)),
        ("malformed", token().claim("exp", "x")),
        ("of nobody", token().claim("iss", elsewhere)),
    ] {
        let token = token.build();
        let (one, other) = (strict.send_token(&token).await, lenient.send_token(&token).await);
        assert_eq!(one.seen(), other.seen(), "{name}");
    }
}

/// The algorithms of one authority are not those of another, though one key could do both.
#[tokio::test]
async fn algorithms_are_those_of_the_tokens_own_authority() {
    let (okta, auth0) = (MockEntra::okta(), MockEntra::auth0());
    let at = |mock: &MockEntra, algorithm| {
        Authority::openid_connect(mock.issuer()).audience(format!("api://{API}")).algorithms([algorithm])
    };
    let authorities = authorities![at(&okta, Algorithm::RS256), at(&auth0, Algorithm::RS512)];
    let (verifier, _) = several(&[&okta, &auth0], authorities);
    for mock in [&okta, &auth0] {
        // A key that does not say for which algorithm it is.
        let mut key = mock.current_key().jwk();
        key.as_object_mut().unwrap().remove("alg");
        for document in ["/oauth2/default/v1/keys", "/.well-known/jwks.json"] {
            mock.replace_document(document, json!({"keys": [key]}).to_string());
        }
    }
    verifier.warm_up().await.unwrap();
    for (mock, algorithm, expected) in [
        (&okta, SigningAlgorithm::Rs256, "accepted"),
        (&okta, SigningAlgorithm::Rs512, "unsupported_algorithm"),
        (&auth0, SigningAlgorithm::Rs512, "accepted"),
        (&auth0, SigningAlgorithm::Rs256, "unsupported_algorithm"),
    ] {
        let token = mock.token().audience(format!("api://{API}")).algorithm(algorithm);
        assert!(
            code(&verifier, &token).await.starts_with(expected),
            "{}: {}",
            mock.issuer(),
            code(&verifier, &token).await
        );
    }
}

/// Audiences of its own stand instead of those of the rest, and an audience claim instead of `aud`.
#[tokio::test]
async fn audiences_of_ones_own_stand_alone() {
    let mock = MockEntra::okta();
    let clock = clock_of(&mock);
    let own = |authority: Authority| {
        let builder = Verifier::builder().tenant(MockEntra::TENANT).audience("api://common").authority(authority);
        builder.fetch(mock.clone()).clock(clock.clone()).build().unwrap()
    };
    let by_aud = own(Authority::openid_connect(mock.issuer()).audience("api://own").into());
    let by_claim = own(Authority::openid_connect(mock.issuer()).audience("api://own").audience_claim("for").into());
    for (verifier, token, expected) in [
        (&by_aud, mock.token().audience("api://own"), "accepted"),
        (&by_aud, mock.token().audience("api://common"), "wrong_audience"),
        (&by_claim, mock.token().audience("api://other").claim("for", "api://own"), "accepted"),
        (&by_claim, mock.token().audience("api://own"), "wrong_audience"),
        (&by_claim, mock.token().audience("api://own").claim("for", json!({"a": 1})), "wrong_audience"),
    ] {
        let found = code(verifier, &token).await;
        assert!(found.starts_with(expected), "{found}, not {expected}: {:?}", token.claims());
    }
}

/// A tenant that is configured by its id is the one that its metadata must be of.
#[tokio::test]
async fn metadata_of_another_tenant_is_refused() {
    for (mock, authority, issuer) in [
        (
            MockEntra::b2c("contoso", "B2C_1_susi"),
            Authority::from(
                Authority::b2c_at("https://contoso.b2clogin.com", MockEntra::TENANT, "B2C_1_susi").client_id(API),
            ),
            format!("https://contoso.b2clogin.com/{OTHER}/v2.0/"),
        ),
        (
            MockEntra::external_id("contoso"),
            Authority::external_id_at("https://contoso.ciamlogin.com", MockEntra::TENANT).client_id(API).into(),
            format!("https://{OTHER}.ciamlogin.com/{OTHER}/v2.0"),
        ),
    ] {
        mock.set_metadata("issuer", Some(issuer.into()));
        let bench = Bench::alone(mock, authority);
        let refused = bench.verifier.warm_up().await.unwrap_err().to_string();
        assert!(refused.contains("which is not one with"), "{refused}");
    }
}

/// What one look-up has said of a tenant is not remembered for another.
#[tokio::test]
async fn look_ups_are_remembered_by_authority() {
    let (public, china) = (MockEntra::new(), MockEntra::china());
    let says = |answer: bool| Authority::tenants_from_lookup(move |_| async move { Ok(answer) });
    let (verifier, _) = several(
        &[&public, &china],
        vec![says(true).into(), says(false).in_instance(tower_entra::Cloud::China.into()).into()],
    );
    for _ in 0..2 {
        assert!(code(&verifier, &public.token()).await.starts_with("accepted"));
        assert_eq!(code(&verifier, &china.token()).await, "wrong_tenant");
    }
}

/// Claims that all tokens must have hold beside those of one authority.
#[tokio::test]
async fn required_claims_add_up() {
    let mock = MockEntra::okta();
    let clock = clock_of(&mock);
    let own = Authority::openid_connect(mock.issuer()).audience(format!("api://{API}"));
    let builder = Verifier::builder().required_claim(ClaimRule::present("all"));
    let builder = builder.authority(own.required_claim(ClaimRule::present("own"))).fetch(mock.clone()).clock(clock);
    let verifier = builder.build().unwrap();
    let token = || mock.token();
    for (token, expected) in [
        (token().claim("all", 1).claim("own", 1), "accepted"),
        (token().claim("all", 1), "claim_missing"),
        (token().claim("own", 1), "claim_missing"),
    ] {
        assert!(code(&verifier, &token).await.starts_with(expected), "{:?}", token.claims());
    }
}
