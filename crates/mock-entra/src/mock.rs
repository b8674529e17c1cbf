use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    base_url::BaseUrl,
    directory::Directory,
    ids,
    key_pair::Pool,
    key_ring::KeyRing,
    provider::{Entra, Provider},
    state::State,
    token_spec::{TokenSpec, Version},
};
use tower_entra::{clock::Clock, tenant::Cloud};

/// A mock of Entra ID, or of another identity provider: metadata documents, key sets and tokens, without a network.
///
/// It implements [`Fetch`](tower_entra::fetch::Fetch), so a [`Verifier`](tower_entra::Verifier) can load documents from
/// it directly. [`serve`](Self::serve) makes it an HTTP server.
///
/// Clones share their state. Two mocks in one process never share a key id, but mocks of one cloud, or of one other
/// provider, may share key pairs.
///
/// Never use it in production: it issues tokens to anyone.
///
/// ```
/// use mock_entra::MockEntra;
/// use tower_entra::Verifier;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let entra = MockEntra::new();
/// let verifier = Verifier::builder()
///     .tenant(MockEntra::TENANT)
///     .client_id(MockEntra::CLIENT_ID)
///     .fetch(entra.clone())
///     .build()?;
///
/// assert!(verifier.verify(&entra.token().build()).await.is_ok());
/// let expired = verifier.verify(&entra.token().expired().build()).await.unwrap_err();
/// assert_eq!(expired.code(), "expired");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MockEntra {
    provider: Arc<Mutex<Arc<dyn Provider>>>,
    state: Arc<Mutex<State>>,
}

impl MockEntra {
    /// The default tenant of tokens.
    pub const TENANT: &'static str = ids::TENANT;
    /// A second registered tenant.
    pub const OTHER_TENANT: &'static str = ids::OTHER_TENANT;
    /// The client id of the API, which is the default audience of tokens.
    pub const CLIENT_ID: &'static str = ids::CLIENT_ID;
    /// The client application to which tokens are issued by default. The token endpoint accepts any secret from it and
    /// issues the app role `Files.Read.All`.
    pub const CALLER: &'static str = ids::CALLER;
    /// A client application without app roles. The token endpoint accepts any secret from it.
    pub const OTHER_CALLER: &'static str = ids::OTHER_CALLER;
    /// The object id of the user in delegated tokens.
    pub const USER: &'static str = ids::USER;

    /// The public cloud, `https://login.microsoftonline.com`. It responds to fetches of that address without a socket.
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

    /// One of Microsoft's clouds, with its hosts, issuers and instance name. The newer clouds have no v1 documents here,
    /// because their contents are not documented.
    #[must_use]
    pub fn for_cloud(cloud: Cloud) -> Self {
        let mut base_url = BaseUrl::new(format!("https://{}", cloud.login_host()));
        base_url.aliases = cloud.hosts().iter().skip(1).map(|host| format!("https://{host}")).collect();
        let tenants = [Self::TENANT, Self::OTHER_TENANT];
        let mock = Self::with_provider(base_url, cloud.login_host(), Entra::of_cloud(cloud), &tenants);
        {
            let documents = &mut mock.lock().documents;
            documents.cloud_instance_name = cloud.instance_name().map(str::to_owned);
            documents.has_v1 = matches!(cloud, Cloud::Public | Cloud::UsGovernment | Cloud::China);
        }
        mock
    }

    /// An emulator of Entra at a base address such as `http://127.0.0.1:4000`. Its issuers are `{base}/{tenantid}/` for
    /// v1 and `{base}/{tenantid}/v2.0` for v2, and it has no cloud instance name.
    ///
    /// It does not listen on a socket. Call [`listen`](Self::listen) for that, or [`serve`](Self::serve) instead.
    #[must_use]
    pub fn at(base: impl AsRef<str>) -> Self {
        let entra = Entra::at(base.as_ref());
        Self::with_provider(BaseUrl::new(base), "an emulator", entra, &[Self::TENANT, Self::OTHER_TENANT])
    }

    pub(super) fn with_provider(
        base_url: BaseUrl,
        pool: Pool,
        provider: impl Provider + 'static,
        tenants: &[&str],
    ) -> Self {
        let state = State::new(base_url, KeyRing::new(pool), Directory::new(tenants));
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

    /// The base address, without a trailing slash.
    #[must_use]
    pub fn base(&self) -> String {
        self.lock().base_url.url.clone()
    }

    /// Whether `url` is at one of the addresses of this mock.
    pub(super) fn has_address(&self, url: &str) -> bool {
        self.lock().base_url.target_of(url).is_some()
    }

    /// The URL of the metadata document: with Entra the v2 document of [`TENANT`](Self::TENANT), with B2C the document of
    /// the first policy.
    #[must_use]
    pub fn metadata_url(&self) -> String {
        self.provider().metadata_url(&self.lock())
    }

    /// The default issuer of tokens: with Entra the v2 issuer of [`TENANT`](Self::TENANT).
    #[must_use]
    pub fn issuer(&self) -> String {
        self.v2_issuer(Self::TENANT)
    }

    /// The issuer of v1 tokens for `tenant`, or the issuer template for `{tenantid}`. Only Entra and External ID have v1
    /// tokens.
    #[must_use]
    pub fn v1_issuer(&self, tenant: impl fmt::Display) -> String {
        self.issuer_of(Version::V1, tenant)
    }

    /// The issuer of v2 tokens for `tenant`, or the issuer template for `{tenantid}`. A provider without tenants has only
    /// one issuer.
    #[must_use]
    pub fn v2_issuer(&self, tenant: impl fmt::Display) -> String {
        self.issuer_of(Version::V2, tenant)
    }

    fn issuer_of(&self, version: Version, tenant: impl fmt::Display) -> String {
        let spec = TokenSpec { version, tenant: tenant.to_string(), ..TokenSpec::default() };
        self.provider().issuer(&self.lock(), &spec)
    }

    /// Sets the clock that dates tokens and responses. The default is the system clock.
    pub fn set_clock(&self, clock: impl Clock) {
        self.lock().clock = Arc::new(clock);
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
