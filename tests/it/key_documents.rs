//! Key set variants that servers publish, and what a wrong or hostile one can do.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use mock_entra::{KeySpec, MockEntra, SigningAlgorithm, TokenBuilder};
use serde_json::{Value, json};
use tower_entra::{Authority, Verifier, authority::OpenIdConnect, jwt::Algorithm};

use crate::{
    log::Lines,
    support::{Bench, decode, encode, parts, settle},
};

const HOUR: Duration = Duration::from_secs(3600);
const COOLDOWN: Duration = Duration::from_secs(30);

fn okta() -> OpenIdConnect {
    Authority::openid_connect(MockEntra::okta().issuer()).audience(format!("api://{}", MockEntra::CLIENT_ID))
}

fn okta_with(entries: impl IntoIterator<Item = KeySpec>) -> MockEntra {
    let mock = MockEntra::okta();
    mock.drop_all_keys();
    entries.into_iter().for_each(|entry| mock.publish(entry));
    mock
}

/// The `x` of the identity, which verifies every signature (identity, 0).
fn identity() -> [u8; 32] {
    let mut identity = [0; 32];
    identity[0] = 1;
    identity
}

fn okp(kid: &str, x: [u8; 32]) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": encode(x)})
}

/// The token with the signature of another one by the same key.
fn torn(token: TokenBuilder) -> String {
    let (good, other) = (token.clone().build(), token.claim("other", 1).build());
    let [header, payload, _] = parts(&good);
    format!("{header}.{payload}.{}", parts(&other)[2])
}

/// A good token's claims, signed without a private key.
fn forged(mock: &MockEntra, kid: &str) -> String {
    let good = mock.token().build();
    let header = encode(json!({"alg": "EdDSA", "kid": kid}).to_string());
    format!("{header}.{}.{}", parts(&good)[1], encode([identity(), [0; 32]].concat()))
}

