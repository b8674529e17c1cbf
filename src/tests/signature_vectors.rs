//! Wycheproof, RFC 7515 and the JOSE cookbook, with `jsonwebtoken` as a second opinion.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::vectors;
use crate::{
    jwk::KeySet,
    jwt::{Algorithm, Compact},
};

const RS256: &[Algorithm] = &[Algorithm::RS256];
const THREE: &[Algorithm] = &[Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

/// Whether the signature layer accepts `token` with the one key of a set: form, header, key, signature.
fn accepts(token: &str, keys: &Value, algorithms: &[Algorithm]) -> bool {
    let Ok(set) = KeySet::parse(keys.to_string().as_bytes()) else { return false };
    let Ok(compact) = Compact::split(token.as_bytes()) else { return false };
    let Ok(header) = compact.read_header() else { return false };
    let Ok(signature) = compact.read_signature() else { return false };
    let Some(key_id) = header.key_id else { return false };
    if crate::jwt::decode(compact.payload).is_none() || !algorithms.contains(&header.algorithm) {
        return false;
    }
    let key = set.keys.iter().find(|key| key.key_id == key_id).and_then(|key| key.material.prepare(algorithms).ok());
    key.is_some_and(|key| key.verify(header.algorithm, compact.signing_input, &signature))
}

/// The same by `jsonwebtoken`, with a back end of our choice, and the rules that it leaves to its user: `use`, `key_ops`,
/// `alg`, `kid`.
fn jsonwebtoken_accepts(token: &str, key: &Value, algorithms: &[Algorithm]) -> bool {
    let Ok(key) = serde_json::from_value::<jsonwebtoken::jwk::Jwk>(key.clone()) else { return false };
    let Ok(header) = jsonwebtoken::decode_header(token) else { return false };
    let Ok(algorithm) = format!("{:?}", header.alg).parse::<Algorithm>() else { return false };
    let Ok(decoding_key) = jsonwebtoken::DecodingKey::from_jwk(&key) else { return false };
    let Some((message, signature)) = token.rsplit_once('.') else { return false };
    let Some(signature) = crate::jwt::decode(signature.as_bytes()) else { return false };
    let Ok(verifier) = (jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.verifier_factory)(&header.alg, &decoding_key)
    else {
        return false;
    };
    algorithms.contains(&algorithm)
        && key.common.key_algorithm.is_none_or(|own| own.to_string() == algorithm.as_str())
        && jsonwebtoken::signature::Verifier::verify(&*verifier, message.as_bytes(), &signature).is_ok()
}

fn key_of(group: &Value) -> &Value {
    group.get("public").unwrap_or(&group["private"])
}

#[test]
#[ignore = "needs TOWER_ENTRA_VECTORS"]
fn wycheproof_signatures() {
    let file = vectors("wycheproof/json_web_signature_test.json");
    let expected = vectors("wycheproof/expected_signature.json");
    let expected: BTreeMap<u64, &Value> =
        expected["cases"].as_array().unwrap().iter().map(|case| (case["tcId"].as_u64().unwrap(), case)).collect();
    let (mut cases, mut by_rs256, mut by_three, mut differences) = (0, 0, 0, Vec::new());
    for group in file["testGroups"].as_array().unwrap() {
        let keys = json!({"keys": [key_of(group)]});
        for test in group["tests"].as_array().unwrap() {
            let number = test["tcId"].as_u64().unwrap();
            // Tokens in JSON serialisation are given as objects; as a text they are no compact form.
            let token = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            for (algorithms, column, count) in
                [(RS256, "accept_rs256_only", &mut by_rs256), (THREE, "accept_rs_ps_es256", &mut by_three)]
            {
                let verdict = accepts(&token, &keys, algorithms);
                assert_eq!(verdict, expected[&number][column].as_bool().unwrap(), "case {number}: {}", test["comment"]);
                *count += usize::from(verdict);
                if verdict != jsonwebtoken_accepts(&token, key_of(group), algorithms) {
                    differences.push((number, verdict));
                }
            }
            cases += 1;
        }
    }
    assert_eq!((cases, by_rs256, by_three), (401, 8, 16));
    // What jsonwebtoken accepts and we do not, and the reason.
    let reasons: BTreeMap<u64, &str> = [
        (353, "the key is for encryption (use), which jsonwebtoken does not look at"),
        (354, "the key is for encryption (use), which jsonwebtoken does not look at"),
        (355, "the key is for encryption (key_ops), which jsonwebtoken does not look at"),
        (356, "the key is for encryption (key_ops), which jsonwebtoken does not look at"),
    ]
    .into();
    for (number, verdict) in differences {
        assert!(!verdict, "case {number}: jsonwebtoken refuses what we accept");
        assert!(reasons.contains_key(&number), "case {number}: jsonwebtoken accepts what we refuse");
    }
}

#[test]
#[ignore = "needs TOWER_ENTRA_VECTORS"]
fn wycheproof_key_sets() {
    let file = vectors("wycheproof/json_web_key_test.json");
    let mut usable = Vec::new();
    let mut cases = 0;
    for group in file["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let token = test["jws"].as_str().unwrap();
            if accepts(token, key_of(group), &Algorithm::ALL) {
                usable.push(test["tcId"].as_u64().unwrap());
            }
            cases += 1;
        }
    }
    assert_eq!((cases, usable), (26, vec![5]), "a sound RSA key, and nothing else");
}

