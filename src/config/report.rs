//! The effective settings, for checks before a deployment.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value, json};

use super::{
    key::{self, Key, Kind},
    layer::Layer,
    merge,
    settings::ConfigSettings,
    validate::ResolvedConfig,
    value::ConfigValue,
};
use crate::{authority::Source, error::ConfigSource};

/// What the values of static keys are shown as: one of them may be a private key by mistake.
const REDACTED: &str = "…";

/// The effective settings of a [`Config`](crate::Config), without secrets, and the source of each.
///
/// ```
/// use tower_entra::Config;
///
/// let config = Config::from_json(
///     r#"{ "AzureAd": {
///         "TenantId": "11111111-2222-3333-4444-555555555555",
///         "ClientId": "66666666-7777-8888-9999-000000000000"
///     } }"#,
/// )?;
/// let report = config.report()?;
/// assert_eq!(report.configuration()["ClockSkewSeconds"], 60);
/// assert_eq!(report.sources()["ClockSkewSeconds"], "default");
/// assert!(report.warnings().is_empty());
/// println!("{}", report.to_json());
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigReport {
    configuration: Map<String, Value>,
    sources: BTreeMap<String, String>,
    warnings: Vec<String>,
}

impl ConfigReport {
    pub(super) fn new(layers: &[Layer], resolved: &ResolvedConfig) -> Self {
        let code = ConfigSettings::default();
        let sources = merge::sources(layers, &code);
        let mut report = Self {
            configuration: Map::new(),
            sources: sources.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect(),
            warnings: resolved.warnings.iter().map(ToString::to_string).collect(),
        };
        // Later sources replace earlier ones, whose values are not among `sources`.
        for layer in layers {
            let source = if matches!(layer.source.kind(), ConfigSource::Environment) { "environment" } else { "file" };
            for (key, value) in layer.values().filter(|(key, _)| sources.get(key.name()) == Some(&source)) {
                report.configuration.insert(key.name().to_owned(), shown(key, value));
            }
        }
        report.derived(layers, resolved);
        report
    }

    /// Adds defaults and what follows from other settings.
    fn derived(&mut self, layers: &[Layer], resolved: &ResolvedConfig) {
        let has = |report: &Self, key: Key| report.configuration.contains_key(key.name());
        let has_skew = |layer: &Layer| {
            let mut parameters = layer.values().filter(|(key, _)| *key == Key::TokenValidationParameters);
            parameters.any(|(_, value)| value.has_member("ClockSkew"))
        };
        if let Some(trusted) = resolved.authorities.first() {
            if !has(self, Key::ClockSkewSeconds) {
                let is_given = layers.iter().any(has_skew);
                let source = if is_given { Key::TokenValidationParameters.name() } else { "default" };
                self.add(Key::ClockSkewSeconds, json!(trusted.policy.leeway.as_secs()), source);
            }
            if !has(self, Key::Audience) {
                let given = self.sources.get(Key::Audiences.name()).cloned();
                let source = match given {
                    _ if has(self, Key::TokenValidationParameters) && !has(self, Key::Audiences) => {
                        Key::TokenValidationParameters.name().to_owned()
                    }
                    Some(source) if has(self, Key::ClientId) => format!("{source}, {}", Key::ClientId.name()),
                    Some(source) => source,
                    None => Key::ClientId.name().to_owned(),
                };
                let audiences: Vec<String> =
                    trusted.policy.audiences.to_text().split(", ").map(str::to_owned).collect();
                self.add(Key::Audiences, json!(audiences), &source);
            }
            let ids: Vec<String> = match &trusted.source {
                Source::Entra(entra) => entra.tenants.ids().map(|id| id.to_string()).collect(),
                Source::One(_) => Vec::new(),
            };
            if let ([id], false, true) =
                (ids.as_slice(), has(self, Key::TenantId) || has(self, Key::TenantIds), has(self, Key::Authority))
            {
                self.add(Key::TenantId, json!(id), Key::Authority.name());
            }
        }
        if !has(self, Key::Instance) && has(self, Key::Authority) {
            return self.defaults(resolved);
        }
        if !has(self, Key::Instance)
            && let Some(Source::Entra(entra)) = resolved.authorities.first().map(|trusted| &trusted.source)
        {
            self.add(Key::Instance, json!(entra.instance.base()), "default");
        }
        self.defaults(resolved);
    }

    fn defaults(&mut self, resolved: &ResolvedConfig) {
        if !self.configuration.contains_key(Key::DetailedErrors.name()) {
            self.add(Key::DetailedErrors, json!(resolved.detailed_errors), "default");
        }
    }

    fn add(&mut self, key: Key, value: Value, source: &str) {
        self.configuration.insert(key.name().to_owned(), value);
        self.sources.insert(key.name().to_owned(), source.to_owned());
    }

    /// The effective settings. Static keys are not shown; of files, the names.
    #[must_use]
    pub fn configuration(&self) -> &Map<String, Value> {
        &self.configuration
    }

    /// The source of each setting: `file`, `environment`, `default`, or the setting that it follows from.
    #[must_use]
    pub fn sources(&self) -> &BTreeMap<String, String> {
        &self.sources
    }

    /// What the operator should know.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The report as JSON: `{"configuration":{…},"sources":{…},"warnings":[…]}`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { configuration, sources, warnings } = self;
        format!("{:#}", json!({ "configuration": configuration, "sources": sources, "warnings": warnings }))
    }
}

impl fmt::Display for ConfigReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

fn shown(key: Key, value: &ConfigValue) -> Value {
    let parsed = || serde_json::from_str(&value.to_json()).unwrap_or(Value::Null);
    match key.setting().kind {
        Kind::StaticKeys => json!(REDACTED),
        Kind::Authorities => {
            let mut entries: Value = parsed();
            for entry in entries.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                for (name, value) in entry.iter_mut() {
                    // Unknown names may have secrets.
                    let kind = key::setting(name).map(|key| key.setting().kind);
                    if kind.is_none_or(|kind| kind == Kind::StaticKeys) {
                        *value = json!(REDACTED);
                    }
                }
            }
            entries
        }
        _ => parsed(),
    }
}
