//! Valid tokens of each kind of issuer.

use aws_lc_rs::digest::{SHA256, digest};

use crate::{
    documents::{CLOUDS, Cloud, NOW},
    keys::{Key, encode, sign},
    names::{
        AUDIENCE, CALLER, CLIENT, DIRECTORY_ROLE, GROUP, KIDLESS, OPENID, OTHER_CALLER, OTHER_TENANT, PERSONAL, TENANT,
        USER,
    },
    object::{Object, list, string},
    random::Random,
};

/// Who issues a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// A tenant in one of [`CLOUDS`].
    Entra {
        cloud: usize,
        tenant: &'static str,
    },
    B2c {
        host: &'static str,
        policy: &'static str,
        is_in_issuer: bool,
    },
    ExternalId,
    OpenIdConnect {
        issuer: &'static str,
        algorithm: &'static str,
    },
}

impl Issuer {
    pub const PUBLIC: Self = Self::Entra { cloud: 0, tenant: TENANT };
    pub const OTHER: Self = Self::Entra { cloud: 0, tenant: OTHER_TENANT };
    pub const PERSONAL: Self = Self::Entra { cloud: 0, tenant: PERSONAL };
    pub const US: Self = Self::Entra { cloud: 1, tenant: TENANT };
    pub const CHINA: Self = Self::Entra { cloud: 2, tenant: TENANT };
    pub const INSTANCE: Self = Self::Entra { cloud: 3, tenant: TENANT };
    pub const B2C: Self = Self::B2c { host: "contoso.b2clogin.com", policy: "B2C_1_susi", is_in_issuer: false };
    pub const B2C_EDIT: Self = Self::B2c { host: "contoso.b2clogin.com", policy: "B2C_1_edit", is_in_issuer: false };
    pub const B2C_TFP: Self = Self::B2c { host: "contoso.b2clogin.com", policy: "B2C_1_susi", is_in_issuer: true };
    pub const B2C_DOMAIN: Self = Self::B2c { host: "login.b2c.example", policy: "B2C_1_susi", is_in_issuer: false };
    pub const OPENID: Self = Self::OpenIdConnect { issuer: OPENID, algorithm: "RS256" };
    pub const OPENID_ES256: Self = Self::OpenIdConnect { issuer: OPENID, algorithm: "ES256" };
    pub const OPENID_EDDSA: Self = Self::OpenIdConnect { issuer: OPENID, algorithm: "EdDSA" };
    pub const KIDLESS: Self = Self::OpenIdConnect { issuer: KIDLESS, algorithm: "RS256" };

    pub fn is_entra(&self) -> bool {
        matches!(self, Self::Entra { .. })
    }

    pub fn is_b2c(&self) -> bool {
        matches!(self, Self::B2c { .. })
    }

    fn cloud(&self) -> Option<(&'static Cloud, &'static str)> {
        match self {
            Self::Entra { cloud, tenant } => Some((&CLOUDS[*cloud], tenant)),
            _ => None,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Entra { cloud, tenant } => CLOUDS[*cloud].v2_issuer(tenant),
            Self::B2c { host, policy, is_in_issuer: true } => format!("https://{host}/tfp/{TENANT}/{policy}/v2.0/"),
            Self::B2c { host, .. } => format!("https://{host}/{TENANT}/v2.0/"),
            Self::ExternalId => format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
            Self::OpenIdConnect { issuer, .. } => (*issuer).to_owned(),
        }
    }
}

/// A token before it is signed.
#[derive(Clone, Debug)]
pub struct Token {
    pub issuer: Issuer,
    pub header: Object,
    pub payload: Object,
    pub key: Key,
    /// It is signed over the hash of the nonce in its header, as Microsoft's tokens for Microsoft Graph are.
    pub hashes_nonce: bool,
    /// These bytes instead of the header's or the payload's JSON.
    pub raw_header: Option<Vec<u8>>,
    pub raw_payload: Option<Vec<u8>>,
}

impl Token {
    pub fn set(&mut self, name: &str, value: impl std::fmt::Display) {
        self.payload.set(name, value);
    }

    pub fn set_text(&mut self, name: &str, value: &str) {
        self.payload.set(name, string(value));
    }

    /// What is signed, in base64url.
    pub fn message(&self) -> String {
        self.message_with(&self.header)
    }

    fn message_with(&self, header: &Object) -> String {
        let part = |raw: &Option<Vec<u8>>, object: &Object| match raw {
            Some(raw) => encode(raw),
            None => encode(object.to_string()),
        };
        format!("{}.{}", part(&self.raw_header, header), part(&self.raw_payload, &self.payload))
    }

    pub fn to_text(&self) -> String {
        let message = self.message();
        let signature = match self.header.text("nonce") {
            Some(nonce) if self.hashes_nonce => {
                let hash = encode(digest(&SHA256, nonce.as_bytes()));
                sign(self.key, &self.message_with(&self.header.clone().with("nonce", string(&hash))))
            }
            _ => sign(self.key, &message),
        };
        format!("{message}.{signature}")
    }
}

