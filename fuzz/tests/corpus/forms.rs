//! The forms in which inputs are accepted, by what is in the input: each needs an input that is accepted.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// The accepted forms that an input has, out of a fixed list.
pub fn of(target: &str, input: &[u8], reasons: &BTreeSet<String>) -> Vec<String> {
    let is_accepted = reasons.iter().any(|reason| reason.starts_with("accepted") || reason.ends_with(": accepted"));
    let text = std::str::from_utf8(input).unwrap_or_default();
    let forms = match target {
        _ if !is_accepted => Vec::new(),
        "token" => token(text),
        "header" => header(text),
        "key_set" => key_set(text, reasons),
        "metadata" => metadata(text),
        "configuration" => configuration(text),
        "policy" => policy(text),
        _ => Vec::new(),
    };
    forms.into_iter().map(|form| format!("accepted: {form}")).collect()
}

/// The form of a configuration with this setting.
pub fn setting(name: &str) -> String {
    format!("accepted: {name}")
}

/// The names of those that hold.
fn names(forms: &[(&str, bool)]) -> Vec<String> {
    forms.iter().filter(|(_, holds)| *holds).map(|(name, _)| (*name).to_owned()).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn token(text: &str) -> Vec<String> {
    let parts = match text.strip_prefix('S') {
        Some(text) => text.split_once('\n').map(|(header, payload)| [header, payload].map(str::to_owned)),
        None => text.split_once('.').and_then(|(header, rest)| {
            let decoded = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok();
            Some([decoded(header)?, decoded(rest.split('.').next()?)?])
        }),
    };
    let Some([header, payload]) = parts else { return Vec::new() };
    let (header, payload) = (json(&header), json(&payload));
    let has = |name: &str| !payload[name].is_null();
    let audience = payload["aud"].as_str().unwrap_or_default();
    let kind = header["typ"].as_str().unwrap_or_default();
    names(&[
        ("made by the target", text.starts_with('S')),
        ("whole", !text.starts_with('S')),
        ("header without typ", header["typ"].is_null()),
        ("typ JWT", kind == "JWT"),
        ("typ in lower case", kind == "jwt"),
        ("typ at+jwt", kind == "at+jwt"),
        ("typ application/at+jwt", kind == "application/at+jwt"),
        ("header with members that are ignored", !header["jku"].is_null()),
        ("aud is a list", payload["aud"].is_array()),
        ("aud with a slash at its end", audience.ends_with('/')),
        ("aud api://client", audience.starts_with("api://") && audience.matches('/').count() == 2),
        ("aud api://tenant/client", audience.starts_with("api://") && audience.matches('/').count() == 3),
        ("scp", payload["scp"].is_string()),
        ("scope", payload["scope"].is_string()),
        ("scope is a list", payload["scope"].is_array()),
        ("roles without a scope", has("roles") && !has("scp") && !has("scope")),
        ("neither scope nor roles", !has("roles") && !has("scp") && !has("scope")),
        ("idtyp app", payload["idtyp"] == "app"),
        ("exp with a fraction", payload["exp"].is_f64()),
        ("exp within the leeway", payload["exp"].as_u64().is_some_and(|exp| exp < tower_entra_fuzz::fixtures::NOW)),
        ("nbf within the leeway", payload["nbf"].as_u64().is_some_and(|nbf| nbf > tower_entra_fuzz::fixtures::NOW)),
        ("without nbf", !has("nbf")),
        ("without sub", !has("sub")),
        ("nonce in an access token", has("nonce")),
        ("token_use access", has("token_use")),
        ("client in client_id", has("client_id")),
        ("client in azp", has("azp")),
        ("client in cid", has("cid")),
        ("client in appid", has("appid")),
        ("sub is the client", has("client_id") && payload["sub"] == payload["client_id"]),
        ("sub of Auth0's client", payload["sub"].as_str().is_some_and(|sub| sub.ends_with("@clients"))),
        ("groups", has("groups")),
        ("groups overage", has("hasgroups") || has("_claim_names")),
        ("wids", has("wids")),
        ("acrs", has("acrs")),
        ("xms_cc", has("xms_cc")),
        ("required claim is a list", payload["department"].is_array()),
    ])
}

fn header(text: &str) -> Vec<String> {
    names(&[
        ("Bearer", text.starts_with("Bearer ")),
        ("bearer", text.starts_with("bearer ")),
        ("BEARER", text.starts_with("BEARER ")),
        ("several spaces", text.contains("  ")),
        ("space before", text.starts_with(' ')),
        ("space behind", text.ends_with(' ')),
        ("token of Entra", text.trim_end().ends_with('E')),
        ("token of an OpenID Connect issuer", text.trim_end().ends_with('O')),
    ])
}

fn key_set(text: &str, reasons: &BTreeSet<String>) -> Vec<String> {
    let plain = text.strip_prefix('S').unwrap_or(text);
    let document = json(plain.strip_prefix('\u{feff}').unwrap_or(plain));
    let keys: Vec<Value> = document["keys"].as_array().cloned().unwrap_or_default();
    let any = |holds: fn(&Value) -> bool| keys.iter().any(holds);
    let is = |reason: &str| reasons.contains(&format!("{reason}: accepted"));
    let modulus = |key: &Value| key["n"].as_str().unwrap_or_default().to_owned();
    let is_same = |one: &Value, other: &Value| !one["n"].is_null() && one["n"] == other["n"];
    let pairs = |holds: &dyn Fn(&Value, &Value) -> bool| {
        keys.iter().enumerate().any(|(at, one)| keys[..at].iter().any(|other| holds(one, other)))
    };
    let mut forms = names(&[
        ("byte order mark", plain.starts_with('\u{feff}')),
        ("members beside keys", document.as_object().is_some_and(|members| members.len() > 1)),
        ("several keys", keys.len() > 1),
        ("use sig", any(|key| key["use"] == "sig")),
        ("without use", any(|key| key["use"].is_null())),
        ("key_ops verify", any(|key| key["key_ops"].is_array())),
        ("members that are ignored", any(|key| !key["x5c"].is_null())),
        ("without kid", is("RSA without kid")),
        ("padded base64", is("RSA") && keys.iter().any(|key| modulus(key).ends_with('='))),
        ("standard base64", is("RSA") && keys.iter().any(|key| modulus(key).contains(['+', '/']))),
        ("leading zero", is("RSA") && keys.iter().any(|key| modulus(key).starts_with("AL"))),
        ("issuer of the key", any(|key| key["issuer"].is_string())),
        ("blank issuer of the key", any(|key| key["issuer"] == " ")),
        ("cloud of the key", any(|key| key["cloud_instance_name"].is_string())),
        ("one key once for each alg", pairs(&|one, other| is_same(one, other) && one["alg"] != other["alg"])),
        ("one key under two kids", pairs(&|one, other| is_same(one, other) && one["kid"] != other["kid"])),
        (
            "two kinds of keys under one kid",
            pairs(&|one, other| one["kid"] == other["kid"] && one["kty"] != other["kty"]),
        ),
        ("beside a skipped key", reasons.iter().any(|reason| reason.contains("key_skipped"))),
    ]);
    for alg in ["RS256", "ES256", "ES384", "EdDSA", "Ed25519"] {
        forms.extend(keys.iter().any(|key| key["alg"] == alg).then(|| format!("alg {alg}")));
    }
    forms
}

fn metadata(text: &str) -> Vec<String> {
    let Some(kind) = text.chars().next() else { return Vec::new() };
    let plain = &text[kind.len_utf8()..];
    let document = json(plain.strip_prefix('\u{feff}').unwrap_or(plain));
    let keys = document["jwks_uri"].as_str().unwrap_or_default();
    let cloud = &document["cloud_instance_name"];
    names(&[
        ("byte order mark", plain.starts_with('\u{feff}')),
        ("members that are ignored", !document["x"].is_null()),
        ("without cloud_instance_name", cloud.is_null()),
        ("blank cloud_instance_name", cloud == " "),
        ("cloud_instance_name", cloud.as_str().is_some_and(|cloud| cloud.contains('.'))),
        ("jwks_uri with its port", keys.contains(":443")),
        ("jwks_uri in capitals", keys.contains("ID.")),
        ("jwks_uri with a query", keys.contains('?')),
        ("jwks_uri at another host of the cloud", keys.contains("login.windows.net")),
        ("jwks_uri at External ID", kind != 'X' && keys.contains("ciamlogin.com")),
        ("jwks_uri at the listed issuer", keys.contains("listed.contoso.example")),
    ])
}

fn configuration(text: &str) -> Vec<String> {
    let document = json(text.strip_prefix('\u{feff}').unwrap_or(text));
    let section = document.get("AzureAd").unwrap_or(&document);
    let mut forms = names(&[
        ("byte order mark", text.starts_with('\u{feff}')),
        ("comments", text.contains("/*") && text.contains("//")),
        ("section", document.get("AzureAd").is_some()),
        ("settings at the top", document.get("TenantId").is_some()),
        ("names with underscores", document.to_string().contains("\"client_id\":")),
        ("several authorities", section["Authorities"].as_array().is_some_and(|all| all.len() > 1)),
        ("truth value as a text", section["AcceptTfpIssuers"].is_string()),
        ("number as a text", section["ClockSkewSeconds"].is_string()),
        ("keys in PEM", section["StaticKeys"].as_str().is_some_and(|keys| keys.starts_with('-'))),
        ("keys as a text", section["StaticKeys"].as_str().is_some_and(|keys| keys.starts_with('{'))),
        ("keys as an object", section["StaticKeys"].is_object()),
    ]);
    let entries = section["Authorities"].as_array().into_iter().flatten();
    for members in std::iter::once(section).chain(entries).filter_map(Value::as_object) {
        // Only what the library knows is accepted; sections beside it are nobody's settings.
        let known = members.keys().filter(|name| tower_entra_fuzz::seeds::SETTINGS.contains(&name.as_str()));
        forms.extend(known.cloned());
    }
    for (setting, values) in [
        ("Kind", &["Entra", "B2C", "ExternalId", "OpenIdConnect"] as &[_]),
        ("TenantId", &["organizations", "common", "consumers", "contoso.example"]),
        ("Instance", &["AzureUsGovernment", "China", "https://login.contoso.example"]),
    ] {
        let given = section[setting].as_str().unwrap_or_default();
        forms.extend(values.contains(&given).then(|| format!("{setting} {given}")));
    }
    let algorithms = section["Algorithms"].as_array().into_iter().flatten().filter_map(Value::as_str);
    forms.extend(algorithms.map(|name| format!("algorithm {name}")));
    forms
}

fn policy(text: &str) -> Vec<String> {
    const ELEMENTS: [&str; 16] = [
        "policies",
        "when",
        "openid-config",
        "issuers",
        "issuer-signing-keys",
        "key",
        "audiences",
        "required-claims",
        "decryption-keys",
        "zumo-master-key",
        "backend-application-ids",
        "client-application-ids",
        "base",
        "include-fragment",
        "authentication-managed-identity",
        "value",
    ];
    const ATTRIBUTES: [&str; 16] = [
        "header-name",
        "query-parameter-name",
        "token-value",
        "failed-validation-httpcode",
        "failed-validation-error-message",
        "output-token-variable-name",
        "require-scheme",
        "require-expiration-time",
        "require-signed-tokens",
        "clock-skew",
        "validate-connectivity",
        "tenant-id",
        "authentication-endpoint",
        "match",
        "separator",
        "certificate-id",
    ];
    let policy = if text.contains("<validate-jwt") { "validate-jwt" } else { "validate-azure-ad-token" };
    let has_element = |name: &&&str| {
        text.split('<').any(|tag| tag.strip_prefix(**name).is_some_and(|rest| rest.starts_with([' ', '>', '/'])))
    };
    let elements = ELEMENTS.iter().filter(has_element).map(|name| format!("{policy}: {name}"));
    let has_attribute = |name: &&&str| text.contains(&format!(" {name}=\""));
    let attributes = ATTRIBUTES.iter().filter(has_attribute).map(|name| format!("{policy}: @{name}"));
    let addresses = [
        ("metadata of v1", "11111111-2222-3333-4444-555555555555/.well-known"),
        ("metadata of v2", "/v2.0/.well-known"),
        ("metadata of an application", "?appid="),
        ("metadata of B2C", "b2clogin.com/contoso.onmicrosoft.com/B2C_1_susi"),
        ("metadata of B2C by a query", "?p=B2C_1_susi"),
        ("metadata of External ID", "ciamlogin.com"),
        ("metadata of an OpenID Connect issuer", "id.contoso.example/main/.well-known"),
        ("metadata at a custom URL", "id.contoso.example/metadata"),
        ("issuer with a placeholder", "{tenantid}"),
        ("clock skew as a time span", "clock-skew=\"0:05:00\""),
    ];
    let addresses = addresses.into_iter().filter(|(_, part)| text.contains(part)).map(|(name, _)| name.to_owned());
    elements.chain(attributes).chain(addresses).collect()
}
