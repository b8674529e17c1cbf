//! Inputs from which fuzzing starts: one for each form that is accepted, and for each error that can be written by hand.

use serde_json::{Value, json};

use crate::fixtures::{
    AUDIENCE, CALLER, CLIENT, ISSUER, NOW, TENANT, ec_jwk, ed_jwk, encode, entra_claims, good_header, modulus,
    oidc_claims, rs256, rsa_jwk, signed, weak_jwk,
};

type Seeds = Vec<Vec<u8>>;

pub fn all() -> [(&'static str, Seeds); 6] {
    [
        ("token", token()),
        ("header", header()),
        ("key_set", key_set()),
        ("metadata", metadata()),
        ("configuration", configuration()),
        ("policy", policy()),
    ]
}

fn bytes(texts: impl IntoIterator<Item = impl Into<String>>) -> Seeds {
    texts.into_iter().map(|text| text.into().into_bytes()).collect()
}

/// The value with these members replaced; `null` removes one.
fn with(mut value: Value, changes: Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => drop(value.as_object_mut().unwrap().remove(name)),
            _ => value[name] = change.clone(),
        }
    }
    value
}

fn token() -> Seeds {
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
    ] {
        all.push(signed_by_us(&good, &with(oidc_claims(), changes)));
    }
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
        "[]",
        "{",
        "",
    ] {
        all.push(signed_by_us(header, &entra_claims()));
    }
    for payload in ["", "[]", "{", "{\"exp\":1,\"exp\":2}", "{\"a\":[[[[[[[[]]]]]]]]}", "{\"\\ud800\":1}", "null"] {
        all.push(format!("S{good}\n{payload}"));
    }
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

fn header() -> Seeds {
    bytes([
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
    ])
}

fn key_set() -> Seeds {
    let set = |keys: &[Value]| json!({ "keys": keys }).to_string();
    let rsa = |changes: Value| set(&[with(rsa_jwk(), changes)]);
    let ec = |changes: Value| set(&[with(ec_jwk(), changes)]);
    let ed = |changes: Value| set(&[with(ed_jwk(), changes)]);
    let low = |x: Vec<u8>| set(&[json!({"kty": "OKP", "crv": "Ed25519", "kid": "low", "x": encode(x)})]);
    let mut neutral = vec![0; 32];
    neutral[0] = 1;
    let mut padded = modulus();
    padded.insert(0, 0);
    let standard = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, modulus());
    let mut all = vec![
        set(&[rsa_jwk(), ec_jwk(), ed_jwk()]),
        set(&[rsa_jwk()]),
        set(&[ec_jwk()]),
        set(&[ed_jwk()]),
        set(&[]),
        set(&[weak_jwk()]),
        set(&[rsa_jwk(), weak_jwk(), json!(1)]),
        set(&[rsa_jwk(), rsa_jwk()]),
        set(&[rsa_jwk(), with(rsa_jwk(), json!({"n": encode([0xab; 256])}))]),
        set(&[rsa_jwk(), with(ec_jwk(), json!({"kid": "good"}))]),
        set(&[with(rsa_jwk(), json!({"alg": "RS256"})), with(rsa_jwk(), json!({"alg": "PS256"}))]),
        format!("\u{feff}{}", set(&[rsa_jwk()])),
        format!("{} x", set(&[rsa_jwk()])),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"keys":{}}"#.to_owned(),
        r#"{"keys":null}"#.to_owned(),
        r#"{"keys":[],"keys":[]}"#.to_owned(),
        String::new(),
        "[".repeat(200),
        "<html>".to_owned(),
        low(neutral.clone()),
        low(vec![0; 32]),
        low(vec![0xff; 32]),
        low(vec![1; 31]),
    ];
    for changes in [
        json!({"alg": "RS256"}),
        json!({"alg": "PS256"}),
        json!({"alg": "RSA-OAEP"}),
        json!({"alg": "HS256"}),
        json!({"use": "enc"}),
        json!({"use": null}),
        json!({"use": 1}),
        json!({"key_ops": ["verify"]}),
        json!({"key_ops": ["encrypt"]}),
        json!({"key_ops": []}),
        json!({"kid": null}),
        json!({"kid": ""}),
        json!({"kid": 1}),
        json!({"n": null}),
        json!({"e": null}),
        json!({"e": "AQ"}),
        json!({"e": "Ag"}),
        json!({"e": "Aw"}),
        json!({"e": "AAEAAQ"}),
        json!({"e": "/w=="}),
        json!({"n": "!"}),
        json!({"n": encode(&padded)}),
        json!({"n": standard}),
        json!({"n": encode([0xff; 256])}),
        json!({"n": encode([0xff; 2000])}),
        json!({"kty": "oct"}),
        json!({"kty": null}),
        json!({"kty": 7}),
        json!({"d": "x"}),
        json!({"issuer": ISSUER}),
        json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
        json!({"issuer": " "}),
        json!({"cloud_instance_name": "microsoftonline.com"}),
        json!({"x5c": ["x"]}),
    ] {
        all.push(rsa(changes));
    }
    all.push(set(&[with(rsa_jwk(), json!({"kid": "one", "e": "AQ"}))]));
    for changes in [
        json!({"crv": "P-384"}),
        json!({"crv": "P-521"}),
        json!({"crv": "secp256k1"}),
        json!({"crv": null}),
        json!({"x": null}),
        json!({"y": "AA"}),
        json!({"alg": "ES256"}),
        json!({"alg": "ES384"}),
        json!({"y": encode([0; 32])}),
        json!({"d": "x"}),
    ] {
        all.push(ec(changes));
    }
    for changes in [
        json!({"alg": "EdDSA"}),
        json!({"alg": "Ed25519"}),
        json!({"alg": "RS256"}),
        json!({"crv": "Ed448"}),
        json!({"crv": "X25519"}),
        json!({"x": null}),
        json!({"x": "AA"}),
        json!({"use": "enc"}),
    ] {
        all.push(ed(changes));
    }
    bytes(all)
}

