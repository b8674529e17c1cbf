//! Third-party vectors through the whole stack. They are read from `$TOWER_ENTRA_VECTORS`.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use mock_entra::ManualClock;
use serde_json::Value;
use tower_entra::{Authority, RejectionKind, Verifier, jwt::Algorithm};

use crate::support::{Bench, decode};

/// A file of the vectors.
///
/// # Panics
///
/// If the variable is not set, or the file is not there.
pub(crate) fn vectors(file: &str) -> Value {
    let folder = std::env::var_os("TOWER_ENTRA_VECTORS").expect("TOWER_ENTRA_VECTORS names the folder of the vectors");
    let path = PathBuf::from(folder).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Why a token that Google's library accepts is rejected here, and as what.
const STRICTER: [(&str, &str); 9] = [
    ("malformed_token", "exp is required"),
    ("malformed_token", "kid is required where several keys may be meant"),
    ("malformed_token", "kid is required where the only key has one"),
    ("config_error", "keys without kid are left out of a set of several, and none is left"),
    ("config_error", "an issuer that is no https address cannot be configured"),
    ("config_error", "no shared secrets: none of the keys can be used"),
    ("config_error", "P-521 and ES512 are not supported"),
    ("config_error", "a map of certificates is no key set (RFC 7517 §5)"),
    ("config_error", "a key cannot be used for an algorithm of another curve"),
];

/// Cases for which the file names another outcome: a key that has a `kid` is not found without, one key listed twice is one
/// key, and an algorithm that is not supported cannot be configured.
const OTHERWISE: [(&str, &str, usize); 4] = [
    ("verify_jwk_okp_test.cc:PubkeyNoKidOK", "malformed_token", 0),
    ("verify_jwk_rsa_test.cc:JwtTextNoKid, its key alone (derived)", "malformed_token", 2),
    ("verify_jwk_rsa_test.cc:JwtTextNoKidLongExp, its key alone (derived)", "malformed_token", 2),
    ("verify_pem_ec_test.cc:jwksIncorrectAlgSpecifiedFail", "config_error", 8),
];

/// The code of our verdict on a token with the keys of its case; `config_error` if no verifier can be built.
async fn verdict(case: &Value) -> &'static str {
    let (token, keys) = (case["token"].as_str().unwrap(), case["keys"].as_str().unwrap());
    let claim = |name: &str| -> Option<String> {
        let payload: Value = serde_json::from_slice(&decode(token.split('.').nth(1)?)).ok()?;
        Some(payload[name].as_str()?.to_owned())
    };
    let issuer = claim("iss").unwrap_or_else(|| "https://example.com".to_owned());
    // Most of the tokens have neither audience nor scope: their subject stands for both, so that the keys decide.
    let authority = Authority::openid_connect(issuer)
        .audience_claim("sub")
        .scope_claim("sub")
        .audience(claim("sub").unwrap_or_else(|| "nobody".to_owned()))
        .algorithms(match case["key_alg"].as_str() {
            Some(name) => vec![name.parse().unwrap_or(Algorithm::ES384)],
            None => Algorithm::ALL.to_vec(),
        });
    let authority = if case["form"] == "pem" { authority.pem_key(keys) } else { authority.static_keys(keys) };
    let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(case["at"].as_u64().unwrap()));
    match Verifier::builder().authority(authority).clock(clock).build() {
        Err(_) => "config_error",
        Ok(verifier) => match verifier.verify(token).await {
            Ok(_) => "accepted",
            Err(rejection) => rejection.code(),
        },
    }
}

#[tokio::test]
#[ignore = "needs TOWER_ENTRA_VECTORS"]
async fn google_key_sets_and_tokens() {
    let file = vectors("google/jwt_verify_lib.json");
    let cases = file["verify"].as_array().unwrap();
    let (mut used, mut accepted, mut own) = (BTreeSet::new(), 0, 0);
    for case in cases {
        let id = case["id"].as_str().unwrap();
        own += usize::from(!id.ends_with("(derived)"));
        let otherwise = OTHERWISE.iter().find(|(other, ..)| *other == id);
        let expected = otherwise.map_or(case["ours"].as_str().unwrap(), |(_, expected, _)| expected);
        let found = verdict(case).await;
        assert_eq!(found, expected, "{id}");
        match (case["theirs"] == "Ok", found) {
            (true, "accepted") => accepted += 1,
            (true, code) => {
                let why = otherwise.map_or_else(|| case["why"].as_str().unwrap(), |(.., reason)| STRICTER[*reason].1);
                let reason = STRICTER.iter().position(|reason| *reason == (code, why));
                used.insert(reason.unwrap_or_else(|| panic!("{id}: {code}, and there is no reason {why:?}")));
            }
            // Accepted by us alone: never.
            (false, code) => {
                assert_ne!(code, "accepted", "{id}");
                used.extend(otherwise.map(|(.., reason)| *reason));
            }
        }
    }
    assert_eq!((own, cases.len()), (53, 59));
    assert_eq!(used.into_iter().collect::<Vec<_>>(), (0..STRICTER.len()).collect::<Vec<_>>(), "a reason is not used");
    assert!(accepted >= 9, "{accepted}");
}

/// No encrypted token is opened, or causes anything.
#[tokio::test]
#[ignore = "needs TOWER_ENTRA_VECTORS"]
async fn wycheproof_encrypted_tokens() {
    let file = vectors("wycheproof/json_web_encryption_test.json");
    let bench = Bench::new().await;
    let (mut encrypted, mut malformed) = (0, 0);
    for test in file["testGroups"].as_array().unwrap().iter().flat_map(|group| group["tests"].as_array().unwrap()) {
        let token = test["jwe"].as_str().map_or_else(|| test["jwe"].to_string(), str::to_owned);
        match bench.code(&token).await {
            "encrypted_token" => encrypted += 1,
            "malformed_token" => malformed += 1,
            other => panic!("case {}: {other}", test["tcId"]),
        }
        if let Some(answer) = bench.send_header(format!("Bearer {token}").as_bytes()).await {
            assert_eq!(answer.status, 401, "case {}", test["tcId"]);
            let kinds = [RejectionKind::EncryptedToken, RejectionKind::MalformedToken];
            assert!(answer.kind().is_some_and(|kind| kinds.contains(&kind)), "case {}", test["tcId"]);
        }
    }
    assert_eq!((encrypted + malformed, bench.calls()), (139, 0));
    assert!(encrypted > 100, "{encrypted}");
}
