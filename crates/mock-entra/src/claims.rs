use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// The claims of a token.
#[derive(Debug, Default)]
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Puts the claim if it has a value.
    pub(super) fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Puts the claim if the list has values.
    pub(super) fn put_list(&mut self, name: &str, values: Option<&[String]>) {
        if let Some(values) = values.filter(|values| !values.is_empty()) {
            self.put(name, values);
        }
    }
}

/// The display name of the user.
pub(super) const NAME: &str = "Ada Example";

/// The login name of the user.
pub(super) const LOGIN: &str = "ada@contoso.example";

/// The `nonce` of ID tokens.
pub(super) const NONCE: &str = "made-up-nonce-of-the-client";

/// The `at_hash` of ID tokens.
pub(super) const AT_HASH: &str = "bWFkZS11cC1hdC1oYXNo";

/// A GUID derived from `seed`.
pub(super) fn deterministic_guid(seed: &str) -> String {
    let hash = digest(&SHA256, seed.as_bytes());
    let hex: String = hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// A string derived from `seed`: 43 characters of base64url.
pub(super) fn deterministic_string(seed: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, seed.as_bytes()))
}