fn metadata() -> Seeds {
    let entra = |changes: Value| {
        with(
            json!({"issuer": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
                "jwks_uri": format!("https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"), "cloud_instance_name": "microsoftonline.com"}),
            changes,
        )
    };
    let own = |changes: Value| with(json!({"issuer": ISSUER, "jwks_uri": "https://id.contoso.example/keys"}), changes);
    let b2c = |changes: Value| {
        with(
            json!({"issuer": format!("https://contoso.b2clogin.com/{TENANT}/v2.0/"), "jwks_uri": "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_susi/discovery/v2.0/keys"}),
            changes,
        )
    };
    let external = |changes: Value| {
        with(
            json!({"issuer": format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"), "jwks_uri": format!("https://contoso.ciamlogin.com/{TENANT}/discovery/v2.0/keys")}),
            changes,
        )
    };
    let mut all: Vec<String> = Vec::new();
    for changes in [
        json!({}),
        json!({"issuer": null}),
        json!({"issuer": 1}),
        json!({"issuer": "https://evil.example"}),
        json!({"issuer": ""}),
        json!({"issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
        json!({"issuer": format!("https://sts.windows.net/{TENANT}/")}),
        json!({"jwks_uri": null}),
        json!({"jwks_uri": "https://evil.example/keys"}),
        json!({"jwks_uri": "http://id.contoso.example/keys"}),
        json!({"jwks_uri": "file:///etc/passwd"}),
        json!({"jwks_uri": "/keys"}),
        json!({"jwks_uri": ""}),
        json!({"jwks_uri": "https://id.contoso.example:444/keys"}),
        json!({"jwks_uri": "https://user@id.contoso.example/keys"}),
        json!({"cloud_instance_name": "microsoftonline.us"}),
        json!({"cloud_instance_name": " "}),
        json!({"cloud_instance_name": null}),
        json!({"cloud_instance_name": 1}),
        json!({"issuer": format!("{ISSUER}/")}),
        json!({"issuer": "https://contoso.b2clogin.com/tfp/11111111-2222-3333-4444-555555555555/b2c_1_susi/v2.0/"}),
        json!({"id_token_signing_alg_values_supported": ["RS256"], "x": [[[]]]}),
        json!({"jwks_uri": "https://login.microsoftonline.com/common/discovery/keys"}),
    ] {
        all.extend([
            format!("O{}", own(changes.clone())),
            format!("E{}", entra(changes.clone())),
            format!("B{}", b2c(changes.clone())),
            format!("X{}", external(changes)),
        ]);
    }
    for text in [
        "",
        "O",
        "E",
        "B",
        "X",
        "O{",
        "O[]",
        "Onull",
        "E[]",
        "O{\"issuer\":\"a\",\"issuer\":\"b\",\"jwks_uri\":\"c\"}",
        "O<html>",
    ] {
        all.push(text.to_owned());
    }
    all.push(format!("O\u{feff}{}", own(json!({}))));
    bytes(all)
}

fn configuration() -> Seeds {
    let good = json!({"TenantId": TENANT, "ClientId": CLIENT});
    let mut all: Vec<String> = Vec::new();
    for changes in [
        json!({}),
        json!({"TenantId": null}),
        json!({"ClientId": null}),
        json!({"TenantId": "organizations"}),
        json!({"TenantId": "common"}),
        json!({"TenantId": "consumers"}),
        json!({"TenantId": "contoso.example"}),
        json!({"TenantId": "a b"}),
        json!({"TenantId": 1}),
        json!({"TenantId": ""}),
        json!({"TenantIds": [TENANT, "contoso.onmicrosoft.com"]}),
        json!({"TenantIds": []}),
        json!({"TenantIds": ["common"]}),
        json!({"TenantIds": {}}),
        json!({"Instance": "https://login.microsoftonline.com/"}),
        json!({"Instance": "AzureUsGovernment"}),
        json!({"Instance": "https://evil.example"}),
        json!({"Instance": "http://evil.example"}),
        json!({"Instance": "x"}),
        json!({"Instance": "http://127.0.0.1:4000"}),
        json!({"Audience": "api://orders"}),
        json!({"Audience": "*"}),
        json!({"Audience": "a b"}),
        json!({"Audience": "/"}),
        json!({"Audiences": ["a", "b"]}),
        json!({"Audiences": "a"}),
        json!({"Audiences": []}),
        json!({"ClientId": "x"}),
        json!({"ClientId": "api://x"}),
        json!({"ClientId": TENANT}),
        json!({"ClientId": "00000003-0000-0000-c000-000000000000"}),
        json!({"Authority": format!("https://login.microsoftonline.com/{TENANT}/v2.0")}),
        json!({"Authority": "https://login.microsoftonline.com/common"}),
        json!({"Authority": "https://sts.windows.net/x"}),
        json!({"AllowWebApiToBeAuthorizedByACL": true}),
        json!({"AllowWebApiToBeAuthorizedByACL": "True"}),
        json!({"AllowWebApiToBeAuthorizedByACL": 1}),
        json!({"AppSpecificKeys": true}),
        json!({"AppSpecificKeys": true, "ClientId": null, "Audience": "a"}),
        json!({"AllowedClients": [CALLER]}),
        json!({"AllowedClients": []}),
        json!({"AllowedClients": ["x"]}),
        json!({"RequiredClaims": [{"Name": "department", "Values": ["a", 1, true], "Match": "any", "Separator": " "}]}),
        json!({"RequiredClaims": [{"Name": ""}]}),
        json!({"RequiredClaims": [{}]}),
        json!({"RequiredClaims": [{"Name": "a", "Match": "x"}]}),
        json!({"RequiredClaims": [{"Name": "a", "Separator": " "}]}),
        json!({"RequiredClaims": [{"Name": "a", "Values": []}]}),
        json!({"RequiredClaims": [{"Nmae": "a", "NAME": "b", "name": "c"}]}),
        json!({"RequiredClaims": 1}),
        json!({"RequiredClaims": [1]}),
        json!({"RequiredClaims": [{"Name": "a", "Values": [null]}]}),
        json!({"ClockSkewSeconds": 5}),
        json!({"ClockSkewSeconds": "5"}),
        json!({"ClockSkewSeconds": 301}),
        json!({"ClockSkewSeconds": 1.5}),
        json!({"ClockSkewSeconds": -1}),
        json!({"Resource": "https://api.contoso.example"}),
        json!({"Resource": "api://orders"}),
        json!({"Resource": "x"}),
        json!({"RevokedKeys": ["a"]}),
        json!({"RevokedKeys": [" "]}),
        json!({"DetailedErrors": true}),
        json!({"DetailedErrors": "x"}),
        json!({"Authorities": []}),
        json!({"Authorities": 1}),
        json!({"Authorities": [1]}),
        json!({"Authorities": [{}]}),
        json!({"Authorities": [{"Authorities": []}]}),
        json!({"Authorities": [{"TenantId": "contoso.example"}]}),
        json!({"Authorities": [{"TenantId": TENANT}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": ISSUER}]}),
        json!({"Authorities": [{"Authority": format!("{ISSUER}?a"), "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": format!("{ISSUER}/.well-known/openid-configuration"), "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": "http://id.example", "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a"}, {"Authority": ISSUER, "Audience": "a"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "Name": "x", "Algorithms": ["ES256"], "ScopeClaim": "/a/b", "RoleClaim": "r", "SubjectClaim": "uid", "ClientClaim": "cid", "AudienceClaim": "client_id"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "ScopeClaim": "/~"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "Algorithms": ["HS256"]}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "Algorithms": []}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": {"keys": [rsa_jwk()]}}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": {"keys": [weak_jwk()]}}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": {}}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": "x"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "StaticKeys": 1}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "KeyFile": "missing.pem"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "JwksUri": "https://id.contoso.example/keys"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "JwksUri": "x", "MetadataAddress": "y"}]}),
        json!({"Authorities": [{"Authority": ISSUER, "Audience": "a", "MetadataAddress": "https://id.contoso.example/m"}]}),
        json!({"Authorities": [{"Kind": "OpenIdConnect", "TenantId": TENANT}]}),
        json!({"Authorities": [{"Kind": "x"}]}),
        json!({"Authorities": [{"Kind": "B2C"}]}),
        json!({"Authorities": [{"Instance": "https://contoso.b2clogin.com", "Domain": "contoso.onmicrosoft.com", "SignUpSignInPolicyId": "B2C_1_susi", "AcceptTfpIssuers": true}]}),
        json!({"Authorities": [{"Instance": "https://contoso.b2clogin.com", "Domain": "contoso.onmicrosoft.com", "Policies": ["B2C_1_a", "b2c_1_A", ".."]}]}),
        json!({"Authorities": [{"Authority": "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0"}]}),
        json!({"Authorities": [{"Authority": "https://contoso.ciamlogin.com/"}]}),
        json!({"Authorities": [{"Instance": "https://contoso.ciamlogin.com", "TenantId": TENANT, "Version": "2.0"}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "Version": 1, "ClientId": CALLER}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "Version": 3}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "ClockSkewSeconds": 1}]}),
        json!({"Authorities": [{"TenantId": "fabrikam.example", "Name": "a"}, {"Authority": ISSUER, "Audience": "a", "Name": "a"}]}),
        json!({"SignUpSignInPolicyId": "B2C_1_susi"}),
        json!({"CleintId": "x"}),
        json!({"Colour": 1}),
        json!({"Scopes": "a", "ClientSecret": "x"}),
        json!({"DefaultUserFlow": "x"}),
        json!({"TokenValidationParameters": {}}),
        json!({"client_id": CLIENT}),
        json!({"TenantId": "x".repeat(3000)}),
    ] {
        let section = with(good.clone(), changes);
        all.push(json!({"AzureAd": section}).to_string());
    }
    let section = good.to_string();
    all.extend([
        section.clone(),
        format!("{{\"AzureAd\":{section},\"AzureAd\":{section}}}"),
        format!("{{\"AzureAd\":{section},\"TenantId\":\"x\"}}"),
        format!("{{\"AzureAD \":{section}}}"),
        format!("{{\"Entra\":{section}}}"),
        "{\"AzureAd\":1}".to_owned(),
        format!("// a\n{{ /* b */ \"AzureAd\": {section}, }}"),
        format!("\u{feff}{section}"),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
        "{".to_owned(),
        "/*".to_owned(),
        "{\"a\":1e999}".to_owned(),
        "[[[[".repeat(40),
        "\"\\ud800\"".to_owned(),
        format!("{{\"AzureAd\":{{\"TenantIds\":[{}]}}}}", vec!["1"; 300].join(",")),
    ]);
    bytes(all)
}

