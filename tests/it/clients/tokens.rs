//! Tokens of many kinds, with our own verdicts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mock_entra::{MockEntra, SigningAlgorithm};
use serde_json::json;

/// The name of the token, the token, and `accepted` or the code.
pub(super) type Row = (&'static str, String, &'static str);

pub(super) fn tokens(entra: &MockEntra) -> Vec<Row> {
    const API: &str = MockEntra::CLIENT_ID;
    let token = || entra.token();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let good = token().build();
    let modulus = URL_SAFE_NO_PAD.decode(entra.current_key().jwk()["n"].as_str().unwrap()).unwrap();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let swapped = token().scopes("Files.Write").build();
    let twice = serde_json::to_string(&token().claims()).unwrap().replacen('{', r#"{"aud":"another","#, 1);
    let without = |claim: &str| token().without_claim(claim).build();
    vec![
        ("user", good.clone(), "accepted"),
        ("user, v1", token().v1().build(), "accepted"),
        ("user, guest", token().claim("acct", 1).build(), "accepted"),
        ("application", token().app().build(), "accepted"),
        ("application, v1, idtyp", token().v1().app().idtyp().build(), "accepted"),
        ("aud with api://", token().audience(format!("api://{API}")).build(), "accepted"),
        ("aud as a list", token().claim("aud", json!([API])).build(), "accepted"),
        ("typ at+jwt", token().header("typ", "at+jwt").build(), "accepted"),
        ("no nbf", without("nbf"), "accepted"),
        ("no iat", without("iat"), "accepted"),
        ("no sub", without("sub"), "accepted"),
        ("exp with a fraction", token().claim("exp", json!((now + 600) as f64 + 0.5)).build(), "accepted"),
        ("exp 30 s ago", token().expires_at(now - 30).build(), "accepted"),
        ("exp 90 s ago", token().expires_at(now - 90).build(), "expired"),
        ("exp an hour ago", token().expired().build(), "expired"),
        ("nbf in 30 s", token().not_before(now + 30).build(), "accepted"),
        ("nbf in 120 s", token().not_before(now + 120).build(), "not_yet_valid"),
        ("exp as a string", token().claim("exp", (now + 600).to_string()).build(), "malformed_token"),
        ("nbf as a string", token().claim("nbf", (now - 600).to_string()).build(), "malformed_token"),
        ("no exp", without("exp"), "malformed_token"),
        ("no iss", without("iss"), "unknown_issuer"),
        ("no aud", without("aud"), "wrong_audience"),
        ("no tid", without("tid"), "wrong_tenant"),
        ("another aud", token().audience("api://another").build(), "wrong_audience"),
        ("no aud in the list", token().claim("aud", json!([])).build(), "wrong_audience"),
        ("another tenant", token().tenant(MockEntra::OTHER_TENANT).build(), "wrong_tenant"),
        ("another tid", token().claim("tid", MockEntra::OTHER_TENANT).build(), "wrong_issuer"),
        ("iss with a slash", token().claim("iss", entra.v2_issuer(MockEntra::TENANT) + "/").build(), "unknown_issuer"),
        ("id token", token().id_token().build(), "wrong_audience"),
        ("id token for the API", token().id_token().audience(API).build(), "not_an_access_token"),
        ("scope /", token().scopes("/").build(), "not_an_access_token"),
        ("application without a role", token().app().roles(Vec::<String>::new()).build(), "not_an_access_token"),
        ("Graph", token().graph().build(), "microsoft_api_token"),
        ("cnf", token().claim("cnf", json!({ "kid": "a key" })).build(), "proof_required"),
        ("alg none", token().algorithm(SigningAlgorithm::None).build(), "unsupported_algorithm"),
        (
            "HS256 with the modulus",
            token().algorithm(SigningAlgorithm::Hs256(modulus)).build(),
            "unsupported_algorithm",
        ),
        ("RS512", token().algorithm(SigningAlgorithm::Rs512).build(), "unsupported_algorithm"),
        ("PS256", token().algorithm(SigningAlgorithm::Ps256).build(), "unsupported_algorithm"),
        ("another key", token().wrong_key().build(), "bad_signature"),
        ("unknown kid", token().kid("unknown").build(), "unknown_key"),
        ("no kid", token().without_header("kid").build(), "malformed_token"),
        ("payload of another", swap(&good, &swapped), "bad_signature"),
        ("crit b64", token().header("crit", json!(["b64"])).build(), "malformed_token"),
        ("crit empty", token().header("crit", json!([])).build(), "malformed_token"),
        ("typ of another kind", token().header("typ", "secevent+jwt").build(), "malformed_token"),
        ("aud twice", token().raw_payload(twice).build(), "malformed_token"),
        ("padding", format!("{good}=="), "malformed_token"),
        ("five parts", format!("{header}.{payload}.{signature}.{payload}.{signature}"), "encrypted_token"),
        ("two parts", format!("{header}.{payload}"), "malformed_token"),
        ("expires in 100 years", token().expires_in(Duration::from_secs(100 * 31_557_600)).build(), "accepted"),
    ]
}

/// The token with the payload of the other.
fn swap(token: &str, other: &str) -> String {
    let payload = other.split('.').nth(1).unwrap();
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[1] = payload;
    parts.join(".")
}
