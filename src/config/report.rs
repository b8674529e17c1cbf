//! The effective settings, for checks before a deployment.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value, json};

use super::{
    key::{self, Key, Type},
    layer::Layer,
    merge,
    settings::ConfigSettings,
    validate::ResolvedConfig,
    value::ConfigValue,
};
use crate::authority::KeySource;

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
/// assert!(report.to_json().contains(r#""ClockSkewSeconds": 60"#));
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
            let is_effective = |key: Key| sources.get(key.name()) == Some(&layer.source.name());
            for (key, value) in layer.values().filter(|(key, _)| is_effective(*key)) {
                report.configuration.insert(key.name().to_owned(), shown(key, value));
            }
        }
        report.derived(layers, resolved);
        report
    }

    /// Adds defaults and what follows from other settings. Of several authorities, the first is that of the section.
    fn derived(&mut self, layers: &[Layer], resolved: &ResolvedConfig) {
        let has_parameter = |names: &[&str]| {
            let mut values = layers.iter().flat_map(Layer::values);
            values.any(|(key, value)| {
                key == Key::TokenValidationParameters && names.iter().any(|name| value.has_member(name))
            })
        };
        let parameters = Key::TokenValidationParameters.name();
        if !self.has(Key::DetailedErrors) {
            self.add(Key::DetailedErrors, json!(resolved.detailed_errors), "default");
        }
        let Some(trusted) = resolved.authorities.first() else { return };
        if !self.has(Key::ClockSkewSeconds) {
            let source = if has_parameter(&["ClockSkew"]) { parameters } else { "default" };
            self.add(Key::ClockSkewSeconds, json!(trusted.policy.leeway.as_secs()), source);
        }
        let audiences = trusted.policy.audiences.sorted();
        if has_parameter(&["ValidAudience", "ValidAudiences"]) {
            self.add(Key::Audiences, json!(audiences), parameters);
        } else if !self.has(Key::Audience) && !self.has(Key::Audiences) {
            self.add(Key::Audiences, json!(audiences), Key::ClientId.name());
        }
        if let KeySource::Entra(entra) = &trusted.source {
            let ids: Vec<String> = entra.tenants.ids().map(|id| id.to_string()).collect();
            let has_tenant = self.has(Key::TenantId) || self.has(Key::TenantIds);
            if let ([id], false, true) = (ids.as_slice(), has_tenant, self.has(Key::Authority)) {
                self.add(Key::TenantId, json!(id), Key::Authority.name());
            }
            if !self.has(Key::Instance) {
                let source = if self.has(Key::Authority) { Key::Authority.name() } else { "default" };
                self.add(Key::Instance, json!(entra.instance.base()), source);
            }
        }
    }

    fn has(&self, key: Key) -> bool {
        self.configuration.contains_key(key.name())
    }

    fn add(&mut self, key: Key, value: Value, source: &str) {
        self.configuration.insert(key.name().to_owned(), value);
        self.sources.insert(key.name().to_owned(), source.to_owned());
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
    match key.setting().value_type {
        Type::StaticKeys => json!(REDACTED),
        Type::Authorities => {
            let mut entries: Value = parsed();
            for entry in entries.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                for (name, value) in entry.iter_mut() {
                    // Unknown names may have secrets.
                    let kind = key::setting(name).map(|key| key.setting().value_type);
                    if kind.is_none_or(|kind| kind == Type::StaticKeys) {
                        *value = json!(REDACTED);
                    }
                }
            }
            entries
        }
        _ => parsed(),
    }
}