#[test]
#[ignore = "needs TOWER_ENTRA_VECTORS"]
fn rfc_7515_examples() {
    let file = vectors("rfc7515.json");
    let with_kid = |example: &Value| {
        let mut key = example["jwk"].clone();
        key["kid"] = json!("k");
        json!({ "keys": [key] })
    };
    for (name, algorithms) in [("A.2", RS256), ("A.3", THREE)] {
        let example = &file[name];
        let token = example["compact"].as_str().unwrap();
        // The headers have no kid, which we require: so the parts are looked at one by one.
        let compact = Compact::split(token.as_bytes()).unwrap();
        let header = compact.read_header().unwrap();
        let set = KeySet::parse(with_kid(example).to_string().as_bytes()).unwrap();
        let key = set.keys[0].material.prepare(algorithms).unwrap();
        let signature = compact.read_signature().unwrap();
        assert!(key.verify(header.algorithm, compact.signing_input, &signature), "{name}");
        assert!(!accepts(token, &with_kid(example), algorithms), "{name} has no kid");
        let payload = compact.read_payload().unwrap();
        assert_eq!(payload.expires_at.as_secs(), 1_300_819_380, "{name} is a good signature on an expired token");
    }
    let unsigned = file["A.5 (alg none)"]["compact"].as_str().unwrap();
    assert!(Compact::split(unsigned.as_bytes()).unwrap().read_header().is_err());
}

#[test]
#[ignore = "needs TOWER_ENTRA_VECTORS"]
fn jose_cookbook() {
    for (file, algorithm, is_accepted) in [
        ("cookbook/jws/4_1.rsa_v15_signature.json", "RS256", true),
        ("cookbook/jws/4_2.rsa-pss_signature.json", "PS384", true),
        ("cookbook/jws/4_3.ecdsa_signature.json", "ES512", false),
        ("cookbook/jws/4_4.hmac-sha2_integrity_protection.json", "HS256", false),
        ("cookbook/jws/4_5.signature_with_detached_content.json", "HS256", false),
        ("cookbook/jws/4_6.protecting_specific_header_fields.json", "HS256", false),
        ("cookbook/jws/4_7.protecting_content_only.json", "HS256", false),
        ("cookbook/jws/4_8.multiple_signatures.json", "several", false),
    ] {
        let example = vectors(file);
        assert!(example["input"]["alg"].as_str().is_none_or(|found| found == algorithm), "{file}");
        let mut key = example["input"]["key"].clone();
        if let Some(key) = key.as_object_mut() {
            // The cookbook gives the private key: of it only the public half would be published.
            key.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
        }
        let keys = json!({ "keys": if key.is_array() { key } else { json!([key]) } });
        let output = &example["output"];
        let mut tokens: Vec<String> = output["compact"].as_str().map(str::to_owned).into_iter().collect();
        let compact = tokens.len();
        tokens.extend([&output["json"], &output["json_flat"]].map(Value::to_string));
        for (at, token) in tokens.iter().enumerate() {
            let expected = is_accepted && at < compact;
            assert_eq!(accepts(token, &keys, &Algorithm::ALL), expected, "{file}: {token}");
            if expected {
                assert!(!accepts(token, &keys, &[Algorithm::ES256]), "{file}: not an allowed algorithm");
                assert!(jsonwebtoken_accepts(token, &keys["keys"][0], &Algorithm::ALL), "{file}");
            }
        }
    }
    for (file, is_usable) in [
        ("cookbook/jwk/3_1.ec_public_key.json", false),
        ("cookbook/jwk/3_2.ec_private_key.json", false),
        ("cookbook/jwk/3_3.rsa_public_key.json", true),
        ("cookbook/jwk/3_4.rsa_private_key.json", false),
        ("cookbook/jwk/3_5.symmetric_key_mac_computation.json", false),
        ("cookbook/jwk/3_6.symmetric_key_encryption.json", false),
    ] {
        let key = vectors(file);
        let set = KeySet::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap();
        let usable = set.keys.iter().any(|key| key.material.prepare(&Algorithm::ALL).is_ok());
        assert_eq!(usable, is_usable, "{file}");
    }
}
