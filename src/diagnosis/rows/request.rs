//! How a client gets a token for this API, in the words of its provider.

use crate::diagnosis::{Action, Provider, Remedy, facts::Facts};

/// Requests a token for this API.
pub(super) fn request_ours(facts: &Facts<'_>) -> Remedy {
    let provider = facts.provider();
    let audience = facts.audiences().first().cloned().unwrap_or_else(|| "api://<client id of this API>".to_owned());
    let client = facts.client_text();
    let request = match provider {
        Provider::Entra | Provider::ExternalId => format!(
            "Let the client request a token for this API: the scope {}, and scopes of one API only in each request.",
            facts.default_scope()
        ),
        Provider::B2c => format!(
            "Let the client request a scope of this API: its full name is in the registration {audience} under Expose an API."
        ),
        Provider::AdFs => format!(
            "Let the client request a token for the resource {audience}: the identifier of the Web API in the application \
             group of AD FS."
        ),
        Provider::Keycloak => format!(
            "In Keycloak, add a mapper of the type Audience with the Included Custom Audience {audience} to a client scope, \
             and assign this client scope to the client {client}; then get a new token."
        ),
        Provider::Auth0 => format!(
            "Let the client send the parameter audience={audience} with its request: that is the identifier of the API in \
             Auth0. Without it, Auth0 issues a token that only Auth0 can read."
        ),
        Provider::Okta => format!(
            "Let the client get its token from a custom authorization server of Okta whose audience is {audience} (Security \
             > API > Authorization Servers), not from the org authorization server."
        ),
        Provider::Cognito => {
            format!("Let the client send the access token, not the ID token, of the app client {audience} in Cognito.")
        }
        Provider::GithubActions => format!(
            "In the workflow, request the token with this audience: core.getIDToken('{audience}'), or the input audience of \
             the action."
        ),
        Provider::Other => format!(
            "Let the client request a token for the audience {audience}: by a scope of this API, or by the parameter audience \
             or resource, depending on the provider."
        ),
    };
    Remedy::new(Action::RequestToken { provider, audience, request })
}
