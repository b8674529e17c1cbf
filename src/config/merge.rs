//! Several sources as one: code over the environment over the file, setting by setting.

use std::collections::{BTreeMap, HashSet};

use super::{
    address::Form,
    key::{self, Key, Kind, SETTINGS},
    layer::Layer,
    reader::{Reader, Replaced},
    settings::{ConfigSettings, Source},
    value::{ConfigValue, Data},
    warning::Warning,
};
use crate::error::{
    ConfigProblem,
    ConfigProblemKind::{Conflict, Invalid},
    ConfigSource, Problems,
};

/// The settings of all sources, and the problems of reading them.
pub(super) struct Merged {
    pub(super) settings: ConfigSettings,
    pub(super) problems: Problems,
}

/// Settings by their slots.
#[derive(Debug)]
struct Slots(HashSet<Key>);

impl Replaced for Slots {
    fn is_replaced(&self, key: Key) -> bool {
        self.0.contains(&key.slot())
    }
}

/// Reads all sources, the one with the lowest precedence first, under the settings of code.
pub(super) fn merged(layers: &[Layer], code: &ConfigSettings) -> Merged {
    let replaced = replaced(layers, code);
    let mut settings = ConfigSettings::default();
    if let Some(layer) = layers.first() {
        settings.source = layer.source.clone();
    }
    let mut problems = Problems::default();
    for (at, (layer, replaced)) in layers.iter().zip(&replaced).enumerate() {
        problems.append(layer.members.problems.clone());
        let mut reader = Reader { settings, problems, source: &layer.source, files: &layer.files, replaced };
        reader.read(&layer.members);
        (settings, problems) = (reader.settings, reader.problems);
        settings.hints.extend(layer.hints.iter().cloned());
        settings.warnings.extend(layer.warnings.iter().cloned());
        empty_variables(layer, &layers[..at], replaced, &mut settings, &mut problems);
        for problem in partial_values(layer, &layers[..at], replaced) {
            problems.push(problem.in_source(layer.source.kind()));
        }
    }
    let settings = settings.overridden_by(code);
    let is_b2c = settings.form() == Form::B2c;
    let mut merged = Merged { settings, problems };
    for layer in layers {
        merged.settings.warnings.extend(layer.members.warnings(is_b2c));
        if let Some(absent) = &layer.absent {
            merged.absent(layer, absent);
        }
    }
    merged
}

impl Merged {
    /// A document without the section: a problem, unless another source has the settings.
    fn absent(&mut self, layer: &Layer, problem: &ConfigProblem) {
        let settings = &self.settings;
        let names_something =
            settings.has_authority_of_any_kind() || !settings.client_ids.is_empty() || !settings.audiences.is_empty();
        if names_something {
            let text = format!("{}: {}", problem.setting(), problem.advice());
            self.settings.warnings.push(Warning::new(problem.setting(), text));
        } else {
            self.problems.push(problem.clone().in_source(layer.source.kind()));
            // One problem for one cause.
            let follows = [Key::TenantId, Key::TenantIds, Key::Authority, Key::Instance, Key::ClientId, Key::Audience];
            self.settings.spoilt.extend(follows);
        }
    }
}

/// For each source, the settings that those of higher precedence replace.
fn replaced(layers: &[Layer], code: &ConfigSettings) -> Vec<Slots> {
    let mut replaced = code.slots();
    let mut all: Vec<Slots> = Vec::new();
    for layer in layers.iter().rev() {
        all.push(Slots(replaced.clone()));
        replaced.extend(layer.values().map(|(key, _)| key.slot()));
    }
    all.reverse();
    all
}

impl Layer {
    /// The settings that are given: an empty value counts as none.
    pub(super) fn values(&self) -> impl Iterator<Item = (Key, &ConfigValue)> {
        self.members.settings.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (*key, value))
    }

    /// The values of one setting, in all its spellings.
    fn values_of(&self, slot: Key) -> Vec<&ConfigValue> {
        self.values().filter(|(key, _)| key.slot() == slot).map(|(_, value)| value).collect()
    }
}

/// Variables that are set but empty. Over a value of another source, or for a setting that restricts, that is a mistake.
fn empty_variables(
    layer: &Layer,
    lower: &[Layer],
    replaced: &Slots,
    settings: &mut ConfigSettings,
    problems: &mut Problems,
) {
    let mut ignored = Vec::new();
    for (name, key) in &layer.empty {
        let Some(key) = *key else {
            ignored.push(name.clone());
            continue;
        };
        if replaced.is_replaced(key) {
            continue;
        }
        let below = lower.iter().rev().flat_map(|layer| layer.values_of(key.slot())).next();
        let advice = match below {
            Some(below) => format!("is set, but empty, over {}; give it a value, or unset it", below.name),
            None if key.setting().restricts => {
                "is set, but empty; give it a value, or unset it to lift the restriction".to_owned()
            }
            None => {
                settings.hints.push((key, format!("{name} is set, but empty")));
                ignored.push(name.clone());
                continue;
            }
        };
        let kind = if below.is_some() { Conflict } else { Invalid };
        problems.push(ConfigProblem::new(kind, name, Some(""), advice).in_source(layer.source.kind()));
        settings.spoilt.push(key);
    }
    if !ignored.is_empty() {
        let text = format!("set but empty, which counts as missing: {}", ignored.join(", "));
        settings.warnings.push(Warning::of_all(ignored, text));
    }
}