/// A token that an ordinary configuration of this issuer accepts.
pub fn valid(issuer: &Issuer, random: &mut Random) -> Token {
    let (algorithm, key, kid) = match issuer {
        Issuer::OpenIdConnect { algorithm: "ES256", .. } => ("ES256", Key::P256, Some("ec")),
        Issuer::OpenIdConnect { algorithm: "EdDSA", .. } => ("EdDSA", Key::Ed25519, Some("ed")),
        Issuer::OpenIdConnect { issuer: KIDLESS, .. } => ("RS256", Key::Rsa, None),
        Issuer::B2c { policy: "B2C_1_edit", .. } => ("RS256", Key::Second, Some("edit")),
        _ => ("RS256", Key::Rsa, Some("rsa")),
    };
    let mut header = Object::default().with("typ", string("JWT")).with("alg", string(algorithm));
    if let Some(kid) = kid {
        header.set("kid", string(kid));
    }
    let payload = Object::default()
        .with("iss", string(&issuer.name()))
        .with("sub", string(["user", "Ada-0123456789abcdef"][random.below(2)]))
        .with("iat", NOW - 60)
        .with("nbf", NOW - 60)
        .with("exp", NOW + [3600, 60, 86_400][random.below(3)])
        .with("department", string("sales"));
    let mut token = Token {
        issuer: issuer.clone(),
        header,
        payload,
        key,
        hashes_nonce: false,
        raw_header: None,
        raw_payload: None,
    };
    match issuer {
        Issuer::Entra { .. } | Issuer::ExternalId => entra(&mut token, random),
        Issuer::B2c { policy, .. } => b2c(&mut token, policy, random),
        Issuer::OpenIdConnect { .. } => openid_connect(&mut token, random),
    }
    token
}

fn entra(token: &mut Token, random: &mut Random) {
    let (cloud, tenant) = token.issuer.cloud().unwrap_or((&CLOUDS[0], TENANT));
    token.set_text("tid", tenant);
    token.set_text("oid", USER);
    token.set_text("azp", CALLER);
    token.set_text("azpacr", random.pick(&["0", "1", "2"]));
    token.set_text("aud", CLIENT);
    token.set_text("ver", "2.0");
    let is_v1 = random.percent(35);
    if is_v1 {
        let v1 = match token.issuer {
            Issuer::ExternalId => token.issuer.name().replace("/v2.0", "/"),
            _ => cloud.v1_issuer(tenant),
        };
        token.set_text("iss", &v1);
        token.set_text("ver", "1.0");
        token.payload.rename("azp", "appid");
        token.payload.rename("azpacr", "appidacr");
        if random.percent(70) {
            token.set_text("aud", &format!("api://{CLIENT}"));
        }
    }
    match random.below(10) {
        0..3 => token.set_text("scp", "Files.Read"),
        3 => {
            token.set_text("scp", "Files.Read Files.Write");
            token.set("roles", list(&["Admin"]));
            token.set("groups", list(&[GROUP]));
            token.set("wids", list(&[DIRECTORY_ROLE]));
        }
        4 | 5 => {
            // Client credentials.
            token.set_text("sub", USER);
            token.set("roles", list(&["Files.Read.All"]));
            if random.percent(50) {
                token.set_text("idtyp", "app");
            }
        }
        6 => {
            token.set_text("scp", "Files.Read");
            token.set("acct", random.below(2));
            token.set_text("idp", &cloud.v1_issuer(OTHER_TENANT));
        }
        7 => {
            token.set_text("scp", "Files.Read");
            token.set("acrs", list(&["c1"]));
            token.set("xms_cc", list(&["cp1"]));
        }
        8 => {
            // An agent identity, for itself or as a user.
            token.set_text("scp", "Files.Read");
            token.set_text("xms_act_fct", "11 9");
            token.set_text("xms_sub_fct", random.pick(&["11", "13"]));
            token.set_text("xms_par_app_azp", OTHER_CALLER);
        }
        _ => {
            token.set_text("scp", "Files.Read");
            token.set_text("name", "Ada Example");
            token.set_text("preferred_username", "ada@contoso.example");
            token.set_text("uti", "made-up-token-id");
            token.header.set("typ", string("at+jwt"));
        }
    }
}

fn b2c(token: &mut Token, policy: &str, random: &mut Random) {
    token.set_text("aud", CLIENT);
    token.set_text("ver", "1.0");
    token.set_text("azp", CALLER);
    token.set_text(random.pick(&["tfp", "acr"]), policy);
    token.set_text("scp", random.pick(&["Files.Read", "Files.Read Files.Write"]));
    if random.percent(30) {
        token.set_text("tid", TENANT);
        token.set_text("oid", USER);
    }
    if random.percent(20) {
        token.set("roles", list(&["Admin"]));
    }
}

fn openid_connect(token: &mut Token, random: &mut Random) {
    token.set_text("aud", AUDIENCE);
    token.set_text("client_id", CALLER);
    token.payload.set("realm_access", r#"{"roles":["Admin"],"scopes":["Files.Read"]}"#);
    match random.below(5) {
        0 => token.set_text("scope", "Files.Read"),
        1 => token.set("scp", list(&["Files.Read", "Files.Write"])),
        2 => {
            // Client credentials.
            token.set_text("sub", CALLER);
            token.set_text("scope", "Files.Read");
        }
        3 => {
            token.set_text("scope", "Files.Read");
            token.payload.rename("client_id", "azp");
            token.set_text("typ", "Bearer");
            token.set("groups", list(&[GROUP]));
        }
        _ => {
            token.set("roles", list(&["Admin"]));
            token.header.set("typ", string("at+jwt"));
        }
    }
}
