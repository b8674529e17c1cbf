use crate::{
    MockEntra,
    directory::{Api, App},
    token_spec::Version,
};
use tower_entra::tenant::TenantId;

/// Tenants, applications and APIs.
impl MockEntra {
    /// Registers a tenant, which then has metadata documents, key sets and a token endpoint.
    pub fn add_tenant(&self, tenant: TenantId) {
        self.lock().directory.tenants.insert(tenant);
    }

    /// Registers a tenant and one of its domains.
    pub fn add_domain(&self, domain: impl AsRef<str>, tenant: TenantId) {
        let directory = &mut self.lock().directory;
        directory.tenants.insert(tenant);
        directory.domains.insert(domain.as_ref().to_ascii_lowercase(), tenant);
    }

    /// Removes a tenant and its domains. Requests for its documents then receive an error response, as with Entra for
    /// tenants that do not exist.
    pub fn remove_tenant(&self, tenant: TenantId) {
        let directory = &mut self.lock().directory;
        directory.tenants.remove(&tenant);
        directory.domains.retain(|_, owner| *owner != tenant);
    }

    /// Registers a client application with its secret and its app roles, replacing any application with the same client
    /// id.
    pub fn register_app<R: Into<String>>(
        &self,
        client_id: impl Into<String>,
        secret: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
    ) {
        let app = App { secret: Some(secret.into()), roles: roles.into_iter().map(Into::into).collect() };
        let client_id = client_id.into().to_ascii_lowercase();
        self.lock().directory.apps.insert(client_id, app);
    }

    /// Registers an API by its App ID URI (`api://files.example`). It receives v2 tokens, whose audience is the client
    /// id.
    ///
    /// An API with the default App ID URI, `api://{client id}`, needs no registration.
    pub fn register_api(&self, app_id_uri: impl Into<String>, client_id: impl Into<String>) {
        let api = Api { version: Version::V2, audience: client_id.into() };
        self.lock().directory.apis.insert(app_id_uri.into(), api);
    }

    /// Registers an API that receives v1 tokens, whose audience is the App ID URI ([token
    /// versions](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#token-versions)).
    pub fn register_v1_api(&self, app_id_uri: impl Into<String>) {
        let app_id_uri = app_id_uri.into();
        let api = Api { version: Version::V1, audience: app_id_uri.clone() };
        self.lock().directory.apis.insert(app_id_uri, api);
    }
}
