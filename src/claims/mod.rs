//! The claims of a token that was accepted: [v1 and v2 names](crate::guide::entra#payload-claims) read through one
//! accessor, the payload kept.
//!
//! A handler asks for what it needs:
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
//! One's own claims come with a type of one's own:
//!
//! ```
//! use tower_entra::Claims;
//!
//! #[derive(serde::Deserialize)]
//! struct Mine {
//!     department: Option<String>,
//! }
//!
//! fn department(claims: &Claims) -> Option<String> {
//!     claims.deserialize::<Mine>().ok()?.department
//! }
//! ```

mod agent;
pub(crate) mod authority;
pub(crate) mod directory;
mod groups;
pub(crate) mod json;
mod kind;
mod member;
pub(crate) mod payload;
pub(crate) mod scopes;
mod simple;
mod subject_key;
pub(crate) mod texts;

use std::{
    any::Any,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use groups::{GroupIds, GroupMembership};
pub use kind::{ClientProof, TokenType};
pub use subject_key::SubjectKey;

use crate::tenant::TenantId;
use authority::AuthorityFacts;
use directory::DirectoryClaims;
use payload::{ListClaim, Payload, StringClaim};

/// The claims of a token that was accepted. A cheap clone.
#[derive(Clone)]
pub struct Claims {
    inner: Arc<Inner>,
    /// How the layer that let the request through answers refusals: only that layer knows what this is. It is here so that
    /// a request carries one thing less.
    answers: Option<Arc<dyn Any + Send + Sync>>,
}

struct Inner {
    payload: Box<Payload>,
    facts: Facts,
}

/// What the decision found out about the token.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Of the authority that accepted it.
    pub(crate) authority: Arc<AuthorityFacts>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) version: TokenVersion,
    pub(crate) app_only: bool,
    /// Which of the configured authorities accepted it.
    pub(crate) number: usize,
    /// What it says under other names than Entra's.
    pub(crate) mapped: Option<Box<Mapped>>,
}

