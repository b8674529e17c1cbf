use std::io;

use tokio::net::{TcpListener, ToSocketAddrs};

use super::{
    KeySpec, MockEntra, MockServer,
    base_url::BaseUrl,
    provider::{AUTH0, B2c, COGNITO, Entra, KEYCLOAK, OKTA},
};

/// Other providers ([overview](crate#providers)).
impl MockEntra {
    /// Azure AD B2C at `https://{name}.b2clogin.com` with one policy (user flow). The tenant is `{name}.onmicrosoft.com`
    /// with the id [`TENANT`](Self::TENANT).
    #[must_use]
    pub fn b2c(name: impl AsRef<str>, policy: impl Into<String>) -> Self {
        let name = name.as_ref();
        Self::b2c_tenant(name, &format!("https://{name}.b2clogin.com"), policy)
    }

    /// Azure AD B2C at a custom domain such as `https://login.contoso.example`, which its issuers contain as well. The
    /// tenant is `contoso.onmicrosoft.com`.
    #[must_use]
    pub fn b2c_at(base: impl AsRef<str>, policy: impl Into<String>) -> Self {
        Self::b2c_tenant("contoso", base.as_ref(), policy)
    }

    fn b2c_tenant(name: &str, base: &str, policy: impl Into<String>) -> Self {
        let mock = Self::with_provider(BaseUrl::new(base), "b2c", B2c, &[Self::TENANT]);
        mock.with_tenant_name(name).add_policy(policy)
    }

    /// Adds a policy (user flow) to B2C. The first policy is the default for tokens;
    /// [`TokenBuilder::policy`](super::TokenBuilder::policy) selects another.
    #[must_use]
    pub fn add_policy(self, policy: impl Into<String>) -> Self {
        self.lock().directory.policies.push(policy.into());
        self
    }

    /// Uses the B2C issuer format that contains the policy, `{base}/tfp/{tenant}/{policy}/v2.0/`.
    #[must_use]
    pub fn tfp_issuer(self) -> Self {
        self.lock().directory.policy_in_issuer = true;
        self
    }

    /// Entra External ID at `https://{name}.ciamlogin.com`. The tenant is `{name}.onmicrosoft.com` with the id
    /// [`TENANT`](Self::TENANT), and the host of its issuers starts with that id.
    #[must_use]
    pub fn external_id(name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        Self::external_id_tenant(name, &format!("https://{name}.ciamlogin.com"))
    }

    /// Entra External ID at a custom domain such as `https://login.contoso.example`. The tenant is
    /// `contoso.onmicrosoft.com`. The custom domain does not change the issuers.
    #[must_use]
    pub fn external_id_at(base: impl AsRef<str>) -> Self {
        Self::external_id_tenant("contoso", base.as_ref())
    }

    fn external_id_tenant(name: &str, base: &str) -> Self {
        let mock = Self::with_provider(BaseUrl::new(base), "external id", Entra::external_id(), &[Self::TENANT]);
        mock.set_cloud_instance_name(Some("microsoftonline.com"));
        mock.with_tenant_name(name)
    }

    fn with_tenant_name(self, name: &str) -> Self {
        if let Ok(tenant) = Self::TENANT.parse() {
            self.add_domain(format!("{name}.onmicrosoft.com"), tenant);
        }
        self
    }

    /// Okta with the authorization server `default` at `https://contoso.okta.example`.
    #[must_use]
    pub fn okta() -> Self {
        Self::with_provider(BaseUrl::new("https://contoso.okta.example"), "okta", OKTA, &[])
    }

    /// Auth0 at `https://contoso.auth0.example`.
    #[must_use]
    pub fn auth0() -> Self {
        Self::with_provider(BaseUrl::new("https://contoso.auth0.example"), "auth0", AUTH0, &[])
    }

    /// Keycloak with the realm `main` at `https://id.contoso.example`. Its key set also contains an encryption key.
    #[must_use]
    pub fn keycloak() -> Self {
        let mock = Self::with_provider(BaseUrl::new("https://id.contoso.example"), "keycloak", KEYCLOAK, &[]);
        mock.publish(KeySpec::new(&mock.new_key()).member("use", "enc").member("alg", "RSA-OAEP"));
        mock
    }

    /// AWS Cognito with a user pool at `https://cognito-idp.eu-west-1.amazonaws.com`.
    #[must_use]
    pub fn cognito() -> Self {
        let base_url = BaseUrl::new("https://cognito-idp.eu-west-1.amazonaws.com");
        Self::with_provider(base_url, "cognito", COGNITO, &[])
    }

    /// Moves the mock to another base address, such as `http://127.0.0.1:4000`. All addresses in documents and all
    /// issuers change with it, except the issuers of External ID.
    #[must_use]
    pub fn hosted_at(self, base: impl AsRef<str>) -> Self {
        let base_url = BaseUrl::new(base);
        if let Some(provider) = self.provider().hosted_at(&base_url.url) {
            self.set_provider(provider);
        }
        self.lock().base_url = base_url;
        self
    }

    /// Listens on `address` and [moves](Self::hosted_at) the mock there. With `127.0.0.1:0` the system chooses a port.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn serve_at(self, address: impl ToSocketAddrs) -> io::Result<MockServer> {
        let listener = TcpListener::bind(address).await?;
        let base = format!("http://{}", listener.local_addr()?);
        self.hosted_at(base).listen(listener)
    }
}
