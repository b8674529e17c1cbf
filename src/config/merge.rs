//! Several sources as one: code over the environment over the file, setting by setting.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    address::AuthorityKind,
    key::{self, Key, SETTINGS, Type},
    layer::Layer,
    reader::{Reader, Replaced},
    settings::ConfigSettings,
    size::MOST_AUTHORITIES,
    value::{ConfigValue, Data, fold},
    warning::Warning,
};
use crate::{
    error::{
        ConfigProblem,
        ConfigProblemKind::{Conflict, Invalid},
        Problems,
    },
    tenant::split_origin,
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
    let is_b2c = settings.kind() == AuthorityKind::B2c;
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
            self.settings.invalid_settings.extend(Key::REQUIRED);
        }
    }
}

/// For each source, the settings that those of higher precedence replace. Those whose values add up are never replaced.
fn replaced(layers: &[Layer], code: &ConfigSettings) -> Vec<Slots> {
    let mut replaced = code.slots();
    let mut all: Vec<Slots> = Vec::new();
    for layer in layers.iter().rev() {
        all.push(Slots(replaced.clone()));
        replaced.extend(layer.values().map(|(key, _)| key.slot()).filter(|slot| !slot.adds_up()));
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
    for (name, keys) in &layer.empty {
        let Some((outer, key)) = *keys else {
            ignored.push(name.clone());
            continue;
        };
        if replaced.is_replaced(outer) {
            continue;
        }
        let below = lower.iter().rev().flat_map(|layer| layer.values_of(outer.slot())).next();
        let advice = match below {
            Some(below) => format!("is set, but empty, over {}; give it a value, or unset it", below.name),
            None if key.setting().value_type == Type::Boolean => "is set, but empty; must be true or false".to_owned(),
            None if key.setting().restricts => {
                "is set, but empty; give it a value, or unset it to lift the restriction".to_owned()
            }
            None => {
                settings.hints.push((outer, format!("{name} is set, but empty")));
                ignored.push(name.clone());
                continue;
            }
        };
        let kind = if below.is_some() { Conflict } else { Invalid };
        problems.push(ConfigProblem::new(kind, name, Some(""), advice).in_source(layer.source.kind()));
        settings.invalid_settings.push(outer);
    }
    if !ignored.is_empty() {
        let text = format!("set but empty, which counts as missing: {}", ignored.join(", "));
        settings.warnings.push(Warning::of_all(ignored, text));
    }
}

/// Objects are replaced as a whole. A source that has only a part of the object below it was meant to be merged: what it
/// leaves out would be lost.
fn partial_values(layer: &Layer, lower: &[Layer], replaced: &Slots) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    for (key, value) in layer.values().filter(|(key, _)| !replaced.is_replaced(*key)) {
        let Some(below) = lower.iter().rev().flat_map(|layer| layer.values_of(key)).next() else { continue };
        let lost = match (key.setting().value_type, &value.data, &below.data) {
            (Type::TokenValidationParameters, _, _) => left_out(value, below, |_| true),
            (Type::Authorities, Data::List(entries), Data::List(others)) => lost_entry(entries, others),
            _ => None,
        };
        if let Some(lost) = lost {
            let advice = format!(
                "replaces {} as a whole and leaves out {lost}: {} is not merged, so write all of it in one source",
                below.name,
                key.name()
            );
            problems.push(ConfigProblem::new(Conflict, &value.name, None, advice));
        }
    }
    problems
}

