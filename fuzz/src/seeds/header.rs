//! `Authorization` headers.

use serde_json::{Value, json};

use super::{Seeds, bytes, with};
use crate::fixtures::{NOW, UNREACHABLE_ISSUER, encode, entra_claims, good_header, oidc_claims};

pub fn all() -> Seeds {
    let mut all: Vec<String> = [
        "Bearer E",
        "bearer O",
        "BEARER  E",
        "Bearer\tE",
        "Bearer E ",
        "Bearer",
        "Bearer ",
        "",
        "Basic dTpw",
        "Basic dTpw\nBearer E",
        "Bearer E\nBearer E",
        "Bearer a.b.c",
        "Bearer\u{a0}E",
        "Bearer E, Bearer E",
        "DPoP E",
        "BearerE",
        " Bearer E",
        "Bearer \"E\"",
        "Bearer é",
        "Bearer E\n",
        "Token O",
        "Bearer a.b.c.d.e",
        "Bearer x E",
        "Bearer Bearer E",
        "Bearer ====",
        "Bearer {token}",
        "Bearer 'a.b.c'",
        "Bearer a.b,c",
        "Bearer a.b",
        "Bearer x",
        "Bearer \u{7f}",
        "Bearer\"a.b.c\"",
        "Bearer, E",
        "eyJhbGciOiJSUzI1NiJ9.e30.AA",
    ]
    .map(str::to_owned)
    .into();
    all.push(format!("Bearer {}", "x".repeat(2_100)));
    // What is found before the signature is looked at, and tokens without a good one.
    let token = |header: &str, payload: &str| format!("Bearer {}.{}.AA", encode(header), encode(payload));
    let entra = |changes: Value| token(&good_header("good"), &with(entra_claims(), changes).to_string());
    let oidc = |changes: Value| token(&good_header("good"), &with(oidc_claims(), changes).to_string());
    let unknown = |changes: Value| token(&good_header("other"), &with(entra_claims(), changes).to_string());
    for header in [
        "{}",
        "[]",
        r#"{"alg":1}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"RS256","kid":"other"}"#,
        r#"{"alg":"RS256","alg":"RS256"}"#,
        r#"{"alg":"RS256","a":{"b":1,"b":2}}"#,
        r#"{"alg":"RS256","$serde_json::private::Number":"1"}"#,
        r#"{"alg":"RS256","kid":"good","crit":["exp"]}"#,
        r#"{"alg":"RS256","kid":"good","typ":"dpop+jwt"}"#,
    ] {
        all.push(token(header, &entra_claims().to_string()));
    }
    all.push(token(&format!("{{\"alg\":\"RS256\",\"a\":{}{}}}", "[".repeat(70), "]".repeat(70)), "{}"));
    for payload in [
        "",
        "{}",
        r#"{"exp":"x"}"#,
        r#"{"exp":1,"exp":1}"#,
        r#"{"exp":1,"Exp":1}"#,
        r#"{"exp":1,"iss":1}"#,
        r#"{"exp":1,"aud":1}"#,
        r#"{"exp":1,"a":{"b":1,"b":2}}"#,
        r#"{"exp":1,"$serde_json::private::Number":"1"}"#,
    ] {
        all.push(token(&good_header("good"), payload));
    }
    all.push(token(&good_header("good"), &format!("{{\"exp\":1,\"a\":{}{}}}", "[".repeat(70), "]".repeat(70))));
    all.extend([
        format!("Bearer {}.{}.AA", encode([0xff]), encode("{}")),
        format!("Bearer {}.{}.AA", encode(good_header("good")), encode([0xff])),
        format!("Bearer {}.{}.A", encode(good_header("good")), encode("{\"exp\":1}")),
        entra(json!({})),
        entra(json!({"exp": NOW - 7200})),
        entra(json!({"aud": "00000003-0000-0000-c000-000000000000"})),
        entra(json!({"iss": "https://evil.example"})),
        entra(json!({"tid": null})),
        entra(json!({"tid": "x"})),
        entra(json!({"tid": "22222222-3333-4444-5555-666666666666"})),
        entra(json!({"iss": "https://login.microsoftonline.com/22222222-3333-4444-5555-666666666666/v2.0",
            "tid": "22222222-3333-4444-5555-666666666666"})),
        entra(json!({"iss": "https://login.microsoftonline.com/22222222-3333-4444-5555-666666666666/v2.0"})),
        entra(
            json!({"iss": "https://login.microsoftonline.com/22222222-3333-4444-5555-666666666666/v2.0", "tid": null}),
        ),
        entra(
            json!({"iss": "https://login.microsoftonline.com/22222222-3333-4444-5555-666666666666/v2.0", "tid": "x"}),
        ),
        unknown(json!({"tid": null})),
        unknown(json!({"tid": "x"})),
        unknown(json!({"tid": "22222222-3333-4444-5555-666666666666"})),
        unknown(json!({"exp": NOW - 7200})),
        oidc(json!({})),
        oidc(json!({"iss": UNREACHABLE_ISSUER})),
    ]);
    bytes(all)
}
