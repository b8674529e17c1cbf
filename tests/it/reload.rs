//! Reloading the configuration of a running verifier.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use mock_entra::{Fault, KeySpec, ManualClock, MockEntra, MockNetwork};
use serde_json::{Value, json};
use tower::{Service, ServiceExt};
use tower_entra::{AuthenticateLayer, Authority, Claims, Config, ConfigError, TenantId, Verifier, VerifierBuilder};

use crate::{
    log::Lines,
    support::{clock_of, code, settle},
};

const T: &str = MockEntra::TENANT;
const OTHER: &str = MockEntra::OTHER_TENANT;
const CALLER: &str = MockEntra::CALLER;
const OTHER_CALLER: &str = MockEntra::OTHER_CALLER;

/// The section `AzureAd` with one tenant, the client id, and these settings over it.
fn config(settings: Value) -> Config {
    let mut section = json!({"TenantId": T, "ClientId": MockEntra::CLIENT_ID});
    for (name, value) in settings.as_object().unwrap() {
        section[name] = value.clone();
        if name == "TenantIds" {
            section.as_object_mut().unwrap().remove("TenantId");
        }
    }
    read(&json!({ "AzureAd": section })).unwrap()
}

fn read(document: &Value) -> Result<Config, ConfigError> {
    Config::from_json(&document.to_string())
}

struct Bench {
    mock: MockEntra,
    clock: ManualClock,
    verifier: Verifier,
}

impl Bench {
    fn new(settings: Value) -> Self {
        Self::of(MockEntra::new(), settings, |builder| builder)
    }

    fn of(mock: MockEntra, settings: Value, code: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let clock = clock_of(&mock);
        let builder = VerifierBuilder::from(config(settings)).fetch(mock.clone()).clock(clock.clone());
        Self { mock, clock, verifier: code(builder).build().unwrap() }
    }

    async fn code(&self, token: &str) -> &'static str {
        code(self.verifier.verify(token).await)
    }

    fn reload(&self, settings: Value) {
        self.verifier.reload(&config(settings)).unwrap();
    }
}

/// Every setting that decides about a token, changed under a token that is cached.
#[tokio::test]
async fn cached_verdicts_are_dropped_by_a_reload() {
    let leeway = Duration::from_secs(30);
    for (before, after, expected) in [
        (json!({"AllowedClients": [CALLER]}), json!({"AllowedClients": [OTHER_CALLER]}), "client_not_allowed"),
        (json!({}), json!({"RequiredClaims": [{"Name": "department", "Values": ["sales"]}]}), "claim_missing"),
        (json!({"Audience": "api://orders"}), json!({}), "wrong_audience"),
        (json!({"TenantIds": [T, OTHER]}), json!({"TenantIds": [OTHER]}), "wrong_tenant"),
        (json!({"TenantIds": [T, OTHER]}), json!({"TenantId": OTHER}), "wrong_tenant"),
        (json!({}), json!({"Authorities": [{"TenantId": OTHER}]}), "accepted"),
        (json!({"ClockSkewSeconds": 60}), json!({"ClockSkewSeconds": 10}), "expired"),
        (json!({}), json!({"DetailedErrors": true}), "accepted"),
    ] {
        let mut bench = Bench::new(before.clone());
        let audience = before["Audience"].as_str().unwrap_or(MockEntra::CLIENT_ID);
        let token = bench.mock.token().audience(audience).expires_in(Duration::from_secs(600)).build();
        assert_eq!(bench.code(&token).await, "accepted", "{before}");
        if expected == "expired" {
            bench.clock.advance(Duration::from_secs(600) + leeway);
        }
        assert_eq!(bench.code(&token).await, "accepted", "{before}");
        assert_eq!(bench.verifier.stats().cached_tokens, 1);
        let clone = bench.verifier.clone();
        bench.reload(after.clone());
        assert_eq!(bench.verifier.stats().cached_tokens, 0, "{after}");
        assert_eq!(bench.code(&token).await, expected, "{before} -> {after}");
        bench.verifier = clone;
        assert_eq!(bench.code(&token).await, expected, "a clone, {before} -> {after}");
        bench.reload(before.clone());
        assert_eq!(bench.code(&token).await, "accepted", "{after} -> {before}");
    }
}

