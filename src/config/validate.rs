//! Validation: the rules for settings from any source, and all problems at once.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use super::{
    address::AuthorityKind,
    identifier,
    key::Key,
    location::{Location, Named},
    provenance::AuthorityEntry,
    rules::{Common, Rules},
    section,
    settings::ConfigSettings,
    size,
    tenants::SectionTenants,
    warning::{self, Warning},
};
use crate::{
    authority::{Authority, ResolvedAuthority},
    error::{
        ConfigProblemKind::{Invalid, Missing, NotApplicable, Unsupported},
        ConfigSource, Problems,
    },
    keys::KeySettings,
    policy::{ClaimRule, MAX_LEEWAY, microsoft_api},
    tenant::{HttpsUrl, Instance},
};

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
const DEFAULT_MAX_TOKEN_BYTES: usize = 16 << 10;
const MAX_TOKEN_BYTES: std::ops::RangeInclusive<usize> = 1 << 10..=1 << 20;

/// A validated configuration, from which a verifier is built without further checks.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedConfig {
    pub(crate) authorities: Vec<ResolvedAuthority>,
    /// The defaults, with the revoked keys.
    pub(crate) keys: KeySettings,
    pub(crate) detailed_errors: bool,
    pub(crate) resource: Option<String>,
    pub(crate) max_token_bytes: usize,
    /// Warnings for the operator, at start-up.
    pub(crate) warnings: Vec<Warning>,
}

impl ConfigSettings {
    /// Validates the settings.
    #[cfg(test)]
    pub(crate) fn resolve(&self) -> Result<ResolvedConfig, crate::error::ConfigError> {
        let (resolved, problems) = self.validate_all();
        problems.check().map_err(|error| error.in_file(self.origin()))?;
        // Without an authority, a problem was reported.
        resolved.ok_or_else(|| crate::error::ConfigError::from_problem(self.missing(Key::TenantId, "is missing")))
    }

    /// Checks all rules. The result is usable only if there are no problems.
    pub(super) fn validate_all(&self) -> (Option<ResolvedConfig>, Problems) {
        let mut rules = Rules::new(self);
        rules.warnings.clone_from(&self.warnings);
        let kind = self.kind();
        let other = if self.has_own_authority() { rules.authority_of_section(kind) } else { None };
        rules.check_settings_of_one_authority();
        let tenants = if kind == AuthorityKind::Entra { rules.tenants(None) } else { SectionTenants::default() };
        let client_id = rules.client_id(kind);
        rules.check_audiences(&self.audiences);
        let common = Common {
            allowed_clients: rules.allowed_clients(&self.allowed_clients, kind),
            required_claims: rules.required_claims(),
            leeway: rules.leeway(),
            allow_without_role: rules.switch(&self.allow_without_role),
            accept_bound: rules.switch(&self.accept_bound),
            strict_audiences: rules.switch(&self.strict_audiences),
            client_id,
        };
        let resource = rules.resource();
        let max_token_bytes = rules.max_token_bytes();
        let keys = KeySettings { revoked: rules.revoked_keys(), ..KeySettings::default() };
        let detailed_errors = rules.switch(&self.detailed_errors);
        let has_tenant = kind == AuthorityKind::Entra && tenants.authority.is_some() && !tenants.has_keyword();
        let app_id = rules.app_id(common.client_id.as_deref(), has_tenant);
        rules.warn_of_microsoft_apis();
        rules.warn_of_added_audiences();
        let main = tenants.authority.map(|authority| match app_id {
            Some(app_id) => authority.app_specific_keys(app_id),
            None => authority,
        });
        let main =
            main.map(Authority::from).or(other).map(|authority| section::with_authority_settings(authority, self));
        rules.check_metadata_address(kind, main.as_ref());
        // The clients and audiences of another issuer do not apply to Entra.
        let main = main.map(|main| match kind {
            // The rule that identifies the accepted workloads must be its own.
            AuthorityKind::Workload => section::with_overrides(main, self),
            AuthorityKind::OpenIdConnect => section::with_clients_and_audiences(main, self),
            AuthorityKind::Entra | AuthorityKind::B2c | AuthorityKind::ExternalId => main,
        });
        let entries = self.entries(main, &mut rules, tenants.instance.as_ref());
        if let Err(flaw) = size::check(&entries, &common, self) {
            rules.problems.push(self.location_of(Key::Authorities).problem(flaw.kind, None, flaw.advice));
            return (None, rules.problems);
        }
        let mut all = Vec::new();
        for entry in &entries {
            let resolved = rules.authority(entry, &common);
            all.extend(resolved.into_iter().map(|authority| (entry.provenance.clone(), authority)));
        }
        rules.check_overlap(&all);
        rules.warn_of_unstated_claims(&all);
        rules.check_owners(&all);
        let named =
            |entry: &AuthorityEntry<'_>| Some((entry.provenance.name.clone(), entry.authority.settings.name.clone()?));
        let names: Vec<(Location, String)> = entries.iter().filter_map(named).collect();
        rules.check_names(&names);
        let authorities: Vec<ResolvedAuthority> = all.into_iter().map(|(_, trusted)| trusted).collect();
        rules.check_valid_algorithms(&authorities);
        rules.warn_if_always_ready(&authorities);
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

    /// All authorities, numbered: that of the section, those of its sections, and those that are listed.
    fn entries<'a>(
        &'a self,
        main: Option<Authority>,
        rules: &mut Rules<'a>,
        instance: Option<&Instance>,
    ) -> Vec<AuthorityEntry<'a>> {
        let mut entries: Vec<AuthorityEntry<'a>> = Vec::new();
        entries.extend(main.map(|authority| AuthorityEntry::of_section(authority, self.own_name(), self)));
        for section in &self.sections {
            entries.extend(rules.section(section, instance));
        }
        entries.extend(self.authorities.iter().map(AuthorityEntry::whole));
        for (number, entry) in entries.iter_mut().enumerate() {
            entry.provenance.number = number;
        }
        entries
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
    /// Refuses the settings of one authority where the section has none of its own.
    fn check_settings_of_one_authority(&mut self) {
        const ADVICE: &str = "applies to one authority; move it into its entry in Authorities";
        let config = self.config;
        if config.has_own_authority() {
            return;
        }
        if let Some(required) = &config.authority_section.required_for_readiness {
            self.wrong(NotApplicable, &required.name, &required.value.to_string(), ADVICE);
        }
        if let Some(pem) = config.ca_certificates.first() {
            self.problems.push(pem.name.problem(NotApplicable, None, ADVICE));
        }
    }

