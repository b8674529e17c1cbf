use serde_json::{Map, Value, json};

use super::{Dates, Found, Provider, nothing, object};
use crate::answer::Answer;
use crate::form::parameter;
use crate::ids;
use crate::key_spec::KeySet;
use crate::state::State;
use crate::token_spec::{Claims, Kind, NONCE, TokenSpec, deterministic_guid};

/// Azure AD B2C (`docs/entra.md`, "Azure AD B2C"). Its tenants and policies are in the state.
#[derive(Debug)]
pub(crate) struct B2c;

/// What an address names, and how: its root is that of all addresses of the policy, `?p=` its query.
struct Place<'s> {
    tenant: String,
    policy: &'s str,
    root: String,
    query: String,
    rest: String,
}

impl<'s> Place<'s> {
    /// The place at `path`, where both tenant and policy exist: `/{tenant}/{policy}/…`, `/tfp/{tenant}/{policy}/…` or
    /// `/{tenant}/…?p={policy}`.
    fn at(state: &'s State, path: &str, query: &str) -> Option<Self> {
        let path = path.strip_prefix("/tfp").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        let (name, rest) = path.strip_prefix('/')?.split_once('/')?;
        let tenant = state.tenant(name)?.to_string();
        let root = format!("{}/{name}", state.base_url.url);
        if let Some(policy) = parameter(query, "p") {
            let policy = policy_of(state, &policy)?;
            let query = format!("?p={}", policy.to_ascii_lowercase());
            return Some(Self { tenant, policy, root, query, rest: rest.to_owned() });
        }
        let (policy, rest) = rest.split_once('/')?;
        let policy = policy_of(state, policy)?;
        let root = format!("{root}/{}", policy.to_ascii_lowercase());
        Some(Self { tenant, policy, root, query: String::new(), rest: rest.to_owned() })
    }

    fn metadata(&self, state: &State) -> Map<String, Value> {
        let at = |path: &str| format!("{}/{path}{}", self.root, self.query);
        object(json!({
            "issuer": issuer(state, &self.tenant, self.policy),
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
            "id_token_signing_alg_values_supported": [state.current.algorithm().name()],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["name", "sub", "idp", "tfp", "iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"],
        }))
    }
}

/// The policy with its own letter case.
fn policy_of<'s>(state: &'s State, name: &str) -> Option<&'s str> {
    state.policies.iter().find(|policy| policy.eq_ignore_ascii_case(name)).map(String::as_str)
}

fn issuer(state: &State, tenant: &str, policy: &str) -> String {
    let base = &state.base_url.url;
    if state.tfp_issuer { format!("{base}/tfp/{tenant}/{policy}/v2.0/") } else { format!("{base}/{tenant}/v2.0/") }
}

/// The policy of a token, known or not.
fn policy<'a>(state: &'a State, spec: &'a TokenSpec) -> &'a str {
    spec.policy.as_deref().or(state.policies.first().map(String::as_str)).unwrap_or_default()
}

impl Provider for B2c {
    fn find(&self, state: &State, path: &str, query: &str) -> Result<Found, Box<Answer>> {
        let place = Place::at(state, path, query).ok_or_else(nothing)?;
        match place.rest.as_str() {
            "v2.0/.well-known/openid-configuration" => Ok(Found::Metadata(place.metadata(state))),
            "discovery/v2.0/keys" => {
                Ok(Found::Keys(KeySet { tenant: state.tenant(&place.tenant), ..KeySet::default() }))
            }
            _ => Err(nothing()),
        }
    }

    fn metadata_url(&self, state: &State) -> String {
        let policy = state.policies.first().map_or("", String::as_str);
        format!("{}/{}/{policy}/v2.0/.well-known/openid-configuration", state.base_url.url, ids::TENANT)
    }

    fn issuer(&self, state: &State, spec: &TokenSpec) -> String {
        issuer(state, &spec.tenant, policy(state, spec))
    }

    fn dates(&self) -> Dates {
        Dates { lifetime: 3600, back_dated: 0, not_before: true }
    }

    fn claims(&self, state: &State, spec: &TokenSpec) -> Claims {
        let mut claims = Claims::default();
        let is_id_token = spec.kind == Kind::IdToken;
        let usual = if is_id_token { spec.client.as_str() } else { ids::CLIENT_ID };
        claims.put("ver", "1.0");
        claims.put("aud", spec.audience.as_deref().unwrap_or(usual));
        claims.put(if spec.acr { "acr" } else { "tfp" }, policy(state, spec));
        if spec.kind == Kind::App {
            // Its app roles stand in `scp`.
            let roles = spec.roles.as_ref().map_or_else(|| "Files.Read.All".to_owned(), |roles| roles.join(" "));
            claims.put("sub", spec.object_id.clone().unwrap_or_else(|| deterministic_guid(&spec.client)));
            claims.put("scp", spec.scopes.clone().unwrap_or(roles));
        } else {
            claims.put("sub", spec.user());
            claims.put("name", "Ada Example");
            claims.put_some("scp", spec.scopes("Files.Read"));
            claims.put_list("roles", spec.roles.as_ref());
        }
        if is_id_token {
            claims.put("nonce", NONCE);
        } else {
            claims.put("azp", spec.client.as_str());
        }
        claims
    }
}
