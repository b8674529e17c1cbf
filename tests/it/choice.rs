//! Which of several authorities a token belongs to, before and after their metadata are loaded.

use std::time::Duration;

use mock_entra::{Fault, MockEntra, MockKey, TokenBuilder};
use serde_json::{Value, json};
use tower_entra::{Authority, RejectionKind, TenantId, authority::B2c, tenant::Instance};

use crate::support::{Bench, settle, tenant};

const API: &str = MockEntra::CLIENT_ID;
const OTHER: &str = MockEntra::OTHER_TENANT;
const POLICIES: [&str; 2] = ["B2C_1_susi", "B2C_1_edit"];

fn keys_of(policy: &str) -> String {
    format!("/contoso.onmicrosoft.com/{}/discovery/v2.0/keys", policy.to_ascii_lowercase())
}

/// Two policies of B2C, each with a key of its own, that accept tokens of applications without a policy.
fn two_policies() -> (MockEntra, [MockKey; 2], B2c) {
    let mock = MockEntra::b2c("contoso", POLICIES[0]).add_policy(POLICIES[1]);
    let keys = POLICIES.map(|policy| {
        let key = mock.new_key();
        mock.replace_document(keys_of(policy), json!({"keys": [key.jwk()]}).to_string());
        key
    });
    let authority = Authority::b2c("contoso", POLICIES[0]).policy(POLICIES[1]).client_id(API);
    (mock, keys, authority.allowed_client(MockEntra::CALLER).accept_app_tokens_without_policy())
}

/// A token without a policy.
fn app(bench: &Bench, key: &MockKey) -> TokenBuilder {
    bench.token().app().without_claim("tfp").claim("scp", "app.read").signed_with(key)
}

/// Keys are fetched for a token without a policy only if one of them could make it acceptable.
#[tokio::test]
async fn nothing_is_fetched_for_a_token_without_a_policy_that_stays_refused() {
    let (mock, _, authority) = two_policies();
    // Beside an issuer whose keys may have no id, so that a token without one is read further.
    let jwks = json!({"keys": [mock.new_key().jwk()]}).to_string();
    let partner = Authority::openid_connect("https://partner.example").audience("api://partner").static_keys(jwks);
    let bench = Bench::of(mock.clone(), |builder| builder.authority(authority).authority(partner)).await;
    bench.clock.advance(Duration::from_secs(60));
    let unknown = mock.new_key();
    let token = || app(&bench, &unknown);
    bench.refuses("no kid", &token().without_header("kid").build(), RejectionKind::MalformedToken).await;
    bench.refuses("another tenant", &token().claim("tid", OTHER).build(), RejectionKind::WrongIssuer).await;
    bench.refuses("long expired", &token().expired().build(), RejectionKind::Expired).await;
    let fetches = mock.fetches();
    assert_eq!(bench.code(&token().build()).await, "unknown_key");
    assert!(mock.fetches() > fetches, "a key that one of them may have by now");
}

/// While the metadata of one policy cannot be fetched, the other one's tokens without a policy are accepted.
#[tokio::test]
async fn token_without_a_policy_while_one_policy_is_not_loaded() {
    let (mock, [susi, edit], authority) = two_policies();
    let bench = Bench::cold(mock.clone(), |builder| builder.authority(authority));
    mock.set_fault_at(POLICIES[1].to_ascii_lowercase(), Fault::Down);
    mock.set_fault_at(POLICIES[1], Fault::Down);
    assert_eq!(bench.verifier.warm_up().await.unwrap_err().code(), "keys_unavailable");
    assert_eq!(bench.code(&app(&bench, &susi).build()).await, "accepted");
    assert_ne!(bench.code(&app(&bench, &edit).build()).await, "accepted");
    assert_eq!(bench.code(&bench.token().policy(POLICIES[1]).signed_with(&edit).build()).await, "keys_unavailable");
    mock.clear_faults();
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(bench.code(&app(&bench, &edit).build()).await, "accepted");
}

/// How many tokens were found in the cache since the last call.
fn hits(bench: &Bench, before: &mut u64) -> u64 {
    let hits = bench.verifier.stats().cache_hits;
    hits - std::mem::replace(before, hits)
}

/// After a refresh the cached verdict is confirmed: of a token with a policy, and of one without.
#[tokio::test]
async fn cached_token_of_b2c_is_found_after_a_refresh() {
    let (mock, [susi, edit], authority) = two_policies();
    let bench = Bench::of(mock.clone(), |builder| builder.authority(authority)).await;
    let tokens = [app(&bench, &edit), app(&bench, &susi), bench.token().policy(POLICIES[0]).signed_with(&susi)];
    let tokens = tokens.map(|token| token.build());
    for token in &tokens {
        assert_eq!(bench.code(token).await, "accepted");
    }
    let mut before = 0;
    hits(&bench, &mut before);
    // Whatever was confirmed before has to be confirmed again.
    bench.verifier.revoke_key("another");
    for token in &tokens {
        assert_eq!(bench.code(token).await, "accepted");
        assert_eq!(hits(&bench, &mut before), 1);
    }
}

