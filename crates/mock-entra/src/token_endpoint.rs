use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::json;

use super::{
    MockEntra, TokenBuilder,
    directory::App,
    form::{form_decoded, parameter},
    message::{MockRequest, MockResponse},
    provider::GRAPH,
    state::State,
    token_spec::Version,
};
use tower_entra::tenant::TenantId;

/// An authorized request for a token.
struct Grant {
    tenant: TenantId,
    client_id: String,
    /// The `azpacr` claim: 1 for a secret, 2 for a certificate (`docs/entra.md`, "Client application claims").
    proof: &'static str,
    roles: Vec<String>,
    resource: Resource,
}

/// The requested API, by the version of its tokens, with its audience.
enum Resource {
    Graph(String),
    V1(String),
    V2(String),
}

/// Microsoft's own APIs other than Graph. They receive v1 tokens whose audience is the requested resource.
const MICROSOFT_APIS: [&str; 5] = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://vault.azure.net",
    "https://storage.azure.com",
    "https://graph.windows.net",
];

impl MockEntra {
    /// The response of `POST /{tenant}/oauth2/v2.0/token`, the client credentials grant (RFC 6749, section 4.4). `None` at
    /// other paths.
    pub(super) fn token_response(&self, request: &MockRequest<'_>, path: &str) -> Option<MockResponse> {
        let grant = {
            let (provider, state) = (self.provider(), self.lock());
            let tenant = provider.token_endpoint_tenant(&state, path)?;
            state.grant(request, tenant, provider.graph_host())
        };
        Some(match grant {
            Ok(grant) => {
                let token = self.token_for(grant).build();
                MockResponse::json(
                    200,
                    &json!({
                        "token_type": "Bearer",
                        "expires_in": 3599,
                        "ext_expires_in": 3599,
                        "access_token": token,
                    }),
                )
            }
            Err(response) => *response,
        })
    }

    fn token_for(&self, grant: Grant) -> TokenBuilder {
        let token = self.token().app().tenant(grant.tenant).client(grant.client_id).client_proof(grant.proof);
        match grant.resource {
            // The registered roles are those of the user's API. Graph has its own.
            Resource::Graph(audience) => token.graph().audience(audience),
            Resource::V1(audience) => token.v1().audience(audience).roles(grant.roles),
            Resource::V2(audience) => token.v2().audience(audience).roles(grant.roles),
        }
    }
}

impl State {
    fn grant(
        &self,
        request: &MockRequest<'_>,
        tenant: Result<TenantId, Box<MockResponse>>,
        graph_host: Option<&str>,
    ) -> Result<Grant, Box<MockResponse>> {
        let error = |status, code, number, text: &str| Box::new(self.error(status, code, number, text));
        if request.method != Method::POST {
            let text = "The endpoint only accepts POST requests. Received a GET request.";
            return Err(error(405, "invalid_request", 900_561, text));
        }
        let tenant = tenant?;
        let form = std::str::from_utf8(request.body).unwrap_or_default();
        let field = |name: &str| parameter(form, name).filter(|value| !value.is_empty());
        let required = |name: &str| {
            let text = format!("The request body must contain the following parameter: '{name}'.");
            field(name).ok_or_else(|| error(400, "invalid_request", 900_144, &text))
        };
        let grant_type = required("grant_type")?;
        if grant_type != "client_credentials" {
            let text = format!("The app requested an unsupported grant type '{grant_type}'.");
            return Err(error(400, "unsupported_grant_type", 70_003, &text));
        }
        let basic = request.authorization.and_then(basic_credentials);
        let (client_id, secret) = match basic {
            Some((client_id, secret)) => (client_id, Some(secret)),
            None => (required("client_id")?, field("client_secret")),
        };
        let client_id = client_id.to_ascii_lowercase();
        let Some(app) = self.directory.apps.get(&client_id) else {
            let text = format!(
                "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen \
                 if the application has not been installed by the administrator of the tenant or consented to by any \
                 user in the tenant."
            );
            return Err(error(400, "unauthorized_client", 700_016, &text));
        };
        let proof = match app.proof(secret.as_deref(), field("client_assertion").as_deref()) {
            Ok(proof) => proof,
            Err((number, text)) => return Err(error(401, "invalid_client", number, text)),
        };
        let scope = required("scope")?;
        let Some(resource) = scope.strip_suffix("/.default").filter(|resource| !resource.contains(' ')) else {
            let text = format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
                 with /.default suffixed to the resource identifier (application ID URI)."
            );
            return Err(error(400, "invalid_scope", 1_002_012, &text));
        };
        let Some(resource) = self.resource(resource, graph_host) else {
            let text = format!(
                "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen \
                 if the application has not been installed by the administrator of the tenant or consented to by any \
                 user in the tenant. You might have sent your authentication request to the wrong tenant."
            );
            return Err(error(400, "invalid_resource", 500_011, &text));
        };
        Ok(Grant { tenant, client_id, proof, roles: app.roles.clone(), resource })
    }

    /// The API with this identifier. `graph_host` is the host of Microsoft Graph.
    fn resource(&self, resource: &str, graph_host: Option<&str>) -> Option<Resource> {
        if let Some(api) = self.directory.apis.get(resource) {
            let audience = api.audience.clone();
            return Some(match api.version {
                Version::V1 => Resource::V1(audience),
                Version::V2 => Resource::V2(audience),
            });
        }
        let host = resource.trim_end_matches('/');
        let is_graph = |graph| host.strip_prefix("https://") == Some(graph);
        if resource == GRAPH || graph_host.is_some_and(is_graph) {
            return Some(Resource::Graph(resource.to_owned()));
        }
        if MICROSOFT_APIS.contains(&host) {
            return Some(Resource::V1(resource.to_owned()));
        }
        // `api://{client id}`, `api://{tenant}/{client id}` or the client id itself.
        let client_id = resource.strip_prefix("api://").map_or(resource, |uri| uri.rsplit('/').next().unwrap_or(uri));
        client_id.parse::<TenantId>().is_ok().then(|| Resource::V2(client_id.to_owned()))
    }
}

impl App {
    /// The `azpacr` claim for the credentials, or the number and text of the error. Client assertions are not validated.
    fn proof(&self, secret: Option<&str>, assertion: Option<&str>) -> Result<&'static str, (u32, &'static str)> {
        match (secret, assertion, &self.secret) {
            (Some(secret), _, Some(right)) if secret != right => Err((
                7_000_215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                 value, not the client secret ID.",
            )),
            (Some(_), ..) => Ok("1"),
            (None, Some(_), _) => Ok("2"),
            (None, None, _) => Err((
                7_000_216,
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
            )),
        }
    }
}

/// The client id and secret of an `Authorization` header (RFC 6749, section 2.3.1).
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    scheme.eq_ignore_ascii_case("Basic").then_some((form_decoded(client_id)?, form_decoded(secret)?))
}
