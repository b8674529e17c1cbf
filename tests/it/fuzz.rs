//! Row 25: no panic and no hang, whatever comes, and nothing accepted that is not the good token itself.

use std::sync::LazyLock;

use mock_entra::{KeySpec, MockEntra};
use proptest::{collection::vec, prelude::*, sample::select, string::string_regex};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower_entra::{Config, VerifierBuilder};

use crate::support::{Bench, START, decode, encode, parts};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

/// Runs to the end, or fails after ten seconds.
fn run<T>(future: impl Future<Output = T>) -> T {
    const LONGEST: std::time::Duration = std::time::Duration::from_secs(10);
    RUNTIME.with(|runtime| runtime.block_on(async { tokio::time::timeout(LONGEST, future).await.expect("a hang") }))
}

fn one_tenant(builder: VerifierBuilder) -> VerifierBuilder {
    builder.tenant(MockEntra::TENANT)
}

/// A verifier that all cases of all tests share, and a good token of its.
static SHARED: LazyLock<(Bench, String)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let bench = runtime.block_on(Bench::of(MockEntra::new(), one_tenant));
    let token = bench.token().expires_at(START + 100_000).build();
    (bench, token)
});

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::with_cases(cases) }
}

/// Any JSON, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let text = string_regex("(?s).{0,12}").unwrap();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
        select(vec![MockEntra::TENANT, MockEntra::CLIENT_ID, "1.0", "2.0", "app", "user", "/", "sig", "RS256"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z_]{0,6}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// One change to a text.
#[derive(Clone, Debug)]
enum Change {
    Flip(usize, u8),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Double(usize, usize),
    Swap(usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let bits = prop_oneof![vec(any::<u8>(), 1..8), "[A-Za-z0-9_.=-]{1,8}".prop_map(String::into_bytes)];
    prop_oneof![
        (any::<usize>(), 1..=u8::MAX).prop_map(|(at, with)| Change::Flip(at, with)),
        (any::<usize>(), 1..64_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<usize>(), bits).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<usize>(), 1..64_usize).prop_map(|(at, length)| Change::Double(at, length)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Swap(a, b)),
        any::<usize>().prop_map(Change::Cut),
    ]
}

fn changed(text: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match change {
            Change::Flip(at, with) => bytes[at % length] ^= with,
            Change::Remove(at, count) => drop(bytes.drain(at % length..(at % length + count).min(length))),
            Change::Insert(at, new) => drop(bytes.splice(at % length..at % length, new.iter().copied())),
            Change::Double(at, count) => {
                let piece = bytes[at % length..(at % length + count).min(length)].to_vec();
                bytes.splice(at % length..at % length, piece);
            }
            Change::Swap(a, b) => bytes.swap(a % length, b % length),
            Change::Cut(at) => bytes.truncate(at % length),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_header(scheme in "(Bearer |bearer|Basic |)( |\t|)?", bytes in vec(any::<u8>(), 0..200)) {
        let (bench, _) = &*SHARED;
        let calls = bench.calls();
        if let Some(answer) = run(bench.send_header(&[scheme.as_bytes(), &bytes].concat())) {
            prop_assert_eq!(answer.status.as_u16(), 401);
        }
        prop_assert_eq!(bench.calls(), calls);
    }

    #[test]
    fn any_text_as_token(text in "(?s)(.{0,80}|[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,6})") {
        let (bench, _) = &*SHARED;
        prop_assert!(run(bench.verifier.verify(&text)).is_err());
    }

    #[test]
    fn any_three_parts(header in any_json(), payload in any_json(), signature in vec(any::<u8>(), 0..300)) {
        let (bench, _) = &*SHARED;
        let token = format!("{}.{}.{}", encode(header.to_string()), encode(payload.to_string()), encode(signature));
        prop_assert!(run(bench.verifier.verify(&token)).is_err());
    }

    #[test]
    fn a_good_token_changed(changes in vec(change(), 1..5)) {
        let (bench, token) = &*SHARED;
        let bytes = changed(token.as_bytes(), &changes);
        let same = bytes == token.as_bytes();
        let calls = bench.calls();
        // Spaces around a token belong to the header, not to the token.
        if let Some(answer) = run(bench.send_header(&[b"Bearer ", bytes.as_slice()].concat())) {
            prop_assert_eq!(answer.status == 200, bytes.trim_ascii() == token.as_bytes());
            prop_assert_eq!(bench.calls() > calls, answer.status == 200);
        }
        if let Ok(text) = std::str::from_utf8(&bytes) {
            prop_assert_eq!(run(bench.verifier.verify(text)).is_ok(), same);
        }
    }

    #[test]
    fn the_content_of_a_good_token_changed(part in 0..3_usize, changes in vec(change(), 1..5)) {
        let (bench, token) = &*SHARED;
        let original = parts(token);
        let bytes = changed(&decode(original[part]), &changes);
        let same = bytes == decode(original[part]);
        let (text, mut all) = (encode(bytes), original);
        all[part] = &text;
        prop_assert_eq!(run(bench.verifier.verify(&all.join("."))).is_ok(), same);
    }
}

/// Every claim by which the decision is made, and those that are read.
const JUDGED: [&str; 22] = [
    "iss", "sub", "aud", "exp", "nbf", "iat", "tid", "oid", "ver", "scp", "roles", "azp", "appid", "azpacr",
    "appidacr", "idtyp", "cnf", "nonce", "c_hash", "at_hash", "groups", "wids",
];

proptest! {
    #![proptest_config(cases(256))]

    /// Whatever a tenant that signs well may write: no panic, and accepted only with what a good token has.
    #[test]
    fn any_value_of_a_judged_claim(claim in select(JUDGED.to_vec()), value in any_json(), app in any::<bool>()) {
        let (bench, _) = &*SHARED;
        let token = if app { bench.token().app() } else { bench.token() };
        let genuine = token.claims().get(claim).cloned();
        let verdict = run(bench.verifier.verify(&token.claim(claim, value.clone()).build()));
        if let Ok(claims) = verdict {
            let _ = format!("{claims:?} {:?} {:?}", claims.name(), claims.has_groups_overage());
            let ours = |value: &Value| value == MockEntra::CLIENT_ID;
            let holds = match claim {
                "iss" | "tid" | "ver" => Some(&value) == genuine.as_ref(),
                "aud" => ours(&value) || value.as_array().is_some_and(|all| all.iter().any(ours)),
                "exp" => value.as_f64().is_some_and(|at| at > START as f64 - 60.0),
                "nbf" => value.as_f64().is_some_and(|at| (0.0..=START as f64 + 60.0).contains(&at)),
                "iat" => value.as_f64().is_some_and(|at| at >= 0.0),
                "cnf" => false,
                "scp" => app || value.as_str().is_some_and(|scp| scp.split(' ').any(|scp| !scp.is_empty() && scp != "/")),
                "nonce" | "c_hash" | "at_hash" => !app,
                "sub" | "oid" | "azp" | "idtyp" => value.is_string(),
                _ => true,
            };
            prop_assert!(holds, "{} = {} was accepted", claim, value);
        }
    }

    #[test]
    fn other_claims_change_nothing(
        extra in vec(("[a-zA-Z_.:/0-9]{1,12}|(?s).{1,6}", any_json()), 1..6),
        good in any::<bool>(),
    ) {
        let (bench, _) = &*SHARED;
        let token = if good { bench.token() } else { bench.token().audience("api://another") };
        let is_judged = |name: &str| {
            let name = name.to_lowercase().replace('ı', "i").replace('ſ', "s");
            JUDGED.contains(&&*name)
        };
        let token = extra.into_iter().filter(|(name, _)| !is_judged(name)).fold(token, |token, (name, value)| token.claim(name, value));
        prop_assert_eq!(run(bench.code(&token.build())), if good { "accepted" } else { "wrong_audience" });
    }

    #[test]
    fn any_payload_that_is_well_signed(payload in prop_oneof![any_json().prop_map(|json| json.to_string().into_bytes()), vec(any::<u8>(), 0..100)]) {
        let (bench, _) = &*SHARED;
        prop_assert!(run(bench.verifier.verify(&bench.token().raw_payload(payload).build())).is_err());
    }

    #[test]
    fn a_payload_changed_and_well_signed(changes in vec(change(), 1..4)) {
        let (bench, _) = &*SHARED;
        let token = bench.token();
        let payload = changed(Value::from(token.claims()).to_string().as_bytes(), &changes);
        if let Ok(claims) = run(bench.verifier.verify(&token.raw_payload(payload.as_slice()).build())) {
            let read: Value = serde_json::from_slice(&payload).unwrap();
            prop_assert_eq!(&read["tid"], MockEntra::TENANT);
            prop_assert_eq!(claims.as_json().as_bytes(), payload.as_slice());
        }
    }
}

/// What a bad key set may hold beside a good key.
fn any_key(members: Value) -> impl Strategy<Value = Value> {
    let names =
        ["kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y", "d", "issuer", "cloud_instance_name"];
    let one = (select(names.to_vec()), any_json()).prop_map(move |(name, value)| {
        let mut key = members.clone();
        key[name] = value;
        key
    });
    prop_oneof![any_json(), one]
}

proptest! {
    #![proptest_config(cases(96))]

    /// Bad keys, whatever they are, never cost a good one.
    #[test]
    fn key_sets_with_bad_keys(
        bad in vec(any_key(MockEntra::new().new_key().jwk()), 0..6),
        at in any::<prop::sample::Index>(),
    ) {
        let mock = MockEntra::new();
        let good = mock.current_key();
        mock.drop_all_keys();
        let at = at.index(bad.len() + 1);
        for (place, entry) in bad.iter().enumerate() {
            if place == at {
                mock.publish(KeySpec::new(&good));
            }
            mock.publish(KeySpec::raw(entry.clone()));
        }
        if at == bad.len() {
            mock.publish(KeySpec::new(&good));
        }
        let bench = run(Bench::of(mock, one_tenant));
        prop_assert_eq!(run(bench.code(&bench.token().build())), "accepted");
        prop_assert_eq!(run(bench.code(&bench.token().wrong_key().build())), "bad_signature");
    }

    /// A broken document: the keys are those of it or none, and those from before stay.
    #[test]
    fn documents_changed(which in 0..2_usize, changes in vec(change(), 1..5)) {
        let mock = MockEntra::new();
        let tenant = MockEntra::TENANT;
        let path = [format!("/{tenant}/discovery/v2.0/keys"), format!("/{tenant}/v2.0/.well-known/openid-configuration")];
        let path = &path[which];
        let bench = run(Bench::of(mock.clone(), one_tenant));
        let token = bench.token().expires_at(START + 100_000);
        let (good, foreign) = (token.build(), token.clone().tenant(MockEntra::OTHER_TENANT).build());
        let request = tower_entra::fetch::FetchRequest::new(format!("{}{path}", mock.base()), 1 << 20);
        let document = run(tower_entra::fetch::Fetch::fetch(&mock, request)).unwrap().body;
        mock.replace_document(path.as_str(), changed(&document, &changes));
        bench.clock.advance(std::time::Duration::from_secs(7200));
        for _ in 0..2 {
            // What a document that can be read says of a key's issuer or cloud counts, and is never taken back.
            let code = run(bench.code(&good));
            prop_assert!(code == "accepted" || which == 0 && code == "wrong_issuer", "{}", code);
            prop_assert_eq!(run(bench.code(&foreign)), "wrong_tenant");
            run(crate::support::settle());
        }
        let cold = Bench::another(&mock, &bench.clock, one_tenant);
        let verdict = run(cold.verify(&good)).map_err(|rejection| rejection.code());
        // Bits of the key set that are changed may leave a key out, or make it another.
        prop_assert!(matches!(verdict, Ok(_) | Err("keys_unavailable" | "unknown_key" | "bad_signature" | "wrong_issuer")));
        let elsewhere = |url: &String| !url.starts_with("https://login.microsoftonline.com/");
        prop_assert_eq!(mock.requested().into_iter().find(elsewhere), None);
    }

    #[test]
    fn any_metadata(name in select(vec!["issuer", "jwks_uri", "cloud_instance_name"]), value in any_json()) {
        let mock = MockEntra::new();
        mock.set_metadata(name, Some(value));
        let bench = Bench::cold(mock.clone(), one_tenant);
        prop_assert_ne!(run(bench.code(&bench.token().wrong_key().build())), "accepted");
        prop_assert!(mock.requested().iter().all(|url| url.starts_with("https://login.microsoftonline.com/")));
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn any_configuration(
        section in vec((select(vec![
            "Instance", "TenantId", "ClientId", "Audience", "Audiences", "Authority", "TenantIds", "AllowedClients",
            "RequiredClaims", "ClockSkewSeconds", "Resource", "RevokedKeys", "DetailedErrors", "Domain", "X",
            "AllowWebApiToBeAuthorizedByACL", "AppSpecificKeys", "tenant_id", "client_id",
        ]), any_json()), 0..6),
        good in any::<bool>(),
        in_section in any::<bool>(),
    ) {
        let mut config: Value = section.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if good {
            config["TenantId"] = MockEntra::TENANT.into();
            config["ClientId"] = MockEntra::CLIENT_ID.into();
        }
        let config = if in_section { json!({ "AzureAd": config }) } else { config };
        build(&config.to_string());
    }

    #[test]
    fn a_configuration_changed(changes in vec(change(), 1..6)) {
        let good = format!(
            r#"{{"AzureAd":{{"Instance":"https://login.microsoftonline.com/","TenantId":"{}","ClientId":"{}",
            "Audiences":["api://x"],"RequiredClaims":[{{"Name":"a","Values":["b"],"Match":"any","Separator":" "}}],
            "ClockSkewSeconds":60,"AllowedClients":["{}"]}}}}"#,
            MockEntra::TENANT, MockEntra::CLIENT_ID, MockEntra::CALLER,
        );
        if let Ok(text) = String::from_utf8(changed(good.as_bytes(), &changes)) {
            build(&text);
        }
    }
}

/// Reads and builds. What comes of it has a tenant and a name, or says what is wrong.
fn build(text: &str) {
    let built =
        Config::from_json(text).and_then(|config| VerifierBuilder::from(config).fetch(MockEntra::new()).build());
    match built {
        Ok(verifier) => assert!(!format!("{verifier:?}").is_empty()),
        Err(error) => assert!(!error.to_string().is_empty() && !error.problems().is_empty()),
    }
}