/// Objects are replaced as a whole. A source that has only a part of the object below it was meant to be merged: what it
/// leaves out would be lost.
fn partial_values(layer: &Layer, lower: &[Layer], replaced: &Slots) -> Vec<ConfigProblem> {
    let is_object = |key: Key| matches!(key.setting().kind, Kind::Authorities | Kind::TokenValidationParameters);
    let mut problems = Vec::new();
    for (key, value) in layer.values().filter(|(key, _)| is_object(*key) && !replaced.is_replaced(*key)) {
        for below in lower.iter().rev().flat_map(|layer| layer.values_of(key)).take(1) {
            if let Some(lost) = left_out(value, below) {
                let advice = format!(
                    "replaces {} as a whole and leaves out {lost}: {} is not merged, so write all of it in one source",
                    below.name,
                    key.name()
                );
                problems.push(ConfigProblem::new(Conflict, &value.name, None, advice));
            }
        }
    }
    problems
}

/// The first setting of `below` that `value` does not have.
fn left_out(value: &ConfigValue, below: &ConfigValue) -> Option<String> {
    match (&value.data, &below.data) {
        (Data::Object(members), Data::Object(others)) => others.iter().find_map(|(key, other)| {
            let slot = |key: &str| key::setting(key).map(Key::slot);
            let is_same =
                |name: &str| key::fold(name) == key::fold(key) || slot(name).is_some() && slot(name) == slot(key);
            if other.is_empty() || members.iter().any(|(name, _)| is_same(name)) {
                None
            } else {
                Some(other.name.clone())
            }
        }),
        (Data::List(elements), Data::List(others)) => {
            let of_position = |at: usize, element: &ConfigValue| element.name.ends_with(&format!("__{at}"));
            let mut pairs = elements.iter().zip(others).enumerate();
            pairs.find_map(|(at, (element, other))| {
                if of_position(at, element) || !element.name.contains("__") {
                    left_out(element, other)
                } else {
                    Some(other.name.clone())
                }
            })
        }
        _ => None,
    }
}

/// Logs the source of each setting, and where the environment lets more tokens in than the file does.
pub(super) fn log_sources(layers: &[Layer], code: &ConfigSettings) {
    let sources = sources(layers, code);
    let all: Vec<String> = sources.iter().map(|(name, source)| format!("{name}: {source}")).collect();
    if !all.is_empty() {
        tracing::debug!(target: "tower_entra", event = "configuration", "sources of the settings: {}", all.join(", "));
    }
    let replaced = replaced(layers, code);
    for (at, layer) in layers.iter().enumerate() {
        let mut told = HashSet::new();
        for (key, value) in layer.values().filter(|(key, _)| !replaced[at].is_replaced(*key)) {
            let slot = key.slot();
            let values = layer.values_of(slot);
            let below = layers[..at].iter().rev().map(|layer| layer.values_of(slot)).find(|values| !values.is_empty());
            let Some(below) = below else { continue };
            if widens(slot, &values, &below) && told.insert(slot) {
                let (setting, below) = (value.name.as_str(), below[0].name.as_str());
                tracing::info!(target: "tower_entra", event = "configuration", setting,
                    "{setting} replaces {below}, and accepts tokens that it does not");
            }
        }
    }
}

/// Whether values of a setting accept tokens that those below them do not.
fn widens(slot: Key, values: &[&ConfigValue], below: &[&ConfigValue]) -> bool {
    let texts = |values: &[&ConfigValue]| -> HashSet<String> {
        values.iter().flat_map(|value| value.texts()).map(str::to_ascii_lowercase).collect()
    };
    let (new, old) = (texts(values), texts(below));
    match slot {
        Key::TenantId
        | Key::ClientId
        | Key::Audience
        | Key::AllowedClients
        | Key::Authority
        | Key::Instance
        | Key::Policy
        | Key::Policies
        | Key::Issuers
        | Key::Algorithms => !new.is_subset(&old),
        Key::RevokedKeys => !old.is_subset(&new),
        Key::RequiredClaims | Key::Authorities | Key::TokenValidationParameters | Key::Version => new != old,
        Key::AllowWithoutRole | Key::AcceptAppTokens | Key::TrustDirectoryClaims | Key::AcceptTfpIssuers => {
            new.contains("true") && !old.contains("true")
        }
        Key::StrictAudiences => !new.contains("true") && old.contains("true"),
        _ => false,
    }
}

/// The source of each setting that is given.
pub(super) fn sources(layers: &[Layer], code: &ConfigSettings) -> BTreeMap<&'static str, &'static str> {
    let slots = code.slots();
    let mut sources = BTreeMap::new();
    for (layer, replaced) in layers.iter().zip(&replaced(layers, code)) {
        let source = match layer.source.kind() {
            ConfigSource::Environment => "environment",
            _ => "file",
        };
        for (key, _) in layer.values().filter(|(key, _)| !replaced.is_replaced(*key)) {
            sources.insert(key.name(), source);
        }
    }
    let of_code = SETTINGS.iter().filter(|row| slots.contains(&row.key)).map(|row| (row.name, "code"));
    sources.extend(of_code);
    sources
}
