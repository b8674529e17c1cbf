//! What differs between kinds of providers: their addresses, their documents and the claims of their tokens.

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
    auth0::Auth0, b2c::B2c, cognito::Cognito, entra::Entra, entra_claims::GRAPH, keycloak::Keycloak, okta::Okta,
};
use super::{
    answer::Answer,
    key_spec::KeySet,
    state::State,
    token_spec::{Claims, TokenSpec},
};
use tower_entra::tenant::TenantId;

/// One kind of provider. It is immutable: everything that can change is in the [`State`].
pub(super) trait Provider: Debug + Send + Sync {
    /// The document at `path`, or an error response.
    fn find(&self, state: &State, path: &str, query: &str) -> Result<Found, Box<Answer>>;

    /// The same provider at another base address, if its issuers depend on it.
    fn hosted_at(&self, _base: &str) -> Option<Arc<dyn Provider>> {
        None
    }

    /// The address of its metadata: for Entra the v2 document of the tenant, for B2C that of the first policy.
    fn metadata_url(&self, state: &State) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer(state, &TokenSpec::default()).trim_end_matches('/'))
    }

    /// The issuer of a token.
    fn issuer(&self, state: &State, spec: &TokenSpec) -> String;

    /// The claims of a token except `iss` and the dates.
    fn claims(&self, state: &State, spec: &TokenSpec) -> Claims;

    fn dates(&self) -> Dates;

    /// The `typ` parameter of a token's header, if it has one.
    fn typ(&self) -> Option<&'static str> {
        Some("JWT")
    }

    /// The tenant whose token endpoint is at `path`, as at Entra; an error if the tenant is unknown, `None` if `path` is not
    /// a token endpoint.
    fn tenant_at(&self, _state: &State, _path: &str) -> Option<Result<TenantId, Box<Answer>>> {
        None
    }

    /// The host of Microsoft Graph, if the provider has one.
    fn graph_host(&self) -> Option<&'static str> {
        None
    }
}

/// The kind of document at a path.
#[derive(Debug)]
pub(super) enum Found {
    Metadata(Map<String, Value>),
    Keys(KeySet),
    Other(Value),
}

/// How a provider dates its tokens, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dates {
    pub(super) lifetime: i64,
    /// How far `iat` and `nbf` lie in the past.
    pub(super) back_dated: i64,
    /// Whether tokens have an `nbf`.
    pub(super) not_before: bool,
}

/// The response at a path without a document.
fn nothing() -> Box<Answer> {
    Box::new(Answer::json(404, &json!({ "error": "not_found" })))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
