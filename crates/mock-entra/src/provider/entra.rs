use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Document, Provider, Validity, entra_claims, not_found, object};
use crate::{
    claims::Claims,
    form::parameter,
    ids,
    key_spec::KeySet,
    message::MockResponse,
    state::State,
    token_spec::{TokenSpec, Version},
};
use tower_entra::tenant::{Cloud, TenantId};

/// Entra in one of Microsoft's clouds, an emulator of it, or External ID.
#[derive(Debug)]
pub(crate) struct Entra {
    v1_issuer: String,
    v2_issuer: String,
    graph_host: &'static str,
    msgraph_host: &'static str,
    /// Whether it has the shared documents `common` and `organizations`, and the tenant `consumers`.
    is_shared: bool,
}

const PLACEHOLDER: &str = "{tenantid}";

impl Entra {
    /// One of Microsoft's clouds.
    pub(crate) fn of_cloud(cloud: Cloud) -> Self {
        // Independent of tower-entra, which is tested with this mock.
        let v1_host = match cloud {
            Cloud::Public | Cloud::UsGovernment => "sts.windows.net",
            Cloud::China => "sts.chinacloudapi.cn",
            _ => cloud.login_host(),
        };
        let (graph_host, msgraph_host) = match cloud {
            Cloud::UsGovernment => ("graph.windows.net", "graph.microsoft.us"),
            Cloud::China => ("graph.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
            _ => ("graph.windows.net", "graph.microsoft.com"),
        };
        Self {
            v1_issuer: format!("https://{v1_host}/{PLACEHOLDER}/"),
            v2_issuer: format!("https://{}/{PLACEHOLDER}/v2.0", cloud.login_host()),
            graph_host,
            msgraph_host,
            is_shared: true,
        }
    }

    /// An emulator, whose issuers contain its base address.
    pub(crate) fn at(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        Self {
            v1_issuer: format!("{base}/{PLACEHOLDER}/"),
            v2_issuer: format!("{base}/{PLACEHOLDER}/v2.0"),
            ..Self::of_cloud(Cloud::Public)
        }
    }

    /// External ID. The host of its issuers starts with the tenant id, whatever the base address (`docs/entra.md`,
    /// "External ID").
    pub(crate) fn external_id() -> Self {
        Self { is_shared: false, ..Self::at(&format!("https://{PLACEHOLDER}.ciamlogin.com")) }
    }

    /// The issuer of `tenant`, which does not have to be registered.
    fn issuer_of(&self, version: Version, tenant: &str) -> String {
        self.issuer_template(version).replace(PLACEHOLDER, tenant)
    }

    fn issuer_template(&self, version: Version) -> &str {
        match version {
            Version::V1 => &self.v1_issuer,
            Version::V2 => &self.v2_issuer,
        }
    }

    /// The owner of the documents with this first path segment.
    fn owner(&self, state: &State, segment: &str) -> Option<Owner> {
        match segment {
            "common" | "organizations" if self.is_shared => Some(Owner { tenant: None, segment: segment.to_owned() }),
            _ => self.tenant(state, segment).map(|tenant| Owner { tenant: Some(tenant), segment: tenant.to_string() }),
        }
    }

    fn tenant(&self, state: &State, segment: &str) -> Option<TenantId> {
        let personal = TenantId::PERSONAL_ACCOUNTS;
        let is_personal = self.is_shared && (segment == "consumers" || segment.parse() == Ok(personal));
        if is_personal { Some(personal) } else { state.directory.tenant(segment) }
    }

    /// The `issuer` in the owner's documents. Shared documents contain the template.
    fn document_issuer(&self, owner: &Owner, version: Version) -> String {
        match owner.tenant {
            Some(_) => self.issuer_of(version, &owner.segment),
            None => self.issuer_template(version).to_owned(),
        }
    }

    /// `docs/entra.md`, "Metadata documents".
    fn metadata(&self, state: &State, owner: &Owner, version: Version, app: Option<&str>) -> Map<String, Value> {
        let query = app.map(|app| format!("?appid={app}")).unwrap_or_default();
        let root = format!("{}/{}", state.base_url.url, owner.segment);
        let mut document = match version {
            Version::V1 => Self::v1_metadata(&root, &query),
            Version::V2 => self.v2_metadata(&root, &query),
        };
        let common = json!({
            "issuer": self.document_issuer(owner, version),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "kerberos_endpoint": format!("{root}/kerberos"),
            "tenant_region_scope": owner.tenant.map(|_| "EU"),
            "cloud_graph_host_name": self.graph_host,
            "msgraph_host": self.msgraph_host,
            "rbac_url": "https://pas.windows.net",
        });
        document.extend(object(common));
        if let Some(name) = &state.documents.cloud_instance_name {
            document.insert("cloud_instance_name".into(), name.as_str().into());
        }
        document
    }

    fn v1_metadata(root: &str, query: &str) -> Map<String, Value> {
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
            "userinfo_endpoint": format!("https://{}/oidc/userinfo", self.msgraph_host),
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

    /// The instance discovery document, with the equivalent hosts (`docs/entra.md`, "Clouds and login hosts").
    fn instance_discovery(state: &State, query: &str) -> Value {
        let endpoint = parameter(query, "authorization_endpoint").unwrap_or_default();
        let tenant = endpoint.split('/').nth(3).filter(|tenant| !tenant.is_empty()).unwrap_or("common").to_owned();
        let host = |base: &str| base.split_once("://").map_or(base, |(_, host)| host).to_owned();
        let aliases: Vec<String> = state.base_url.all().map(|base| host(base)).collect();
        json!({
            "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", state.base_url.url),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": host(&state.base_url.url),
                "preferred_cache": host(&state.base_url.url),
                "aliases": aliases,
            }],
        })
    }
}

