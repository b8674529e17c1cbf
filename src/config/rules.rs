//! The context of all rules, with the problems found so far, and the rules that several settings share.

use std::{collections::HashSet, time::Duration};

use super::{
    address::AuthorityKind,
    flaw::Flaw,
    identifier,
    key::Key,
    location::{Location, Named},
    provenance::Provenance,
    settings::{ConfigSettings, SettingsSource},
    warning::Warning,
};
use crate::{
    error::{
        ConfigProblem,
        ConfigProblemKind::{self, Conflict, Invalid, Missing},
        Problems,
    },
    policy::{Audiences, ClaimRule},
    tenant::TenantId,
};

/// The settings that apply to every authority without its own.
pub(super) struct Common {
    pub(super) client_id: Option<String>,
    pub(super) allowed_clients: HashSet<String>,
    pub(super) required_claims: Vec<ClaimRule>,
    pub(super) leeway: Duration,
    pub(super) allow_without_role: bool,
    pub(super) accept_bound: bool,
    /// Only the listed audiences are accepted.
    pub(super) strict_audiences: bool,
}

/// The problems and warnings that the rules have found so far.
pub(super) struct Rules<'a> {
    pub(super) config: &'a ConfigSettings,
    pub(super) problems: Problems,
    pub(super) warnings: Vec<Warning>,
    /// Authorities with a problem as a whole, by their number: a shared issuer is not reported for them again.
    reported: HashSet<usize>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(config: &'a ConfigSettings) -> Self {
        Self { config, problems: Problems::default(), warnings: Vec::new(), reported: HashSet::new() }
    }

    /// Adds a problem with the value of a setting.
    pub(super) fn wrong(&mut self, kind: ConfigProblemKind, at: &Location, value: &str, advice: impl Into<String>) {
        self.problems.push(at.problem(kind, Some(value), advice));
    }

    /// Adds a problem with an authority as a whole.
    pub(super) fn wrong_authority(
        &mut self,
        kind: ConfigProblemKind,
        provenance: &Provenance<'_>,
        value: &str,
        advice: impl Into<String>,
    ) {
        self.reported.insert(provenance.number);
        self.wrong(kind, &provenance.name, value, advice);
    }

    /// Whether a problem with the authority as a whole was added.
    pub(super) fn is_reported(&self, provenance: &Provenance<'_>) -> bool {
        self.reported.contains(&provenance.number)
    }

    /// The value of a setting; `None` after adding its problem.
    pub(super) fn accepted<T>(&mut self, at: &Location, text: &str, value: Result<T, Flaw>) -> Option<T> {
        value.map_err(|flaw| self.wrong(flaw.kind, at, text, flaw.advice)).ok()
    }

    /// The value of a setting that has a single one. A second, different value is a problem.
    pub(super) fn single<'t, T: PartialEq>(
        &mut self,
        all: &'t [Named<T>],
        text: impl Fn(&T) -> String,
    ) -> Option<&'t Named<T>> {
        let (first, others) = all.split_first()?;
        for other in others.iter().filter(|other| other.value != first.value) {
            self.wrong(
                Conflict,
                &other.name,
                &text(&other.value),
                format!("differs from {} = {:?}; leave one out", first.name, text(&first.value)),
            );
        }
        Some(first)
    }

    /// The audiences that follow from the client id (`docs/entra.md`, "Audiences"), and the listed ones.
    pub(super) fn audiences(client_id: Option<&str>, tenants: &[TenantId], listed: &[Named<String>]) -> Audiences {
        let mut audiences = Audiences::default();
        if let Some(client_id) = client_id {
            audiences.insert(client_id);
            audiences.insert(&format!("api://{client_id}"));
            for tenant in tenants {
                audiences.insert(&format!("api://{tenant}/{client_id}"));
            }
        }
        for audience in listed {
            audiences.insert(&audience.value);
            if let Some(id) = identifier::guid(&audience.value) {
                audiences.insert(&id);
            }
        }
        audiences
    }

    pub(super) fn check_audiences(&mut self, all: &[Named<String>]) {
        for audience in all {
            self.accepted(&audience.name, &audience.value, identifier::check_audience(&audience.value));
        }
    }

    /// The normalised client ids of the allowed applications.
    pub(super) fn allowed_clients(&mut self, all: &[Named<String>], kind: AuthorityKind) -> HashSet<String> {
        let mut read = |client: &Named<String>| {
            let id = identifier::client_id(&client.value, kind, ": an application's client id");
            self.accepted(&client.name, &client.value, id)
        };
        all.iter().filter_map(&mut read).collect()
    }

    pub(super) fn check_rule(&mut self, setting: &Location, rule: &ClaimRule) {
        let name = rule.name();
        if name.trim().is_empty() {
            self.wrong(Invalid, setting, name, "the name of the claim is empty");
        } else if rule.is_pointer_to_nothing() {
            let advice = "a name that begins with a slash is a JSON Pointer, such as /a/b: no part of it may be empty";
            self.wrong(Invalid, setting, name, advice);
        } else if rule.is_hopeless() {
            let advice =
                "has no values, so that no token could meet it; list some, or leave Values out to require the claim";
            self.wrong(Invalid, setting, name, advice);
        }
    }
}

impl ConfigSettings {
    /// The file that the settings came from.
    pub(super) fn origin(&self) -> Option<&str> {
        match &self.source {
            SettingsSource::Document { file, .. } => file.as_deref(),
            SettingsSource::Builder | SettingsSource::Environment { .. } => None,
        }
    }

    /// The problem of a missing setting, under the name that it would have in the source of the configuration.
    pub(super) fn missing(&self, key: Key, advice: &str) -> ConfigProblem {
        let hints: String =
            self.hints.iter().filter(|(of, _)| *of == key).map(|(_, hint)| format!(" ({hint})")).collect();
        self.location_of(key).problem(Missing, None, format!("{advice}{hints}"))
    }

    /// The location that a setting would have in the source of the configuration.
    pub(super) fn location_of(&self, key: Key) -> Location {
        let json = key.name();
        let (method, variable) = match key {
            Key::TenantId => ("tenant()", "ENTRA_TENANT_ID".to_owned()),
            Key::Instance => ("instance()", "ENTRA_AUTHORITY_HOST".to_owned()),
            Key::ClientId => ("client_id()", "ENTRA_CLIENT_ID".to_owned()),
            _ => ("authority()", format!("AzureAd__{json}")),
        };
        let name = match &self.source {
            SettingsSource::Builder => method.to_owned(),
            SettingsSource::Document { section: Some(section), .. } => format!("{section}:{json}"),
            SettingsSource::Document { section: None, .. } => json.to_owned(),
            SettingsSource::Environment { section: Some(section) } => format!("{section}__{json}"),
            SettingsSource::Environment { section: None } => variable,
        };
        Location::new(name, self.source.kind())
    }

    /// Whether one of these settings was configured and could not be read, so that it is not missing.
    pub(super) fn has_invalid(&self, keys: &[Key]) -> bool {
        keys.iter().any(|key| self.invalid_settings.contains(key))
    }
}
