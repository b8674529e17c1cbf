//! Validation: every rule, whatever source the settings come from, and all problems at once.

use std::{collections::HashSet, time::Duration};

use super::{
    address::Form,
    key::Key,
    location::{Location, Named},
    provenance::AuthorityEntry,
    rules::{Common, GUID_FORM, Rules, guid},
    section,
    settings::ConfigSettings,
    size,
    tenants::Tenants,
    warning::{self, Warning},
};
use crate::{
    authority::{Authority, Trusted},
    error::{
        ConfigProblemKind::{Invalid, Missing, NotApplicable},
        ConfigSource, Problems,
    },
    keys::KeySettings,
    policy::{ClaimRule, MAX_LEEWAY, microsoft_api},
    tenant::check_address,
};

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
const DEFAULT_MAX_TOKEN_BYTES: usize = 16 << 10;
const MAX_TOKEN_BYTES: std::ops::RangeInclusive<usize> = 1 << 10..=1 << 20;

/// A validated configuration, from which a verifier is built without further checks.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedConfig {
    pub(crate) authorities: Vec<Trusted>,
    /// The defaults, with the keys that are revoked.
    pub(crate) keys: KeySettings,
    pub(crate) detailed_errors: bool,
    pub(crate) resource: Option<String>,
    pub(crate) max_token_bytes: usize,
    /// What the operator should know at start-up.
    pub(crate) warnings: Vec<Warning>,
}

impl ConfigSettings {
    /// Validates the settings.
    #[cfg(test)]
    pub(crate) fn resolve(&self) -> Result<ResolvedConfig, crate::error::ConfigError> {
        let (resolved, problems) = self.validate_all();
        problems.check().map_err(|error| error.in_file(self.origin()))?;
        // Without a tenant there is a problem already.
        resolved.ok_or_else(|| crate::error::ConfigError::from_problem(self.missing(Key::TenantId, "is missing")))
    }

    /// Goes through all rules. The result is usable only without problems.
    pub(super) fn validate_all(&self) -> (Option<ResolvedConfig>, Problems) {
        let mut rules = Rules::new(self);
        rules.warnings.clone_from(&self.warnings);
        let form = self.form();
        let other = if self.has_own_authority() { rules.described(form) } else { None };
        if let Some(required) = self.site.required_for_readiness.as_ref().filter(|_| !self.has_own_authority()) {
            let advice = "applies to one authority; move it into its entry in Authorities";
            rules.wrong(NotApplicable, &required.name, &required.value.to_string(), advice);
        }
        let tenants = if form == Form::Entra { rules.tenants(None) } else { Tenants::default() };
        let client_id = rules.client_id(form);
        rules.check_audiences(&self.audiences);
        let common = Common {
            allowed_clients: rules.allowed_clients(form),
            required_claims: rules.required_claims(),
            leeway: rules.leeway(),
            allow_without_role: rules.switch(&self.allow_without_role),
            accept_bound: rules.switch(&self.accept_bound),
            client_id,
        };
        let resource = rules.resource();
        let max_token_bytes = rules.max_token_bytes();
        let keys = KeySettings { revoked: rules.revoked_keys(), ..KeySettings::default() };
        let detailed_errors = rules.switch(&self.detailed_errors);
        let has_tenant = form == Form::Entra && tenants.authority.is_some() && !tenants.has_keyword();
        let app_id = rules.app_id(common.client_id.as_deref(), has_tenant);
        rules.warn_of_microsoft();
        let main = tenants.authority.map(|authority| match app_id {
            Some(app_id) => authority.app_specific_keys(app_id),
            None => authority,
        });
        let main = main.or(other).map(|authority| section::with_site(authority, self));
        // What another issuer calls its clients and audiences is nothing that holds at Entra.
        let main =
            main.map(|main| if form == Form::OpenIdConnect { section::with_own_names(main, self) } else { main });
        let mut entries: Vec<AuthorityEntry<'_>> = Vec::new();
        entries.extend(main.map(|authority| AuthorityEntry::of_section(authority, self.own_name(), self)));
        for section in &self.sections {
            entries.extend(rules.section(section, tenants.instance.as_ref()));
        }
        entries.extend(self.authorities.iter().map(AuthorityEntry::whole));
        for (number, entry) in entries.iter_mut().enumerate() {
            entry.provenance.number = number;
        }
        if let Err(flaw) = size::check(&entries, &common, self) {
            rules.problems.push(self.location_of(Key::Authorities).problem(flaw.kind, None, flaw.advice));
            return (None, rules.problems);
        }
        let mut all = Vec::new();
        for entry in &entries {
            let trusted = rules.trusted(entry, &common);
            all.extend(trusted.into_iter().map(|trusted| (entry.provenance.clone(), trusted)));
        }
        rules.check_overlap(&all);
        rules.warn_of_unstated_claims(&all);
        rules.check_owners(&all);
        let named =
            |entry: &AuthorityEntry<'_>| Some((entry.provenance.name.clone(), entry.authority.settings.name.clone()?));
        let names: Vec<(Location, String)> = entries.iter().filter_map(named).collect();
        rules.check_names(&names);
        let authorities: Vec<Trusted> = all.into_iter().map(|(_, trusted)| trusted).collect();
        if !authorities.is_empty() && !authorities.iter().any(|trusted| trusted.is_required_for_readiness) {
            rules.warnings.push(Warning::new(
                Key::RequiredForReadiness.name(),
                "no authority is required for readiness (RequiredForReadiness, not_required_for_readiness()): the service \
                 reports itself ready at once, also while it has no keys and rejects every token with 503",
            ));
        }
        let resolved = (!authorities.is_empty()).then(|| ResolvedConfig {
            authorities,
            keys,
            detailed_errors,
            resource,
            max_token_bytes,
            warnings: warning::first_of(std::mem::take(&mut rules.warnings)),
        });
        (resolved, rules.problems)
    }

