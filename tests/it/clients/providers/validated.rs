//! Our own verifier before real providers: it finds their keys over HTTP by itself, and says of their tokens what jose says.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use mock_entra::{MockEntra, SigningAlgorithm};
use serde_json::{Value, json};
use tower_entra::{Authority, Verifier, jwt::Algorithm};

use super::{
    OAUTH2_MOCK_SERVER, OIDC_PROVIDER, Provider, Script, id_token_of, node, part, token_of, tokens_of, user_token_of,
};
use crate::support::{decode, encode, parts};

const CLIENT: &str = "a-service";

fn verifier(authority: impl Into<Authority>, algorithm: &str) -> Verifier {
    let algorithm: Algorithm = algorithm.parse().unwrap();
    Verifier::builder().authority(authority.into().algorithms([algorithm])).build().unwrap()
}

fn authority(provider: &Provider) -> Authority {
    Authority::openid_connect(&provider.issuer).audience(&provider.audience).into()
}

async fn code(verifier: &Verifier, token: &str) -> &'static str {
    verifier.verify(token).await.map_or_else(|rejection| rejection.code(), |_| "accepted")
}

#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn their_tokens_are_accepted_for_what_they_are() {
    let node = node();
    for (name, algorithms) in [
        (OIDC_PROVIDER, ["RS256", "PS256", "ES256", "ES384", "EdDSA"].as_slice()),
        (OAUTH2_MOCK_SERVER, ["RS256", "RS384", "RS512", "ES256"].as_slice()),
    ] {
        for algorithm in algorithms {
            let mut provider = Provider::start(&node, name, algorithm).await;
            let name = format!("{name}, {algorithm}");
            let token = token_of(&provider).await;
            let claims = verifier(authority(&provider), algorithm).verify(&token).await.unwrap_or_else(|rejection| {
                panic!("{name}: {rejection}");
            });
            assert_eq!((claims.authority(), claims.issuer()), (&*provider.issuer, &*provider.issuer), "{name}");
            assert_eq!((claims.subject(), claims.client_id()), (Some(CLIENT), Some(CLIENT)), "{name}");
            assert_eq!((claims.is_app_only(), claims.tenant_id()), (true, None), "{name}");
            assert_eq!(claims.scopes().collect::<Vec<_>>(), ["files.read"], "{name}");
            if name.starts_with(OIDC_PROVIDER) {
                let user = user_token_of(&mut provider).await;
                let claims = verifier(authority(&provider), algorithm).verify(&user).await.unwrap();
                assert_eq!((claims.subject(), claims.is_app_only()), (Some("ada"), false), "{name}");
            }

            let another = if *algorithm == "RS256" { "ES256" } else { "RS256" };
            let issuer = provider.issuer.as_str();
            let known = format!("{issuer}/.well-known/openid-configuration");
            let for_us = |issuer: String| Authority::openid_connect(issuer).audience(&provider.audience);
            for (what, authority, algorithm, expected) in [
                (
                    "another audience",
                    Authority::openid_connect(issuer).audience("api://another").into(),
                    *algorithm,
                    "wrong_audience",
                ),
                ("another algorithm", authority(&provider), another, "unsupported_algorithm"),
                // The metadata decides about one slash at the end.
                ("a slash behind the issuer", for_us(format!("{issuer}/")).into(), algorithm, "accepted"),
                (
                    "another issuer",
                    for_us(format!("{issuer}/other")).metadata(&known).into(),
                    algorithm,
                    "unknown_issuer",
                ),
            ] {
                assert_eq!(code(&verifier(authority, algorithm), &token).await, expected, "{name}: {what}");
            }
            let liar = verifier(for_us(format!("{issuer}/other")).metadata(known), algorithm);
            let refusal = liar.warm_up().await.unwrap_err().to_string();
            assert!(refusal.contains("not the configured"), "{name}: its metadata is of another issuer: {refusal}");
        }
    }
}

#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn their_id_tokens_are_refused() {
    let node = node();
    let provider = Provider::start(&node, OAUTH2_MOCK_SERVER, "RS256").await;
    let token = id_token_of(&provider).await;
    assert_eq!(code(&verifier(authority(&provider), "RS256"), &token).await, "wrong_audience");
    // Where API and client are one registration, the audience does not tell.
    let of_client = authority(&provider).audience(CLIENT);
    assert_eq!(code(&verifier(of_client, "RS256"), &token).await, "not_an_access_token");
}

