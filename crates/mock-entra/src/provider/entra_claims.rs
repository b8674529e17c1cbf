//! What Entra's tokens say, v1 and v2 (`docs/entra.md`, "Payload claims").

use serde_json::json;

use crate::facts::{Claims, Facts, Kind, LOGIN, NONCE, Version, made_up_id, made_up_text};
use crate::ids;

/// The audience of Microsoft Graph.
pub(crate) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// All claims but `iss` and the dates. `issuer` is the token's issuer, which v1 app-only tokens repeat in `idp`.
pub(super) fn claims(facts: &Facts, issuer: &str) -> Claims {
    let object_id = object_id(facts);
    let audience = audience(facts);
    let subject = match facts.kind {
        Kind::App => object_id.clone(),
        // Pairwise: another one for each application (`docs/entra.md`, "Token and subject").
        _ => made_up_text(&format!("{object_id} {audience}")),
    };
    let mut claims = Claims::default();
    claims.put("aud", audience.as_str());
    claims.put("aio", "AXQAi/8TAAAAmade/up/for/tests/only/0123456789==");
    claims.put("oid", object_id);
    claims.put("rh", "1.AAAAmade-up-for-tests-only-0123456789abcdef.");
    claims.put("sub", subject);
    claims.put("tid", facts.tenant.as_str());
    claims.put("uti", &made_up_text(&format!("token {}", facts.number))[..22]);
    claims.put("ver", if facts.version == Version::V1 { "1.0" } else { "2.0" });
    if facts.kind != Kind::IdToken {
        let (client, proof) = match facts.version {
            Version::V1 => ("appid", "appidacr"),
            Version::V2 => ("azp", "azpacr"),
        };
        claims.put(client, facts.client.as_str());
        claims.put(proof, facts.client_proof);
        claims.put("xms_ftd", "made-up-for-tests-only");
    }
    match facts.kind {
        Kind::App if facts.version == Version::V1 => claims.put("idp", issuer),
        Kind::App => {}
        Kind::User | Kind::IdToken => put_person(&mut claims, facts.version),
    }
    if facts.kind == Kind::IdToken {
        claims.put("nonce", NONCE);
    }
    if facts.graph {
        claims.put("app_displayname", "Example Client");
        claims.put("xms_tcdt", 1_577_836_800);
        claims.put("wids", json!(["b79fbf4d-3ef9-4689-8143-76b194e85509"]));
    }
    if facts.idtyp {
        claims.put("idtyp", if facts.kind == Kind::App { "app" } else { "user" });
    }
    claims.put_some("scp", facts.scopes(if facts.graph { "email openid profile User.Read" } else { "Files.Read" }));
    claims.put_list("roles", Some(&roles(facts)));
    claims
}

/// The one user there is.
fn put_person(claims: &mut Claims, version: Version) {
    claims.put("name", "Ada Example");
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

fn audience(facts: &Facts) -> String {
    match (&facts.audience, facts.graph, facts.kind, facts.version) {
        (Some(audience), ..) => audience.clone(),
        (None, _, Kind::IdToken, _) => facts.client.clone(),
        (None, true, ..) => GRAPH.to_owned(),
        (None, false, _, Version::V1) => format!("api://{}", ids::CLIENT_ID),
        (None, false, _, Version::V2) => ids::CLIENT_ID.to_owned(),
    }
}

fn roles(facts: &Facts) -> Vec<String> {
    match (&facts.roles, facts.kind, facts.graph) {
        (Some(roles), ..) => roles.clone(),
        (None, Kind::App, true) => vec!["User.Read.All".to_owned()],
        (None, Kind::App, false) => vec!["Files.Read.All".to_owned()],
        (None, ..) => Vec::new(),
    }
}

fn object_id(facts: &Facts) -> String {
    match (&facts.object_id, facts.kind) {
        (None, Kind::App) => made_up_id(&format!("{} {}", facts.tenant, facts.client)),
        _ => facts.user().to_owned(),
    }
}