    fn warn_if_always_ready(&mut self, authorities: &[ResolvedAuthority]) {
        if !authorities.is_empty() && !authorities.iter().any(|authority| authority.is_required_for_readiness) {
            self.warnings.push(Warning::new(
                Key::RequiredForReadiness.name(),
                "no authority is required for readiness (RequiredForReadiness, not_required_for_readiness()): the service \
                 reports itself ready at once, also while it has no keys and rejects every token with 503",
            ));
        }
    }

    fn switch(&mut self, all: &[Named<bool>]) -> bool {
        self.single(all, bool::to_string).is_some_and(|switch| switch.value)
    }

    /// The client id in lower case. That of another issuer may be any text, which applies to that issuer alone.
    fn client_id(&mut self, kind: AuthorityKind) -> Option<String> {
        let mut ids: Vec<Named<String>> = Vec::new();
        for client in &self.config.client_ids {
            let whose = match client.value.starts_with("api://") {
                true => "; an App ID URI is an audience",
                false => ": the Application (client) ID of the API's app registration",
            };
            let id = identifier::client_id(&client.value, kind, whose);
            let id = self.accepted(&client.name, &client.value, id);
            // An id of another issuer applies to the listed authorities only if it is a GUID.
            let id = id.filter(|id| kind.has_guids() || identifier::guid(id).is_some());
            ids.extend(id.map(|id| Named::new(client.name.clone(), id)));
        }
        let is_any = !self.config.client_ids.is_empty() || !self.config.audiences.is_empty();
        // Not needed if every authority has its own audiences. For another issuer, its own audience is reported as missing.
        let has_own = |authority: &Named<Authority>| {
            authority.value.settings.names_an_audience() || !AuthorityKind::of(&authority.value.spec).has_guids()
        };
        let section_has_own = |section: &Named<ConfigSettings>| {
            let config = &section.value;
            let is_named = !config.client_ids.is_empty() || !config.audiences.is_empty();
            is_named
                || !config.kind().has_guids()
                || config.has_invalid(&[Key::ClientId, Key::Audience, Key::Audiences])
        };
        let is_needed = (self.config.has_own_authority() && kind.has_guids())
            || !self.config.authorities.iter().all(has_own)
            || !self.config.sections.iter().all(section_has_own);
        if is_needed && !is_any && !self.config.has_invalid(&[Key::ClientId, Key::Audience, Key::Audiences]) {
            let advice =
                "is missing, and so is an audience; write the Application (client) ID of the API's app registration";
            self.problems.push(self.config.missing(Key::ClientId, advice));
        }
        self.single(&ids, String::clone).map(|id| id.value.clone())
    }

    fn warn_of_microsoft_apis(&mut self) {
        let sections = self.config.sections.iter().map(|section| &section.value);
        let configs = std::iter::once(self.config).chain(sections);
        for audience in configs.flat_map(|config| config.audiences.iter().chain(&config.client_ids)) {
            if let Some(api) = microsoft_api(&audience.value) {
                let text = format!(
                    "{} = {:?} is the audience of {api}, an API of Microsoft: only Microsoft can validate tokens for it",
                    audience.name, audience.value
                );
                self.warnings.push(Warning::new(audience.name.as_str(), text));
            }
        }
    }