#[tokio::test]
async fn invalid_configuration_changes_nothing_and_names_all_mistakes() {
    let bench = Bench::new(json!({"AllowedClients": [CALLER], "Resource": "https://api.contoso.example"}));
    let token = bench.mock.token().build();
    assert_eq!(bench.code(&token).await, "accepted");
    let (fetches, stats) = (bench.mock.fetches(), bench.verifier.stats());
    let mistakes =
        json!({"AzureAd": {"TenantId": T, "ClientId": "x", "AllowedClients": ["y"], "ClockSkewSeconds": 1000}});
    let error = read(&mistakes).and_then(|config| bench.verifier.reload(&config)).unwrap_err();
    for setting in ["ClientId", "AllowedClients", "ClockSkewSeconds"] {
        assert!(error.to_string().contains(setting), "{setting}: {error}");
    }
    // Metadata and challenges contain it already.
    for resource in [json!("https://other.contoso.example"), Value::Null] {
        let mut settings = json!({"AllowedClients": [OTHER_CALLER]});
        if !resource.is_null() {
            settings["Resource"] = resource;
        }
        let error = bench.verifier.reload(&config(settings)).unwrap_err();
        assert_eq!(error.problems()[0].setting(), "Resource");
        assert!(error.to_string().contains("restart"), "{error}");
    }
    assert_eq!(bench.verifier.stats(), stats, "the verdict is still cached");
    assert_eq!(bench.code(&token).await, "accepted");
    assert_eq!(bench.mock.fetches(), fetches);
    assert_eq!(bench.verifier.resource(), Some("https://api.contoso.example"));
}

#[tokio::test]
async fn keys_are_revoked_by_the_configuration_and_by_code() {
    let bench = Bench::of(MockEntra::new(), json!({}), |builder| builder.revoke_key("by-code"));
    let (first, by_code) = (bench.mock.current_key(), bench.mock.new_key());
    let token = bench.mock.token().build();
    assert_eq!(bench.code(&token).await, "accepted");
    bench.reload(json!({"RevokedKeys": [first.kid()]}));
    assert_eq!(bench.code(&token).await, "unknown_key");
    bench.reload(json!({}));
    assert_eq!(bench.code(&token).await, "accepted", "the configuration revokes it no more");
    bench.verifier.revoke_key(first.kid());
    assert_eq!(bench.code(&token).await, "unknown_key");
    for settings in [json!({}), json!({"RevokedKeys": ["another"]})] {
        bench.reload(settings);
        assert_eq!(bench.code(&token).await, "unknown_key", "revoked at run time is revoked for good");
    }
    let token = bench.mock.token().signed_with(&by_code).kid("by-code").build();
    assert_eq!(bench.code(&token).await, "unknown_key");
}

