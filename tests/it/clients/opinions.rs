//! Other validators judge the same tokens. Every difference is in [`DIFFERENCES`] with its reason.

use std::collections::{BTreeMap, BTreeSet};

use mock_entra::MockEntra;
use serde_json::{Value, json};
use tower_entra::Verifier;

use super::{python, script, tokens::tokens};

const PYJWT: &str = "PyJWT";
const FASTAPI: &str = "fastapi-azure-auth";
const BOTH: &[&str] = &[PYJWT, FASTAPI];

/// Who judges which tokens differently from us, and why that is so.
const DIFFERENCES: &[(&[&str], &[&str], &str)] = &[
    // Stricter here.
    (BOTH, &["another tid", "no tid"], "they do not look at tid, which must be the tenant of iss"),
    (
        BOTH,
        &["id token for the API", "scope /", "application without a role"],
        "they take whatever the issuer signed for this audience; here it must be an access token",
    ),
    (BOTH, &["cnf"], "they take a token that is bound to a key as plain bearer (RFC 7800)"),
    (BOTH, &["typ of another kind"], "they do not look at typ (RFC 8725 §3.11)"),
    (BOTH, &["aud twice"], "the last of two members counts with them (RFC 7519 §4 lets us refuse)"),
    (
        BOTH,
        &["exp as a string", "nbf as a string"],
        "they turn strings into numbers; NumericDate is a number (RFC 7519 §2)",
    ),
    (BOTH, &["padding"], "they drop padding; base64url has none here (RFC 7515 §2)"),
    // Stricter there.
    (&[FASTAPI], &["user, v1", "application, v1, idtyp"], "it knows the issuer of v2 alone"),
    (&[FASTAPI], &["aud with api://"], "it knows the client id alone as an audience"),
    (&[FASTAPI], &["aud as a list"], "its type of a user wants one string, though RFC 7519 §4.1.3 allows a list"),
    (
        &[FASTAPI],
        &["exp with a fraction"],
        "its type of a user wants a whole number, though RFC 7519 §2 allows fractions",
    ),
    (&[FASTAPI], &["no nbf", "no iat", "no sub"], "it requires claims that RFC 7519 leaves optional"),
    (&[FASTAPI], &["user, guest"], "it refuses guests unless told otherwise; here that is a required claim (acct)"),
];

#[tokio::test]
#[ignore = "needs Python clients: just clients"]
async fn others_judge_the_same_but_for_known_differences() {
    let python = python();
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let entra = server.entra();
    let verifier = Verifier::builder()
        .instance(server.url())
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .build()
        .unwrap();
    let tokens = tokens(entra);

    let mut ours = BTreeMap::new();
    for (name, token, code) in &tokens {
        let verdict = verifier.verify(token).await.map_err(|rejection| rejection.code());
        assert_eq!(verdict.as_ref().err().copied().unwrap_or("accepted"), *code, "{name}");
        assert!(ours.insert(*name, verdict.is_ok()).is_none(), "{name} twice");
    }

    let api = MockEntra::CLIENT_ID;
    let ask = json!({
        "metadata": format!("{}/{}/v2.0/.well-known/openid-configuration", server.url(), MockEntra::TENANT),
        "jwks_uri": format!("{}/{}/discovery/v2.0/keys", server.url(), MockEntra::TENANT),
        "issuers": [entra.v2_issuer(MockEntra::TENANT), entra.v1_issuer(MockEntra::TENANT)],
        "audiences": [api, format!("api://{api}"), format!("api://{}/{api}", MockEntra::TENANT)],
        "tenant": MockEntra::TENANT,
        "client_id": api,
        "leeway": 60,
        "tokens": tokens.iter().map(|(name, token, _)| (*name, token.as_str())).collect::<BTreeMap<_, _>>(),
    });
    let theirs = script(&python, "second_opinions.py", &ask).await;

    let known: BTreeSet<(&str, &str)> = DIFFERENCES
        .iter()
        .flat_map(|(who, names, _)| who.iter().flat_map(move |who| names.iter().map(move |name| (*who, *name))))
        .collect();
    let mut wrong = Vec::new();
    for who in BOTH {
        for (name, accepted) in &ours {
            let refusal = &theirs[who][name];
            let differs = refusal.is_null() != *accepted;
            if differs != known.contains(&(*who, *name)) {
                wrong.push(format!("{who}, {name}: {}", told(*accepted, refusal)));
            }
        }
    }
    let unknown = known.iter().filter(|(_, name)| !ours.contains_key(name));
    wrong.extend(unknown.map(|(who, name)| format!("{who}, {name}: there is no such token")));
    assert!(wrong.is_empty(), "not as DIFFERENCES has it:\n{}", wrong.join("\n"));
}

fn told(accepted: bool, refusal: &Value) -> String {
    let ours = if accepted { "accepted" } else { "refused" };
    match refusal.as_str() {
        Some(refusal) => format!("{ours} here, refused there ({refusal})"),
        None => format!("{ours} here, accepted there"),
    }
}
