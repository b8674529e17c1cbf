//! The made-up tokens that the page offers.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use mock_entra::{MockEntra, TokenBuilder};
use tower_entra::TenantId;

/// A made-up token: its name in an address, what it is called on the page, and how it is made.
pub(crate) struct Sample {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    make: fn(&MockEntra) -> String,
}

impl Sample {
    /// A new one, with the dates of now.
    pub(crate) fn text(&self, entra: &MockEntra) -> String {
        (self.make)(entra)
    }
}

const fn sample(id: &'static str, title: &'static str, make: fn(&MockEntra) -> String) -> Sample {
    Sample { id, title, make }
}

pub(crate) const SAMPLES: [Sample; 20] = [
    sample("user", "A user, v2", |entra| user(entra).build()),
    sample("user-v1", "A user, v1", |entra| user(entra).v1().build()),
    sample("app", "An application with a role", |entra| entra.token().app().build()),
    sample("graph", "For Microsoft Graph", |entra| user(entra).graph().build()),
    sample("arm", "For Azure Resource Manager", |entra| {
        user(entra).v1().audience("https://management.azure.com/").scopes("user_impersonation").build()
    }),
    sample("id-token", "An id token", |entra| entra.token().id_token().build()),
    sample("expired", "Expired an hour ago", |entra| user(entra).expired().build()),
    sample("not-yet-valid", "Valid from tomorrow on", |entra| {
        let tomorrow = now(entra) + 86_400;
        user(entra).issued_at(tomorrow).not_before(tomorrow).expires_at(tomorrow + 3600).build()
    }),
    sample("other-tenant", "Another tenant", |entra| user(entra).tenant(MockEntra::OTHER_TENANT).build()),
    sample("personal", "A personal account", |entra| user(entra).tenant(TenantId::PERSONAL_ACCOUNTS).build()),
    sample("other-cloud", "Another cloud", |_| user(&MockEntra::us_government()).build()),
    sample("wrong-key", "Signed by somebody else", |entra| user(entra).wrong_key().build()),
    sample("unknown-key", "Signed with an unknown key", |entra| user(entra).signed_with(&entra.new_key()).build()),
    sample("near-miss", "An audience with a path", |entra| {
        user(entra).audience(format!("api://{}/Files.Read", MockEntra::CLIENT_ID)).build()
    }),
    sample("no-scope", "Without the route's scope", |entra| user(entra).scopes("Mail.Read").build()),
    sample("encrypted", "Encrypted", encrypted),
    sample("unsigned", "Not signed at all", unsigned),
    sample("bound", "Bound to a key", |entra| {
        user(entra).claim("cnf", json!({ "jkt": "bWFkZS11cC10aHVtYnByaW50LW9mLWEta2V5LTEyMzQ" })).build()
    }),
    sample("quoted", "Pasted with its quotes", |entra| format!("\"{}\"", user(entra).build())),
    sample("response", "The whole token response", |entra| {
        let token = user(entra).build();
        json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token }).to_string()
    }),
];

fn user(entra: &MockEntra) -> TokenBuilder {
    let name = json!("Ada Example");
    entra.token().claim("name", name).claim("preferred_username", "ada@contoso.example").scopes("Files.Read")
}

/// The look-alike's time, five minutes after what it writes into `iat`.
fn now(entra: &MockEntra) -> i64 {
    entra.token().claims().get("iat").and_then(Value::as_i64).unwrap_or_default() + 300
}

/// Five parts (JWE, RFC 7516 §3.1). Nobody can open it, for what is inside is noise.
fn encrypted(entra: &MockEntra) -> String {
    let header = json!({ "typ": "JWT", "alg": "RSA-OAEP", "enc": "A256CBC-HS512", "kid": entra.current_kid() });
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (key, vector, text, tag) = (part(&[7; 256]), part(&[8; 16]), part(&[9; 320]), part(&[10; 32]));
    format!("{}.{key}.{vector}.{text}.{tag}", part(header.to_string().as_bytes()))
}

fn unsigned(entra: &MockEntra) -> String {
    let token = user(entra).header("alg", "none").build();
    token.rsplit_once('.').map_or_else(String::new, |(signed, _)| format!("{signed}."))
}
