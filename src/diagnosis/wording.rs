//! The values of the API's configuration in the words of explanations and remedies.

use serde_json::{Value, json};

use super::{Action, Remedy, facts::Facts, provider::host_and_path, remedy::settings};
use crate::tenant::TenantId;

impl<'a> Facts<'a> {
    /// The API, by its audience.
    pub(super) fn api(&self) -> String {
        match self.audiences().first() {
            Some(audience) => format!("this API ({audience})"),
            None => "this API".to_owned(),
        }
    }

    /// All audiences that are accepted.
    pub(super) fn accepted_audiences(&self) -> String {
        self.audiences().join(" or ")
    }

    /// The client id of the API, if one is configured.
    pub(super) fn api_client_id(&self) -> Option<&'a str> {
        self.audiences().iter().map(String::as_str).find(|audience| audience.parse::<TenantId>().is_ok())
    }

    /// The scope that a client requests for the API at Entra.
    pub(super) fn default_scope(&self) -> String {
        let audience = self.audiences().first().map_or("api://<client id of this API>", String::as_str);
        format!("{}/.default", audience.trim_end_matches('/'))
    }

    /// The App ID URI, in front of the name of a scope in a request: the usual one unless another is configured.
    pub(super) fn app_id_uri(&self) -> String {
        let client = self.api_client_id().or(self.left_out_client_id());
        let is_other = |uri: &&String| uri.contains("://") && client.is_none_or(|client| !uri.contains(client));
        match (self.audiences().iter().find(is_other), client) {
            (Some(uri), _) => uri.clone(),
            (None, Some(client)) => format!("api://{client}"),
            (None, None) => "api://<client id of this API>".to_owned(),
        }
    }

    /// Where settings of this authority are.
    pub(super) fn place(&self) -> String {
        match self.is_only_authority {
            true => String::new(),
            false => format!("It belongs into the settings of {}.", self.authority_name()),
        }
    }

    /// A change of settings of this authority.
    pub(super) fn configure(&self, members: Vec<(&'static str, Value)>, delete: &[&'static str]) -> Remedy {
        let remedy = Remedy::new(Action::Configure { settings: settings(members), delete: delete.to_vec() });
        if self.is_only_authority { remedy } else { remedy.noting(self.place()) }
    }

    /// The audiences of the configuration that do not follow from its client id, and `more`.
    pub(super) fn audiences_with(&self, more: &str) -> Value {
        let of_client = |audience: &&String| {
            self.api_client_id().is_some_and(|client| {
                let bare = audience.trim_start_matches("api://");
                bare == client || bare.ends_with(&format!("/{client}"))
            })
        };
        let listed = self.audiences().iter().filter(|audience| !of_client(audience)).map(String::as_str);
        json!(listed.chain([more]).collect::<Vec<_>>())
    }

    /// The host and path of the token's issuer.
    pub(super) fn issuer_parts(&self) -> Option<(&'a str, &'a str)> {
        host_and_path(self.token.text("iss")?)
    }
}
