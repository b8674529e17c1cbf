//! The one validation: every rule, whoever wrote the settings, and all mistakes at once.

use std::{collections::HashSet, time::Duration};

use super::{
    Config, Named, Source, address::Form, authorities::Common, key::Key, origin::Written, section, size,
    tenants::Tenants,
};
use crate::{
    authority::{Authority, Trusted},
    error::{ConfigError, ConfigProblem, Problems},
    keys::KeySettings,
    policy::{Audiences, ClaimRule, MAX_LEEWAY, microsoft_api},
    tenant::{TenantId, check_address},
};

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
const DEFAULT_MAX_TOKEN_BYTES: usize = 16 << 10;
const MAX_TOKEN_BYTES: std::ops::RangeInclusive<usize> = 1 << 10..=1 << 20;
pub(super) const GUID_FORM: &str = "a GUID of the form 11111111-2222-3333-4444-555555555555";

/// What a verifier is made of. Nothing in it needs to be looked at again.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) authorities: Vec<Trusted>,
    /// The defaults, with the keys that are revoked.
    pub(crate) keys: KeySettings,
    pub(crate) detailed_errors: bool,
    pub(crate) resource: Option<String>,
    pub(crate) max_token_bytes: usize,
    /// What the owner should know at start-up.
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// Holds the settings to all rules.
    pub(crate) fn plan(&self) -> Result<Plan, ConfigError> {
        let (plan, problems) = self.draw();
        problems.check().map_err(|error| error.in_source(self.origin()))?;
        // Never without a problem: no tenant, no plan.
        plan.ok_or_else(|| ConfigError::from_problem(self.missing(Key::TenantId, "is missing")))
    }

    /// The plan, which is worth something only without problems.
    pub(super) fn draw(&self) -> (Option<Plan>, Problems) {
        let mut rules = Rules { config: self, problems: Problems::default(), warnings: self.warnings.clone() };
        let form = self.form();
        let other = if self.has_own_authority() { rules.described(form) } else { None };
        if let Some(required) = self.site.required_for_readiness.as_ref().filter(|_| !self.has_own_authority()) {
            let advice = "applies to one authority; move it into its entry in Authorities";
            rules.wrong(&required.name, &required.value.to_string(), advice);
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
        let mut written: Vec<Written<'_>> = Vec::new();
        written.extend(main.map(|authority| Written::of_section(authority, self.own_name(), self)));
        for section in &self.sections {
            written.extend(rules.section(section, tenants.instance.as_ref()));
        }
        written.extend(self.authorities.iter().map(Written::whole));
        if let Err(advice) = size::check(&written, &common, self) {
            rules.problems.push(ConfigProblem::new(self.name_of(Key::Authorities), None, advice));
            return (None, rules.problems);
        }
        let mut all = Vec::new();
        for authority in &written {
            let trusted = rules.trusted(authority, &common);
            all.extend(trusted.into_iter().map(|trusted| (authority.origin.clone(), trusted)));
        }
        rules.check_apart(&all);
        rules.warn_of_unstated_claims(&all);
        rules.check_owners(&all);
        let named =
            |written: &Written<'_>| Some((written.origin.name.to_string(), written.authority.settings.name.clone()?));
        let names: Vec<(String, String)> = written.iter().filter_map(named).collect();
        rules.check_names(&names);
        let authorities: Vec<Trusted> = all.into_iter().map(|(_, trusted)| trusted).collect();
        if !authorities.is_empty() && !authorities.iter().any(|trusted| trusted.is_required_for_readiness) {
            rules.warnings.push(
                "no authority is required for readiness (RequiredForReadiness, not_required_for_readiness()): the service \
                 reports itself ready at once, also while it has no keys and rejects every token with 503"
                    .to_owned(),
            );
        }
        let plan = (!authorities.is_empty()).then(|| Plan {
            authorities,
            keys,
            detailed_errors,
            resource,
            max_token_bytes,
            warnings: size::first_of(std::mem::take(&mut rules.warnings)),
        });
        (plan, rules.problems)
    }

    /// The setting that names the authority that is described.
    fn own_name(&self) -> String {
        let written = [Key::Authority, Key::TenantId, Key::Instance].into_iter().find_map(|key| {
            let (name, _) = self.written(key).into_iter().next()?;
            Some(name)
        });
        written.unwrap_or_else(|| Key::Authority.method().to_owned())
    }

    /// The file that the settings came from.
    pub(super) fn origin(&self) -> Option<&str> {
        match &self.source {
            Source::Json { file, .. } => file.as_deref(),
            Source::Builder | Source::Environment { .. } => None,
        }
    }

    /// The problem of a setting that is not there, under the name that its owner would look for.
    pub(super) fn missing(&self, key: Key, advice: &str) -> ConfigProblem {
        let hints: String =
            self.hints.iter().filter(|(of, _)| *of == key).map(|(_, hint)| format!(" ({hint})")).collect();
        ConfigProblem::new(self.name_of(key), None, format!("{advice}{hints}"))
    }

    /// What a setting is called where the configuration comes from.
    fn name_of(&self, key: Key) -> String {
        let (method, variable) = match key {
            Key::TenantId => ("tenant()", "ENTRA_TENANT_ID"),
            Key::Instance => ("instance()", "ENTRA_AUTHORITY_HOST"),
            Key::ClientId => ("client_id()", "ENTRA_CLIENT_ID"),
            _ => ("authority()", "AzureAd__Authority"),
        };
        let json = key.name();
        match &self.source {
            Source::Builder => method.to_owned(),
            Source::Json { section: Some(section), .. } => format!("{section}:{json}"),
            Source::Json { section: None, .. } => json.to_owned(),
            Source::Environment { section: Some(section) } => format!("{section}__{json}"),
            Source::Environment { section: None } => variable.to_owned(),
        }
    }

    pub(super) fn is_spoilt(&self, keys: &[Key]) -> bool {
        keys.iter().any(|key| self.spoilt.contains(key))
    }
}

