use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    answer::Answer,
    key_spec::{KeySet, KeySpec},
    site::{Owner, Version},
    state::State,
};

/// What lies at a path behind its first segment.
enum Document {
    Metadata(Version),
    Keys(Version),
}

impl Document {
    fn at(rest: &str) -> Option<Self> {
        match rest {
            ".well-known/openid-configuration" => Some(Self::Metadata(Version::V1)),
            "v2.0/.well-known/openid-configuration" => Some(Self::Metadata(Version::V2)),
            "discovery/keys" => Some(Self::Keys(Version::V1)),
            "discovery/v2.0/keys" => Some(Self::Keys(Version::V2)),
            _ => None,
        }
    }

    fn version(&self) -> Version {
        match self {
            Self::Metadata(version) | Self::Keys(version) => *version,
        }
    }
}

impl State {
    /// The document at `path`, or the error that stands there instead.
    pub(super) fn body_at(&self, path: &str, query: &str, no_keys: bool) -> Result<Bytes, Box<Answer>> {
        if let Some(body) = self.replaced.get(path) {
            return Ok(body.clone());
        }
        if path == "/common/discovery/instance" {
            return Ok(self.instance_discovery(query).to_string().into());
        }
        let missing = || Box::new(Answer::json(404, &json!({ "error": "not_found" })));
        let (segment, rest) = path.trim_start_matches('/').split_once('/').ok_or_else(missing)?;
        let document = Document::at(rest).ok_or_else(missing)?;
        let switched_on = match document.version() {
            Version::V1 => self.has_v1,
            Version::V2 => self.has_v2,
        };
        if !switched_on {
            return Err(missing());
        }
        let Some(owner) = self.owner(segment) else {
            return Err(Box::new(self.unknown_tenant(segment, "invalid_tenant")));
        };
        let app = parameter(query, "appid");
        let body = match document {
            Document::Metadata(version) => self.metadata(&owner, version, app.as_deref()),
            Document::Keys(_) if no_keys => json!({ "keys": [] }),
            Document::Keys(version) => self.key_set(&owner, version, app.as_deref()),
        };
        Ok(body.to_string().into())
    }

    pub(super) fn unknown_tenant(&self, segment: &str, error: &str) -> Answer {
        let text = format!(
            "Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        );
        Answer::error(self, 400, error, 90_002, &text)
    }

    /// §1.4, §1.5.
    fn metadata(&self, owner: &Owner, version: Version, app: Option<&str>) -> Value {
        let query = app.map(|app| format!("?appid={app}")).unwrap_or_default();
        let root = format!("{}/{}", self.site.base, owner.segment);
        let mut document = match version {
            Version::V1 => self.v1_metadata(&root, &query),
            Version::V2 => self.v2_metadata(&root, &query),
        };
        let common = json!({
            "issuer": owner.issuer(&self.site, version),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "kerberos_endpoint": format!("{root}/kerberos"),
            "tenant_region_scope": owner.tenant.map(|_| "EU"),
            "cloud_graph_host_name": self.site.graph_host,
            "msgraph_host": self.site.msgraph_host,
            "rbac_url": "https://pas.windows.net",
        });
        document.extend(object(common));
        if let Some(name) = &self.site.cloud_instance_name {
            document.insert("cloud_instance_name".into(), name.as_str().into());
        }
        for (name, value) in &self.metadata {
            match value {
                Some(value) => document.insert(name.clone(), value.clone()),
                None => document.remove(name),
            };
        }
        document.into()
    }

    fn v1_metadata(&self, root: &str, query: &str) -> Map<String, Value> {
        object(json!({
            "token_endpoint": format!("{root}/oauth2/token"),
            "jwks_uri": format!("{root}/discovery/keys{query}"),
            "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
            "scopes_supported": ["openid"],
            "microsoft_multi_refresh_token": true,
            "authorization_endpoint": format!("{root}/oauth2/authorize"),
            "device_authorization_endpoint": format!("{root}/oauth2/devicecode"),
            "end_session_endpoint": format!("{root}/oauth2/logout"),
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "email", "given_name",
                "family_name", "nickname",
            ],
            "check_session_iframe": format!("{root}/oauth2/checksession"),
            "userinfo_endpoint": format!("{root}/openid/userinfo"),
        }))
    }

    fn v2_metadata(&self, root: &str, query: &str) -> Map<String, Value> {
        object(json!({
            "token_endpoint": format!("{root}/oauth2/v2.0/token"),
            "jwks_uri": format!("{root}/discovery/v2.0/keys{query}"),
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "request_uri_parameter_supported": false,
            "userinfo_endpoint": format!("https://{}/oidc/userinfo", self.site.msgraph_host),
            "authorization_endpoint": format!("{root}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{root}/oauth2/v2.0/devicecode"),
            "end_session_endpoint": format!("{root}/oauth2/v2.0/logout"),
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid",
                "ver", "at_hash", "c_hash", "email",
            ],
        }))
    }

    /// §1.6: keys of v1 sets have neither `issuer` nor `cloud_instance_name`.
    fn key_set(&self, owner: &Owner, version: Version, app: Option<&str>) -> Value {
        let issuer = (version == Version::V2).then(|| owner.issuer(&self.site, version));
        let set = KeySet {
            tenant: owner.tenant,
            app,
            issuer: issuer.as_deref(),
            cloud_instance_name: self.site.cloud_instance_name.as_deref(),
        };
        let keys: Vec<Value> = self.published.iter().filter_map(|spec: &KeySpec| spec.entry(&set)).collect();
        json!({ "keys": keys })
    }

    /// What clients ask to learn which hosts belong together (§1.1).
    fn instance_discovery(&self, query: &str) -> Value {
        let asked = parameter(query, "authorization_endpoint").unwrap_or_default();
        let tenant = asked.split('/').nth(3).filter(|tenant| !tenant.is_empty()).unwrap_or("common").to_owned();
        let host = |base: &str| base.split_once("://").map_or(base, |(_, host)| host).to_owned();
        let aliases: Vec<String> =
            std::iter::once(&self.site.base).chain(&self.site.aliases).map(|base| host(base)).collect();
        json!({
            "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", self.site.base),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": host(&self.site.base),
                "preferred_cache": host(&self.site.base),
                "aliases": aliases,
            }],
        })
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The value of `name` in a query or a form (`application/x-www-form-urlencoded`).
pub(super) fn parameter(form: &str, name: &str) -> Option<String> {
    form.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find_map(|(key, value)| {
        let found = form_decoded(key).is_some_and(|key| key == name);
        if found { form_decoded(value) } else { None }
    })
}

/// A text of a form without its `+` and `%`; `None` where these are wrong.
pub(super) fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