/// What entries of `Authorities` leave out of those below them. Each must name its authority, and all else that an entry for
/// the same authority below it has. One for another authority must not lack a restriction of the entry in its place.
fn lost_entry(entries: &[ConfigValue], others: &[ConfigValue]) -> Option<String> {
    if entries.len().max(others.len()) > MOST_AUTHORITIES {
        // Too many are a problem of their own.
        return None;
    }
    let identities: Vec<HashSet<String>> = others.iter().map(identity).collect();
    let mut by_identity: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, identity) in identities.iter().enumerate() {
        identity.iter().for_each(|part| by_identity.entry(part).or_default().push(at));
    }
    entries.iter().enumerate().find_map(|(at, entry)| {
        let own = identity(entry);
        let is_first = entry.name.ends_with(&format!("__{at}")) || !entry.name.contains("__");
        if own.is_empty() || !is_first {
            return others.get(at).or(others.first()).map(|other| other.name.clone());
        }
        let same: BTreeSet<usize> = own.iter().filter_map(|part| by_identity.get(&**part)).flatten().copied().collect();
        // Where several entries share a part, such as the domain, the one that is equal is meant.
        if let Some(equal) = same.iter().find(|other| identities[**other] == own) {
            return left_out(entry, &others[*equal], |_| true);
        }
        if same.is_empty() {
            let restricts =
                |name: &str| key::setting(name).is_some_and(|key| key.setting().restricts && !names_it(key));
            return others.get(at).and_then(|other| left_out(entry, other, restricts));
        }
        same.iter().find_map(|other| left_out(entry, &others[*other], |_| true))
    })
}

/// Whether a setting says which authority an entry is for.
fn names_it(key: Key) -> bool {
    const IDENTITY: [Key; 6] = [Key::TenantId, Key::TenantIds, Key::Authority, Key::Instance, Key::Domain, Key::Policy];
    IDENTITY.contains(&key)
}

/// What an entry of `Authorities` says of which authority it is for, to be compared. Many have the same `Instance`: it counts
/// where there is nothing else.
fn identity(entry: &ConfigValue) -> HashSet<String> {
    let Data::Object(members) = &entry.data else { return HashSet::new() };
    let mut parts = HashSet::new();
    let mut instances = HashSet::new();
    for (key, value) in members.iter().filter_map(|(name, value)| Some((key::setting(name)?, value))) {
        for text in value.texts().into_iter().filter(|_| names_it(key)) {
            let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
            if key == Key::Instance {
                instances.insert(text);
                continue;
            }
            if key == Key::Authority {
                // A tenant may be written as an address too.
                let text = text.strip_suffix("/v2.0").unwrap_or(&text);
                let is_tenant = |segment: &&str| segment.contains('.') || segment.split('-').count() == 5;
                let path = split_origin(text).map_or("", |(_, path)| path);
                parts.extend(path.split('/').filter(is_tenant).map(str::to_owned));
                parts.insert(text.to_owned());
                continue;
            }
            parts.insert(text);
        }
    }
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { instances } else { parts }
}

/// The first setting of `below` that counts and that `value` does not have.
fn left_out(value: &ConfigValue, below: &ConfigValue, counts: impl Fn(&str) -> bool) -> Option<String> {
    let (Data::Object(members), Data::Object(others)) = (&value.data, &below.data) else { return None };
    let slot = |name: &str| key::setting(name).map_or_else(|| fold(name), |key| key.slot().name().to_owned());
    let has: HashSet<String> = members.iter().map(|(name, _)| slot(name)).collect();
    let lost = others.iter().find(|(name, other)| !other.is_empty() && counts(name) && !has.contains(&slot(name)));
    lost.map(|(_, other)| other.name.clone())
}

/// Logs the source of each setting, where the environment lets more tokens in than the file does, and where code drops a
/// restriction of them.
pub(super) fn log_sources(layers: &[Layer], code: &ConfigSettings) {
    for value in dropped_by_code(layers, code) {
        let setting = value.name.as_str();
        tracing::warn!(target: "tower_entra", event = "configuration", setting,
            "{setting} is not in force: code replaces it, and accepts tokens that it does not");
    }
    let sources = sources(layers, code);
    let all: Vec<String> = sources.iter().map(|(name, source)| format!("{name}: {source}")).collect();
    if !all.is_empty() {
        tracing::debug!(target: "tower_entra", event = "configuration_sources", "sources of the settings: {}", all.join(", "));
    }
    let replaced = replaced(layers, code);
    for (at, layer) in layers.iter().enumerate() {
        let mut told = HashSet::new();
        for (key, value) in layer.values().filter(|(key, _)| !replaced[at].is_replaced(*key)) {
            let slot = key.slot();
            let values = layer.values_of(slot);
            let below = layers[..at].iter().rev().map(|layer| layer.values_of(slot)).find(|values| !values.is_empty());
            let is_lowest = layers[..at].iter().all(|layer| layer.members.settings.is_empty());
            let below = below.unwrap_or_default();
            if !is_lowest && widens(slot, &values, &below) && told.insert(slot) {
                let setting = value.name.as_str();
                let below = below.first().map(|below| format!("replaces {}, and ", below.name)).unwrap_or_default();
                tracing::info!(target: "tower_entra", event = "configuration", setting,
                    "{setting} {below}accepts tokens that the source below it does not");
            }
        }
    }
}

