//! Rows 1, 2, 3: algorithms, keys in the header, critical extensions.

use base64::{Engine, engine::general_purpose::STANDARD};
use mock_entra::{KeySpec, MockEntra, MockKey, SigningAlgorithm};
use serde_json::{Value, json};
use tower_entra::RejectionKind::{BadSignature, MalformedToken, UnknownKey, UnsupportedAlgorithm};

use crate::support::{Bench, decode, parts};

/// One element of DER (X.690 §8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|&&byte| byte == 0).count()..];
    let mut element = vec![tag];
    if content.len() >= 128 {
        element.push(0x80 | u8::try_from(length.len()).unwrap());
    }
    [element.as_slice(), length, content].concat()
}

/// `SubjectPublicKeyInfo` of a key, as in a certificate or a PEM file.
fn public_der(key: &MockKey) -> Vec<u8> {
    const INTEGER: u8 = 2;
    const BITS: u8 = 3;
    const SEQUENCE: u8 = 0x30;
    const RSA: [u8; 13] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let jwk = key.jwk();
    let number = |name: &str| der(INTEGER, &[&[0], decode(jwk[name].as_str().unwrap()).as_slice()].concat());
    let pair = der(SEQUENCE, &[number("n"), number("e")].concat());
    der(SEQUENCE, &[der(SEQUENCE, &RSA), der(BITS, &[&[0], pair.as_slice()].concat())].concat())
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[tokio::test]
async fn row_1_the_public_key_as_a_shared_secret() {
    let bench = Bench::new().await;
    let key = bench.mock.current_key();
    let (jwk, spki) = (key.jwk(), public_der(&key));
    let published = bench.mock.clone();
    let secrets: [(&str, Vec<u8>); 11] = [
        ("the modulus", decode(jwk["n"].as_str().unwrap())),
        ("the modulus as text", jwk["n"].as_str().unwrap().into()),
        ("the exponent", decode(jwk["e"].as_str().unwrap())),
        ("the DER", spki.clone()),
        ("the PEM", pem(&spki).into()),
        ("the PEM without its last line break", pem(&spki).trim_end().into()),
        ("the JWK", jwk.to_string().into()),
        ("the JWK, pretty", serde_json::to_vec_pretty(&jwk).unwrap()),
        ("the kid", published.current_kid().into()),
        ("nothing", Vec::new()),
        ("a zero", vec![0]),
    ];
    for (name, secret) in secrets {
        let token = bench.token().algorithm(SigningAlgorithm::Hs256(secret));
        bench.refuses(name, &token.build(), UnsupportedAlgorithm).await;
        for alg in ["hs256", "HS384", "HS512", "HS256 ", "dir"] {
            bench.refuses(name, &token.clone().header("alg", alg).build(), UnsupportedAlgorithm).await;
        }
        bench.refuses(name, &token.header("alg", "RS256").build(), BadSignature).await;
    }
    bench.accepts("the genuine one", &bench.token().build()).await;
}

#[tokio::test]
async fn row_1_no_signature() {
    let bench = Bench::new().await;
    let unsigned = bench.token().algorithm(SigningAlgorithm::None);
    for alg in ["none", "None", "NONE", "nOnE", "none ", "", "null", "RS256\0", "rs256", "Rs256", "RSA256", "RS-256"] {
        bench.refuses(alg, &unsigned.clone().header("alg", alg).build(), UnsupportedAlgorithm).await;
        // A good signature does not help.
        bench.refuses(alg, &bench.token().header("alg", alg).build(), UnsupportedAlgorithm).await;
    }
    bench.refuses("no signature", &unsigned.clone().header("alg", "RS256").build(), BadSignature).await;
    for alg in [Value::Null, json!(["RS256"]), json!({"RS256": 1}), json!(true), json!(256)] {
        bench.refuses("no text", &bench.token().header("alg", alg).build(), MalformedToken).await;
    }
    bench.refuses("no alg", &bench.token().without_header("alg").build(), MalformedToken).await;
    bench.refuses("no kid, no signature", &unsigned.without_header("kid").build(), UnsupportedAlgorithm).await;
}

#[tokio::test]
async fn row_1_other_algorithms_of_the_same_key() {
    let bench = Bench::new().await;
    for algorithm in [
        SigningAlgorithm::Rs384,
        SigningAlgorithm::Rs512,
        SigningAlgorithm::Ps256,
        SigningAlgorithm::Ps384,
        SigningAlgorithm::Ps512,
    ] {
        let name = format!("{algorithm:?}");
        let token = bench.token().algorithm(algorithm);
        bench.refuses(&name, &token.build(), UnsupportedAlgorithm).await;
        bench.refuses(&name, &token.header("alg", "RS256").build(), BadSignature).await;
    }
    for alg in ["ES256", "ES384", "EdDSA", "Ed25519", "ES256K", "RSA-OAEP", "RS1"] {
        bench.refuses(alg, &bench.token().header("alg", alg).build(), UnsupportedAlgorithm).await;
    }
}

/// A key that says which algorithm it is for is used for no other, and cannot bring in one that is not allowed.
#[tokio::test]
async fn row_1_the_key_set_does_not_choose_the_algorithm() {
    for alg in ["PS256", "RS512", "HS256", "none", "ES256", "RSA-OAEP", "RS256 ", ""] {
        let mock = MockEntra::new();
        let odd = mock.new_key();
        mock.publish(KeySpec::new(&odd).member("alg", alg));
        let bench = Bench::of(mock, |builder| builder.tenant(MockEntra::TENANT)).await;
        assert_eq!(bench.code(&bench.token().signed_with(&odd).build()).await, "unknown_key", "{alg}");
        let token = bench.token().signed_with(&odd).algorithm(SigningAlgorithm::Ps256).build();
        bench.refuses(alg, &token, UnsupportedAlgorithm).await;
        bench.accepts(alg, &bench.token().build()).await;
    }
}

#[tokio::test]
async fn row_1_somebody_elses_signature() {
    let bench = Bench::new().await;
    let (good, other) = (bench.token().build(), bench.token().build());
    let ([header, payload, signature], [.., of_other]) = (parts(&good), parts(&other));
    bench.refuses("another token's", &format!("{header}.{payload}.{of_other}"), BadSignature).await;
    bench.refuses("a part", &format!("{header}.{payload}.{}", &signature[..340]), BadSignature).await;
    bench.refuses("twice", &format!("{header}.{payload}.{}{signature}", &signature[..340]), BadSignature).await;
    bench.refuses("a wrong key", &bench.token().wrong_key().build(), BadSignature).await;
    bench.accepts("itself", &good).await;
}

#[tokio::test]
async fn row_2_keys_in_the_header() {
    let bench = Bench::new().await;
    let evil = bench.mock.new_key();
    let certificate = STANDARD.encode(public_der(&evil));
    let headers: [(&str, Value); 7] = [
        ("jwk", evil.with_kid(bench.mock.current_kid()).jwk()),
        ("jku", "https://evil.example/keys".into()),
        ("x5u", "https://evil.example/certificate.pem".into()),
        ("x5c", json!([certificate])),
        ("x5t", "AAAA".into()),
        ("jku", "http://169.254.169.254/latest".into()),
        ("jku", "https://login.microsoftonline.com@evil.example/keys".into()),
    ];
    for (name, value) in headers.clone() {
        let token = bench.token().signed_with(&evil).kid(bench.mock.current_kid()).header(name, value.clone());
        bench.refuses(name, &token.build(), BadSignature).await;
        // On a token that is good without it, it is passed over.
        bench.accepts(name, &bench.token().header(name, value).build()).await;
    }
    // Under the kid of the attacker the tenant's own document may be asked once more, and nothing else.
    for (name, value) in headers {
        let token = bench.token().signed_with(&evil).header(name, value).build();
        assert_eq!(bench.code(&token).await, UnknownKey.code(), "{name}");
    }
    let ours = format!("{}/{}/", bench.mock.base(), MockEntra::TENANT);
    assert!(bench.mock.requested().iter().all(|url| url.starts_with(&ours)), "{:?}", bench.mock.requested());
}

#[tokio::test]
async fn row_2_kids_that_are_more_than_a_name() {
    let bench = Bench::new().await;
    let evil = bench.mock.new_key();
    for kid in [
        "../../../../dev/null",
        "https://evil.example/keys",
        "' OR 1=1 --",
        "\u{0}",
        "\u{202e}",
        "{tenantid}",
        &"k".repeat(10_000),
    ] {
        assert_eq!(bench.code(&bench.token().signed_with(&evil).kid(kid).build()).await, "unknown_key");
    }
    for kid in [Value::Null, json!(1), json!([bench.mock.current_kid()]), json!({})] {
        bench.refuses("kid is no text", &bench.token().header("kid", kid).build(), MalformedToken).await;
    }
    bench.refuses("kid is empty", &bench.token().kid("").build(), MalformedToken).await;
    bench.refuses("no kid", &bench.token().without_header("kid").build(), MalformedToken).await;
    let kid = bench.mock.current_kid();
    let other_case: String = kid.chars().map(|letter| if letter.is_lowercase() { 'X' } else { letter }).collect();
    for kid in [format!("{kid} "), format!(" {kid}"), kid[1..].to_owned(), other_case] {
        assert_eq!(bench.code(&bench.token().kid(kid).build()).await, "unknown_key");
    }
    assert_eq!(bench.mock.fetches_of("evil"), 0);
}

#[tokio::test]
async fn row_3_critical_extensions() {
    let bench = Bench::new().await;
    for crit in [
        json!([]),
        json!(["b64"]),
        json!(["exp"]),
        json!(["kid"]),
        json!(["alg", "kid"]),
        json!(["http://example.com/UNDEFINED"]),
        json!([1]),
        json!([[]]),
        json!("b64"),
        json!(null),
        json!(false),
        json!(0),
        json!({}),
    ] {
        let token = bench.token().header("crit", crit.clone());
        bench.refuses(&crit.to_string(), &token.build(), MalformedToken).await;
        let token = token.header("b64", false).header("http://example.com/UNDEFINED", true);
        bench.refuses(&crit.to_string(), &token.build(), MalformedToken).await;
    }
    let kid = bench.mock.current_kid();
    let escaped = format!(r#"{{"alg":"RS256","kid":"{kid}","\u0063rit":["b64"]}}"#);
    bench.refuses("crit with an escape", &bench.token().raw_header(escaped).build(), MalformedToken).await;
    for typ in ["JWE", "dpop+jwt", "pop", "logout+jwt", "secevent+jwt", "id_token", "", "JWT ", "application/jwt+x"] {
        bench.refuses(typ, &bench.token().header("typ", typ).build(), MalformedToken).await;
    }
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        bench.accepts(typ, &bench.token().header("typ", typ).build()).await;
    }
    bench.accepts("no typ", &bench.token().without_header("typ").build()).await;
}
