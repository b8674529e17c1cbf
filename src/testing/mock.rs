use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    TokenBuilder,
    site::{Site, Version},
    state::{Client, State},
};
use crate::tenant::{Cloud, TenantId};

/// An Entra look-alike: metadata documents, key sets and tokens, without any network.
///
/// It is a [`Fetch`](crate::fetch::Fetch), to be handed to what validates; [`serve`](Self::serve) makes an HTTP server of
/// it. Clones are the same look-alike. Two of them in one process never share a key id, though those of one cloud may share
/// key material.
///
/// Never for production: it gives a token to whoever asks.
#[derive(Clone)]
pub struct MockEntra {
    state: Arc<Mutex<State>>,
}

impl MockEntra {
    /// The tenant of every token, unless told otherwise.
    pub const TENANT: &'static str = "11111111-2222-3333-4444-555555555555";
    /// A second tenant that is known here.
    pub const OTHER_TENANT: &'static str = "22222222-3333-4444-5555-666666666666";
    /// The client id of the API, to which tokens are addressed.
    pub const CLIENT_ID: &'static str = "66666666-7777-8888-9999-000000000000";
    /// The client application that got the tokens. At the token endpoint it may use any secret, and has the app role
    /// `Files.Read.All`.
    pub const CALLER: &'static str = "77777777-8888-9999-0000-111111111111";
    /// A client application that was given no app role. At the token endpoint it may use any secret.
    pub const OTHER_CALLER: &'static str = "88888888-9999-0000-1111-222222222222";
    /// The object id of the user of every delegated token.
    pub const USER: &'static str = "aaaaaaaa-1111-2222-3333-444444444444";

    /// The public cloud, `https://login.microsoftonline.com`. It answers for that address without any socket.
    #[must_use]
    pub fn new() -> Self {
        Self::for_cloud(Cloud::Public)
    }

    /// Azure for US Government, `https://login.microsoftonline.us`.
    #[must_use]
    pub fn us_government() -> Self {
        Self::for_cloud(Cloud::UsGovernment)
    }

    /// Azure in China, `https://login.partner.microsoftonline.cn`.
    #[must_use]
    pub fn china() -> Self {
        Self::for_cloud(Cloud::China)
    }

    /// One of Microsoft's clouds, with its hosts, issuers and name. The newer clouds have no v1 documents here, because
    /// theirs are not known.
    #[must_use]
    pub fn for_cloud(cloud: Cloud) -> Self {
        Self::of(Site::of_cloud(cloud))
    }

    /// An emulator at an address of its own, such as `http://127.0.0.1:4000`. Its issuers are `{base}/{tenantid}/` for v1
    /// and `{base}/{tenantid}/v2.0` for v2, and it has no cloud instance name.
    ///
    /// Nothing listens there; that is what [`serve`](Self::serve) and [`listen`](Self::listen) are for.
    #[must_use]
    pub fn at(base: impl AsRef<str>) -> Self {
        Self::of(Site::at(base.as_ref()))
    }

    fn of(site: Site) -> Self {
        let tenants = [Self::TENANT, Self::OTHER_TENANT].into_iter().filter_map(|id| id.parse().ok());
        let mut state = State::new(site, tenants);
        let roles = vec!["Files.Read.All".to_owned()];
        state.clients.insert(Self::CALLER.to_owned(), Client { secret: None, roles });
        state.clients.insert(Self::OTHER_CALLER.to_owned(), Client { secret: None, roles: Vec::new() });
        Self { state: Arc::new(Mutex::new(state)) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address under which it answers, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> String {
        self.lock().site.base.clone()
    }

    /// The issuer of v1 tokens for `tenant`; with `{tenantid}` for the template.
    #[must_use]
    pub fn v1_issuer(&self, tenant: impl fmt::Display) -> String {
        self.lock().site.issuer(Version::V1, &tenant.to_string())
    }

    /// The issuer of v2 tokens for `tenant`; with `{tenantid}` for the template.
    #[must_use]
    pub fn v2_issuer(&self, tenant: impl fmt::Display) -> String {
        self.lock().site.issuer(Version::V2, &tenant.to_string())
    }

    /// A token to be described further: by default a good v2 access token of a user, for [`CLIENT_ID`](Self::CLIENT_ID) in
    /// [`TENANT`](Self::TENANT).
    #[must_use]
    pub fn token(&self) -> TokenBuilder {
        TokenBuilder::new(self.clone())
    }

    /// Makes a tenant known. It has metadata documents and key sets from now on, and a token endpoint.
    pub fn add_tenant(&self, tenant: TenantId) {
        self.lock().tenants.insert(tenant);
    }

    /// Makes a tenant known under a domain too.
    pub fn add_domain(&self, domain: impl AsRef<str>, tenant: TenantId) {
        let mut state = self.lock();
        state.tenants.insert(tenant);
        state.domains.insert(domain.as_ref().to_ascii_lowercase(), tenant);
    }

    /// Forgets a tenant and its domains: its documents are errors from now on, as Entra's are for tenants that do not
    /// exist.
    pub fn remove_tenant(&self, tenant: TenantId) {
        let mut state = self.lock();
        state.tenants.remove(&tenant);
        state.domains.retain(|_, of| *of != tenant);
    }
}

impl Default for MockEntra {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MockEntra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockEntra").field("base", &self.base()).finish_non_exhaustive()
    }
}
