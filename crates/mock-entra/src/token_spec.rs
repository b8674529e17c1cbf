use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::ids;

/// What a token is to say, but for its dates. What is `None` is as usual with the provider.
#[derive(Clone, Debug)]
pub(super) struct TokenSpec {
    pub(super) version: Version,
    pub(super) kind: Kind,
    pub(super) graph: bool,
    pub(super) idtyp: bool,
    /// Which token of the look-alike it is: its id follows from it.
    pub(super) number: u64,
    pub(super) tenant: String,
    pub(super) audience: Option<String>,
    pub(super) client: String,
    pub(super) client_proof: &'static str,
    pub(super) object_id: Option<String>,
    pub(super) scopes: Option<String>,
    pub(super) roles: Option<Vec<String>>,
    pub(super) policy: Option<String>,
    pub(super) acr: bool,
}

/// For whom a token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    App,
    IdToken,
}

/// The two generations of Entra's tokens and documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

impl Default for TokenSpec {
    fn default() -> Self {
        Self {
            version: Version::V2,
            kind: Kind::User,
            graph: false,
            idtyp: false,
            number: 0,
            tenant: ids::TENANT.to_owned(),
            audience: None,
            client: ids::CALLER.to_owned(),
            client_proof: "1",
            object_id: None,
            scopes: None,
            roles: None,
            policy: None,
            acr: false,
        }
    }
}

impl TokenSpec {
    /// The spec of no token in particular, as far as its issuer follows from them.
    pub(super) fn of_issuer(version: Version, tenant: impl ToString) -> Self {
        Self { version, tenant: tenant.to_string(), ..Self::default() }
    }

    /// The object id, by default that of the one user there is.
    pub(super) fn user(&self) -> &str {
        self.object_id.as_deref().unwrap_or(ids::USER)
    }

    /// The scopes, by default `usual` where it is a user's token and none in others.
    pub(super) fn scopes(&self, usual: &str) -> Option<String> {
        self.scopes.clone().or_else(|| (self.kind == Kind::User).then(|| usual.to_owned()))
    }

    /// An id that no other token of the look-alike has.
    pub(super) fn token_id(&self) -> String {
        deterministic_guid(&format!("token {}", self.number))
    }
}

/// Claims as they are put together.
#[derive(Debug, Default)]
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Puts a claim, if there is something to put.
    pub(super) fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Puts a list, unless it is empty.
    pub(super) fn put_list(&mut self, name: &str, values: Option<&Vec<String>>) {
        if let Some(values) = values.filter(|values| !values.is_empty()) {
            self.put(name, values.clone());
        }
    }
}

/// How the one user there is logs in.
pub(super) const LOGIN: &str = "ada@contoso.example";

/// The nonce of every id token.
pub(super) const NONCE: &str = "made-up-nonce-of-the-client";

/// The hash of an access token, as id tokens have it.
pub(super) const AT_HASH: &str = "bWFkZS11cC1hdC1oYXNo";

/// A GUID that follows from `seed`.
pub(super) fn deterministic_guid(seed: &str) -> String {
    let hash = digest(&SHA256, seed.as_bytes());
    let hex: String = hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// A text that follows from `seed`: 43 characters of base64url.
pub(super) fn deterministic_string(seed: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, seed.as_bytes()))
}
