//! Tokens: headers and payloads that the target signs, and whole ones.

use serde_json::{Value, json};

use super::{Seeds, bytes, with};
use crate::fixtures::{
    AUDIENCE, CALLER, CLIENT, ISSUER, NOW, STRICT_ISSUER, TENANT, UNREACHABLE_ISSUER, b2c_issuer, encode, entra_claims,
    good_header, oidc_claims, rs256, signed,
};

pub fn all() -> Seeds {
    let signed_by_us = |header: &str, claims: &Value| format!("S{header}\n{claims}");
    let good = good_header("good");
    let v1 = with(
        entra_claims(),
        json!({"iss": format!("https://sts.windows.net/{TENANT}/"), "ver": "1.0", "azp": null, "azpacr": null, "appid": CALLER, "appidacr": "1",
            "aud": format!("api://{CLIENT}")}),
    );
    let app = json!({"scp": null, "roles": ["Files.Read.All"], "idtyp": "app", "sub": "aaaaaaaa-1111-2222-3333-444444444444"});
    let mut all: Vec<String> = Vec::new();
    for claims in [entra_claims(), v1.clone(), oidc_claims(), with(entra_claims(), app.clone()), with(v1, app)] {
        all.push(signed_by_us(&good, &claims));
    }
    for changes in [
        json!({"exp": NOW - 3600}),
        json!({"exp": NOW - 30}),
        json!({"exp": null}),
        json!({"exp": "1"}),
        json!({"exp": 1e300}),
        json!({"nbf": NOW + 3600}),
        json!({"nbf": NOW + 30}),
        json!({"iat": "x"}),
        json!({"aud": "00000003-0000-0000-c000-000000000000"}),
        json!({"aud": "api://other"}),
        json!({"aud": [CLIENT, "b"]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"aud": {}}),
        json!({"iss": "https://evil.example"}),
        json!({"iss": ["a"]}),
        json!({"iss": null}),
        json!({"tid": "22222222-3333-4444-5555-666666666666"}),
        json!({"tid": "x"}),
        json!({"tid": null}),
        json!({"iss": "https://login.microsoftonline.com/22222222-3333-4444-5555-666666666666/v2.0", "tid": "22222222-3333-4444-5555-666666666666"}),
        json!({"iss": "https://login.microsoftonline.us/11111111-2222-3333-4444-555555555555/v2.0"}),
        json!({"ver": "1.0"}),
        json!({"ver": "3.0"}),
        json!({"scp": null}),
        json!({"scp": ""}),
        json!({"scp": "/"}),
        json!({"scp": ["a"]}),
        json!({"scp": "a\tb"}),
        json!({"cnf": {"jkt": "x"}}),
        json!({"nonce": "n", "scp": null}),
        json!({"roles": "x"}),
        json!({"groups": ["g"]}),
        json!({"hasgroups": true}),
        json!({"_claim_names": {"groups": "src1"}}),
        json!({"idtyp": "user"}),
        json!({"idtyp": 1}),
        json!({"xms_cc": ["cp1"]}),
        json!({"acrs": ["c1"]}),
        json!({"scp": null, "roles": ["Files.Read.All"]}),
        json!({"scp": null, "idtyp": "app"}),
        json!({"aud": format!("api://{CLIENT}/")}),
        json!({"aud": format!("api://{TENANT}/{CLIENT}")}),
        json!({"exp": NOW as f64 + 0.5, "nbf": null}),
        json!({"exp": -1}),
        json!({"nbf": "x"}),
        json!({"EXP": 1}),
        json!({"a": {"$serde_json::private::Number": "1"}}),
        json!({"$serde_json::private::RawValue": "1"}),
        json!({"acr": "1", "azpacr": "0", "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]}),
    ] {
        all.push(signed_by_us(&good, &with(entra_claims(), changes)));
    }
    for changes in [
        json!({"client_id": "other"}),
        json!({"department": "it"}),
        json!({"department": null}),
        json!({"scope": ["a", "b"]}),
        json!({"scope": null}),
        json!({"sub": null}),
        json!({"aud": [AUDIENCE, "x"]}),
        json!({"aud": format!("{AUDIENCE}/")}),
        json!({"scope": 7}),
        json!({"nonce": "n"}),
        json!({"nonce": "n", "typ": "Bearer"}),
        json!({"nonce": "n", "typ": "ID"}),
        json!({"at_hash": "h", "typ": "Bearer"}),
        json!({"token_use": "access"}),
        json!({"token_use": "id"}),
        json!({"scope": null, "roles": ["Clerk"]}),
        json!({"scope": "Orders.Read\tx Orders.Write"}),
        json!({"sub": "shop"}),
        json!({"sub": "shop@clients"}),
        json!({"client_id": null, "azp": "shop"}),
        json!({"client_id": null, "cid": "shop"}),
        json!({"department": ["sales", "it"]}),
        json!({"iss": UNREACHABLE_ISSUER}),
        json!({"iss": UNREACHABLE_ISSUER, "exp": NOW - 7200}),
        json!({"iss": format!("{ISSUER}/")}),
    ] {
        all.push(signed_by_us(&good, &with(oidc_claims(), changes)));
    }
    let app = json!({"tfp": null, "oid": null, "tid": null});
    for (tenant, changes) in [
        ("fabrikam", json!({})),
        ("fabrikam", json!({"tid": null, "ver": "1.0"})),
        ("fabrikam", json!({"tid": "22222222-3333-4444-5555-666666666666"})),
        ("fabrikam", json!({"tfp": null, "acr": "b2c_1_susi"})),
        ("fabrikam", json!({"tfp": "B2C_1_other"})),
        ("fabrikam", json!({"tfp": 1})),
        ("fabrikam", json!({"scp": null, "nonce": "n"})),
        ("fabrikam", app.clone()),
        ("contoso", json!({})),
        ("contoso", app.clone()),
        ("contoso", with(app.clone(), json!({"azp": TENANT, "tfp": null}))),
    ] {
        let claims = with(entra_claims(), json!({"iss": b2c_issuer(tenant), "tfp": "B2C_1_susi"}));
        all.push(signed_by_us(&good, &with(claims, changes)));
    }
    for changes in [
        json!({}),
        json!({"name": "x"}),
        json!({"azpacr": "0"}),
        json!({"scp": null}),
        json!({"scp": null, "roles": ["Files.Read.All"]}),
        json!({"sub": null}),
        json!({"azp": TENANT}),
        json!({"idtyp": "user"}),
    ] {
        let claims = with(entra_claims(), json!({"iss": b2c_issuer("contoso"), "oid": null, "tid": null}));
        all.push(signed_by_us(&good, &with(claims, changes)));
    }
    let group = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    let clerk = json!({"iss": STRICT_ISSUER, "scope": "Orders.Write", "roles": ["Clerk"]});
    for changes in [
        json!({"scope": "Orders.Read"}),
        json!({"roles": null}),
        json!({}),
        json!({"groups": ["x"]}),
        json!({"hasgroups": true}),
        json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}}}),
        json!({"groups": [group]}),
        json!({"groups": [group], "xms_cc": ["cp1"]}),
        json!({"groups": [group], "xms_cc": ["cp1"], "acrs": ["c2"]}),
        json!({"groups": [group], "acrs": ["c1"]}),
    ] {
        all.push(signed_by_us(&good, &with(with(oidc_claims(), clerk.clone()), changes)));
    }
    all.push(signed_by_us(
        r#"{"alg":"RS256","kid":"good","typ":"application/at+jwt"}"#,
        &with(oidc_claims(), json!({"scope": null, "nonce": "n"})),
    ));
    all.push(signed_by_us(r#"{"alg":"RS256","kid":"good","typ":"jwt"}"#, &entra_claims()));
    all.push(signed_by_us(r#"{"alg":"RS256","kid":"good"}"#, &oidc_claims()));
    all.push(signed_by_us(r#"{"alg":"RS256"}"#, &oidc_claims()));
    all.push(signed_by_us(r#"{"alg":"RS256","kid":"other"}"#, &with(entra_claims(), json!({"exp": NOW - 7200}))));
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS256","kid":"good"}"#,
        r#"{"alg":"RS512","kid":"good"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"RS256","kid":"other"}"#,
        r#"{"alg":"RS256","kid":"good","crit":["exp"]}"#,
        r#"{"alg":"RS256","kid":"good","b64":false}"#,
        r#"{"alg":"RS256","kid":"good","typ":"at+jwt"}"#,
        r#"{"alg":"RS256","kid":"good","typ":"dpop+jwt"}"#,
        r#"{"alg":"RS256","alg":"RS256","kid":"good"}"#,
        r#"{"alg":"RS256","kid":"good","jku":"https://evil.example"}"#,
        r#"{"alg":1}"#,
        r#"{"alg":"RS256","a":{"b":1,"b":2}}"#,
        r#"{"alg":"RS256","$serde_json::private::Number":"1"}"#,
        "[]",
        "{",
        "",
    ] {
        all.push(signed_by_us(header, &entra_claims()));
    }
    for payload in [
        "",
        "[]",
        "{",
        "{\"exp\":1,\"exp\":2}",
        "{\"a\":[[[[[[[[]]]]]]]]}",
        "{\"\\ud800\":1}",
        "null",
        "{\"exp\":1,\"a\":{\"b\":1,\"b\":2}}",
    ] {
        all.push(format!("S{good}\n{payload}"));
    }
    all.push(format!("S{good}\n{{\"exp\":1,\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100)));
    all.push(format!("S{{\"alg\":\"RS256\",\"a\":{}1{}}}\n{{}}", "[".repeat(70), "]".repeat(70)));
    let whole = signed(&good, &entra_claims().to_string(), rs256);
    all.extend([
        whole.clone(),
        format!("{whole}="),
        whole.replacen('.', "..", 1),
        format!("{whole}.a.b"),
        whole[..whole.len() - 4].to_owned(),
        format!("\"{whole}\""),
        format!("Bearer {whole}"),
        whole.replace('.', "%2E"),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        "a.b.c.d.e".to_owned(),
        format!("{}.e30.", encode("{}")),
        format!("{}..{}", encode(&good), encode("x")),
        "x".repeat(2_100),
        format!("{whole}\u{200b}"),
        format!("{whole}, {whole}"),
        format!("{} {}", &whole[..20], &whole[20..]),
        "=".to_owned(),
        "$TOKEN".to_owned(),
        format!("{}.a.AA", encode(&good)),
        format!("{}.{}.a", encode(&good), encode("{\"exp\":1}")),
        format!("{}.{}.AA", encode([0xff]), encode("{}")),
        "{\"access_token\":\"a.b.c\"}".to_owned(),
        format!(
            "{}.{}.{}.{}.{}",
            encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#),
            encode("k"),
            encode("iv"),
            encode("c"),
            encode("t")
        ),
    ]);
    // A signature of another text.
    all.push(signed(&good, &entra_claims().to_string(), |_| rs256(b"other")));
    bytes(all)
}