/// An instance whose metadata of v1 and v2 change places: a cached token has the issuer of the other version now.
#[tokio::test]
async fn cached_token_whose_issuer_changes_its_version_is_checked_again() {
    const BASE: &str = "https://login.contoso.example";
    let mock = MockEntra::at(BASE);
    // They do not say of which issuer they are, so that they stay authorized.
    let keys = json!({"keys": [mock.current_key().jwk()]}).to_string();
    mock.replace_document(format!("/{}/discovery/v2.0/keys", tenant()), keys);
    let authority = Authority::tenant(tenant()).in_instance(Instance::parse(BASE).unwrap()).client_id(API);
    let bench = Bench::of(mock.clone(), |builder| builder.authority(authority)).await;
    let token = bench.token().build();
    assert_eq!(bench.code(&token).await, "accepted");
    let document = |issuer: String| {
        json!({"issuer": issuer, "jwks_uri": format!("{BASE}/{}/discovery/v2.0/keys", tenant())}).to_string()
    };
    let path = |version: &str| format!("/{}{version}/.well-known/openid-configuration", tenant());
    mock.replace_document(path("/v2.0"), document(mock.v1_issuer(tenant())));
    mock.replace_document(path(""), document(mock.v2_issuer(tenant())));
    bench.clock.advance(Duration::from_secs(3_601));
    // It starts the refresh.
    let token = bench.token().build();
    let cached = bench.code(&token).await;
    settle().await;
    assert_eq!(cached, "accepted");
    assert_eq!(bench.code(&token).await, "wrong_issuer", "ver 2.0 with the issuer of v1");
}

/// An expired token leaves the cache at once; one that is not valid yet by a clock that was set back stays.
#[tokio::test]
async fn dates_of_cached_tokens() {
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let start = tower_entra::clock::Clock::now(&bench.clock);
    let token = bench.token().expires_in(Duration::from_secs(600)).build();
    for (seconds, code, cached) in [
        (0, "accepted", 1),
        (-3_600, "not_yet_valid", 1),
        (300, "accepted", 1),
        (3_600, "expired", 0),
        (3_600, "expired", 0),
        (300, "accepted", 1),
    ] {
        let by = Duration::from_secs(i64::unsigned_abs(seconds));
        bench.clock.set_wall(if seconds < 0 { start - by } else { start + by });
        assert_eq!(bench.code(&token).await, code, "after {seconds} s");
        assert_eq!(bench.verifier.stats().cached_tokens, cached, "after {seconds} s");
    }
}

/// Personal accounts are no organization's, so that both may be configured.
#[tokio::test]
async fn personal_accounts_beside_any_organization() {
    let mock = MockEntra::new();
    mock.add_tenant(TenantId::PERSONAL_ACCOUNTS);
    let bench = Bench::of(mock, |builder| {
        builder
            .authority(Authority::danger_any_organization().named("organizations"))
            .authority(Authority::danger_personal_accounts().named("personal"))
    })
    .await;
    for (token, name) in
        [(bench.token(), "organizations"), (bench.token().tenant(TenantId::PERSONAL_ACCOUNTS), "personal")]
    {
        let claims = bench.verifier.verify(&token.build()).await.unwrap();
        assert_eq!(claims.authority(), name);
    }
}

/// One tenant twice in one authority, by its GUID and by its domain, is not two authorities.
#[tokio::test]
async fn tenant_by_its_id_and_its_domain() {
    let mock = MockEntra::new();
    mock.add_domain("contoso.example", tenant());
    let authority = Authority::tenants([tenant(), OTHER.parse().unwrap()], ["contoso.example".to_owned()]);
    let bench = Bench::of(mock, |builder| builder.authority(authority)).await;
    assert_eq!(bench.code(&bench.token().build()).await, "accepted");
}

/// A diagnosis of a token with an unknown issuer applies the rules of Entra's authority if the issuer looks like one of
/// Microsoft's, and of several authorities no other.
#[tokio::test]
async fn diagnosis_of_an_unknown_issuer_among_several_authorities() {
    let jwks = json!({"keys": [MockEntra::new().new_key().jwk()]}).to_string();
    let partner = Authority::openid_connect("https://partner.example").audience("api://partner").static_keys(jwks);
    let bench = Bench::of(MockEntra::new(), |builder| {
        builder.authority(partner).authority(Authority::tenant(tenant()).named("entra"))
    })
    .await;
    for (issuer, expected) in [
        (format!("https://login.microsoftonline.us/{OTHER}/v2.0"), Some(API)),
        (format!("https://sts.example/{OTHER}/"), Some(API)),
        ("https://evil.example/".to_owned(), None),
        ("https://partner.example/other".to_owned(), None),
    ] {
        let token = bench.token().claim("iss", &*issuer).audience(API).build();
        let diagnosis = serde_json::to_value(bench.verifier.diagnose(&token).await).unwrap();
        let checks = diagnosis["checks"].as_array().unwrap();
        let audience = checks.iter().find(|check| check["name"] == "audience").unwrap();
        let found = audience["expected"].as_str();
        assert_eq!(found.is_some_and(|found| found.contains(API)), expected.is_some(), "{issuer}: {audience}");
        let outcome = if expected.is_some() { "passed" } else { "not_reached" };
        assert_eq!(audience["outcome"], Value::from(outcome), "{issuer}");
    }
}

