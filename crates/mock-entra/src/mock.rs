use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    base_url::BaseUrl,
    ids,
    provider::{Entra, Provider},
    state::{Client, State},
    token_spec::{TokenSpec, Version},
};
use tower_entra::tenant::{Cloud, TenantId};

/// A look-alike of Entra, or of another identity provider: metadata documents, key sets and tokens, without any network.
///
/// It is a [`Fetch`](tower_entra::fetch::Fetch), to be handed to what validates; [`serve`](Self::serve) makes an HTTP server of
/// it. Clones are the same look-alike. Two of them in one process never share a key id, though those of one cloud, or of one
/// other provider, may share key material.
///
/// Never for production: it gives a token to whoever asks.
#[derive(Clone)]
pub struct MockEntra {
    provider: Arc<Mutex<Arc<dyn Provider>>>,
    state: Arc<Mutex<State>>,
}

impl MockEntra {
    /// The tenant of every token, unless told otherwise.
    pub const TENANT: &'static str = ids::TENANT;
    /// A second tenant that is known here.
    pub const OTHER_TENANT: &'static str = ids::OTHER_TENANT;
    /// The client id of the API, to which tokens are addressed.
    pub const CLIENT_ID: &'static str = ids::CLIENT_ID;
    /// The client application that got the tokens. At the token endpoint it may use any secret, and has the app role
    /// `Files.Read.All`.
    pub const CALLER: &'static str = ids::CALLER;
    /// A client application that was given no app role. At the token endpoint it may use any secret.
    pub const OTHER_CALLER: &'static str = ids::OTHER_CALLER;
    /// The object id of the user of every delegated token.
    pub const USER: &'static str = ids::USER;

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
        let mut base_url = BaseUrl::new(format!("https://{}", cloud.login_host()), cloud.login_host());
        base_url.aliases = cloud.hosts().iter().skip(1).map(|host| format!("https://{host}")).collect();
        let mock = Self::of(base_url, Entra::of_cloud(cloud), &[Self::TENANT, Self::OTHER_TENANT]);
        {
            let mut state = mock.lock();
            state.cloud_instance_name = cloud.instance_name().map(str::to_owned);
            state.has_v1 = matches!(cloud, Cloud::Public | Cloud::UsGovernment | Cloud::China);
        }
        mock
    }

    /// An emulator at an address of its own, such as `http://127.0.0.1:4000`. Its issuers are `{base}/{tenantid}/` for v1
    /// and `{base}/{tenantid}/v2.0` for v2, and it has no cloud instance name.
    ///
    /// Nothing listens there; that is what [`serve`](Self::serve) and [`listen`](Self::listen) are for.
    #[must_use]
    pub fn at(base: impl AsRef<str>) -> Self {
        let entra = Entra::at(base.as_ref());
        Self::of(BaseUrl::new(base, "an emulator"), entra, &[Self::TENANT, Self::OTHER_TENANT])
    }

    pub(super) fn of(base_url: BaseUrl, provider: impl Provider + 'static, tenants: &[&str]) -> Self {
        let mut state = State::new(base_url);
        state.tenants = tenants.iter().filter_map(|id| id.parse().ok()).collect();
        let roles = vec!["Files.Read.All".to_owned()];
        state.clients.insert(Self::CALLER.to_owned(), Client { secret: None, roles });
        state.clients.insert(Self::OTHER_CALLER.to_owned(), Client { secret: None, roles: Vec::new() });
        Self { provider: Arc::new(Mutex::new(Arc::new(provider))), state: Arc::new(Mutex::new(state)) }
    }

    /// The provider that this mock imitates. It is immutable; everything that can change is in the state.
    pub(super) fn provider(&self) -> Arc<dyn Provider> {
        Arc::clone(&self.provider.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_provider(&self, provider: Arc<dyn Provider>) {
        *self.provider.lock().unwrap_or_else(PoisonError::into_inner) = provider;
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address under which it answers, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> String {
        self.lock().base_url.url.clone()
    }

    /// Whether this mock responds to requests for `url`.
    pub(super) fn has_address(&self, url: &str) -> bool {
        self.lock().base_url.path_of(url).is_some()
    }

    /// Where its metadata document is: with Entra the v2 one of [`TENANT`](Self::TENANT), with B2C that of its first policy.
    #[must_use]
    pub fn metadata_url(&self) -> String {
        self.provider().metadata_url(&self.lock())
    }

    /// The issuer of its tokens, unless they are told otherwise: with Entra that of v2 tokens of [`TENANT`](Self::TENANT).
    #[must_use]
    pub fn issuer(&self) -> String {
        self.v2_issuer(Self::TENANT)
    }

    /// The issuer of v1 tokens for `tenant`; with `{tenantid}` for the template. Providers other than Entra have no v1.
    #[must_use]
    pub fn v1_issuer(&self, tenant: impl fmt::Display) -> String {
        self.issuer_of(Version::V1, tenant)
    }

    /// The issuer of v2 tokens for `tenant`; with `{tenantid}` for the template. Where a provider has no tenants, it is the
    /// one issuer there is.
    #[must_use]
    pub fn v2_issuer(&self, tenant: impl fmt::Display) -> String {
        self.issuer_of(Version::V2, tenant)
    }

    fn issuer_of(&self, version: Version, tenant: impl fmt::Display) -> String {
        self.provider().issuer(&self.lock(), &TokenSpec::of_issuer(version, tenant))
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
