//! The differences between providers: addresses, documents and claims.

mod auth0;
mod b2c;
mod cognito;
mod entra;
mod entra_claims;
mod keycloak;
mod okta;
mod openid;

use std::{fmt::Debug, sync::Arc};

use serde_json::{Map, Value, json};

pub(super) use self::{
    auth0::AUTH0, b2c::B2c, cognito::COGNITO, entra::Entra, entra_claims::GRAPH, keycloak::KEYCLOAK, okta::OKTA,
};
use super::{claims::Claims, key_spec::KeySet, message::MockResponse, state::State, token_spec::TokenSpec};
use tower_entra::tenant::TenantId;

/// A kind of provider. It is immutable: everything that can change is in the [`State`].
pub(super) trait Provider: Debug + Send + Sync {
    /// The document at `path`, or an error response.
    fn document(&self, state: &State, path: &str, query: &str) -> Result<Document, Box<MockResponse>>;

    /// This provider at another base address, if its issuers depend on the address and are not derived from the state.
    fn hosted_at(&self, _base: &str) -> Option<Arc<dyn Provider>> {
        None
    }

    /// The URL of the metadata document: for Entra the v2 document of the tenant, for B2C that of the first policy.
    fn metadata_url(&self, state: &State) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer(state, &TokenSpec::default()).trim_end_matches('/'))
    }

    /// The issuer of a token.
    fn issuer(&self, state: &State, spec: &TokenSpec) -> String;

    /// The claims of a token except `iss` and the times.
    fn claims(&self, state: &State, spec: &TokenSpec) -> Claims;

    fn validity(&self) -> Validity;

    /// The `typ` header parameter of tokens.
    fn typ(&self) -> Option<&'static str> {
        Some("JWT")
    }

    /// The tenant of the token endpoint at `path`, or the error response for an unknown tenant. `None` if there is no token
    /// endpoint at `path`.
    fn token_endpoint_tenant(&self, _state: &State, _path: &str) -> Option<Result<TenantId, Box<MockResponse>>> {
        None
    }

    /// The host of Microsoft Graph.
    fn graph_host(&self) -> Option<&'static str> {
        None
    }
}

/// A document of a provider.
#[derive(Debug)]
pub(super) enum Document {
    Metadata(Map<String, Value>),
    Keys(KeySet),
    Other(Value),
}

/// The default validity period of a provider's tokens, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    /// From now to `exp`.
    pub(super) lifetime: i64,
    /// From `iat` and `nbf` to now.
    pub(super) backdated: i64,
    /// Whether tokens have `nbf`.
    pub(super) has_not_before: bool,
}

/// The response at a path without a document.
fn not_found() -> Box<MockResponse> {
    Box::new(MockResponse::json(404, &json!({ "error": "not_found" })))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
