//! The claims of Entra's v1 and v2 tokens (`docs/entra.md`, "Payload claims").

use serde_json::json;

use crate::{
    claims::{Claims, LOGIN, NAME, NONCE, deterministic_guid, deterministic_string},
    ids,
    token_spec::{Kind, TokenSpec, Version},
};

/// The audience of Microsoft Graph.
pub(crate) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// All claims except `iss` and the times. V1 app-only tokens repeat the `issuer` in `idp`.
pub(super) fn claims(spec: &TokenSpec, issuer: &str) -> Claims {
    let object_id = object_id(spec);
    let audience = audience(spec);
    let subject = match spec.kind {
        Kind::App => object_id.clone(),
        // Pairwise: different for each application (`docs/entra.md`, "Token and subject").
        _ => deterministic_string(&format!("{object_id} {audience}")),
    };
    let mut claims = Claims::default();
    claims.put("aud", audience.as_str());
    claims.put("aio", "AXQAi/8TAAAAmade/up/for/tests/only/0123456789==");
    claims.put("oid", object_id);
    claims.put("rh", "1.AAAAmade-up-for-tests-only-0123456789abcdef.");
    claims.put("sub", subject);
    claims.put("tid", spec.tenant.as_str());
    claims.put("uti", &deterministic_string(&format!("token {}", spec.number))[..22]);
    claims.put("ver", if spec.version == Version::V1 { "1.0" } else { "2.0" });
    if spec.kind != Kind::IdToken {
        let (client, proof) = match spec.version {
            Version::V1 => ("appid", "appidacr"),
            Version::V2 => ("azp", "azpacr"),
        };
        claims.put(client, spec.client.as_str());
        claims.put(proof, spec.client_proof);
        claims.put("xms_ftd", "made-up-for-tests-only");
    }
    match spec.kind {
        Kind::App if spec.version == Version::V1 => claims.put("idp", issuer),
        Kind::App => {}
        Kind::User | Kind::IdToken => put_user(&mut claims, spec.version),
    }
    if spec.kind == Kind::IdToken {
        claims.put("nonce", NONCE);
    }
    if spec.graph {
        claims.put("app_displayname", "Example Client");
        claims.put("xms_tcdt", 1_577_836_800);
        claims.put("wids", json!(["b79fbf4d-3ef9-4689-8143-76b194e85509"]));
    }
    if spec.idtyp {
        claims.put("idtyp", if spec.kind == Kind::App { "app" } else { "user" });
    }
    claims.put_some("scp", spec.scopes(if spec.graph { "email openid profile User.Read" } else { "Files.Read" }));
    claims.put_list("roles", Some(&roles(spec)));
    claims
}

fn put_user(claims: &mut Claims, version: Version) {
    claims.put("name", NAME);
    claims.put("sid", "bbbbbbbb-1111-2222-3333-444444444444");
    if version == Version::V2 {
        return claims.put("preferred_username", LOGIN);
    }
    claims.put("acr", "1");
    claims.put("amr", json!(["pwd", "mfa"]));
    claims.put("family_name", "Example");
    claims.put("given_name", "Ada");
    claims.put("ipaddr", "203.0.113.7");
    claims.put("unique_name", LOGIN);
    claims.put("upn", LOGIN);
}

fn audience(spec: &TokenSpec) -> String {
    match (&spec.audience, spec.graph, spec.kind, spec.version) {
        (Some(audience), ..) => audience.clone(),
        (None, _, Kind::IdToken, _) => spec.client.clone(),
        (None, true, ..) => GRAPH.to_owned(),
        (None, false, _, Version::V1) => format!("api://{}", ids::CLIENT_ID),
        (None, false, _, Version::V2) => ids::CLIENT_ID.to_owned(),
    }
}

fn roles(spec: &TokenSpec) -> Vec<String> {
    match (&spec.roles, spec.kind, spec.graph) {
        (Some(roles), ..) => roles.clone(),
        (None, Kind::App, true) => vec!["User.Read.All".to_owned()],
        (None, Kind::App, false) => vec!["Files.Read.All".to_owned()],
        (None, ..) => Vec::new(),
    }
}

fn object_id(spec: &TokenSpec) -> String {
    match (&spec.object_id, spec.kind) {
        (None, Kind::App) => deterministic_guid(&format!("{} {}", spec.tenant, spec.client)),
        _ => spec.user().to_owned(),
    }
}