/// What is found while going through the rules.
pub(super) struct Rules<'a> {
    pub(super) config: &'a Config,
    pub(super) problems: Problems,
    pub(super) warnings: Vec<String>,
}

impl Rules<'_> {
    pub(super) fn wrong(&mut self, name: &str, value: &str, advice: impl Into<String>) {
        self.problems.push(ConfigProblem::new(name, Some(value), advice));
    }

    /// The one value of a setting; that others differ from it is a problem.
    pub(super) fn one<'a, T: PartialEq>(
        &mut self,
        all: &'a [Named<T>],
        text: impl Fn(&T) -> String,
    ) -> Option<&'a Named<T>> {
        let (first, others) = all.split_first()?;
        for other in others.iter().filter(|other| other.value != first.value) {
            self.wrong(
                &other.name,
                &text(&other.value),
                format!("differs from {} = {:?}; leave one out", first.name, text(&first.value)),
            );
        }
        Some(first)
    }

    fn switch(&mut self, all: &[Named<bool>]) -> bool {
        self.one(all, bool::to_string).is_some_and(|switch| switch.value)
    }

    /// The client id in lower case. That of another issuer's application may be any text, which holds there alone.
    fn client_id(&mut self, form: Form) -> Option<String> {
        let mut ids: Vec<Named<String>> = Vec::new();
        for client in &self.config.client_ids {
            match guid(&client.value) {
                Some(id) => ids.push(Named::new(&client.name, id)),
                None if form == Form::OpenIdConnect && !client.value.trim().is_empty() => {}
                None if client.value.starts_with("api://") => {
                    self.wrong(
                        &client.name,
                        &client.value,
                        format!("{GUID_FORM} is needed; an App ID URI is an audience"),
                    );
                }
                None => {
                    let advice =
                        format!("{GUID_FORM} is needed: the Application (client) ID of the API's app registration");
                    self.wrong(&client.name, &client.value, advice);
                }
            }
        }
        let is_any = !self.config.client_ids.is_empty() || !self.config.audiences.is_empty();
        // Authorities may all have audiences of their own, and no other tenants need any.
        let has_own = |authority: &Named<Authority>| authority.value.settings.names_an_audience();
        let section_has_own = |section: &Named<Config>| {
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

    /// Those of the client id (`docs/entra.md`, "Audiences"), and those that are named.
    pub(super) fn audiences(client_id: Option<&str>, tenants: &[TenantId], named: &[Named<String>]) -> Audiences {
        let mut audiences = Audiences::default();
        if let Some(client_id) = client_id {
            audiences.insert(client_id);
            audiences.insert(&format!("api://{client_id}"));
            for tenant in tenants {
                audiences.insert(&format!("api://{tenant}/{client_id}"));
            }
        }
        for audience in named {
            audiences.insert(&audience.value);
            if let Some(id) = guid(&audience.value) {
                audiences.insert(&id);
            }
        }
        audiences
    }

    pub(super) fn check_audiences(&mut self, all: &[Named<String>]) {
        for audience in all {
            if let Some(advice) = wrong_audience(&audience.value) {
                self.wrong(&audience.name, &audience.value, advice);
            }
        }
    }

    fn warn_of_microsoft(&mut self) {
        let sections = self.config.sections.iter().map(|section| &section.value);
        let configs = std::iter::once(self.config).chain(sections);
        for audience in configs.flat_map(|config| config.audiences.iter().chain(&config.client_ids)) {
            if let Some(api) = microsoft_api(&audience.value) {
                self.warnings.push(format!(
                    "{} = {:?} is {api}, an API of Microsoft's: tokens for it are for Microsoft alone to validate",
                    audience.name, audience.value
                ));
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

    pub(super) fn check_rule(&mut self, setting: &str, rule: &ClaimRule) {
        let name = rule.name();
        if name.trim().is_empty() {
            self.wrong(setting, name, "the name of the claim is empty");
        } else if rule.is_hopeless() {
            let advice = "has no values, so no token could keep it; name some, or ask for its presence alone";
            self.wrong(setting, name, advice);
        }
    }

    /// The client id by which the API's own keys are asked for.
    fn app_id(&mut self, client_id: Option<&str>, has_tenant: bool) -> Option<String> {
        let wanted = self.one(&self.config.app_specific_keys, bool::to_string).filter(|wanted| wanted.value)?;
        if self.config.client_ids.is_empty() {
            let advice = format!("needs {}, by which those keys are asked for", self.config.name_of(Key::ClientId));
            self.wrong(&wanted.name, "true", advice);
        }
        if !has_tenant {
            let tenant = self.config.name_of(Key::TenantId);
            self.wrong(
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
            self.wrong(&leeway.name, &text(&leeway.value), advice);
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
            self.wrong(&most.name, &most.value.to_string(), advice);
        }
        most.value
    }

    fn revoked_keys(&mut self) -> HashSet<String> {
        for key in &self.config.revoked_keys {
            if key.value.is_empty() || key.value.contains(char::is_whitespace) {
                self.wrong(&key.name, &key.value, "the `kid` of a signing key is needed, without blanks");
            }
        }
        self.config.revoked_keys.iter().map(|key| key.value.clone()).collect()
    }
}

/// What is wrong with an audience.
fn wrong_audience(text: &str) -> Option<&'static str> {
    if text.trim_matches('/').is_empty() {
        Some("an audience is needed: a client id or an App ID URI such as api://orders")
    } else if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        Some("an audience has no blanks in it")
    } else if text.contains('*') {
        Some("audiences are compared exactly: * is no wildcard")
    } else {
        None
    }
}

/// A GUID in lower case.
pub(super) fn guid(text: &str) -> Option<String> {
    text.parse::<TenantId>().ok().map(|id| id.to_string())
}