    /// In Microsoft.Identity.Web, `Audience` replaces the audiences that follow from the client id. Here it adds to them.
    fn warn_of_added_audiences(&mut self) {
        let sections = self.config.sections.iter().map(|section| &section.value);
        let is_undecided = |config: &&ConfigSettings| config.strict_audiences.is_empty();
        for config in std::iter::once(self.config).filter(is_undecided).chain(sections.filter(is_undecided)) {
            let Some(client) = config.client_ids.first().filter(|_| config.kind().has_guids()) else { continue };
            let is_default = |audience: &Named<String>| {
                let id = audience.value.strip_prefix("api://").unwrap_or(&audience.value);
                id.trim_end_matches('/').eq_ignore_ascii_case(&client.value)
            };
            let is_replacing = |audience: &&Named<String>| {
                let is_microsofts = audience.name.ends_with(Key::Audience.name());
                is_microsofts && !is_default(audience) && microsoft_api(&audience.value).is_none()
            };
            for audience in config.audiences.iter().filter(is_replacing) {
                let text = format!(
                    "{} = {:?} is accepted in addition to the audiences of {} ({id} and api://{id}), which \
                     Microsoft.Identity.Web would replace by it; set StrictAudiences to true to accept it alone, or to false \
                     to accept all of them without this warning",
                    audience.name,
                    audience.value,
                    client.name,
                    id = client.value,
                );
                self.warnings.push(Warning::new(audience.name.as_str(), text));
            }
        }
    }

    fn required_claims(&mut self) -> Vec<ClaimRule> {
        for rule in &self.config.required_claims {
            self.check_rule(&rule.name, &rule.value);
        }
        self.config.required_claims.iter().map(|rule| rule.value.clone()).collect()
    }

    /// The client id for which app-specific keys are requested.
    fn app_id(&mut self, client_id: Option<&str>, has_tenant: bool) -> Option<String> {
        let wanted = self.single(&self.config.app_specific_keys, bool::to_string).filter(|wanted| wanted.value)?;
        if self.config.client_ids.is_empty() {
            let advice =
                format!("needs {}, for which those keys are requested", self.config.location_of(Key::ClientId));
            self.wrong(Missing, &wanted.name, "true", advice);
        }
        if !has_tenant {
            let tenant = self.config.location_of(Key::TenantId);
            self.wrong(
                Missing,
                &wanted.name,
                "true",
                format!("needs {tenant}: only the document of a single tenant has those keys"),
            );
        }
        client_id.map(str::to_owned)
    }

    fn leeway(&mut self) -> Duration {
        let text = |leeway: &Duration| format!("{leeway:?}");
        let Some(leeway) = self.single(&self.config.leeway, text) else { return DEFAULT_LEEWAY };
        if leeway.value > MAX_LEEWAY {
            let advice = format!("at most {} s are allowed; synchronize the clock instead", MAX_LEEWAY.as_secs());
            self.wrong(Invalid, &leeway.name, &text(&leeway.value), advice);
        }
        leeway.value
    }

    fn resource(&mut self) -> Option<String> {
        let resource = self.single(&self.config.resource, String::clone)?;
        let text = &resource.value;
        let is_app_id_uri = text.strip_prefix("api://").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'"')
        });
        if !is_app_id_uri && HttpsUrl::parse(text).is_err() {
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
        let Some(most) = self.single(&self.config.max_token_bytes, usize::to_string) else {
            return DEFAULT_MAX_TOKEN_BYTES;
        };
        if !MAX_TOKEN_BYTES.contains(&most.value) {
            let advice = format!("from {} to {} bytes are allowed", MAX_TOKEN_BYTES.start(), MAX_TOKEN_BYTES.end());
            self.wrong(Invalid, &most.name, &most.value.to_string(), advice);
        }
        most.value
    }

    /// `ValidAlgorithms` must allow every algorithm that is accepted: here `Algorithms` of each authority decides.
    fn check_valid_algorithms(&mut self, authorities: &[ResolvedAuthority]) {
        let Some(valid) = &self.config.valid_algorithms else { return };
        let is_valid = |name: &str| valid.value.iter().any(|valid| valid.eq_ignore_ascii_case(name));
        let accepted: BTreeSet<&str> = authorities
            .iter()
            .flat_map(|trusted| trusted.algorithms.iter().map(|algorithm| algorithm.as_str()))
            .collect();
        let others: Vec<&str> = accepted.into_iter().filter(|name| !is_valid(name)).collect();
        if !others.is_empty() {
            let advice = format!(
                "does not allow {}, which is accepted here: Algorithms decides, per authority; list all of them, or remove it",
                others.join(", ")
            );
            self.wrong(Unsupported, &valid.name, &valid.value.join(", "), advice);
        }
    }

    fn revoked_keys(&mut self) -> HashSet<String> {
        for key in &self.config.revoked_keys {
            if key.value.is_empty() || key.value.contains(char::is_whitespace) {
                self.wrong(Invalid, &key.name, &key.value, "the `kid` of a signing key is needed, without whitespace");
            }
        }
        self.config.revoked_keys.iter().map(|key| key.value.clone()).collect()
    }
}