/// The first check of the algorithm: the token is refused before anything else of it is looked at.
#[tokio::test]
async fn algorithm_that_no_authority_accepts_comes_first() {
    use mock_entra::SigningAlgorithm::Ps256;
    let bench = Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT)).await;
    for (name, token) in [
        ("alone", bench.token()),
        ("with an unknown issuer", bench.token().claim("iss", "https://evil.example/")),
        ("with another tenant", bench.token().tenant(OTHER)),
        ("without a kid", bench.token().without_header("kid")),
        ("expired", bench.token().expired()),
    ] {
        bench.refuses(name, &token.algorithm(Ps256).build(), RejectionKind::UnsupportedAlgorithm).await;
    }
}

/// A token is not too long until it is longer than the limit, fresh and cached.
#[tokio::test]
async fn longest_token() {
    let mock = MockEntra::new();
    let length = mock.token().claim("padding", "x".repeat(2_000)).build().len();
    for (limit, code, cached) in [(length, "accepted", 1), (length - 1, "token_too_large", 0)] {
        let bench =
            Bench::of(MockEntra::new(), |builder| builder.tenant(MockEntra::TENANT).max_token_bytes(limit)).await;
        let token = bench.token().claim("padding", "x".repeat(2_000)).build();
        assert_eq!(token.len(), length);
        for round in ["fresh", "again"] {
            assert_eq!(bench.code(&token).await, code, "{limit}, {round}");
            assert_eq!(bench.verifier.stats().cached_tokens, cached, "{limit}, {round}");
        }
        let stats = bench.verifier.stats();
        let expected = if cached == 1 { (1, 1) } else { (0, 0) };
        assert_eq!((stats.cache_hits, stats.cache_misses), expected, "{limit}");
    }
}

/// The authority of a token whose policy is not accepted is the one that has its issuer.
#[tokio::test]
async fn authority_of_another_policy() {
    let mock = MockEntra::b2c("contoso", POLICIES[0]);
    let jwks = json!({"keys": [mock.new_key().jwk()]}).to_string();
    let partner = Authority::openid_connect("https://partner.example").audience("api://partner").static_keys(jwks);
    let bench = Bench::of(mock, |builder| {
        builder.authority(partner).authority(Authority::b2c("contoso", POLICIES[0]).named("users"))
    })
    .await;
    let rejection = bench.verifier.verify(&bench.token().policy(POLICIES[1]).build()).await.unwrap_err();
    assert_eq!((rejection.code(), rejection.authority()), ("wrong_issuer", Some("users")));
}

/// A policy that only the issuer names is held to the configured one before metadata is loaded too.
#[tokio::test]
async fn another_policy_in_the_issuer_alone_causes_no_fetch() {
    let mock = MockEntra::b2c("contoso", POLICIES[0]).tfp_issuer();
    let authority = Authority::b2c("contoso", POLICIES[0]).accept_tfp_issuers().accept_app_tokens_without_policy();
    let bench = Bench::cold(mock, |builder| builder.authority(authority.allowed_client(MockEntra::CALLER)));
    let app = || bench.token().app().without_claim("tfp").claim("scp", "app.read");
    let other = format!("https://contoso.b2clogin.com/tfp/{}/B2C_1_other/v2.0/", tenant());
    bench.refuses("cold", &app().claim("iss", other).build(), RejectionKind::WrongIssuer).await;
    assert_eq!(bench.code(&app().build()).await, "accepted");
}

/// The application's checks run for every token, and the operator's decision about its tenant once.
#[tokio::test]
async fn checks_after_the_rules() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };
    for (is_allowed, expected) in [(true, "client_not_allowed"), (false, "wrong_tenant")] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let authority = Authority::tenants_matching(move |_| {
            counter.fetch_add(1, Relaxed);
            is_allowed
        });
        let bench = Bench::of(MockEntra::new(), |builder| {
            let refuse = |_| async { Err(tower_entra::Rejection::new(RejectionKind::ClientNotAllowed)) };
            builder.authority(authority).check(refuse)
        })
        .await;
        let token = bench.token().build();
        for round in 1..=3 {
            let before = asked.load(Relaxed);
            assert_eq!(bench.code(&token).await, expected, "round {round}");
            // A tenant that is accepted is asked about again when the checks run.
            let most = if is_allowed { 2 } else { 1 };
            assert!((1..=most).contains(&(asked.load(Relaxed) - before)), "round {round}");
        }
    }
}
