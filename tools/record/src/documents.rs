//! The providers' metadata and key sets, in memory, and what can go wrong with them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use tower_entra::{
    clock::Clock,
    error::{FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
};

use crate::{
    keys::{Key, jwk, weak_jwk},
    names::{B2C_DOMAIN, CLIENT, OTHER_TENANT, PERSONAL, STRANGER, TENANT, THIRD_TENANT},
    object::{Object, string},
};

/// 2026-01-01T00:00:00Z.
pub const NOW: u64 = 1_767_225_600;

/// It stands still, but for what the recorder adds to the elapsed time.
#[derive(Clone, Debug, Default)]
pub struct StillClock(Arc<AtomicU64>);

impl StillClock {
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Relaxed);
    }
}

impl Clock for StillClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Relaxed))
    }
}

/// What is wrong with all documents of a configuration.
#[derive(Clone, Debug, Default)]
pub enum Fault {
    #[default]
    None,
    Connection,
    Timeout,
    TooLarge,
    Status(u16),
    /// Key sets alone have this status.
    KeysStatus(u16),
    /// Once the verifier has warmed up, nothing can be fetched any more.
    LaterDown,
    Body(&'static str),
    /// Metadata has this member instead.
    Metadata(&'static str, String),
    /// All key sets are this one.
    Keys(String),
    /// The issuer of B2C policies has the policy in it.
    PolicyInIssuer,
    /// The `Date` header of each response.
    Date(&'static str),
}

/// The documents as one configuration sees them.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    pub fault: Fault,
    pub is_warm: Arc<AtomicBool>,
}

impl Fetch for Documents {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let response = self.response(request);
        Box::pin(async { response })
    }
}

impl Documents {
    fn response(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let FetchRequest { url, max_bytes, .. } = request;
        let is_keys = url.contains("/keys");
        let is_down = self.is_warm.load(Relaxed);
        let mut document = self.find(&url);
        let refused = || FetchFailure::Connection { cause: "connection refused".to_owned() };
        match &self.fault {
            Fault::Connection => return Err(FetchError::new(url, refused())),
            Fault::LaterDown if is_down => return Err(FetchError::new(url, refused())),
            Fault::Timeout => {
                return Err(FetchError::new(url, FetchFailure::Timeout { after: Duration::from_secs(10) }));
            }
            Fault::TooLarge => return Err(FetchError::new(url, FetchFailure::TooLarge { max_bytes })),
            Fault::Status(status) => return Ok(FetchResponse::new(*status, "")),
            Fault::KeysStatus(status) if is_keys => return Ok(FetchResponse::new(*status, "")),
            Fault::Body(text) => return Ok(FetchResponse::new(200, *text)),
            Fault::Keys(set) if is_keys => return Ok(FetchResponse::new(200, set.clone())),
            Fault::Metadata(name, value) if !is_keys => {
                document = document.map(|document| document.with(name, value));
            }
            _ => {}
        }
        let mut response = match document {
            Some(document) => FetchResponse::new(200, document.to_string()),
            None if url.contains("//login.microsoft") => FetchResponse::new(400, r#"{"error":"invalid_tenant"}"#),
            None => FetchResponse::new(404, ""),
        };
        if let Fault::Date(date) = &self.fault {
            response.date = Some((*date).to_owned());
        }
        Ok(response)
    }

    fn find(&self, url: &str) -> Option<Object> {
        let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if let Some(cloud) = CLOUDS.iter().find(|cloud| cloud.host == host) {
            let (owner, document) = path.split_once('/')?;
            return cloud.document(owner, document, query);
        }
        match host {
            "contoso.b2clogin.com" | "login.b2c.example" => self.b2c(host, path),
            "contoso.ciamlogin.com" | "login.contoso.example" => external_id(host, path),
            _ => openid_connect(host, path),
        }
    }

    fn b2c(&self, host: &str, path: &str) -> Option<Object> {
        let [owner, policy, document] = path.splitn(3, '/').collect::<Vec<_>>().try_into().ok()?;
        if ![B2C_DOMAIN, TENANT].contains(&owner) {
            return None;
        }
        // Each policy has its own key.
        let (name, key, kid) = match policy.to_ascii_lowercase().as_str() {
            "b2c_1_susi" => ("B2C_1_susi", Key::Rsa, "rsa"),
            "b2c_1_edit" => ("B2C_1_edit", Key::Second, "edit"),
            _ => return None,
        };
        let with_policy = matches!(self.fault, Fault::PolicyInIssuer);
        let issuer = match with_policy {
            true => format!("https://{host}/tfp/{TENANT}/{name}/v2.0/"),
            false => format!("https://{host}/{TENANT}/v2.0/"),
        };
        match document {
            "v2.0/.well-known/openid-configuration" => {
                Some(metadata(&issuer, &format!("https://{host}/{owner}/{policy}/discovery/v2.0/keys")))
            }
            "discovery/v2.0/keys" => Some(set([jwk(key).with("kid", string(kid))])),
            _ => None,
        }
    }
}

const WELL_KNOWN: &str = ".well-known/openid-configuration";

fn metadata(issuer: &str, jwks_uri: &str) -> Object {
    Object::default().with("issuer", string(issuer)).with("jwks_uri", string(jwks_uri))
}

/// A JWKS.
pub fn set(keys: impl IntoIterator<Item = Object>) -> Object {
    let keys: Vec<String> = keys.into_iter().map(|key| key.to_string()).collect();
    Object::default().with("keys", format!("[{}]", keys.join(",")))
}

/// A key of 1024 bits alone.
pub fn weak_set() -> String {
    set([weak_jwk()]).to_string()
}

/// A cloud of Entra, or an instance elsewhere.
pub struct Cloud {
    pub host: &'static str,
    /// What stands before the tenant in the issuer of v1 tokens.
    pub v1: &'static str,
    name: &'static str,
}

pub const CLOUDS: [Cloud; 4] = [
    Cloud { host: "login.microsoftonline.com", v1: "https://sts.windows.net/", name: "microsoftonline.com" },
    Cloud { host: "login.microsoftonline.us", v1: "https://sts.windows.net/", name: "microsoftonline.us" },
    Cloud {
        host: "login.partner.microsoftonline.cn",
        v1: "https://sts.chinacloudapi.cn/",
        name: "partner.microsoftonline.cn",
    },
    Cloud { host: "entra.contoso.example", v1: "https://entra.contoso.example/", name: "entra.contoso.example" },
];

impl Cloud {
    pub fn v1_issuer(&self, tenant: &str) -> String {
        format!("{}{tenant}/", self.v1)
    }

