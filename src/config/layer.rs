//! One source of settings, read into raw values: which of its names are settings, ignored, unknown or mistakes.

use std::{
    collections::{HashMap, hash_map::Entry},
    path::PathBuf,
};

use super::{
    flattened::{nest, normalized},
    key::{self, Key, Type},
    key_file::Files,
    names::{self, Meaning, Suspicion},
    reader::{duplicate, visible},
    settings::SettingsSource,
    value::{ConfigValue, Data, fold},
    warning::Warning,
};
use crate::error::{
    ConfigProblem,
    ConfigProblemKind::{Conflict, NotApplicable, TooLarge, Unknown, Unsupported},
    Problems,
};

/// One source of settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layer {
    pub(super) source: SettingsSource,
    pub(super) members: SectionMembers,
    /// Variables that are set but empty, and their settings: that of the section, and the one within an entry of `Authorities`
    /// (the same twice otherwise).
    pub(super) empty: Vec<(String, Option<(Key, Key)>)>,
    /// Additions to the problem of a missing setting.
    pub(super) hints: Vec<(Key, String)>,
    pub(super) warnings: Vec<Warning>,
    /// There is no section, and no settings at the top: the problem, unless the settings come from somewhere else.
    pub(super) absent: Option<ConfigProblem>,
    pub(super) files: Files,
}

/// The members of a section, or of an entry in `Authorities`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SectionMembers {
    pub(super) settings: Vec<(Key, ConfigValue)>,
    pub(super) problems: Problems,
    /// Ignored names, each with the reason.
    pub(super) ignored: Vec<(String, &'static str)>,
    /// Unknown names that are only warned about.
    pub(super) unknown: Vec<String>,
    /// Settings that were given and could not be read: they are not missing.
    pub(super) invalid_settings: Vec<Key>,
}

impl Layer {
    /// Reads the members of a section. Names of files are relative to `folder`.
    pub(super) fn new(source: SettingsSource, section: Vec<(String, ConfigValue)>, folder: Option<PathBuf>) -> Self {
        let members = SectionMembers::read(&source, section, false);
        let files = Files::read(&members.settings, folder);
        Self { source, members, files, ..Self::default() }
    }

    /// Adds a problem of this source.
    pub(super) fn report(&mut self, problem: ConfigProblem) {
        self.members.problems.push(problem.in_source(self.source.kind()));
    }
}

impl SectionMembers {
    /// Reads the members of a section, or of an entry in `Authorities`.
    pub(super) fn read(source: &SettingsSource, members: Vec<(String, ConfigValue)>, is_entry: bool) -> Self {
        /// More unknown names than any section has beside its settings.
        const MOST_UNKNOWN: usize = 200;
        let mut read = Self::default();
        let mut problems = Vec::new();
        let mut seen: HashMap<String, String> = HashMap::new();
        let mut unknown = 0;
        for (key, value) in nest("", members, &mut problems) {
            match seen.entry(fold(&key)) {
                Entry::Occupied(other) => {
                    problems.push(duplicate(&value.name, other.get()));
                    continue;
                }
                Entry::Vacant(entry) => drop(entry.insert(value.name.clone())),
            }
            match names::meaning(&key) {
                Meaning::Setting(key) if is_entry && key.setting().is_global => {
                    problems.push(ConfigProblem::new(NotApplicable, &value.name, None, not_in_an_entry(key)));
                }
                Meaning::Setting(key) => {
                    let is_raw = key.setting().value_type == Type::StaticKeys && matches!(value.data, Data::Object(_));
                    let before = problems.len();
                    let value = if is_raw { value } else { normalized(value, &mut problems) };
                    if problems.len() > before {
                        read.invalid_settings.push(key);
                    }
                    read.settings.push((key, value));
                }
                Meaning::Ignored(why) => read.ignored.push((visible(&value.name), why)),
                Meaning::Unsupported(why) => problems.push(ConfigProblem::new(Unsupported, &value.name, None, why)),
                Meaning::Instead(answer) => {
                    let is_setting = key::setting(answer).is_some();
                    read.invalid_settings.extend(key::setting(answer));
                    let answer = if is_setting { format!("write {answer}") } else { answer.to_owned() };
                    problems.push(ConfigProblem::new(
                        Unknown,
                        visible(&value.name),
                        None,
                        format!("is not a setting; {answer}"),
                    ));
                }
                Meaning::Unknown => {
                    unknown += 1;
                    if unknown <= MOST_UNKNOWN {
                        read.unknown_name(&key, value, &mut problems);
                    }
                }
            }
        }
        if unknown > MOST_UNKNOWN {
            let advice = format!("{unknown} names in the section are not settings; keep in it what this program reads");
            problems.push(ConfigProblem::new(TooLarge, section_of(source), None, advice));
        }
        for problem in problems {
            read.problems.push(problem.in_source(source.kind()));
        }
        read
    }

