use serde_json::{Map, Value, json};

use super::{Document, Provider, Validity, not_found, object};
use crate::{
    claims::{Claims, NAME, NONCE, deterministic_guid},
    form::parameter,
    ids,
    key_spec::KeySet,
    message::MockResponse,
    state::State,
    token_spec::{Kind, TokenSpec},
};
use tower_entra::tenant::TenantId;

/// Azure AD B2C (`docs/entra.md`, "Azure AD B2C").
#[derive(Debug)]
pub(crate) struct B2c;

/// A path of a policy, split into its components.
struct PolicyPath<'s> {
    tenant: TenantId,
    policy: &'s str,
    /// The common prefix of the URLs of this policy.
    root: String,
    /// The common query of the URLs of this policy.
    query: String,
    rest: String,
}

impl<'s> PolicyPath<'s> {
    /// Parses `/{tenant}/{policy}/…`, `/tfp/{tenant}/{policy}/…` or `/{tenant}/…?p={policy}`. `None` if the tenant or the
    /// policy is not registered.
    fn parse(state: &'s State, path: &str, query: &str) -> Option<Self> {
        let path = path.strip_prefix("/tfp").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let (name, rest) = path.strip_prefix('/')?.split_once('/')?;
        let tenant = state.directory.tenant(name)?;
        let root = format!("{}/{name}", state.base_url.url);
        if let Some(policy) = parameter(query, "p") {
            let policy = state.directory.policy(&policy)?;
            let query = format!("?p={}", policy.to_ascii_lowercase());
            return Some(Self { tenant, policy, root, query, rest: rest.to_owned() });
        }
        let (policy, rest) = rest.split_once('/')?;
        let policy = state.directory.policy(policy)?;
        let root = format!("{root}/{}", policy.to_ascii_lowercase());
        Some(Self { tenant, policy, root, query: String::new(), rest: rest.to_owned() })
    }

    fn metadata(&self, state: &State) -> Map<String, Value> {
        let at = |path: &str| format!("{}/{path}{}", self.root, self.query);
        object(json!({
            "issuer": issuer(state, &self.tenant.to_string(), self.policy),
            "authorization_endpoint": at("oauth2/v2.0/authorize"),
            "token_endpoint": at("oauth2/v2.0/token"),
            "end_session_endpoint": at("oauth2/v2.0/logout"),
            "jwks_uri": at("discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "response_types_supported": [
                "code", "code id_token", "code token", "code id_token token", "id_token", "id_token token", "token",
                "token id_token",
            ],
            "scopes_supported": ["openid"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [state.keys.current.algorithm().name()],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["name", "sub", "idp", "tfp", "iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"],
        }))
    }
}

fn issuer(state: &State, tenant: &str, policy: &str) -> String {
    let base = &state.base_url.url;
    if state.directory.policy_in_issuer {
        format!("{base}/tfp/{tenant}/{policy}/v2.0/")
    } else {
        format!("{base}/{tenant}/v2.0/")
    }
}

/// The policy of a token, registered or not.
fn policy<'a>(state: &'a State, spec: &'a TokenSpec) -> &'a str {
    spec.policy.as_deref().unwrap_or(state.directory.default_policy())
}

impl Provider for B2c {
    fn document(&self, state: &State, path: &str, query: &str) -> Result<Document, Box<MockResponse>> {
        let path = PolicyPath::parse(state, path, query).ok_or_else(not_found)?;
        match path.rest.as_str() {
            "v2.0/.well-known/openid-configuration" => Ok(Document::Metadata(path.metadata(state))),
            "discovery/v2.0/keys" => Ok(Document::Keys(KeySet { tenant: Some(path.tenant), ..KeySet::default() })),
            _ => Err(not_found()),
        }
    }

    fn metadata_url(&self, state: &State) -> String {
        let policy = state.directory.default_policy();
        format!("{}/{}/{policy}/v2.0/.well-known/openid-configuration", state.base_url.url, ids::TENANT)
    }

    fn issuer(&self, state: &State, spec: &TokenSpec) -> String {
        issuer(state, &spec.tenant, policy(state, spec))
    }

    fn validity(&self) -> Validity {
        Validity { lifetime: 3600, backdated: 0, has_not_before: true }
    }

    fn claims(&self, state: &State, spec: &TokenSpec) -> Claims {
        let mut claims = Claims::default();
        let is_id_token = spec.kind == Kind::IdToken;
        let audience = if is_id_token { spec.client.as_str() } else { ids::CLIENT_ID };
        claims.put("ver", "1.0");
        claims.put("aud", spec.audience.as_deref().unwrap_or(audience));
        claims.put(if spec.policy_in_acr { "acr" } else { "tfp" }, policy(state, spec));
        if spec.kind == Kind::App {
            // B2C puts app roles in `scp`.
            let roles = spec.roles.as_ref().map_or_else(|| "Files.Read.All".to_owned(), |roles| roles.join(" "));
            claims.put("sub", spec.object_id.clone().unwrap_or_else(|| deterministic_guid(&spec.client)));
            claims.put("scp", spec.scopes.clone().unwrap_or(roles));
        } else {
            claims.put("sub", spec.user());
            claims.put("name", NAME);
            claims.put_some("scp", spec.scopes("Files.Read"));
            claims.put_list("roles", spec.roles.as_deref());
        }
        if is_id_token {
            claims.put("nonce", NONCE);
        } else {
            claims.put("azp", spec.client.as_str());
        }
        claims
    }
}
