use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    MockEntra,
    site::{Site, Version},
    token::Kind,
};

/// The audience of Microsoft Graph (§9).
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What a token says, but for its dates.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) version: Version,
    pub(super) kind: Kind,
    pub(super) graph: bool,
    pub(super) idtyp: bool,
    /// Which token of the look-alike it is: `uti` follows from it.
    pub(super) number: u64,
    pub(super) tenant: String,
    pub(super) audience: Option<String>,
    pub(super) client: String,
    pub(super) client_proof: &'static str,
    pub(super) object_id: Option<String>,
    pub(super) scopes: Option<String>,
    pub(super) roles: Option<Vec<String>>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            version: Version::V2,
            kind: Kind::User,
            graph: false,
            idtyp: false,
            number: 0,
            tenant: MockEntra::TENANT.to_owned(),
            audience: None,
            client: MockEntra::CALLER.to_owned(),
            client_proof: "1",
            object_id: None,
            scopes: None,
            roles: None,
        }
    }
}

impl Facts {
    fn audience(&self) -> String {
        match (&self.audience, self.graph, self.kind, self.version) {
            (Some(audience), ..) => audience.clone(),
            (None, _, Kind::IdToken, _) => self.client.clone(),
            (None, true, ..) => GRAPH.to_owned(),
            (None, false, _, Version::V1) => format!("api://{}", MockEntra::CLIENT_ID),
            (None, false, _, Version::V2) => MockEntra::CLIENT_ID.to_owned(),
        }
    }

    fn scopes(&self) -> Option<String> {
        let usual = match (self.kind, self.graph) {
            (Kind::User, true) => Some("email openid profile User.Read"),
            (Kind::User, false) => Some("Files.Read"),
            _ => None,
        };
        self.scopes.clone().or_else(|| usual.map(str::to_owned))
    }

    fn roles(&self) -> Vec<String> {
        match (&self.roles, self.kind, self.graph) {
            (Some(roles), ..) => roles.clone(),
            (None, Kind::App, true) => vec!["User.Read.All".to_owned()],
            (None, Kind::App, false) => vec!["Files.Read.All".to_owned()],
            (None, ..) => Vec::new(),
        }
    }

    fn object_id(&self) -> String {
        match (&self.object_id, self.kind) {
            (Some(id), _) => id.clone(),
            (None, Kind::App) => made_up_id(&format!("{} {}", self.tenant, self.client)),
            (None, _) => MockEntra::USER.to_owned(),
        }
    }
}

/// The claims of §5.2, without the dates.
pub(super) fn claims(facts: &Facts, site: &Site) -> Map<String, Value> {
    let object_id = facts.object_id();
    let audience = facts.audience();
    let subject = match facts.kind {
        Kind::App => object_id.clone(),
        // Pairwise: another one for each application (§5.2).
        _ => made_up_text(&format!("{object_id} {audience}")),
    };
    let mut claims = Claims::default();
    claims.put("aud", audience.as_str());
    claims.put("iss", site.issuer(facts.version, &facts.tenant));
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
        Kind::App if facts.version == Version::V1 => claims.put("idp", site.issuer(Version::V1, &facts.tenant)),
        Kind::App => {}
        Kind::User | Kind::IdToken => claims.person(facts.version),
    }
    if facts.kind == Kind::IdToken {
        claims.put("nonce", "made-up-nonce-of-the-client");
    }
    if facts.graph {
        claims.put("app_displayname", "Example Client");
        claims.put("xms_tcdt", 1_577_836_800);
        claims.put("wids", json!(["b79fbf4d-3ef9-4689-8143-76b194e85509"]));
    }
    if facts.idtyp {
        claims.put("idtyp", if facts.kind == Kind::App { "app" } else { "user" });
    }
    if let Some(scopes) = facts.scopes() {
        claims.put("scp", scopes);
    }
    let roles = facts.roles();
    if !roles.is_empty() {
        claims.put("roles", roles);
    }
    claims.0
}

#[derive(Default)]
struct Claims(Map<String, Value>);

impl Claims {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The one user there is.
    fn person(&mut self, version: Version) {
        const NAME: &str = "ada@contoso.example";
        self.put("name", "Ada Example");
        self.put("sid", "bbbbbbbb-1111-2222-3333-444444444444");
        if version == Version::V2 {
            return self.put("preferred_username", NAME);
        }
        self.put("acr", "1");
        self.put("amr", json!(["pwd", "mfa"]));
        self.put("family_name", "Example");
        self.put("given_name", "Ada");
        self.put("ipaddr", "203.0.113.7");
        self.put("unique_name", NAME);
        self.put("upn", NAME);
    }
}

/// A GUID that follows from `seed`.
pub(super) fn made_up_id(seed: &str) -> String {
    let hash = digest(&SHA256, seed.as_bytes());
    let hex: String = hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

fn made_up_text(seed: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, seed.as_bytes()))
}