    pub fn v2_issuer(&self, tenant: &str) -> String {
        format!("https://{}/{tenant}/v2.0", self.host)
    }

    fn document(&self, owner: &str, document: &str, query: &str) -> Option<Object> {
        let tenant = match owner {
            "common" | "organizations" => "{tenantid}",
            "consumers" | PERSONAL => PERSONAL,
            TENANT | "contoso.example" => TENANT,
            OTHER_TENANT | "fabrikam.example" => OTHER_TENANT,
            THIRD_TENANT => THIRD_TENANT,
            _ => return None,
        };
        let keys = |path: &str| format!("https://{}/{owner}/discovery/{path}{}", self.host, with_mark(query));
        let document = match document.strip_suffix(WELL_KNOWN) {
            Some("v2.0/") => metadata(&self.v2_issuer(tenant), &keys("v2.0/keys")),
            Some("") => metadata(&self.v1_issuer(tenant), &keys("keys")),
            _ => {
                return ["discovery/v2.0/keys", "discovery/keys"].contains(&document).then(|| self.keys(tenant, query));
            }
        };
        Some(document.with("cloud_instance_name", string(self.name)))
    }

    fn keys(&self, tenant: &str, query: &str) -> Object {
        let key = |key, kid: &str, tenant: &str, cloud: &str| {
            let issuer = string(&self.v2_issuer(tenant));
            jwk(key).with("kid", string(kid)).with("issuer", issuer).with("cloud_instance_name", string(cloud))
        };
        let mut all = vec![
            key(Key::Rsa, "rsa", tenant, self.name),
            key(Key::Second, "foreign", STRANGER, self.name),
            key(Key::Second, "other-cloud", tenant, "cloud.example"),
        ];
        if query == format!("appid={CLIENT}") {
            all.push(key(Key::Second, "app", tenant, self.name));
        }
        set(all)
    }
}

fn with_mark(query: &str) -> String {
    if query.is_empty() { String::new() } else { format!("?{query}") }
}

fn external_id(host: &str, path: &str) -> Option<Object> {
    let (owner, document) = path.split_once('/')?;
    if ![B2C_DOMAIN, TENANT].contains(&owner) {
        return None;
    }
    let issuer = format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0");
    match document {
        "v2.0/.well-known/openid-configuration" => {
            Some(metadata(&issuer, &format!("https://{host}/{owner}/discovery/v2.0/keys")))
        }
        "discovery/v2.0/keys" => Some(set([jwk(Key::Rsa).with("kid", string("rsa"))])),
        _ => None,
    }
}

/// Of other issuers: one with keys of three types, one whose only key has no `kid`.
fn openid_connect(host: &str, path: &str) -> Option<Object> {
    match (host, path) {
        ("id.contoso.example", "main/.well-known/openid-configuration") => {
            Some(metadata("https://id.contoso.example/main", "https://id.contoso.example/keys"))
        }
        ("id.contoso.example", "keys") => Some(openid_set()),
        ("kidless.contoso.example", WELL_KNOWN) => {
            Some(metadata("https://kidless.contoso.example", "https://kidless.contoso.example/keys"))
        }
        ("kidless.contoso.example", "keys") => Some(set([jwk(Key::Rsa)])),
        _ => None,
    }
}

pub fn openid_set() -> Object {
    let named = |key, kid: &str| jwk(key).with("kid", string(kid));
    set([named(Key::Rsa, "rsa"), named(Key::P256, "ec"), named(Key::Ed25519, "ed")])
}