#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn their_new_keys_are_known_at_the_first_token() {
    let node = node();
    for name in [OIDC_PROVIDER, OAUTH2_MOCK_SERVER] {
        let mut provider = Provider::start(&node, name, "RS256").await;
        let ours = verifier(authority(&provider), "RS256");
        let old = token_of(&provider).await;
        let old_kid = part(&old, 0)["kid"].as_str().unwrap().to_owned();
        assert_eq!(code(&ours, &old).await, "accepted", "{name}");
        provider.rotate().await;
        let new = token_of(&provider).await;
        assert_ne!(part(&new, 0)["kid"], old_kid, "{name}");
        assert_eq!((code(&ours, &new).await, code(&ours, &old).await), ("accepted", "accepted"), "{name}");

        if name == OIDC_PROVIDER {
            provider.drop_old_keys().await;
            ours.warm_up().await.unwrap();
            let newcomer = verifier(authority(&provider), "RS256");
            assert_eq!((code(&newcomer, &new).await, code(&newcomer, &old).await), ("accepted", "unknown_key"));
            // Who has seen the key believes it for the time in which keys come back (`docs/entra.md`, "Keys that
            // disappear and return"), or until it is told.
            assert_eq!((code(&ours, &new).await, code(&ours, &old).await), ("accepted", "accepted"));
        }
        ours.revoke_key(&old_kid);
        assert_eq!((code(&ours, &new).await, code(&ours, &old).await), ("accepted", "unknown_key"), "{name}");
    }
}

/// What jose judges differently from us, and why that is so.
const DIFFERENCES: &[(&[&str], &str)] = &[
    (&["expired 30 s ago"], "here 60 s of leeway are the default; jose has none unless it is told"),
    (&["a line behind it"], "jose reads base64 with blanks in it; base64url has none here (RFC 7515 §2)"),
    (&["no kid, well signed"], "jose takes the only key there is; here a key that has a name is found by it alone"),
    (&["typ of another kind"], "jose looks at typ only if it is told which one (RFC 8725 §3.11)"),
    (&["cnf"], "jose takes a token that is bound to a key as plain bearer (RFC 7800)"),
    (
        &["id token", "nonce", "no scope"],
        "jose takes whatever is signed for the audience; here it must be an access token",
    ),
];

/// A token, the audience for which it is judged, and our own verdict.
struct Row {
    name: &'static str,
    token: String,
    audience: String,
    ours: &'static str,
}