fn policy() -> Seeds {
    let url = |tenant: &str, version: &str| {
        format!("https://login.microsoftonline.com/{tenant}{version}/.well-known/openid-configuration")
    };
    let config = |url: &str| format!("<openid-config url=\"{url}\"/>");
    let v2 = config(&url(TENANT, "/v2.0"));
    let audiences = format!("<audiences><audience>{CLIENT}</audience></audiences>");
    let jwt = |attributes: &str, inner: &str| {
        format!("<validate-jwt header-name=\"Authorization\"{attributes}>{inner}</validate-jwt>")
    };
    let with_issuers =
        |config: &str, issuers: &str| jwt("", &format!("{config}{audiences}<issuers>{issuers}</issuers>"));
    let claims = |inner: &str| jwt("", &format!("{v2}{audiences}<required-claims>{inner}</required-claims>"));
    let azure = |attributes: &str, inner: &str| {
        format!("<validate-azure-ad-token{attributes}>{inner}</validate-azure-ad-token>")
    };
    let n = encode(modulus());
    let mut all = vec![
        jwt("", &format!("{v2}{audiences}")),
        format!(
            "<policies><inbound><base/><cors/>{}<rate-limit/></inbound></policies>",
            jwt("", &format!("{v2}{audiences}"))
        ),
        format!("<choose><when condition=\"x\">{}</when></choose>", jwt("", &format!("{v2}{audiences}"))),
        format!("<outbound>{}</outbound>", jwt("", &format!("{v2}{audiences}"))),
        format!(
            "<inbound><authentication-managed-identity/><include-fragment/>{}</inbound>",
            jwt("", &format!("{v2}{audiences}"))
        ),
        jwt("", ""),
        jwt("", &v2),
        jwt("", &audiences),
        jwt("", &format!("{v2}{v2}{audiences}{audiences}")),
        jwt("", &format!("<openid-config/>{audiences}")),
        jwt("", &format!("{}{audiences}", config("x"))),
        jwt("", &format!("{}{audiences}", config("@(x)"))),
        jwt("", &format!("{}{audiences}", config("{{x}}"))),
        jwt("", &format!("{}{audiences}", config(&url("common", "/v2.0")))),
        jwt("", &format!("{}{}{audiences}", config(&url(TENANT, "")), v2)),
        jwt("", &format!("{}{audiences}", config(&format!("{}?appid={CLIENT}", url(TENANT, ""))))),
        jwt(
            "",
            &format!(
                "{}{audiences}",
                config(
                    "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi/v2.0/.well-known/openid-configuration"
                )
            ),
        ),
        jwt(
            "",
            &format!(
                "{}{audiences}",
                config(
                    "https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration?p=B2C_1_susi"
                )
            ),
        ),
        jwt(
            "",
            &format!(
                "{}{audiences}",
                config("https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration")
            ),
        ),
        jwt("", &format!("{}{audiences}", config(&format!("{ISSUER}/.well-known/openid-configuration")))),
        jwt("", &format!("{}{audiences}", config("https://id.contoso.example/metadata"))),
        with_issuers(&v2, &format!("<issuer>https://sts.windows.net/{TENANT}/</issuer>")),
        with_issuers(
            &config(&url("organizations", "/v2.0")),
            &format!("<issuer>https://login.microsoftonline.com/{TENANT}/v2.0</issuer>"),
        ),
        with_issuers(
            &config(&url("common", "/v2.0")),
            "<issuer>https://login.microsoftonline.com/{tenantid}/v2.0</issuer>",
        ),
        with_issuers(&v2, "<issuer>https://evil.example</issuer>"),
        with_issuers(&v2, &format!("<issuer>https://sts.windows.net/{TENANT}</issuer>")),
        with_issuers(&config("https://id.contoso.example/metadata"), &format!("<issuer>{ISSUER}</issuer>")),
        with_issuers(&v2, "<issuer><a/></issuer><x/>"),
        with_issuers(
            &format!("<issuer-signing-keys><key id=\"a\" n=\"{n}\" e=\"AQAB\"/></issuer-signing-keys>"),
            &format!("<issuer>{ISSUER}</issuer>"),
        ),
        jwt(
            "",
            &format!(
                "{v2}{audiences}<issuer-signing-keys><key>c2VjcmV0</key><key certificate-id=\"x\"/><key/><key n=\"@(x)\" e=\"AQAB\"/></issuer-signing-keys>"
            ),
        ),
        jwt(
            "",
            &format!(
                "{v2}{audiences}<decryption-keys><key certificate-id=\"x\"/></decryption-keys><zumo-master-key id=\"x\"/><x/>"
            ),
        ),
        claims("<claim name=\"department\" match=\"any\" separator=\",\"><value>a</value><value>b</value></claim>"),
        claims("<claim name=\"scp\"><value>Files.Read</value></claim>"),
        claims("<claim name=\"roles\"/>"),
        claims("<claim name=\"aud\"><value>api://a</value></claim>"),
        claims("<claim/>"),
        claims("<claim name=\"\"/>"),
        claims("<claim name=\"a\" x=\"\"/>"),
        claims("<claim name=\"a\"><value/></claim>"),
        claims("<claim name=\"a\" match=\"x\"><value>b</value></claim>"),
        claims("<x/>"),
        jwt(
            "",
            &format!(
                "{v2}<required-claims><claim name=\"aud\" match=\"any\"><value>{CLIENT}</value><value>api://a</value></claim></required-claims>"
            ),
        ),
        jwt("", &format!("{v2}<required-claims><claim name=\"aud\"/></required-claims>")),
        jwt("", &format!("{v2}<audiences/>")),
        jwt("", &format!("{v2}<audiences><audience>@(x)</audience></audiences>")),
        azure(
            &format!(" tenant-id=\"{TENANT}\""),
            &format!(
                "<client-application-ids><application-id>{CALLER}</application-id></client-application-ids>{audiences}"
            ),
        ),
        azure("", &audiences),
        azure(" tenant-id=\"\"", &audiences),
        azure(" tenant-id=\"common\"", &audiences),
        azure(" tenant-id=\"@(x)\"", &audiences),
        azure(" tenant-id=\"https://evil.example\"", &audiences),
        azure(&format!(" tenant-id=\"https://login.microsoftonline.com/{TENANT}\""), &audiences),
        azure(
            &format!(" tenant-id=\"{TENANT}\" authentication-endpoint=\"https://login.microsoftonline.us\" x=\"\""),
            &audiences,
        ),
        azure(
            &format!(" tenant-id=\"{TENANT}\""),
            &format!("<backend-application-ids><application-id>{CLIENT}</application-id></backend-application-ids>"),
        ),
        azure(&format!(" tenant-id=\"{TENANT}\""), &format!("<client-application-ids/>{audiences}<x/>")),
        azure(
            &format!(" tenant-id=\"{TENANT}\""),
            &format!(
                "{audiences}<backend-application-ids><application-id>{CLIENT}</application-id></backend-application-ids>{audiences}<decryption-keys/>"
            ),
        ),
        String::new(),
        "<a/>".to_owned(),
        "<".to_owned(),
        "x".to_owned(),
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_owned(),
        "<a></b>".to_owned(),
        "<!-- c --><validate-jwt/>".to_owned(),
        format!("<a>{}{}</a>", jwt("", &v2), jwt("", &v2)),
        "<a>".repeat(120),
        format!("<a{}/>", (0..110).map(|at| format!(" a{at}=\"\"")).collect::<String>()),
        format!("<a>{}</a>", "<b xmlns:c=\"d\"/>".repeat(110)),
        "<![CDATA[x".to_owned(),
        "<?x".to_owned(),
    ];
    for attributes in [
        " require-scheme=\"Bearer\"",
        " require-scheme=\"x\"",
        " require-expiration-time=\"false\"",
        " require-signed-tokens=\"false\"",
        " clock-skew=\"30\"",
        " clock-skew=\"0:05:00\"",
        " clock-skew=\"999\"",
        " clock-skew=\"x\"",
        " clock-skew=\"@(x)\"",
        " failed-validation-httpcode=\"401\"",
        " failed-validation-httpcode=\"403\"",
        " failed-validation-httpcode=\"@(x)\"",
        " failed-validation-error-message=\"x\"",
        " failed-validation-error-message=\"\"",
        " query-parameter-name=\"t\"",
        " token-value=\"@(x)\"",
        " output-token-variable-name=\"jwt\"",
        " x=\"\"",
    ] {
        all.push(jwt(attributes, &format!("{v2}{audiences}")));
    }
    bytes(all)
}