/// What is configured as before has its keys, whatever else has changed; nothing is fetched by the reload itself.
#[tokio::test]
async fn keys_are_not_fetched_again() {
    let partner = json!({"Authority": "https://partner.example", "Audience": "api://orders"});
    let emulator = "http://127.0.0.1:4000";
    let emulator = || (MockEntra::at(emulator), json!({"Instance": emulator}));
    let public = || (MockEntra::new(), json!({}));
    let listed = json!({"TenantIds": [T, OTHER]});
    for ((mock, before), change, is_kept) in [
        (public(), json!({"AllowedClients": [CALLER], "RevokedKeys": ["a"], "ClockSkewSeconds": 5}), true),
        (public(), json!({"Authorities": [partner]}), true),
        (public(), json!({"Instance": "https://login.microsoftonline.com/"}), true),
        ((MockEntra::new(), listed.clone()), json!({"TenantIds": [T, OTHER, CALLER]}), true),
        (emulator(), json!({"AllowedClients": [CALLER]}), true),
        // What its metadata may name depends on the other authorities.
        (emulator(), json!({"Authorities": [partner]}), true),
        // Another document.
        (public(), json!({"AppSpecificKeys": true}), false),
        (public(), json!({"Instance": "https://login.microsoftonline.us/"}), false),
    ] {
        let name = format!("{before} {change}");
        let bench = Bench::of(mock, before.clone(), |builder| builder);
        bench.verifier.warm_up().await.unwrap();
        let fetches = bench.mock.fetches();
        let mut after = before;
        for (setting, value) in change.as_object().unwrap() {
            after[setting] = value.clone();
        }
        bench.reload(after);
        assert_eq!(bench.verifier.authority_ready("https://partner.example").is_some(), name.contains("partner"));
        settle().await;
        let is_ready = bench.verifier.ready().is_ok() || name.contains("partner") && is_kept;
        assert_eq!(is_ready, is_kept, "{name}");
        bench.mock.set_fault(Fault::Down);
        let found = bench.code(&bench.mock.token().build()).await;
        let expected = match (is_kept, name.contains("microsoftonline.us")) {
            (true, _) => "accepted",
            (false, true) => "unknown_issuer",
            (false, false) => "keys_unavailable",
        };
        assert_eq!(found, expected, "{name}");
        if is_kept && !name.contains("partner") {
            assert_eq!(bench.mock.fetches(), fetches, "{name}");
        }
    }
}

/// A tenant's own document belongs to it before and after, whether it is the only one or one of a list.
#[tokio::test]
async fn keys_of_a_tenant_stay_when_others_are_listed_too() {
    let bench = Bench::new(json!({}));
    let token = bench.mock.token().build();
    assert_eq!(bench.code(&token).await, "accepted");
    bench.mock.set_fault(Fault::Down);
    bench.reload(json!({"TenantIds": [T, OTHER]}));
    assert_eq!(bench.code(&token).await, "accepted");
    let added = bench.mock.token().tenant(OTHER).build();
    assert_eq!(bench.code(&added).await, "keys_unavailable");
}

#[tokio::test]
async fn added_tenants_and_authorities_are_fetched_for_their_first_token() {
    let (entra, okta) = (MockEntra::new(), MockEntra::okta());
    let clock = clock_of(&entra);
    okta.set_clock(clock.clone());
    let both = MockNetwork::new([entra.clone(), okta.clone()]);
    let verifier = VerifierBuilder::from(config(json!({}))).fetch(both).clock(clock).build().unwrap();
    let (own, other) = (entra.token().build(), entra.token().tenant(OTHER).build());
    let partner = okta.token().audience("api://orders").build();
    let codes = async || {
        let mut codes = Vec::new();
        for token in [&own, &other, &partner] {
            codes.push(code(verifier.verify(token).await));
        }
        codes
    };
    assert_eq!(codes().await, ["accepted", "wrong_tenant", "unknown_issuer"]);
    let okta_authority = json!({"Authority": okta.issuer(), "Audience": "api://orders", "Name": "partner"});
    verifier.reload(&config(json!({"TenantIds": [T, OTHER], "Authorities": [okta_authority]}))).unwrap();
    assert_eq!(verifier.authority_ready("partner").map(|ready| ready.is_ok()), Some(false));
    verifier.warm_up().await.unwrap();
    let fetches = (entra.fetches(), okta.fetches());
    assert_eq!(codes().await, ["accepted"; 3]);
    assert_eq!((entra.fetches(), okta.fetches()), fetches);
    assert_eq!(verifier.verify(&partner).await.unwrap().authority(), "partner");
    verifier.reload(&config(json!({"TenantIds": [OTHER]}))).unwrap();
    assert_eq!(codes().await, ["wrong_tenant", "accepted", "unknown_issuer"]);
    assert!(verifier.authority_ready("partner").is_none());
}

