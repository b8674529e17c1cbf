//! The settings with their locations, and the methods that set them.

use std::{collections::HashSet, time::Duration};

use super::{authority_section::AuthoritySection, key::Key, location::Named, warning::Warning};
use crate::{authority::Authority, error::ConfigSource, policy::ClaimRule, tenant::Cloud};

/// Typed values of all settings, each with the location it was written at. Several values of one setting in the same source
/// must agree; lists add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ConfigSettings {
    pub(super) source: SettingsSource,
    pub(super) tenants: Vec<Named<Tenant>>,
    pub(super) client_ids: Vec<Named<String>>,
    pub(super) audiences: Vec<Named<String>>,
    pub(super) instances: Vec<Named<InstanceSetting>>,
    /// Full addresses of authorities, as `Authority` has them.
    pub(super) addresses: Vec<Named<String>>,
    pub(super) authorities: Vec<Named<Authority>>,
    /// The settings of the section's own authority.
    pub(super) authority_section: AuthoritySection,
    /// Authorities that the section lists, each as a section of its own.
    pub(super) sections: Vec<Named<ConfigSettings>>,
    pub(super) allowed_clients: Vec<Named<String>>,
    pub(super) required_claims: Vec<Named<ClaimRule>>,
    pub(super) leeway: Vec<Named<Duration>>,
    pub(super) allow_without_role: Vec<Named<bool>>,
    pub(super) accept_bound: Vec<Named<bool>>,
    pub(super) revoked_keys: Vec<Named<String>>,
    pub(super) detailed_errors: Vec<Named<bool>>,
    pub(super) resource: Vec<Named<String>>,
    pub(super) app_specific_keys: Vec<Named<bool>>,
    /// CA certificates for key servers, in PEM.
    pub(super) ca_certificates: Vec<Named<String>>,
    pub(super) max_token_bytes: Vec<Named<usize>>,
    pub(super) strict_audiences: Vec<Named<bool>>,
    /// `ValidAudience` or `ValidAudiences` made them strict, and no other setting can change that.
    pub(super) has_valid_audience: bool,
    /// `ValidAlgorithms` of `TokenValidationParameters`.
    pub(super) valid_algorithms: Option<Named<Vec<String>>>,
    pub(super) warnings: Vec<Warning>,
    /// Hints that are added to the problem of a missing setting.
    pub(super) hints: Vec<(Key, String)>,
    /// Settings that were configured and could not be read, so that they are not missing.
    pub(super) invalid_settings: Vec<Key>,
}

/// A configured tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tenant {
    /// From a file or a variable, where keywords are common.
    Written(String),
    /// From a method of the builder for tenants alone: keywords have their own methods.
    Plain(String),
    /// From the method of a keyword.
    Keyword(&'static str),
}

impl Tenant {
    /// The tenant or the keyword.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Written(text) | Self::Plain(text) => text,
            Self::Keyword(keyword) => keyword,
        }
    }
}

/// A configured instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InstanceSetting {
    Cloud(Cloud),
    Address(String),
}

/// The source of the settings: it determines the names of missing ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum SettingsSource {
    #[default]
    Builder,
    /// A document: its file, if there is one, and the section.
    Document { source: ConfigSource, file: Option<String>, section: Option<String> },
    Environment {
        /// The prefix of the variables' names, in the .NET spelling.
        section: Option<String>,
    },
}

impl SettingsSource {
    /// The source of a section with this name inside of this one.
    pub(super) fn inside(&self, section: &str) -> Self {
        let section = Some(section.to_owned());
        match self {
            Self::Builder => Self::Builder,
            Self::Document { source, .. } => Self::Document { source: *source, file: None, section },
            Self::Environment { .. } => Self::Environment { section },
        }
    }

    /// Its name in a report.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Builder => "code",
            Self::Document { .. } => "file",
            Self::Environment { .. } => "environment",
        }
    }

    /// The source as problems report it.
    pub(super) fn kind(&self) -> ConfigSource {
        match self {
            Self::Builder => ConfigSource::Code,
            Self::Document { source, .. } => *source,
            Self::Environment { .. } => ConfigSource::Environment,
        }
    }
}