impl Provider for Entra {
    fn hosted_at(&self, base: &str) -> Option<Arc<dyn Provider>> {
        // An emulator: the issuers of Microsoft's clouds belong to Microsoft's hosts only.
        let (graph_host, msgraph_host) = (self.graph_host, self.msgraph_host);
        self.is_shared.then(|| Arc::new(Self { graph_host, msgraph_host, ..Self::at(base) }) as Arc<dyn Provider>)
    }

    fn document(&self, state: &State, path: &str, query: &str) -> Result<Document, Box<MockResponse>> {
        if self.is_shared && path == "/common/discovery/instance" {
            return Ok(Document::Other(Self::instance_discovery(state, query)));
        }
        let (segment, rest) = path.trim_start_matches('/').split_once('/').ok_or_else(not_found)?;
        let document = DocumentPath::parse(rest).ok_or_else(not_found)?;
        let is_switched_on = match document.version() {
            Version::V1 => state.documents.has_v1,
            Version::V2 => state.documents.has_v2,
        };
        if !is_switched_on {
            return Err(not_found());
        }
        let Some(owner) = self.owner(state, segment) else {
            return Err(Box::new(unknown_tenant(state, segment, "invalid_tenant")));
        };
        let app = parameter(query, "appid");
        Ok(match document {
            DocumentPath::Metadata(version) => {
                Document::Metadata(self.metadata(state, &owner, version, app.as_deref()))
            }
            // The keys of v1 key sets have neither `issuer` nor `cloud_instance_name` (`docs/entra.md`, "Signing keys (JWKS)").
            DocumentPath::Keys(version) => Document::Keys(KeySet {
                tenant: owner.tenant,
                app,
                issuer: (version == Version::V2).then(|| self.document_issuer(&owner, version)),
                cloud_instance_name: state.documents.cloud_instance_name.clone(),
                x5t: true,
                alg: false,
            }),
        })
    }

    fn metadata_url(&self, state: &State) -> String {
        format!("{}/{}/v2.0/.well-known/openid-configuration", state.base_url.url, ids::TENANT)
    }

    fn issuer(&self, _state: &State, spec: &TokenSpec) -> String {
        self.issuer_of(spec.version, &spec.tenant)
    }

    fn claims(&self, _state: &State, spec: &TokenSpec) -> Claims {
        entra_claims::claims(spec, &self.issuer_of(spec.version, &spec.tenant))
    }

    /// `nbf` and `iat` are about five minutes in the past (`docs/entra.md`, "Token lifetime").
    fn validity(&self) -> Validity {
        Validity { lifetime: 3599, backdated: 300, has_not_before: true }
    }

    fn token_endpoint_tenant(&self, state: &State, path: &str) -> Option<Result<TenantId, Box<MockResponse>>> {
        let segment = path.strip_suffix("/oauth2/v2.0/token")?.trim_start_matches('/');
        let segment = segment.split('/').next().unwrap_or_default();
        let Some(owner) = self.owner(state, segment) else {
            return Some(Err(Box::new(unknown_tenant(state, segment, "invalid_request"))));
        };
        Some(owner.tenant.ok_or_else(|| {
            let text = "No tenant-identifying information found in either the request or implied by any provided \
                        credentials.";
            Box::new(state.error(400, "invalid_request", 50_059, text))
        }))
    }

    fn graph_host(&self) -> Option<&'static str> {
        Some(self.msgraph_host)
    }
}

fn unknown_tenant(state: &State, segment: &str, error: &str) -> MockResponse {
    let text = format!(
        "Tenant '{segment}' not found. Check to make sure you have the correct tenant ID and are signing into the \
         correct cloud. Check with your subscription administrator, this may happen if there are no active \
         subscriptions for the tenant."
    );
    state.error(400, error, 90_002, &text)
}

/// The owner of a document, from the first segment of its path.
#[derive(Debug)]
struct Owner {
    /// `None` for `common` and `organizations`.
    tenant: Option<TenantId>,
    /// The segment in the URLs of the document: the shared name or the tenant id, even if the request has a domain.
    segment: String,
}

/// The kind of document, from the path after its first segment.
enum DocumentPath {
    Metadata(Version),
    Keys(Version),
}

impl DocumentPath {
    fn parse(rest: &str) -> Option<Self> {
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