/// What the token of another OpenID Connect issuer says under the names that its issuer uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) scopes: Vec<Box<str>>,
    pub(crate) roles: Vec<Box<str>>,
    /// `None` where no claim is configured for them, or the token does not have it.
    pub(crate) groups: Option<Vec<Box<str>>>,
    /// Where it is not `sub`.
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
    /// As the claim `ver` writes it: `1.0` or `2.0`.
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
    /// Believes a payload: after everything has held, or to say what would be if it did.
    pub(crate) fn new(payload: Box<Payload>, facts: Facts) -> Self {
        Self { inner: Arc::new(Inner { payload, facts }), answers: None }
    }

    /// Another of the same, whose owners are counted apart: requests count no others.
    pub(crate) fn copy(&self) -> Self {
        let Inner { payload, facts } = &*self.inner;
        Self::new(payload.clone(), facts.clone())
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.inner.facts
    }

    /// What the authority that accepted the token can state about a directory.
    pub(crate) fn directory(&self) -> DirectoryClaims {
        self.inner.facts.authority.directory
    }

    fn mapped(&self) -> Option<&Mapped> {
        self.inner.facts.mapped.as_deref()
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.inner.payload
    }

    /// The same, with how refusals are answered.
    pub(crate) fn with_answers(self, answers: Arc<dyn Any + Send + Sync>) -> Self {
        Self { answers: Some(answers), ..self }
    }

    /// How refusals are answered, if a layer has said so.
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

    /// The tenant that issued the token, `tid`; at Azure AD B2C that of the issuer. Guests show the tenant they are guests
    /// of. `None` for tokens of other OpenID Connect issuers, whatever their `tid` says.
    ///
    /// It is as the authority states it. A custom instance that is not configured by the GUIDs of its
    /// tenants may state any: [`Requirement::tenant`](crate::Requirement::tenant) knows which ones count. It is not a key
    /// for data, not even with [`object_id`](Self::object_id): that is [`subject_key`](Self::subject_key).
    #[must_use]
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.inner.facts.tenant
    }

    /// The user's or application's object in the tenant, `oid`: the same for all applications. Other authorities may have
    /// the same for somebody else: [`subject_key`](Self::subject_key) tells them apart.
    #[must_use]
    pub fn object_id(&self) -> Option<&str> {
        self.string(StringClaim::ObjectId)
    }

    /// The subject, `sub`: another for each application. Of other issuers than Entra the claim that is configured, or `sub`
    /// where the token does not have it.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        let mapped = self.mapped().and_then(|mapped| mapped.subject.as_deref());
        mapped.or_else(|| self.string(StringClaim::Subject))
    }

    /// The application that got the token: `azp`, in v1 tokens `appid`; of other issuers than Entra `client_id`, `azp` or
    /// `cid`.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        match self.mapped() {
            Some(mapped) => mapped.client.as_deref(),
            None => client_id_of(&self.inner.payload, self.version()),
        }
    }

    /// How that application proved who it is: `"0"` not at all (a public client: anybody may claim the id), `"1"` by a
    /// secret, `"2"` by a certificate. `azpacr`, in v1 tokens `appidacr`. [`client_proof`](Self::client_proof) reads it.
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

    /// The version of the token, read from its issuer; [`V2`](TokenVersion::V2) for tokens of others than Entra.
    #[must_use]
    pub fn version(&self) -> TokenVersion {
        self.inner.facts.version
    }

    /// Whether the token is an application's own, without a user.
    #[must_use]
    pub fn is_app_only(&self) -> bool {
        self.inner.facts.app_only
    }

    /// The delegated scopes, `scp`. A scope `/` counts as none ([agent
    /// identities](crate::guide::entra#agent-identities)). Of other issuers than Entra `scp`, `scope` or what is
    /// configured, an application's own too.
    ///
    /// Only what is a `scope-token` of [RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) is a scope:
    /// printable ASCII without spaces, quotes and backslashes. Anything else in the claim is ignored.
    pub fn scopes(&self) -> impl Iterator<Item = &str> + Clone {
        let mapped = self.mapped();
        let own = mapped.is_none().then(|| scopes::of_payload(&self.inner.payload));
        own.into_iter().flatten().chain(mapped.into_iter().flat_map(|mapped| &mapped.scopes).map(|scope| &**scope))
    }

    /// Whether a scope says something about what may be done: an application of Entra's has roles alone.
    pub(crate) fn scopes_count(&self) -> bool {
        !self.is_app_only() || self.mapped().is_some()
    }

    /// Whether this scope was delegated, compared exactly.
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

    /// Whether this role is among [`roles`](Self::roles). Ask [`is_app_only`](Self::is_app_only) whose it is.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().any(|have| have == role)
    }

    /// The directory roles of the user by their template ids, `wids`, as the token's issuer states them:
    /// [`Requirement::directory_role`](crate::Requirement::directory_role) knows whose count.
    pub fn directory_roles(&self) -> impl Iterator<Item = &str> + Clone {
        self.list(ListClaim::DirectoryRoles)
    }

    /// The authentication contexts that are satisfied, `acrs`: `c1` to `c99`, as the token's issuer states them:
    /// [`Requirement::auth_context`](crate::Requirement::auth_context) knows whose count.
    pub fn auth_contexts(&self) -> impl Iterator<Item = &str> + Clone {
        self.list(ListClaim::AuthContexts)
    }

    /// What the client understands, `xms_cc`: with `cp1`, claims challenges.
    pub fn client_capabilities(&self) -> impl Iterator<Item = &str> + Clone {
        self.list(ListClaim::ClientCapabilities)
    }

    /// When the token ends, `exp`.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        at(self.inner.payload.expires_at)
    }

    /// From when the token counts, `nbf`.
    #[must_use]
    pub fn not_before(&self) -> Option<SystemTime> {
        self.inner.payload.not_before.map(at)
    }

    /// When the token was issued, `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.inner.payload.issued_at.map(at)
    }

    /// The token's own id, `uti`, in tokens of other issuers `jti`. Compare it exactly.
    #[must_use]
    pub fn token_id(&self) -> Option<String> {
        self.text("uti").or_else(|| self.text("jti"))
    }

    /// The name to show. It may change and is chosen by its owner: never decide by it.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.text("name")
    }

    /// The name to sign in with: `preferred_username`, in v1 tokens `unique_name` or `upn`. It may change: never decide
    /// by it.
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

    /// The whole payload read into a type of your own.
    ///
    /// # Errors
    ///
    /// If the payload does not fit the type.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_json())
    }

    /// The payload as it stood in the token. It holds personal data.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.inner.payload.json()
    }
}

/// `azp` in v2 tokens, `appid` in v1 tokens, the other one where that is missing (`docs/entra.md`, "Client application
/// claims").
pub(crate) fn client_id_of(payload: &Payload, version: TokenVersion) -> Option<&str> {
    let (first, second) = match version {
        TokenVersion::V1 => (StringClaim::AppId, StringClaim::Azp),
        TokenVersion::V2 => (StringClaim::Azp, StringClaim::AppId),
    };
    payload.string(first).or_else(|| payload.string(second))
}

fn at(since_epoch: Duration) -> SystemTime {
    SystemTime::UNIX_EPOCH + since_epoch
}

impl fmt::Debug for Claims {
    /// Ids alone, never names.
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