/// The settings of [`VerifierBuilder`](crate::VerifierBuilder), whose methods describe them.
impl ConfigSettings {
    #[must_use]
    pub(crate) fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenants.push(Named::in_code("tenant()", Tenant::Plain(tenant.into())));
        self
    }

    #[must_use]
    pub(crate) fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_ids.push(Named::in_code("client_id()", client_id.into()));
        self
    }

    #[must_use]
    pub(crate) fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(Named::in_code("audience()", audience.into()));
        self
    }

    #[must_use]
    pub(crate) fn cloud(mut self, cloud: Cloud) -> Self {
        self.instances.push(Named::in_code("cloud()", InstanceSetting::Cloud(cloud)));
        self
    }

    #[must_use]
    pub(crate) fn instance(mut self, address: impl Into<String>) -> Self {
        self.instances.push(Named::in_code("instance()", InstanceSetting::Address(address.into())));
        self
    }

    #[must_use]
    pub(crate) fn allowed_client(mut self, client_id: impl Into<String>) -> Self {
        self.allowed_clients.push(Named::in_code("allowed_client()", client_id.into()));
        self
    }

    #[must_use]
    pub(crate) fn required_claim(mut self, rule: ClaimRule) -> Self {
        self.required_claims.push(Named::in_code("required_claim()", rule));
        self
    }

    #[must_use]
    pub(crate) fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway.push(Named::in_code("leeway()", leeway));
        self
    }

    #[must_use]
    pub(crate) fn allow_web_api_to_be_authorized_by_acl(mut self, allow: bool) -> Self {
        self.allow_without_role.push(Named::in_code("allow_web_api_to_be_authorized_by_acl()", allow));
        self
    }

    #[must_use]
    pub(crate) fn danger_any_organization(self) -> Self {
        self.keyword("danger_any_organization()", "organizations")
    }

    #[must_use]
    pub(crate) fn danger_any_account(self) -> Self {
        self.keyword("danger_any_account()", "common")
    }

    #[must_use]
    pub(crate) fn danger_personal_accounts(self) -> Self {
        self.keyword("danger_personal_accounts()", "consumers")
    }

    #[must_use]
    pub(crate) fn authority(mut self, authority: impl Into<Authority>) -> Self {
        self.authorities.push(Named::in_code("authority()", authority.into()));
        self
    }

    fn keyword(mut self, name: &str, keyword: &'static str) -> Self {
        self.tenants.push(Named::in_code(name, Tenant::Keyword(keyword)));
        self
    }

    #[must_use]
    pub(crate) fn danger_accept_bound_tokens(mut self, accept: bool) -> Self {
        self.accept_bound.push(Named::in_code("danger_accept_bound_tokens()", accept));
        self
    }

    #[must_use]
    pub(crate) fn revoke_key(mut self, key_id: impl Into<String>) -> Self {
        self.revoked_keys.push(Named::in_code("revoke_key()", key_id.into()));
        self
    }

    #[must_use]
    pub(crate) fn detailed_errors(mut self, detailed: bool) -> Self {
        self.detailed_errors.push(Named::in_code("detailed_errors()", detailed));
        self
    }

    #[must_use]
    pub(crate) fn resource(mut self, uri: impl Into<String>) -> Self {
        self.resource.push(Named::in_code("resource()", uri.into()));
        self
    }

    #[must_use]
    pub(crate) fn app_specific_keys(mut self, own: bool) -> Self {
        self.app_specific_keys.push(Named::in_code("app_specific_keys()", own));
        self
    }

    #[must_use]
    pub(crate) fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.max_token_bytes.push(Named::in_code("max_token_bytes()", bytes));
        self
    }

    #[must_use]
    pub(crate) fn strict_audiences(mut self, strict: bool) -> Self {
        self.strict_audiences.push(Named::in_code("strict_audiences()", strict));
        self
    }
}

impl ConfigSettings {
    /// The same settings, where those of `code` replace them setting by setting.
    pub(super) fn overridden_by(mut self, code: &Self) -> Self {
        fn replace<T: Clone>(all: &mut Vec<T>, code: &[T]) {
            if !code.is_empty() {
                code.clone_into(all);
            }
        }
        if !code.authorities.is_empty() {
            // `Authorities` are one list, which is replaced as a whole.
            self.sections.clear();
        }
        replace(&mut self.tenants, &code.tenants);
        replace(&mut self.client_ids, &code.client_ids);
        replace(&mut self.audiences, &code.audiences);
        replace(&mut self.instances, &code.instances);
        replace(&mut self.authorities, &code.authorities);
        replace(&mut self.allowed_clients, &code.allowed_clients);
        replace(&mut self.required_claims, &code.required_claims);
        replace(&mut self.leeway, &code.leeway);
        replace(&mut self.allow_without_role, &code.allow_without_role);
        replace(&mut self.accept_bound, &code.accept_bound);
        // Revoked keys of all sources add up, so that no source can lift the revocation of another.
        self.revoked_keys.extend_from_slice(&code.revoked_keys);
        replace(&mut self.detailed_errors, &code.detailed_errors);
        replace(&mut self.resource, &code.resource);
        replace(&mut self.app_specific_keys, &code.app_specific_keys);
        replace(&mut self.max_token_bytes, &code.max_token_bytes);
        replace(&mut self.strict_audiences, &code.strict_audiences);
        self
    }

    /// The configured settings.
    pub(super) fn slots(&self) -> HashSet<Key> {
        let given = [
            (Key::TenantId, !self.tenants.is_empty()),
            (Key::ClientId, !self.client_ids.is_empty()),
            (Key::Audience, !self.audiences.is_empty()),
            (Key::StrictAudiences, !self.strict_audiences.is_empty()),
            (Key::Instance, !self.instances.is_empty()),
            (Key::Authorities, !self.authorities.is_empty()),
            (Key::AllowedClients, !self.allowed_clients.is_empty()),
            (Key::RequiredClaims, !self.required_claims.is_empty()),
            (Key::ClockSkewSeconds, !self.leeway.is_empty()),
            (Key::AllowWithoutRole, !self.allow_without_role.is_empty()),
            (Key::DetailedErrors, !self.detailed_errors.is_empty()),
            (Key::Resource, !self.resource.is_empty()),
            (Key::AppSpecificKeys, !self.app_specific_keys.is_empty()),
        ];
        given.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key).collect()
    }

    /// Whether any setting names an authority, in this section or in `Authorities`.
    pub(super) fn has_authority_of_any_kind(&self) -> bool {
        !self.tenants.is_empty()
            || !self.addresses.is_empty()
            || !self.instances.is_empty()
            || !self.authorities.is_empty()
            || !self.sections.is_empty()
            || self.authority_section.names_an_issuer()
    }
}