/// An issuer that one authority has by its metadata, and another by the new configuration: the metadata that was accepted
/// before must not keep it.
#[tokio::test]
async fn issuer_learned_before_a_reload_does_not_stay_with_the_old_authority() {
    let base = "https://login.contoso.example";
    let instance = json!({"Kind": "Entra", "Instance": base});
    let bench = Bench::of(MockEntra::at(base), instance.clone(), |builder| builder);
    let (token, v1) = (bench.mock.token().build(), bench.mock.token().v1().build());
    assert_eq!(bench.verifier.verify(&token).await.unwrap().tenant_id(), T.parse().ok());
    assert_eq!(bench.code(&v1).await, "accepted");
    let issuer = bench.mock.issuer();
    let owner = json!({"Kind": "OpenIdConnect", "Name": "owner", "Authority": issuer, "Audience": MockEntra::CLIENT_ID,
        "MetadataAddress": format!("{issuer}/.well-known/openid-configuration")});
    let mut settings = instance;
    settings["Authorities"] = json!([owner]);
    bench.reload(settings);
    for _ in 0..3 {
        let claims = bench.verifier.verify(&token).await.unwrap();
        assert_eq!((claims.authority(), claims.tenant_id()), ("owner", None));
        // Metadata with a foreign issuer is refused as a whole, as if the service had just started.
        assert_eq!(bench.code(&v1).await, "keys_unavailable");
        let _ = bench.verifier.ready();
        settle().await;
    }
}

#[tokio::test]
async fn settings_of_the_builder_stay_in_force() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let bench = Bench::of(MockEntra::new(), json!({}), |builder| {
        builder
            .allowed_client(CALLER)
            .authority(Authority::openid_connect("https://partner.example").audience("api://orders").named("partner"))
            .check(move |_: Claims| {
                counted.fetch_add(1, Ordering::Relaxed);
                async { Ok(()) }
            })
    });
    let (good, bad) = (bench.mock.token().build(), bench.mock.token().client(OTHER_CALLER).build());
    for round in 1..=2 {
        assert_eq!((bench.code(&good).await, bench.code(&bad).await), ("accepted", "client_not_allowed"));
        assert_eq!(calls.load(Ordering::Relaxed), round);
        assert!(bench.verifier.authority_ready("partner").is_some());
        bench.reload(json!({"RevokedKeys": ["another"]}));
    }
    // The same as before is no addition.
    for _ in 0..3 {
        bench.reload(json!({}));
    }
    assert_eq!(bench.code(&good).await, "accepted");
}

#[tokio::test]
async fn cached_tenant_lookups_are_dropped() {
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lookups);
    let mock = MockEntra::new();
    let clock = clock_of(&mock);
    let by = Authority::tenants_from_lookup(move |_: TenantId| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(true) }
    });
    let section = json!({"AzureAd": {"ClientId": MockEntra::CLIENT_ID}});
    let config = read(&section).unwrap();
    let builder = VerifierBuilder::from(config.clone()).authority(by).fetch(mock.clone()).clock(clock);
    let verifier = builder.build().unwrap();
    let token = mock.token().build();
    for expected in 1..=2 {
        for _ in 0..3 {
            assert_eq!(code(verifier.verify(&token).await), "accepted");
        }
        assert_eq!(lookups.load(Ordering::Relaxed), expected);
        verifier.reload(&config).unwrap();
    }
}

/// Two configurations, each of which rejects both tokens or accepts one of them: a mixture would accept the third.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_sees_a_mixture_of_two_configurations() {
    let one = json!({"AllowedClients": [CALLER], "Audience": "api://one"});
    let other = json!({"AllowedClients": [OTHER_CALLER], "Audience": "api://other"});
    let bench = Arc::new(Bench::new(one.clone()));
    let token = |client: &str, audience: &str| bench.mock.token().client(client).audience(audience).build();
    let rows = [
        (token(CALLER, "api://one"), &["accepted", "wrong_audience"][..]),
        (token(OTHER_CALLER, "api://other"), &["accepted", "wrong_audience"]),
        (token(CALLER, "api://other"), &["wrong_audience", "client_not_allowed"]),
        (token(OTHER_CALLER, "api://one"), &["wrong_audience", "client_not_allowed"]),
    ];
    bench.verifier.warm_up().await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (bench, rows, ended) = (Arc::clone(&bench), rows.clone(), Arc::clone(&ended));
            tokio::spawn(async move {
                let mut seen: HashMap<(usize, &str), usize> = HashMap::new();
                while !ended.load(Ordering::Relaxed) {
                    for (number, (token, allowed)) in rows.iter().enumerate() {
                        let found = bench.code(token).await;
                        assert!(allowed.contains(&found), "{number}: {found}");
                        *seen.entry((number, found)).or_default() += 1;
                    }
                    tokio::task::yield_now().await;
                }
                seen
            })
        })
        .collect();
    for _ in 0..150 {
        bench.reload(other.clone());
        tokio::task::yield_now().await;
        bench.reload(one.clone());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    ended.store(true, Ordering::Relaxed);
    for reader in readers {
        let seen = reader.await.unwrap();
        assert!(seen.contains_key(&(0, "accepted")), "{seen:?}");
    }
    assert_eq!(bench.mock.fetches(), 2, "one document and its keys");
}