    /// An unknown name: an error if it could be meant to restrict who gets in, else one of those that are warned about.
    fn unknown_name(&mut self, key: &str, value: ConfigValue, problems: &mut Vec<ConfigProblem>) {
        let name = visible(&value.name);
        // .NET would not read it either, and would not say so.
        if let Data::Object(members) = &value.data {
            let first_segment = |key: &str| key.split(':').next().unwrap_or_default().to_owned();
            let inner = members.iter().find(|(key, _)| key::is_distinctive(&first_segment(key)));
            if let Some((_, inner)) = inner {
                let advice =
                    format!("is not read there: {name} is not a setting; write the setting directly into the section");
                self.invalid_settings.extend(members.iter().filter_map(|(key, _)| key::setting(&first_segment(key))));
                return problems.push(ConfigProblem::new(Conflict, visible(&inner.name), None, advice));
            }
        }
        let is_visible = visible(key) == key;
        let because = if is_visible { "" } else { " (it has whitespace or invisible characters in its name)" };
        let advice = match names::suspicion(key) {
            Suspicion::Harmless => return self.unknown.push(name),
            Suspicion::Misspelled(known) => {
                self.invalid_settings.extend(key::setting(known));
                format!("is not a setting{because}; did you mean `{known}`?")
            }
            Suspicion::Restriction(Some(known)) => {
                self.invalid_settings.extend(key::setting(known));
                format!("is not a setting{because}, but sounds like a restriction; did you mean `{known}`?")
            }
            Suspicion::Restriction(None) => "is not a setting, but sounds like a restriction; write it as one of \
                 TenantIds, Audiences, AllowedClients and RequiredClaims, or rename or remove it"
                .to_owned(),
        };
        // Not the value: it may be a secret.
        problems.push(ConfigProblem::new(Unknown, name, None, advice));
    }

    /// The warnings about what is ignored. `Domain` is, unless the authority is one of Azure AD B2C.
    pub(super) fn warnings(&self, is_b2c: bool) -> Vec<Warning> {
        const MOST_NAMES: usize = 20;
        let domain = self.settings.iter().filter(|(key, value)| *key == Key::Domain && !is_b2c && !value.is_empty());
        let domain = domain.map(|(_, value)| (value.name.clone(), names::domain_is_ignored()));
        let mut reasons: Vec<(&'static str, Vec<String>)> = Vec::new();
        let mut all = Vec::new();
        for (name, why) in self.ignored.iter().cloned().chain(domain) {
            all.push(name.clone());
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(name),
                None => reasons.push((why, vec![name])),
            }
        }
        let mut warnings = Vec::new();
        if !all.is_empty() {
            let parts: Vec<String> =
                reasons.iter().map(|(why, names)| format!("{} ({why})", names.join(", "))).collect();
            warnings.push(Warning::of_all(all, format!("ignored: {}", parts.join("; "))));
        }
        if !self.unknown.is_empty() {
            let more = self.unknown.len().saturating_sub(MOST_NAMES);
            let shown: Vec<String> = self.unknown.iter().take(MOST_NAMES).cloned().collect();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let text = format!("ignored, since no settings have these names: {}{more}", shown.join(", "));
            warnings.push(Warning::of_all(shown, text));
        }
        warnings
    }
}

fn not_in_an_entry(key: Key) -> &'static str {
    match key {
        Key::Authorities => "an entry has no further authorities; list them all in one list",
        Key::AppSpecificKeys => {
            "applies to the tenant outside of Authorities; in code, Authority::app_specific_keys() applies to one"
        }
        _ => "applies to all authorities; write it outside of Authorities",
    }
}

/// What a section is called in a problem of the whole.
pub(super) fn section_of(source: &SettingsSource) -> String {
    match source {
        SettingsSource::Builder => "the settings".to_owned(),
        SettingsSource::Document { section, .. } => section.clone().unwrap_or_else(|| "the settings".to_owned()),
        SettingsSource::Environment { section } => section.clone().unwrap_or_else(|| "the environment".to_owned()),
    }
}