    /// The setting that names the section's own authority.
    fn own_name(&self) -> Location {
        let written = [Key::Authority, Key::TenantId, Key::Instance].into_iter().find_map(|key| {
            let (name, _) = self.written(key).into_iter().next()?;
            Some(name)
        });
        written.unwrap_or_else(|| Location::new(Key::Authority.method(), ConfigSource::Code))
    }
}

impl Rules<'_> {
    fn switch(&mut self, all: &[Named<bool>]) -> bool {
        self.one(all, bool::to_string).is_some_and(|switch| switch.value)
    }

    /// The client id in lower case. That of another issuer's application may be any text, which holds there alone.
    fn client_id(&mut self, form: Form) -> Option<String> {
        let mut ids: Vec<Named<String>> = Vec::new();
        for client in &self.config.client_ids {
            match guid(&client.value) {
                Some(id) => ids.push(Named::new(client.name.clone(), id)),
                None if form == Form::OpenIdConnect && !client.value.trim().is_empty() => {}
                None if client.value.starts_with("api://") => {
                    self.wrong(
                        Invalid,
                        &client.name,
                        &client.value,
                        format!("{GUID_FORM} is needed; an App ID URI is an audience"),
                    );
                }
                None => {
                    let advice =
                        format!("{GUID_FORM} is needed: the Application (client) ID of the API's app registration");
                    self.wrong(Invalid, &client.name, &client.value, advice);
                }
            }
        }
        let is_any = !self.config.client_ids.is_empty() || !self.config.audiences.is_empty();
        // Authorities may all have audiences of their own, and no other tenants need any.
        let has_own = |authority: &Named<Authority>| authority.value.settings.names_an_audience();
        let section_has_own = |section: &Named<ConfigSettings>| {
            let config = &section.value;
            let is_named = !config.client_ids.is_empty() || !config.audiences.is_empty();
            is_named || config.is_spoilt(&[Key::ClientId, Key::Audience, Key::Audiences])
        };
        let is_needed = self.config.has_own_authority()
            || !self.config.authorities.iter().all(has_own)
            || !self.config.sections.iter().all(section_has_own);
        if is_needed && !is_any && !self.config.is_spoilt(&[Key::ClientId, Key::Audience, Key::Audiences]) {
            let advice = "is missing, and so is an audience: which API is this? Take the Application (client) ID of its \
                          app registration";
            self.problems.push(self.config.missing(Key::ClientId, advice));
        }
        self.one(&ids, String::clone).map(|id| id.value.clone())
    }

    fn warn_of_microsoft(&mut self) {
        let sections = self.config.sections.iter().map(|section| &section.value);
        let configs = std::iter::once(self.config).chain(sections);
        for audience in configs.flat_map(|config| config.audiences.iter().chain(&config.client_ids)) {
            if let Some(api) = microsoft_api(&audience.value) {
                let text = format!(
                    "{} = {:?} is {api}, an API of Microsoft's: tokens for it are for Microsoft alone to validate",
                    audience.name, audience.value
                );
                self.warnings.push(Warning::new(audience.name.as_str(), text));
            }
        }
    }

    fn allowed_clients(&mut self, form: Form) -> HashSet<String> {
        let mut clients = HashSet::new();
        for client in &self.config.allowed_clients {
            match guid(&client.value) {
                Some(id) => drop(clients.insert(id)),
                // It holds there; elsewhere nobody has it, which must not become a list without an entry.
                None if form == Form::OpenIdConnect && !client.value.trim().is_empty() => {
                    clients.insert(client.value.clone());
                }
                None => {
                    self.wrong(
                        Invalid,
                        &client.name,
                        &client.value,
                        format!("{GUID_FORM} is needed: an application's client id"),
                    );
                }
            }
        }
        clients
    }

    fn required_claims(&mut self) -> Vec<ClaimRule> {
        for rule in &self.config.required_claims {
            self.check_rule(&rule.name, &rule.value);
        }
        self.config.required_claims.iter().map(|rule| rule.value.clone()).collect()
    }

    /// The client id by which the API's own keys are asked for.
    fn app_id(&mut self, client_id: Option<&str>, has_tenant: bool) -> Option<String> {
        let wanted = self.one(&self.config.app_specific_keys, bool::to_string).filter(|wanted| wanted.value)?;
        if self.config.client_ids.is_empty() {
            let advice = format!("needs {}, by which those keys are asked for", self.config.location_of(Key::ClientId));
            self.wrong(Missing, &wanted.name, "true", advice);
        }
        if !has_tenant {
            let tenant = self.config.location_of(Key::TenantId);
            self.wrong(
                Missing,
                &wanted.name,
                "true",
                format!("needs {tenant}: a tenant's own document is where those keys are"),
            );
        }
        client_id.map(str::to_owned)
    }

    fn leeway(&mut self) -> Duration {
        let text = |leeway: &Duration| format!("{leeway:?}");
        let Some(leeway) = self.one(&self.config.leeway, text) else { return DEFAULT_LEEWAY };
        if leeway.value > MAX_LEEWAY {
            let advice = format!("at most {} s are allowed; set the clock rather", MAX_LEEWAY.as_secs());
            self.wrong(Invalid, &leeway.name, &text(&leeway.value), advice);
        }
        leeway.value
    }

    fn resource(&mut self) -> Option<String> {
        let resource = self.one(&self.config.resource, String::clone)?;
        let text = &resource.value;
        let is_app_id_uri = text.strip_prefix("api://").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'"')
        });
        if !is_app_id_uri && check_address(text).is_err() {
            self.wrong(
                Invalid,
                &resource.name,
                text,
                "an absolute https address without a fragment, or the App ID URI (api://…) is needed",
            );
        }
        Some(text.clone())
    }

    fn max_token_bytes(&mut self) -> usize {
        let Some(most) = self.one(&self.config.max_token_bytes, usize::to_string) else {
            return DEFAULT_MAX_TOKEN_BYTES;
        };
        if !MAX_TOKEN_BYTES.contains(&most.value) {
            let advice = format!("from {} to {} bytes are allowed", MAX_TOKEN_BYTES.start(), MAX_TOKEN_BYTES.end());
            self.wrong(Invalid, &most.name, &most.value.to_string(), advice);
        }
        most.value
    }

    fn revoked_keys(&mut self) -> HashSet<String> {
        for key in &self.config.revoked_keys {
            if key.value.is_empty() || key.value.contains(char::is_whitespace) {
                self.wrong(Invalid, &key.name, &key.value, "the `kid` of a signing key is needed, without blanks");
            }
        }
        self.config.revoked_keys.iter().map(|key| key.value.clone()).collect()
    }
}
