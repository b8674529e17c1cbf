//! What an owner wishes: from the builder, a JSON file or the environment, all of them held to the same rules.
//!
//! A [`Config`] keeps every setting as it was written and under the name it was written by, so that each mistake can name
//! it. The rules are applied when the verifier is built: then all mistakes come out at once.
//!
//! From code:
//!
//! ```
//! use tower_entra::Config;
//!
//! let config = Config::default()
//!     .tenant("11111111-2222-3333-4444-555555555555")
//!     .client_id("66666666-7777-8888-9999-000000000000");
//! assert!(config.validate().is_ok());
//! ```
//!
//! From the section of an `appsettings.json` that Microsoft.Identity.Web reads too, where a slip of the pen is named:
//!
//! ```
//! use tower_entra::Config;
//!
//! let error = Config::from_json(
//!     r#"{
//!         "AzureAd": {
//!             "Instance": "https://login.microsoftonline.com/",
//!             "TenantId": "11111111-2222-3333-4444-555555555555",
//!             "CleintId": "66666666-7777-8888-9999-000000000000"
//!         }
//!     }"#,
//! )
//! .unwrap_err();
//! assert!(error.to_string().contains("AzureAd:CleintId: there is no such setting; did you mean `ClientId`?"));
//! ```

mod address;
mod any;
mod apart;
#[cfg(feature = "apim")]
mod apim;
mod authorities;
mod env;
mod file;
mod key;
mod node;
mod origin;
mod owned;
mod plan;
mod read;
mod rule;
mod section;
mod site;
mod size;
mod tenants;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

use std::time::Duration;

#[cfg(feature = "apim")]
pub use apim::{ApimNote, ApimPolicy};

use crate::{authority::Authority, error::ConfigError, policy::ClaimRule, tenant::Cloud};
use key::Key;
pub(crate) use plan::Plan;
use site::Site;

/// All settings of a verifier, as their owner wrote them.
///
/// The methods are those of the builder. What several sources say about one setting must agree: nothing is overridden
/// silently. Lists add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    source: Source,
    tenants: Vec<Named<Tenant>>,
    client_ids: Vec<Named<String>>,
    audiences: Vec<Named<String>>,
    instances: Vec<Named<Place>>,
    /// Full addresses of authorities, as `Authority` has them.
    addresses: Vec<Named<String>>,
    authorities: Vec<Named<Authority>>,
    /// What the section says of its authority alone.
    site: Site,
    /// Authorities that the section lists, each as a section of its own.
    sections: Vec<Named<Config>>,
    allowed_clients: Vec<Named<String>>,
    required_claims: Vec<Named<ClaimRule>>,
    leeway: Vec<Named<Duration>>,
    allow_without_role: Vec<Named<bool>>,
    accept_bound: Vec<Named<bool>>,
    revoked_keys: Vec<Named<String>>,
    detailed_errors: Vec<Named<bool>>,
    resource: Vec<Named<String>>,
    app_specific_keys: Vec<Named<bool>>,
    max_token_bytes: Vec<Named<usize>>,
    warnings: Vec<String>,
    /// What is worth adding where a setting is missing.
    hints: Vec<(Key, String)>,
    /// Settings that were tried and could not be read: they are not missing.
    spoilt: Vec<Key>,
}

/// A value and the name of its setting, as the owner wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named<T> {
    name: String,
    value: T,
}

/// A tenant as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tenant {
    /// By what stands in a file or a variable, where the keywords are usual.
    Written(String),
    /// By a method of the builder, where the keywords have methods of their own.
    Plain(String),
    /// By such a method.
    Keyword(&'static str),
}

/// An instance as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Cloud(Cloud),
    Address(String),
}

/// Who filled it in: how a missing setting is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Builder,
    /// The file, if it was one, and the section.
    Json { file: Option<String>, section: Option<String> },
    Environment {
        /// The variables' part of the name before a setting, where they are .NET's.
        section: Option<String>,
    },
}

impl Source {
    /// The same, within a section of this name.
    fn inside(&self, section: &str) -> Self {
        let section = Some(section.to_owned());
        match self {
            Self::Builder => Self::Builder,
            Self::Json { .. } => Self::Json { file: None, section },
            Self::Environment { .. } => Self::Environment { section },
        }
    }
}

impl<T> Named<T> {
    fn new(name: impl Into<String>, value: T) -> Self {
        Self { name: name.into(), value }
    }
}

