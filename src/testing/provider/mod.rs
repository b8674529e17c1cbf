//! What one kind of provider does in its own way: its addresses, its documents and what its tokens say.

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
    facts::{Claims, Facts},
    key_spec::KeySet,
    state::State,
};
use crate::tenant::TenantId;

/// One kind of provider. It keeps nothing: what can change is in the [`State`].
pub(super) trait Provider: Debug + Send + Sync {
    /// What lies at `path`, or the error that stands there instead.
    fn find(&self, state: &State, path: &str, query: &str) -> Result<Found, Box<Answer>>;

    /// The same at another address, where its issuers go with it.
    fn hosted_at(&self, _base: &str) -> Option<Arc<dyn Provider>> {
        None
    }

    /// Where its metadata lies: for Entra the v2 document of the tenant, for B2C that of the first policy.
    fn metadata_url(&self, state: &State) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer(state, &Facts::default()).trim_end_matches('/'))
    }

    /// The issuer of a token.
    fn issuer(&self, state: &State, facts: &Facts) -> String;

    /// The claims of a token, but for `iss` and the dates.
    fn claims(&self, state: &State, facts: &Facts) -> Claims;

    fn dates(&self) -> Dates;

    /// The `typ` of a token's header, if it has one.
    fn typ(&self) -> Option<&'static str> {
        Some("JWT")
    }

    /// The tenant for which tokens are given at `path`, in Entra's way; an error if there is none, nothing where `path` is
    /// no token endpoint.
    fn tenant_at(&self, _state: &State, _path: &str) -> Option<Result<TenantId, Box<Answer>>> {
        None
    }

    /// Where Microsoft Graph is, if anywhere.
    fn graph_host(&self) -> Option<&'static str> {
        None
    }
}

/// What was found at a path.
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
    /// How long ago `iat` and `nbf` are.
    pub(super) back_dated: i64,
    /// Whether there is an `nbf`.
    pub(super) not_before: bool,
}

/// What a path answers at which nothing lies.
fn nothing() -> Box<Answer> {
    Box::new(Answer::json(404, &json!({ "error": "not_found" })))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
