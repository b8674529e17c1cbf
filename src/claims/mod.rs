//! The claims of an accepted token: one accessor for the [v1 and v2 names](crate::guide::entra#payload-claims) of a claim, and
//! the whole payload.
//!
//! A handler reads what it needs:
//!
//! ```
//! use tower_entra::Claims;
//!
//! fn greeting(claims: &Claims) -> String {
//!     match (claims.tenant_id(), claims.object_id()) {
//!         (Some(tenant), Some(object)) => format!("{object} of {tenant}, scopes {:?}", claims.scopes().collect::<Vec<_>>()),
//!         _ => "somebody without ids".to_owned(),
//!     }
//! }
//! ```
//!
//! Custom claims are deserialized into your own type:
//!
//! ```
//! use tower_entra::Claims;
//!
//! #[derive(serde::Deserialize)]
//! struct CustomClaims {
//!     department: Option<String>,
//! }
//!
//! fn department(claims: &Claims) -> Option<String> {
//!     claims.deserialize::<CustomClaims>().ok()?.department
//! }
//! ```

mod agent;
pub(crate) mod authority;
pub(crate) mod claim_values;
pub(crate) mod directory;
mod groups;
pub(crate) mod json;
pub(crate) mod payload;
pub(crate) mod scopes;
mod subject_key;
mod token_type;

use std::{
    any::Any,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use groups::{GroupIds, GroupMembership};
pub use subject_key::SubjectKey;
pub use token_type::{ClientProof, TokenType};

use crate::tenant::TenantId;
use authority::AuthorityFacts;
use directory::DirectoryClaims;
use payload::{ListClaim, Payload, StringClaim};

/// The claims of an accepted token. Cheap to clone.
#[derive(Clone)]
pub struct Claims {
    inner: Arc<Inner>,
    /// How the layer that accepted the request responds to rejections, in a type that only that layer knows. It is kept here
    /// so that a request carries one extension less.
    answers: Option<Arc<dyn Any + Send + Sync>>,
}

struct Inner {
    payload: Box<Payload>,
    facts: Facts,
}

/// What the verification determined about the token.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Those of the authority that accepted it.
    pub(crate) authority: Arc<AuthorityFacts>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) version: TokenVersion,
    pub(crate) app_only: bool,
    /// The index of the authority that accepted it.
    pub(crate) number: usize,
    /// The claims that have other names than Entra's.
    pub(crate) mapped: Option<Box<Mapped>>,
}

/// Claims of another OpenID Connect issuer, which are under the names that it uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) scopes: Vec<Box<str>>,
    pub(crate) roles: Vec<Box<str>>,
    /// `None` if no claim is configured for them, or the token does not have it.
    pub(crate) groups: Option<Vec<Box<str>>>,
    /// If it is not `sub`.
    pub(crate) subject: Option<Box<str>>,
    pub(crate) client: Option<Box<str>>,
}

/// The version of a token, read from its [issuer](crate::guide::entra#issuers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenVersion {
    /// `https://sts.windows.net/{tid}/`; client in `appid`.
    V1,
    /// `https://login.microsoftonline.com/{tid}/v2.0`; client in `azp`.
    V2,
}

impl TokenVersion {
    /// The value of the claim `ver`: `1.0` or `2.0`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

impl fmt::Display for TokenVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Claims {
    /// For a payload that has passed all checks, or is diagnosed as if it had.
    pub(crate) fn new(payload: Box<Payload>, facts: Facts) -> Self {
        Self { inner: Arc::new(Inner { payload, facts }), answers: None }
    }

    /// A deep copy. Its reference count is not shared, so that threads do not contend for it.
    pub(crate) fn copy(&self) -> Self {
        let Inner { payload, facts } = &*self.inner;
        Self::new(payload.clone(), facts.clone())
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.inner.facts
    }

    /// Which claims about a directory the authority that accepted the token can state.
    pub(crate) fn directory(&self) -> DirectoryClaims {
        self.inner.facts.authority.directory
    }

    fn mapped(&self) -> Option<&Mapped> {
        self.inner.facts.mapped.as_deref()
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.inner.payload
    }