impl Config {
    /// A tenant whose tokens are accepted: its GUID or a verified domain. Repeat for more.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenants.push(Named::new("tenant()", Tenant::Plain(tenant.into())));
        self
    }

    /// The client id of the API. For a client id `C` of a tenant `T`, the audiences `C`, `api://C` and `api://T/C` are
    /// accepted ([audiences](crate::guide::entra#audiences)).
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_ids.push(Named::new("client_id()", client_id.into()));
        self
    }

    /// A further audience, compared exactly but for one trailing slash. Repeat for more.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(Named::new("audience()", audience.into()));
        self
    }

    /// The cloud; the public one if nothing else is said.
    #[must_use]
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.instances.push(Named::new("cloud()", Place::Cloud(cloud)));
        self
    }

    /// The address of the instance, such as `https://login.microsoftonline.us` or `http://127.0.0.1:4000`, or the
    /// [name](Cloud::from_name) of a cloud.
    #[must_use]
    pub fn instance(mut self, address: impl Into<String>) -> Self {
        self.instances.push(Named::new("instance()", Place::Address(address.into())));
        self
    }

    /// An application that may call, by its client id. Repeat for more; without any, every application may.
    #[must_use]
    pub fn allowed_client(mut self, client_id: impl Into<String>) -> Self {
        self.allowed_clients.push(Named::new("allowed_client()", client_id.into()));
        self
    }

    /// A claim that every token must have. Repeat for more: all of them must hold.
    #[must_use]
    pub fn required_claim(mut self, rule: ClaimRule) -> Self {
        self.required_claims.push(Named::new("required_claim()", rule));
        self
    }

    /// How far clocks may differ, up to 300 s; 60 s if nothing else is said.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway.push(Named::new("leeway()", leeway));
        self
    }

    /// Whether an application's token is accepted without an app role, as under this name in Microsoft.Identity.Web.
    #[must_use]
    pub fn allow_web_api_to_be_authorized_by_acl(mut self, allow: bool) -> Self {
        self.allow_without_role.push(Named::new("allow_web_api_to_be_authorized_by_acl()", allow));
        self
    }

    /// Accepts every organisation instead of named tenants. Whoever can make a tenant can then make tokens that pass:
    /// decide about the tenant yourself.
    #[must_use]
    pub fn danger_any_organization(self) -> Self {
        self.keyword("danger_any_organization()", "organizations")
    }

    /// Accepts every organisation and every personal account: anybody at all.
    #[must_use]
    pub fn danger_any_account(self) -> Self {
        self.keyword("danger_any_account()", "common")
    }

    /// Accepts personal accounts alone: anybody at all.
    #[must_use]
    pub fn danger_personal_accounts(self) -> Self {
        self.keyword("danger_personal_accounts()", "consumers")
    }

    /// One more authority whose tokens are accepted, beside the tenants that are named. Repeat for more. What it does not
    /// have of its own is as these settings say.
    #[must_use]
    pub fn authority(mut self, authority: Authority) -> Self {
        self.authorities.push(Named::new("authority()", authority));
        self
    }

    /// Whether an authority is described beside those that are given whole.
    fn has_own_authority(&self) -> bool {
        !self.tenants.is_empty()
            || !self.addresses.is_empty()
            || self.site.names_an_issuer()
            || self.form() != address::Form::Entra
            || (self.authorities.is_empty() && self.sections.is_empty())
    }

    fn keyword(mut self, name: &str, keyword: &'static str) -> Self {
        self.tenants.push(Named::new(name, Tenant::Keyword(keyword)));
        self
    }

    /// Whether a token that is bound to a key (`cnf`) is accepted as plain bearer: from anybody who has it, then.
    #[must_use]
    pub fn danger_accept_bound_tokens(mut self, accept: bool) -> Self {
        self.accept_bound.push(Named::new("danger_accept_bound_tokens()", accept));
        self
    }

    /// A signing key that never counts, by its `kid`, whatever the documents say. Repeat for more.
    #[must_use]
    pub fn revoke_key(mut self, key_id: impl Into<String>) -> Self {
        self.revoked_keys.push(Named::new("revoke_key()", key_id.into()));
        self
    }

    /// Whether the body of a refusal says why.
    #[must_use]
    pub fn detailed_errors(mut self, detailed: bool) -> Self {
        self.detailed_errors.push(Named::new("detailed_errors()", detailed));
        self
    }

    /// The identifier of this API as a protected resource (RFC 9728 §1.2): an `https` address, or its App ID URI.
    #[must_use]
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.resource.push(Named::new("resource()", uri.into()));
        self
    }

    /// Whether the API has [signing keys of its own](crate::guide::entra#application-specific-signing-keys), which are
    /// asked for by its client id.
    #[must_use]
    pub fn app_specific_keys(mut self, own: bool) -> Self {
        self.app_specific_keys.push(Named::new("app_specific_keys()", own));
        self
    }

    /// The longest token that is looked at, in bytes, from 1 KiB to 1 MiB; 16 KiB if nothing else is said.
    #[must_use]
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes.push(Named::new("max_token_bytes()", bytes));
        self
    }

    /// Holds the settings to all rules, without building anything: for a check before deployment, say.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.plan().map(drop)
    }
}