#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn jose_says_the_same_but_for_known_differences() {
    let node = node();
    let mut jose = Script::start(&node, "opinions.mjs", &[]);
    let known: BTreeSet<&str> = DIFFERENCES.iter().flat_map(|(names, _)| names.iter().copied()).collect();
    let (mut found, mut wrong) = (BTreeSet::new(), Vec::new());
    for name in [OIDC_PROVIDER, OAUTH2_MOCK_SERVER] {
        for algorithm in ["RS256", "ES256"] {
            let mut provider = Provider::start(&node, name, algorithm).await;
            let mut rows = forged(&provider).await;
            if name == OIDC_PROVIDER {
                let (token, audience) = (user_token_of(&mut provider).await, provider.audience.clone());
                rows.push(Row { name: "user", token, audience, ours: "accepted" });
            } else {
                rows.extend(well_signed(&provider).await);
            }
            for row in rows {
                let ours = verifier(Authority::openid_connect(&provider.issuer).audience(&row.audience), algorithm);
                let code = code(&ours, &row.token).await;
                if code != row.ours {
                    wrong.push(format!("{name}, {algorithm}, {}: {code}, not {}", row.name, row.ours));
                }
                let mut question = provider.question(&row.token, algorithm);
                question["audience"] = row.audience.into();
                let theirs = jose.ask(&question.to_string()).await;
                if theirs["accepted"] != (code == "accepted") {
                    found.insert(row.name);
                    if !known.contains(row.name) {
                        wrong.push(format!("{name}, {algorithm}, {}: {code} here, there {theirs}", row.name));
                    }
                }
            }
        }
    }
    wrong.extend(known.difference(&found).map(|name| format!("{name}: no difference any more")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Tokens of any provider, and what becomes of them in other hands.
async fn forged(provider: &Provider) -> Vec<Row> {
    let good = token_of(provider).await;
    let [header, payload, signature] = parts(&good);
    let mut flipped = decode(signature);
    flipped[10] ^= 1;
    let with_header = |name: &str, value: Value| {
        let mut header = part(&good, 0);
        header[name] = value;
        format!("{}.{payload}.{signature}", encode(header.to_string()))
    };
    let unsigned = {
        let mut header = part(&good, 0);
        header["alg"] = "none".into();
        format!("{}.{payload}.", encode(header.to_string()))
    };
    let mut claims = part(&good, 1);
    claims["scope"] = "files.write".into();
    let kid = part(&good, 0)["kid"].as_str().unwrap().to_owned();
    let key = provider.keys().await["keys"][0].to_string();
    let algorithm = match part(&good, 0)["alg"].as_str().unwrap() {
        "RS256" => SigningAlgorithm::Rs256,
        _ => SigningAlgorithm::Es256,
    };
    let forger = MockEntra::okta();
    forger.rotate_to(algorithm);
    let forger = forger.token().raw_payload(claims.to_string());
    [
        ("good", good.clone(), "accepted"),
        ("another payload", format!("{header}.{}.{signature}", encode(claims.to_string())), "bad_signature"),
        ("one bit of the signature", format!("{header}.{payload}.{}", encode(flipped)), "bad_signature"),
        ("no signature", format!("{header}.{payload}."), "bad_signature"),
        ("half a signature", format!("{header}.{payload}.{}", &signature[..40]), "bad_signature"),
        ("alg none", unsigned, "unsupported_algorithm"),
        ("another alg", with_header("alg", "PS512".into()), "unsupported_algorithm"),
        ("another kid", with_header("kid", "another".into()), "unknown_key"),
        ("no kid", with_header("kid", Value::Null), "malformed_token"),
        ("another's key under its kid", forger.clone().kid(&kid).build(), "bad_signature"),
        ("another's key", forger.clone().build(), "unknown_key"),
        (
            "HS256 with the public key",
            forger.kid(&kid).algorithm(SigningAlgorithm::Hs256(key.into_bytes())).build(),
            "unsupported_algorithm",
        ),
        ("two parts", format!("{header}.{payload}"), "malformed_token"),
        ("a line behind it", format!("{good}\n"), "malformed_token"),
    ]
    .into_iter()
    .map(|(name, token, ours)| Row { name, token, audience: provider.audience.clone(), ours })
    .chain([Row {
        name: "another audience",
        token: good.clone(),
        audience: "api://another".into(),
        ours: "wrong_audience",
    }])
    .collect()
}

/// Tokens that the provider signs as it is asked to.
async fn well_signed(provider: &Provider) -> Vec<Row> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let audience = provider.audience.clone();
    let mut rows = Vec::new();
    for (name, header, payload, ours) in [
        ("aud as a list", json!({}), json!({ "aud": ["api://another", audience] }), "accepted"),
        ("no aud", json!({}), json!({ "aud": null }), "wrong_audience"),
        ("no aud in the list", json!({}), json!({ "aud": [] }), "wrong_audience"),
        ("expired", json!({}), json!({ "exp": now - 3600 }), "expired"),
        ("expired 30 s ago", json!({}), json!({ "exp": now - 30 }), "accepted"),
        ("no exp", json!({}), json!({ "exp": null }), "malformed_token"),
        ("not yet valid", json!({}), json!({ "nbf": now + 3600 }), "not_yet_valid"),
        ("another iss", json!({}), json!({ "iss": "https://other.example" }), "unknown_issuer"),
        ("no iss", json!({}), json!({ "iss": null }), "unknown_issuer"),
        ("typ at+jwt", json!({ "typ": "at+jwt" }), json!({ "scope": null }), "accepted"),
        ("typ of another kind", json!({ "typ": "secevent+jwt" }), json!({}), "malformed_token"),
        ("no kid, well signed", json!({ "kid": null }), json!({}), "malformed_token"),
        ("cnf", json!({}), json!({ "cnf": { "jkt": "a key" } }), "proof_required"),
        ("nonce", json!({}), json!({ "nonce": "n" }), "not_an_access_token"),
        ("no scope", json!({}), json!({ "scope": null }), "not_an_access_token"),
    ] {
        let (header, payload) = (header.to_string(), payload.to_string());
        let form = [("header", header.as_str()), ("payload", payload.as_str())];
        let token = tokens_of(provider, "client_credentials", &form).await["access_token"].as_str().unwrap().to_owned();
        rows.push(Row { name, token, audience: audience.clone(), ours });
    }
    let token = id_token_of(provider).await;
    rows.push(Row { name: "id token", token, audience: CLIENT.into(), ours: "not_an_access_token" });
    rows
}