    /// Adds how the layer responds to rejections.
    pub(crate) fn with_answers(self, answers: Arc<dyn Any + Send + Sync>) -> Self {
        Self { answers: Some(answers), ..self }
    }

    /// How the layer responds to rejections, if a layer has added it.
    pub(crate) fn answers(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.answers.as_ref()
    }

    fn string(&self, claim: StringClaim) -> Option<&str> {
        self.inner.payload.string(claim)
    }

    fn list(&self, claim: ListClaim) -> impl Iterator<Item = &str> + Clone {
        self.inner.payload.list(claim).into_iter().flatten()
    }

    /// The issuer, `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.string(StringClaim::Issuer).unwrap_or_default()
    }

    /// The configured name of the authority that accepted the token.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.inner.facts.authority.name
    }

    /// The tenant that issued the token, `tid`; at Azure AD B2C that of the issuer. For guests, it is the tenant that they are
    /// guests of. `None` for tokens of other OpenID Connect issuers, even if they have a `tid`.
    ///
    /// The authority states it. A custom instance that is not configured by the GUIDs of its tenants can state any:
    /// [`Requirement::tenant`](crate::Requirement::tenant) only accepts those that count. Do not use it as a key for data, not
    /// even with [`object_id`](Self::object_id): use [`subject_key`](Self::subject_key).
    #[must_use]
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.inner.facts.tenant
    }

    /// The object ID of the user or application in the tenant, `oid`: the same for all applications. Other authorities may use
    /// the same ID for somebody else: [`subject_key`](Self::subject_key) tells them apart.
    #[must_use]
    pub fn object_id(&self) -> Option<&str> {
        self.string(StringClaim::ObjectId)
    }

    /// The subject, `sub`: different for each application. For issuers other than Entra, the configured claim, or `sub` if the
    /// token does not have it.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        let mapped = self.mapped().and_then(|mapped| mapped.subject.as_deref());
        mapped.or_else(|| self.string(StringClaim::Subject))
    }

    /// The application that requested the token: `azp`, in v1 tokens `appid`; for issuers other than Entra `client_id`, `azp`
    /// or `cid`.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self.mapped() {
            Some(mapped) => mapped.client.as_deref(),
            None => client_id_of(&self.inner.payload, self.version()),
        }
    }

    /// How that application authenticated: `"0"` not at all (a public client, whose ID anybody can use), `"1"` with a secret,
    /// `"2"` with a certificate. `azpacr`, in v1 tokens `appidacr`. [`client_proof`](Self::client_proof) has it as a type.
    #[must_use]
    pub fn client_authentication(&self) -> Option<&str> {
        let (first, second) = match self.version() {
            TokenVersion::V1 => (StringClaim::AppIdAcr, StringClaim::AzpAcr),
            TokenVersion::V2 => (StringClaim::AzpAcr, StringClaim::AppIdAcr),
        };
        self.string(first).or_else(|| self.string(second))
    }

    /// The audiences, `aud`.
    pub fn audiences(&self) -> impl Iterator<Item = &str> + Clone {
        self.list(ListClaim::Audience)
    }

    /// The version of the token, read from its issuer; [`V2`](TokenVersion::V2) for issuers other than Entra.
    #[must_use]
    pub fn version(&self) -> TokenVersion {
        self.inner.facts.version
    }

    /// Whether the token was issued to an application without a user.
    #[must_use]
    pub fn is_app_only(&self) -> bool {
        self.inner.facts.app_only
    }

    /// The delegated scopes, `scp`. A scope `/` is ignored ([agent identities](crate::guide::entra#agent-identities)). For
    /// issuers other than Entra `scp`, `scope` or the configured claim, also in app-only tokens.
    ///
    /// Only a `scope-token` of [RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) is a scope: printable
    /// ASCII without spaces, quotes and backslashes. Anything else in the claim is ignored.
    pub fn scopes(&self) -> impl Iterator<Item = &str> + Clone {
        let mapped = self.mapped();
        let own = mapped.is_none().then(|| scopes::of_payload(&self.inner.payload));
        own.into_iter().flatten().chain(mapped.into_iter().flat_map(|mapped| &mapped.scopes).map(|scope| &**scope))
    }

    /// Whether scopes grant anything: app-only tokens of Entra have roles alone.
    pub(crate) fn scopes_count(&self) -> bool {
        !self.is_app_only() || self.mapped().is_some()
    }

    /// Whether this scope is among [`scopes`](Self::scopes), compared exactly.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|have| have == scope)
    }

    /// The app roles, `roles`: of the user in a user's token, of the application in an app-only one.
    pub fn roles(&self) -> impl Iterator<Item = &str> + Clone {
        let mapped = self.mapped();
        let own = mapped.is_none().then(|| self.list(ListClaim::Roles));
        own.into_iter().flatten().chain(mapped.into_iter().flat_map(|mapped| &mapped.roles).map(|role| &**role))
    }

    /// Whether this role is among [`roles`](Self::roles), compared exactly. [`is_app_only`](Self::is_app_only) tells whose
    /// it is.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().any(|have| have == role)
    }

    /// The directory roles of the user by their template IDs, `wids`, as the token's issuer states them:
    /// [`Requirement::directory_role`](crate::Requirement::directory_role) ignores those of issuers that cannot state them.
    pub fn directory_roles(&self) -> impl Iterator<Item = &str> + Clone {
        self.list(ListClaim::DirectoryRoles)
    }

    /// The authentication contexts that are satisfied, `acrs`: `c1` to `c99`, as the token's issuer states them:
    /// [`Requirement::auth_context`](crate::Requirement::auth_context) ignores those of issuers that cannot state them.
    pub fn auth_contexts(&self) -> impl Iterator<Item = &str> + Clone {
        self.list(ListClaim::AuthContexts)
    }

    /// The capabilities of the client, `xms_cc`: with `cp1` it understands claims challenges.
    pub fn client_capabilities(&self) -> impl Iterator<Item = &str> + Clone {
        self.list(ListClaim::ClientCapabilities)
    }

    /// When the token expires, `exp`.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        system_time(self.inner.payload.expires_at)
    }

    /// When the token becomes valid, `nbf`.
    #[must_use]
    pub fn not_before(&self) -> Option<SystemTime> {
        self.inner.payload.not_before.map(system_time)
    }

    /// When the token was issued, `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.inner.payload.issued_at.map(system_time)
    }

    /// The ID of the token, `uti`, or `jti` at other issuers. Compare it exactly.
    #[must_use]
    pub fn token_id(&self) -> Option<String> {
        self.text("uti").or_else(|| self.text("jti"))
    }

    /// The display name, `name`. It may change and users choose it: never base a decision on it.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.text("name")
    }

    /// The sign-in name: `preferred_username`, in v1 tokens `unique_name` or `upn`. It may change: never base a decision on
    /// it.
    #[must_use]
    pub fn preferred_username(&self) -> Option<String> {
        self.text("preferred_username").or_else(|| self.text("unique_name")).or_else(|| self.text("upn"))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.inner.payload.raw(name).and_then(json::string).map(Into::into)
    }

    /// Any claim by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        self.inner.payload.raw(name).and_then(|raw| serde_json::from_str(raw).ok())
    }

    /// The whole payload, deserialized into your own type.
    ///
    /// # Errors
    ///
    /// If the payload does not fit the type.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_json())
    }

    /// The payload as it stands in the token. It contains personal data.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.inner.payload.json()
    }
}

/// `azp` in v2 tokens, `appid` in v1 tokens, the other one if that is missing (`docs/entra.md`, "Client application
/// claims").
pub(crate) fn client_id_of(payload: &Payload, version: TokenVersion) -> Option<&str> {
    let (first, second) = match version {
        TokenVersion::V1 => (StringClaim::AppId, StringClaim::Azp),
        TokenVersion::V2 => (StringClaim::Azp, StringClaim::AppId),
    };
    payload.string(first).or_else(|| payload.string(second))
}

fn system_time(since_epoch: Duration) -> SystemTime {
    SystemTime::UNIX_EPOCH + since_epoch
}

impl fmt::Debug for Claims {
    /// IDs alone, never names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("authority", &self.authority())
            .field("tenant_id", &self.tenant_id())
            .field("object_id", &self.object_id())
            .field("client_id", &self.client_id())
            .field("version", &self.version())
            .field("app_only", &self.is_app_only())
            .finish_non_exhaustive()
    }
}