/// The restrictions of the sources that are not in force, because code sets the same settings to something else.
fn dropped_by_code<'a>(layers: &'a [Layer], code: &ConfigSettings) -> Vec<&'a ConfigValue> {
    let folded = |text: &str| text.to_ascii_lowercase();
    let slots = code.slots();
    let mut dropped = Vec::new();
    for slot in [Key::TenantId, Key::AllowedClients, Key::RequiredClaims, Key::StrictAudiences] {
        let is_set = slots.contains(&slot);
        let values = layers.iter().rev().map(|layer| layer.values_of(slot)).find(|values| !values.is_empty());
        let (true, Some(values)) = (is_set, values) else { continue };
        let texts: HashSet<String> = values.iter().flat_map(|value| value.texts()).map(folded).collect();
        let is_dropped = match slot {
            Key::TenantId => !code.tenants.iter().all(|tenant| texts.contains(&folded(tenant.value.text()))),
            Key::AllowedClients => !code.allowed_clients.iter().all(|client| texts.contains(&folded(&client.value))),
            Key::StrictAudiences => texts.contains("true") && code.strict_audiences.iter().any(|strict| !strict.value),
            // The rules of code may be the same, written otherwise.
            _ => true,
        };
        dropped.extend(values.first().filter(|_| is_dropped));
    }
    dropped
}

/// Whether values of a setting accept tokens that those below them, or its default, do not.
fn widens(slot: Key, values: &[&ConfigValue], below: &[&ConfigValue]) -> bool {
    let texts = |values: &[&ConfigValue]| -> HashSet<String> {
        values.iter().flat_map(|value| value.texts()).map(str::to_ascii_lowercase).collect()
    };
    let (new, old) = (texts(values), texts(below));
    let restricts = matches!(slot, Key::AllowedClients | Key::RequiredClaims | Key::Version | Key::Algorithms);
    match slot {
        _ if restricts && below.is_empty() => false,
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
        Key::RequiredClaims | Key::Authorities | Key::TokenValidationParameters | Key::Version => new != old,
        Key::AllowWithoutRole | Key::AcceptAppTokens | Key::TrustDirectoryClaims | Key::AcceptTfpIssuers => {
            new.contains("true") && !old.contains("true")
        }
        Key::StrictAudiences => !new.contains("true") && old.contains("true"),
        _ => false,
    }
}

/// The source of each setting that is given; the one of highest precedence where values add up.
pub(super) fn sources(layers: &[Layer], code: &ConfigSettings) -> BTreeMap<&'static str, &'static str> {
    let slots = code.slots();
    let mut sources = BTreeMap::new();
    for (layer, replaced) in layers.iter().zip(&replaced(layers, code)) {
        for (key, _) in layer.values().filter(|(key, _)| !replaced.is_replaced(*key)) {
            sources.insert(key.name(), layer.source.name());
        }
    }
    let is_of_code = |key: &Key| slots.contains(key) || (*key == Key::RevokedKeys && !code.revoked_keys.is_empty());
    let of_code = SETTINGS.iter().filter(|row| is_of_code(&row.key)).map(|row| (row.name, "code"));
    sources.extend(of_code);
    sources
}
