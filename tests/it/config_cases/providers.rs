//! Identity providers under their real addresses, without sockets, and their tokens.

use std::{collections::HashMap, fmt, sync::Arc};

use bytes::Bytes;
use mock_entra::{KeySpec, MockEntra, MockKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tower_entra::{
    error::{FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
};

/// A tenant whose GUID has letters.
const WITH_LETTERS: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
/// The tenant of all personal accounts.
const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A token. Without any member it is a user's v2 access token of the public cloud for the client id of the cases.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TokenSpec {
    /// `entra`, `us`, `china`, `b2c`, `b2c-custom`, `external-id`, `external-id-custom`, `okta`, `auth0`, `keycloak`,
    /// `cognito`, `adfs`, `github`, `kubernetes`.
    provider: Option<String>,
    version: Option<u8>,
    tenant: Option<String>,
    aud: Option<String>,
    azp: Option<String>,
    /// `user`, `app` or `id`.
    kind: Option<String>,
    policy: Option<String>,
    /// Further claims; null removes one.
    claims: Map<String, Value>,
    /// `app`: the application's own signing key.
    key: Option<String>,
    /// Seconds since it expired.
    expired: Option<i64>,
    /// The code of its rejection.
    code: Option<String>,
}

impl fmt::Debug for TokenSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = [
            ("provider", &self.provider),
            ("tenant", &self.tenant),
            ("aud", &self.aud),
            ("azp", &self.azp),
            ("kind", &self.kind),
            ("policy", &self.policy),
            ("key", &self.key),
        ];
        let given = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
        let numbers = [("version", self.version.map(i64::from)), ("expired", self.expired)];
        let numbers = numbers.into_iter().filter_map(|(name, number)| Some((name.to_owned(), json!(number?))));
        let claims = self.claims.clone().into_iter();
        write!(f, "the token {}", Value::Object(given.chain(numbers).chain(claims).collect()))
    }
}

impl TokenSpec {
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

/// A provider that has one metadata document and one key.
#[derive(Debug)]
struct Plain {
    issuer: &'static str,
    key: MockKey,
}

/// All of them: the mock that answers for an address is the provider there.
#[derive(Clone, Debug)]
pub(crate) struct Providers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mocks: HashMap<&'static str, MockEntra>,
    plain: HashMap<&'static str, Plain>,
    /// Documents of the plain ones, by URL.
    documents: HashMap<String, Bytes>,
    app_key: MockKey,
}

impl Providers {
    pub(crate) fn new() -> Self {
        let entra = MockEntra::new();
        let tenant = MockEntra::TENANT.parse().unwrap();
        for domain in ["contoso.onmicrosoft.com", "contoso.example"] {
            entra.add_domain(domain, tenant);
        }
        for further in [WITH_LETTERS, PERSONAL_ACCOUNTS] {
            entra.add_tenant(further.parse().unwrap());
        }
        let app_key = entra.new_key();
        entra.publish(KeySpec::new(&app_key).only_in(MockEntra::TENANT).for_app(MockEntra::CLIENT_ID));
        let policy = "B2C_1_susi";
        let mocks = HashMap::from([
            ("us", MockEntra::us_government()),
            ("china", MockEntra::china()),
            ("b2c", MockEntra::b2c("contoso", policy).add_policy("B2C_1_edit").add_policy("B2C_1_x")),
            ("b2c-custom", MockEntra::b2c_at("https://signin.contoso.example", policy)),
            ("external-id", MockEntra::external_id("contoso")),
            ("external-id-custom", MockEntra::external_id_at("https://login.contoso.example")),
            ("okta", MockEntra::okta()),
            ("auth0", MockEntra::auth0()),
            ("keycloak", MockEntra::keycloak()),
            ("cognito", MockEntra::cognito()),
        ]);
        let mut plain = HashMap::new();
        let mut documents = HashMap::new();
        for (name, metadata, issuer, more) in [
            (
                "adfs",
                "https://adfs.contoso.example/adfs",
                "http://adfs.contoso.example/adfs/services/trust",
                json!({ "access_token_issuer": "http://adfs.contoso.example/adfs/services/trust" }),
            ),
            (
                "github",
                "https://token.actions.githubusercontent.com",
                "https://token.actions.githubusercontent.com",
                json!({}),
            ),
            ("kubernetes", "https://cluster.contoso.example", "https://cluster.contoso.example", json!({})),
        ] {
            let key = entra.new_key();
            let keys = format!("{metadata}/keys");
            let mut document = json!({
                "issuer": metadata,
                "jwks_uri": keys,
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["public"],
                "response_types_supported": ["id_token"],
            });
            document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            documents.insert(format!("{metadata}/.well-known/openid-configuration"), document.to_string().into());
            documents.insert(keys, json!({ "keys": [key.jwk()] }).to_string().into());
            plain.insert(name, Plain { issuer, key });
        }
        let mut inner = Inner { mocks, plain, documents, app_key };
        inner.mocks.insert("entra", entra);
        Self(Arc::new(inner))
    }

    /// The token that is described.
    pub(crate) fn token(&self, spec: &TokenSpec) -> String {
        let name = spec.provider.as_deref().unwrap_or("entra");
        let inner = &self.0;
        let mut token = match inner.plain.get(name) {
            Some(plain) => {
                let token = inner.mocks["okta"].token().claim("iss", plain.issuer).signed_with(&plain.key);
                token.audience(MockEntra::CLIENT_ID)
            }
            None => inner.mocks.get(name).unwrap_or_else(|| panic!("there is no provider {name}")).token(),
        };
        token = match spec.version {
            None | Some(2) => token,
            Some(1) => token.v1(),
            Some(other) => panic!("there is no version {other}"),
        };
        token = match spec.kind.as_deref() {
            None | Some("user") => token,
            Some("app") => token.app(),
            Some("id") => token.id_token(),
            Some(other) => panic!("there is no kind {other}"),
        };
        if let Some(tenant) = &spec.tenant {
            token = token.tenant(tenant);
        }
        if let Some(audience) = &spec.aud {
            token = token.audience(audience);
        }
        if let Some(client) = &spec.azp {
            token = token.client(client);
        }
        if let Some(policy) = &spec.policy {
            token = token.policy(policy);
        }
        match spec.key.as_deref() {
            None => {}
            Some("app") => token = token.signed_with(&inner.app_key),
            Some(other) => panic!("there is no key {other}"),
        }
        if let Some(seconds) = spec.expired {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            let now = i64::try_from(now).unwrap();
            token = token.issued_at(now - 4_000).not_before(now - 4_000).expires_at(now - seconds);
        }
        for (claim, value) in &spec.claims {
            token = match value {
                Value::Null => token.without_claim(claim),
                value => token.claim(claim, value.clone()),
            };
        }
        token.build()
    }
}

impl Fetch for Providers {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        if let Some(body) = self.0.documents.get(&request.url) {
            let response = FetchResponse::new(200, body.clone());
            return Box::pin(async { Ok(response) });
        }
        let is_at = |base: String| request.url.strip_prefix(&base).is_some_and(|rest| rest.starts_with('/'));
        if let Some(mock) = self.0.mocks.values().find(|mock| is_at(mock.base())) {
            return mock.fetch(request);
        }
        Box::pin(async move {
            Err(FetchError::new(&request.url, FetchFailure::Connection { cause: "no provider is there".to_owned() }))
        })
    }
}