/// A refresh that a request under the old configuration started serves the new one, and is not started twice.
#[tokio::test(start_paused = true)]
async fn refresh_in_flight_survives_a_reload() {
    let bench = Arc::new(Bench::new(json!({"AllowedClients": [CALLER]})));
    bench.mock.set_fault(Fault::Slow(Duration::from_secs(2)));
    let token = bench.mock.token().build();
    let waiting = {
        let (bench, token) = (Arc::clone(&bench), token.clone());
        tokio::spawn(async move { bench.code(&token).await })
    };
    settle().await;
    // As often as somebody may reload who does not look whether anything has changed.
    for _ in 0..30 {
        bench.reload(json!({"AllowedClients": [OTHER_CALLER]}));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let later = bench.code(&token).await;
    assert_eq!(waiting.await.unwrap(), "accepted", "by the configuration under which it came");
    assert_eq!(later, "client_not_allowed");
    assert_eq!((bench.mock.fetches(), bench.verifier.stats().keys.refreshes), (2, 1));
}

/// The layer of a running server, which was made before.
#[tokio::test]
async fn layers_follow_a_reload() {
    let bench = Bench::new(json!({"AllowedClients": [CALLER]}));
    let mut app = Router::new()
        .route("/", get(async |claims: Claims| claims.client_id().unwrap_or_default().to_owned()))
        .layer(AuthenticateLayer::new(bench.verifier.clone()))
        .into_service::<axum::body::Body>();
    let token = bench.mock.token().build();
    let mut ask = async |token: &str| {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = ready(&mut app).await.call(request).await.unwrap();
        let status = response.status();
        (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap())
    };
    assert_eq!(ask(&token).await, (StatusCode::OK, CALLER.to_owned()));
    bench.reload(json!({"AllowedClients": [OTHER_CALLER]}));
    let (status, body) = ask(&token).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(!body.contains("client_not_allowed"), "{body}");
    bench.reload(json!({"AllowedClients": [OTHER_CALLER], "DetailedErrors": true}));
    let (status, body) = ask(&token).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(body.contains("client_not_allowed"), "{body}");
    bench.reload(json!({}));
    assert_eq!(ask(&token).await.0, StatusCode::OK);
    let large = format!("{token}{}", "x".repeat(17 << 10));
    assert_eq!(ask(&large).await.0, StatusCode::UNAUTHORIZED);
}

async fn ready<S: Service<Request<axum::body::Body>, Error = Infallible>>(service: &mut S) -> &mut S {
    service.ready().await.unwrap()
}

#[tokio::test]
async fn diagnosis_and_readiness_follow_a_reload() {
    let bench = Bench::new(json!({"AllowedClients": [CALLER]}));
    let token = bench.mock.token().build();
    assert!(bench.verifier.diagnose(&token).await.is_accepted());
    bench.reload(json!({"AllowedClients": [OTHER_CALLER]}));
    assert_eq!(bench.verifier.diagnose(&token).await.code(), Some("client_not_allowed"));
    let refreshes = bench.verifier.stats().keys.refreshes;
    assert!(bench.verifier.ready().is_ok());
    bench.verifier.warm_up().await.unwrap();
    assert_eq!(bench.verifier.stats().keys.refreshes, refreshes, "counters go on");
}

/// A key whose private half was published is rejected for as long as the process lives, whatever is reloaded meanwhile.
#[tokio::test]
async fn published_private_keys_stay_rejected() {
    const HOUR: Duration = Duration::from_secs(3600);
    let base = "https://login.contoso.example";
    let owner = |issuer: String| {
        let metadata = format!("{issuer}/.well-known/openid-configuration");
        json!({"Kind": "OpenIdConnect", "Authority": issuer, "Audience": "a", "MetadataAddress": metadata})
    };
    let partner = json!({"Authority": "https://partner.example", "Audience": "api://orders"});
    for (other, keeps_keys) in [(partner, true), (owner(MockEntra::at(base).issuer()), false)] {
        let bench = Bench::of(MockEntra::at(base), json!({"Kind": "Entra", "Instance": base}), |builder| builder);
        let (key, good) = (bench.mock.current_key(), bench.mock.add_key());
        let signed_with = |key| bench.mock.token().v1().signed_with(key).build();
        let after_an_hour = async |key| {
            bench.clock.advance(HOUR);
            bench.code(&signed_with(key)).await;
            settle().await;
            bench.code(&signed_with(key)).await
        };
        assert_eq!(bench.code(&signed_with(&key)).await, "accepted");
        bench.mock.drop_key(key.kid());
        bench.mock.publish(KeySpec::new(&key).member("d", "AQAB"));
        assert_eq!(after_an_hour(&key).await, "unknown_key");
        bench.mock.drop_key(key.kid());
        bench.mock.publish(KeySpec::new(&key));
        bench.reload(json!({"Kind": "Entra", "Instance": base, "Authorities": [other]}));
        let expected = if keeps_keys { "accepted" } else { "keys_unavailable" };
        assert_eq!(bench.code(&signed_with(&good)).await, expected, "{other}");
        bench.reload(json!({"Kind": "Entra", "Instance": base}));
        assert_eq!(after_an_hour(&good).await, "accepted", "{other}");
        assert_eq!(after_an_hour(&key).await, "unknown_key", "{other}");
    }
}

/// A restriction of the file that code replaces is told at the start and at each reload.
#[tokio::test]
async fn restrictions_that_code_drops_are_logged() {
    let log = crate::log::Lines::default();
    let _guard = log.listen();
    let settings = || json!({"AllowedClients": [CALLER], "StrictAudiences": true, "Audience": "api://orders"});
    let widened = |builder: VerifierBuilder| builder.allowed_client(OTHER_CALLER).strict_audiences(false);
    let bench = Bench::of(MockEntra::new(), settings(), widened);
    for round in ["start", "reload"] {
        let lines: Vec<String> =
            log.take_event("configuration").into_iter().filter(|line| line.contains("WARN")).collect();
        for setting in ["AzureAd:AllowedClients", "AzureAd:StrictAudiences"] {
            let is_told = lines.iter().any(|line| line.contains(&format!("{setting} is not in force")));
            assert!(is_told, "{round}: {setting}: {lines:#?}");
        }
        bench.reload(settings());
    }
    log.take_all();
    Bench::of(MockEntra::new(), settings(), |builder| builder.allowed_client(CALLER));
    assert!(!log.take_all().contains("is not in force"), "the same clients are no fewer restrictions");
}

/// Detailed errors are warned of when a reload switches them on, and not again.
#[tokio::test(flavor = "current_thread")]
async fn reload_that_switches_detailed_errors_on_is_logged() {
    for (before, after, warnings) in [(false, false, 0), (false, true, 1), (true, true, 0), (true, false, 0)] {
        let bench = Bench::new(json!({"DetailedErrors": before}));
        let lines = Lines::default();
        let guard = lines.listen();
        bench.reload(json!({"DetailedErrors": after}));
        drop(guard);
        let found = lines.take_event("detailed_errors");
        assert_eq!(found.len(), warnings, "{before} -> {after}: {found:?}");
    }
}
