use std::io;

use tokio::net::{TcpListener, ToSocketAddrs};

use super::{
    KeySpec, MockEntra, MockServer,
    base_url::BaseUrl,
    provider::{Auth0, B2c, Cognito, Entra, Keycloak, Okta},
};

/// Other providers than Entra. The [module](crate::testing#providers) has a table of them.
impl MockEntra {
    /// Azure AD B2C: the tenant `{name}.onmicrosoft.com`, whose id is [`TENANT`](Self::TENANT), at
    /// `https://{name}.b2clogin.com`, with one policy.
    #[must_use]
    pub fn b2c(name: impl AsRef<str>, policy: impl Into<String>) -> Self {
        let name = name.as_ref();
        Self::b2c_of(name, &format!("https://{name}.b2clogin.com"), policy)
    }

    /// Azure AD B2C at a domain of its own, such as `https://login.contoso.example`, which is in its issuers too. The tenant
    /// is `contoso.onmicrosoft.com`.
    #[must_use]
    pub fn b2c_at(base: impl AsRef<str>, policy: impl Into<String>) -> Self {
        Self::b2c_of("contoso", base.as_ref(), policy)
    }

    fn b2c_of(name: &str, base: &str, policy: impl Into<String>) -> Self {
        Self::of(BaseUrl::new(base, "b2c"), B2c, &[Self::TENANT]).named(name).add_policy(policy)
    }

    /// One more policy (user flow) of B2C. Tokens are of the first one unless [told
    /// otherwise](super::TokenBuilder::policy).
    #[must_use]
    pub fn add_policy(self, policy: impl Into<String>) -> Self {
        self.lock().policies.push(policy.into());
        self
    }

    /// B2C with the policy in its issuers, `{base}/tfp/{tenant}/{policy}/v2.0/`, as tenants can choose.
    #[must_use]
    pub fn tfp_issuer(self) -> Self {
        self.lock().tfp_issuer = true;
        self
    }

    /// Entra External ID: the tenant `{name}.onmicrosoft.com`, whose id is [`TENANT`](Self::TENANT), at
    /// `https://{name}.ciamlogin.com`. Its issuers have the tenant's id as their host.
    #[must_use]
    pub fn external_id(name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        Self::external_id_of(name, &format!("https://{name}.ciamlogin.com"))
    }

    /// Entra External ID at a domain of its own, such as `https://login.contoso.example`. The tenant is
    /// `contoso.onmicrosoft.com`; the issuers are as without that domain.
    #[must_use]
    pub fn external_id_at(base: impl AsRef<str>) -> Self {
        Self::external_id_of("contoso", base.as_ref())
    }

    fn external_id_of(name: &str, base: &str) -> Self {
        let mock = Self::of(BaseUrl::new(base, "external id"), Entra::external_id(), &[Self::TENANT]).named(name);
        mock.set_cloud_instance_name(Some("microsoftonline.com"));
        mock
    }

    fn named(self, name: &str) -> Self {
        if let Ok(tenant) = Self::TENANT.parse() {
            self.add_domain(format!("{name}.onmicrosoft.com"), tenant);
        }
        self
    }

    /// Okta, with its authorization server `default` at `https://contoso.okta.example`.
    #[must_use]
    pub fn okta() -> Self {
        Self::of(BaseUrl::new("https://contoso.okta.example", "okta"), Okta, &[])
    }

    /// Auth0 at `https://contoso.auth0.example`.
    #[must_use]
    pub fn auth0() -> Self {
        Self::of(BaseUrl::new("https://contoso.auth0.example", "auth0"), Auth0, &[])
    }

    /// Keycloak, with a realm `main` at `https://id.contoso.example`. Its key set has a key for encryption too.
    #[must_use]
    pub fn keycloak() -> Self {
        let mock = Self::of(BaseUrl::new("https://id.contoso.example", "keycloak"), Keycloak, &[]);
        mock.publish(KeySpec::new(&mock.new_key()).member("use", "enc").member("alg", "RSA-OAEP"));
        mock
    }

    /// AWS Cognito, with a user pool at `https://cognito-idp.eu-west-1.amazonaws.com`.
    #[must_use]
    pub fn cognito() -> Self {
        Self::of(BaseUrl::new("https://cognito-idp.eu-west-1.amazonaws.com", "cognito"), Cognito, &[])
    }

    /// The same at another address, such as `http://127.0.0.1:4000`: its documents lie there and name each other there. The
    /// issuers go with it, but for those of External ID, which do not depend on where documents lie.
    #[must_use]
    pub fn hosted_at(self, base: impl AsRef<str>) -> Self {
        let base_url = BaseUrl::new(base, self.lock().base_url.pool);
        if let Some(provider) = self.provider().hosted_at(&base_url.url) {
            self.set_provider(provider);
        }
        self.lock().base_url = base_url;
        self
    }

    /// This look-alike [hosted at](Self::hosted_at) `address`, and listening there; `127.0.0.1:0` lets the system choose a
    /// port.
    ///
    /// # Errors
    ///
    /// If it cannot listen there.
    pub async fn serve_at(self, address: impl ToSocketAddrs) -> io::Result<MockServer> {
        let listener = TcpListener::bind(address).await?;
        let base = format!("http://{}", listener.local_addr()?);
        self.hosted_at(base).listen(listener)
    }
}