fn ed_pem(x: [u8; 32]) -> String {
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let body = STANDARD.encode([&prefix[..], &x].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----")
}

fn with_eddsa() -> OpenIdConnect {
    okta().algorithms([Algorithm::EdDSA, Algorithm::RS256])
}

#[tokio::test]
async fn row_26_forgeable_keys_of_a_fetched_set() {
    let log = Lines::default();
    let _guard = log.listen();
    let mut beyond = [0xff; 32];
    (beyond[0], beyond[31]) = (0xee, 0x7f);
    for (kid, entry, reason) in [
        ("identity", okp("identity", identity()), "small order"),
        ("order-4", okp("order-4", [0; 32]), "small order"),
        ("non-canonical", okp("non-canonical", beyond), "RFC 8032"),
        (
            "ones",
            json!({"kty": "RSA", "kid": "ones", "n": encode([0xff; 256]), "e": "AQAB"}),
            "has a modulus that can be factored",
        ),
    ] {
        let mock = MockEntra::okta();
        mock.publish(KeySpec::raw(entry));
        let bench = Bench::alone(mock.clone(), with_eddsa());
        log.take_event("");
        bench.verifier.warm_up().await.unwrap();
        let warned = log.take_event("key_skipped");
        let [line] = warned.as_slice() else { panic!("{warned:?}") };
        assert!(line.contains("WARN") && line.contains(kid) && line.contains(reason), "{line}");
        assert!(line.contains(&mock.issuer()), "the document: {line}");
        assert_eq!(bench.code(&forged(&mock, kid)).await, "unknown_key", "{kid}");
        assert_eq!(bench.code(&mock.token().build()).await, "accepted", "the other key");
    }
}

#[test]
fn row_26_forgeable_keys_given_as_jwks_and_pem() {
    let log = Lines::default();
    let _guard = log.listen();
    let mock = MockEntra::okta();
    let good = mock.current_key().jwk();
    let jwks = |keys: Value| json!({ "keys": keys }).to_string();
    let build = |authority: OpenIdConnect| Verifier::builder().authority(authority).build();

    let error = build(with_eddsa().static_keys(jwks(json!([okp("k", identity())])))).unwrap_err().to_string();
    assert!(error.contains("none of its keys can be used") && error.contains("small order"), "{error}");
    build(with_eddsa().static_keys(jwks(json!([okp("k", identity()), good])))).unwrap();
    let warned = log.take_event("configuration");
    assert!(warned.iter().any(|line| line.contains("WARN") && line.contains("small order")), "{warned:?}");

    for x in [identity(), [0; 32]] {
        let error = build(with_eddsa().pem_key(ed_pem(x))).unwrap_err().to_string();
        assert!(error.contains("pem_key(), number 1") && error.contains("small order"), "{error}");
    }
}

/// A key whose private half was published once is never used again, although nothing else in that document is usable.
#[tokio::test]
async fn row_26_a_published_private_key_is_not_used_again() {
    for has_another in [false, true] {
        let mock = MockEntra::okta();
        let (key, other) = (mock.current_key(), mock.new_key());
        if has_another {
            mock.publish(KeySpec::new(&other));
        }
        let bench = Bench::alone(mock.clone(), okta());
        let token = || bench.token().signed_with(&key).build();
        let after_an_hour = async || {
            bench.clock.advance(HOUR);
            // The refresh that is due runs in the background.
            bench.code(&token()).await;
            settle().await;
            bench.code(&token()).await
        };
        assert_eq!(bench.code(&token()).await, "accepted");
        assert_eq!(after_an_hour().await, "accepted");
        mock.drop_key(key.kid());
        mock.publish(KeySpec::new(&key).member("d", "AQAB"));
        let expected = if has_another { "unknown_key" } else { "keys_unavailable" };
        assert_eq!(after_an_hour().await, expected, "another key: {has_another}");
        mock.drop_key(key.kid());
        mock.publish(KeySpec::new(&key));
        for _ in 0..30 {
            assert_eq!(after_an_hour().await, expected, "the document has been corrected, and the key copied");
        }
        if has_another {
            assert_eq!(bench.code(&bench.token().signed_with(&other).build()).await, "accepted");
        }
    }
}

/// `issuer` and `cloud_instance_name` of one document disable a key for one grace period after the last wrong document.
#[tokio::test]
async fn row_30_one_wrong_document() {
    let log = Lines::default();
    let _guard = log.listen();
    let foreign = MockEntra::new().v2_issuer(MockEntra::OTHER_TENANT);
    for (member, wrong) in [
        ("issuer", json!(foreign)),
        ("cloud_instance_name", json!("microsoftonline.us")),
        ("issuer", json!("nonsense")),
    ] {
        let mock = MockEntra::new();
        let key = mock.current_key();
        let bench = Bench::of(mock.clone(), |builder| builder.tenant(MockEntra::TENANT)).await;
        let after_an_hour = async || {
            bench.clock.advance(HOUR);
            // The refresh that is due runs in the background.
            bench.code(&bench.token().build()).await;
            settle().await;
            bench.code(&bench.token().build()).await
        };
        assert_eq!(after_an_hour().await, "accepted", "{member}");
        log.take_event("key_changed");
        let publish = |spec: KeySpec| {
            mock.drop_key(key.kid());
            mock.publish(spec);
        };
        publish(KeySpec::new(&key).member(member, wrong.clone()));
        assert_eq!(after_an_hour().await, "wrong_issuer", "{member}");
        let warned = log.take_event("key_changed");
        let told = |line: &String| {
            ["WARN", key.kid(), member, wrong.as_str().unwrap(), "login.microsoftonline.com"]
                .iter()
                .all(|part| line.contains(part))
        };
        assert!(warned.iter().any(told), "document, key and change: {warned:?}");
        publish(KeySpec::new(&key));
        for hour in 1..24 {
            assert_eq!(after_an_hour().await, "wrong_issuer", "{member}, {hour} h after the last wrong document");
        }
        assert_eq!(after_an_hour().await, "accepted", "{member}: one grace period after it");
        let warned = log.take_event("key_changed");
        assert!(warned.iter().any(|line| line.contains("has lapsed")), "{warned:?}");
    }
}

/// Keys need a cloud's name while the newest document has one, and no longer.
#[tokio::test]
async fn row_30_the_cloud_rule_follows_the_newest_document() {
    let log = Lines::default();
    let _guard = log.listen();
    let mock = MockEntra::new();
    mock.set_cloud_instance_name(None);
    let bench = Bench::of(mock.clone(), |builder| builder.tenant(MockEntra::TENANT)).await;
    let stray = mock.new_key();
    for (has_stray, expected) in [(true, "wrong_issuer"), (false, "accepted"), (true, "wrong_issuer")] {
        mock.drop_key(stray.kid());
        if has_stray {
            mock.publish(KeySpec::new(&stray).cloud_instance_name("microsoftonline.com"));
        }
        bench.clock.advance(HOUR);
        bench.code(&bench.token().build()).await;
        settle().await;
        assert_eq!(bench.code(&bench.token().build()).await, expected, "{has_stray}");
        let warned = log.take_event("key_changed");
        let change = if has_stray { "are not authorized" } else { "are authorized again" };
        let names_it = |line: &String| {
            ["WARN", stray.kid(), "cloud_instance_name", change, "login.microsoftonline.com"]
                .iter()
                .all(|part| line.contains(part))
        };
        assert!(warned.iter().any(names_it), "document, key and change: {warned:?}");
    }
}

#[tokio::test]
async fn keys_listed_several_times() {
    let mock = MockEntra::okta();
    let key = mock.current_key();
    let elliptic = mock.new_key_for(SigningAlgorithm::Es256).with_kid(key.kid());
    let mock = okta_with(
        ["RS256", "RS384", "RS512"]
            .map(|alg| KeySpec::new(&key).member("alg", alg))
            .into_iter()
            .chain([KeySpec::new(&elliptic).without_member("alg")]),
    );
    let authority = okta().algorithms([Algorithm::RS256, Algorithm::RS512, Algorithm::ES256]);
    let bench = Bench::alone(mock, authority);
    let by_rsa = |algorithm| bench.token().signed_with(&key).algorithm(algorithm);
    for (what, token, expected) in [
        ("RS256", by_rsa(SigningAlgorithm::Rs256), "accepted"),
        ("RS512", by_rsa(SigningAlgorithm::Rs512), "accepted"),
        ("RS384, not accepted", by_rsa(SigningAlgorithm::Rs384), "unsupported_algorithm"),
        ("EC", bench.token().signed_with(&elliptic), "accepted"),
    ] {
        assert_eq!(bench.code(&token.build()).await, expected, "{what}");
    }
    assert_eq!(bench.code(&torn(bench.token().signed_with(&elliptic))).await, "bad_signature");
}

/// A token without `kid` is accepted only if the newest document has one usable signing key, itself without.
#[tokio::test]
async fn tokens_without_kid() {
    let template = MockEntra::okta();
    let (key, other) = (template.current_key(), template.new_key());
    let nameless = || KeySpec::new(&key).without_member("kid");
    let named = || KeySpec::new(&key);
    let with_kid = |token: TokenBuilder| token;
    let without: fn(TokenBuilder) -> TokenBuilder = |token| token.without_header("kid");
    let with_kid: fn(TokenBuilder) -> TokenBuilder = with_kid;
    let forged: fn(TokenBuilder) -> TokenBuilder = |token| token.without_header("kid").wrong_key();
    let empty: fn(TokenBuilder) -> TokenBuilder = |token| token.header("kid", "");
    for (what, entries, change, expected) in [
        ("alone", vec![nameless()], without, "accepted"),
        ("alone, an empty kid", vec![KeySpec::new(&key).member("kid", "")], empty, "accepted"),
        ("alone, forged", vec![nameless()], forged, "bad_signature"),
        ("alone, and the token has a kid", vec![nameless()], with_kid, "unknown_key"),
        ("once per alg", vec![nameless(), nameless().member("alg", "RS512")], without, "accepted"),
        ("beside an encryption key", vec![nameless(), KeySpec::new(&other).member("use", "enc")], without, "accepted"),
        ("beside a key with kid", vec![nameless(), KeySpec::new(&other)], without, "malformed_token"),
        (
            "beside another without",
            vec![nameless(), KeySpec::new(&other).without_member("kid")],
            without,
            "keys_unavailable",
        ),
        ("the only key has a kid", vec![named()], without, "malformed_token"),
        ("the only key has a kid, and the token too", vec![named()], with_kid, "accepted"),
    ] {
        for is_warm in [false, true] {
            let bench = Bench::alone(okta_with(entries.clone()), okta());
            if is_warm {
                let _ = bench.verifier.warm_up().await;
            }
            let token = change(bench.token().signed_with(&key)).build();
            assert_eq!(bench.code(&token).await, expected, "{what}, {is_warm}");
        }
    }
    // Microsoft's keys have names: a document in which one has none is of no use.
    let mock = MockEntra::new();
    let key = mock.current_key();
    mock.drop_all_keys();
    mock.publish(KeySpec::new(&key).without_member("kid"));
    let bench = Bench::cold(mock, |builder| builder.tenant(MockEntra::TENANT).authority(okta()));
    assert_eq!(bench.code(&bench.token().without_header("kid").build()).await, "malformed_token");
    assert_eq!(bench.mock.fetches(), 0, "nothing is fetched for it");
    assert_eq!(bench.code(&bench.token().build()).await, "keys_unavailable");
}

/// A key without `kid` cannot be told from its successor: it is looked for again, and the old one has no grace period.
#[tokio::test]
async fn rotation_of_a_key_without_kid() {
    let template = MockEntra::okta();
    let (old, new) = (template.current_key(), template.new_key());
    let nameless = |key| KeySpec::new(key).without_member("kid");
    let mock = okta_with([nameless(&old)]);
    let bench = Bench::alone(mock.clone(), okta());
    let by = |key| bench.token().signed_with(key).without_header("kid").build();
    assert_eq!(bench.code(&by(&old)).await, "accepted");
    bench.clock.advance(COOLDOWN);
    mock.drop_all_keys();
    mock.publish(nameless(&new));
    assert_eq!(bench.code(&by(&new)).await, "accepted", "at its first token");
    assert_eq!(bench.code(&by(&old)).await, "bad_signature", "a cached verdict of its predecessor too");
    bench.clock.advance(COOLDOWN);
    let fetches = mock.fetches_of("/keys");
    for number in 0..100 {
        let forged = bench.token().signed_with(&old).without_header("kid").claim("n", number).build();
        assert_eq!(bench.code(&forged).await, "bad_signature");
    }
    assert_eq!(mock.fetches_of("/keys"), fetches + 1, "one refresh per cooldown");
    // As soon as there is another key, it must have a name.
    bench.clock.advance(COOLDOWN);
    mock.publish(KeySpec::new(&old));
    bench.clock.advance(HOUR);
    bench.code(&by(&new)).await;
    settle().await;
    assert_eq!(bench.code(&by(&new)).await, "malformed_token");
}

#[tokio::test]
async fn both_names_of_ed25519() {
    let mock = MockEntra::okta();
    let key = mock.new_key_for(SigningAlgorithm::EdDsa);
    for in_key in ["EdDSA", "Ed25519"] {
        let mock = okta_with([KeySpec::new(&key).member("alg", in_key)]);
        let bench = Bench::alone(mock, okta().algorithms(["Ed25519".parse::<Algorithm>().unwrap()]));
        for in_token in ["EdDSA", "Ed25519"] {
            let token = bench.token().signed_with(&key).header("alg", in_token);
            assert_eq!(bench.code(&token.clone().build()).await, "accepted", "{in_key}, {in_token}");
            assert_eq!(bench.code(&torn(token)).await, "bad_signature", "{in_key}, {in_token}");
        }
        let other_curve = bench.token().signed_with(&key).header("alg", "Ed448").build();
        assert_eq!(bench.code(&other_curve).await, "unsupported_algorithm");
    }
}

/// Keycloak before 25 copies the nonce into access tokens, and says of each token what it is.
#[tokio::test]
async fn keycloak_tokens_with_a_nonce() {
    let mock = MockEntra::keycloak();
    let bench = Bench::alone(mock.clone(), Authority::openid_connect(mock.issuer()).audience(MockEntra::CLIENT_ID));
    let id_token = || bench.token().id_token().audience(MockEntra::CLIENT_ID).claim("scope", "openid");
    for (what, token, expected) in [
        ("access token", bench.token().claim("nonce", "n"), "accepted"),
        ("access token without typ", bench.token().claim("nonce", "n").without_claim("typ"), "not_an_access_token"),
        ("with at_hash", bench.token().claim("nonce", "n").claim("at_hash", "h"), "not_an_access_token"),
        ("id token", id_token(), "not_an_access_token"),
        ("id token whose user chose typ", id_token().claim("typ", "Bearer"), "not_an_access_token"),
    ] {
        assert_eq!(bench.code(&token.build()).await, expected, "{what}");
    }
}

#[tokio::test]
async fn documents_as_servers_write_them() {
    let log = Lines::default();
    let _guard = log.listen();
    let bom = |document: Value| format!("\u{feff}{document}");
    let mock = MockEntra::okta();
    let issuer = mock.issuer();
    let mut key = mock.current_key().jwk();
    let modulus = decode(key["n"].as_str().unwrap());
    let metadata = bom(json!({"issuer": issuer, "jwks_uri": format!("{issuer}/v1/keys")}));
    for n in [encode(&modulus), STANDARD.encode(&modulus), format!("{}==", encode(&modulus))] {
        key["n"] = json!(n);
        mock.replace_document("/oauth2/default/.well-known/openid-configuration", metadata.clone());
        mock.replace_document("/oauth2/default/v1/keys", bom(json!({ "keys": [key] })));
        let bench = Bench::alone(mock.clone(), okta());
        assert_eq!(bench.code(&mock.token().build()).await, "accepted", "{n}");
        let told = log.take_event("key_oddly_encoded");
        assert_eq!(told.len(), usize::from(n != encode(&modulus)), "{n}: {told:?}");
        assert!(told.iter().all(|line| line.contains("DEBUG") && line.contains(mock.current_kid().as_str())));
    }
    let bench = Bench::alone(mock.clone(), okta().static_keys(bom(json!({"keys": [mock.current_key().jwk()]}))));
    assert_eq!(bench.code(&mock.token().build()).await, "accepted", "a key set that was given");
}
