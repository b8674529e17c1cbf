//! The configuration and the notes that come of a policy.

use std::fmt;

use serde_json::Value;

use crate::{
    config::{
        config::Config,
        key::Key,
        layer::Layer,
        settings::Source,
        value::{ConfigValue, Data},
    },
    error::{
        ConfigError, ConfigProblem,
        ConfigProblemKind::{self, Unsupported},
        ConfigSource, Problems,
    },
};

/// The configuration that corresponds to a policy of API Management, and the differences.
///
/// Its `Display` is the configuration as JSON and, below it, the notes.
#[derive(Clone, Debug, PartialEq)]
pub struct ApimPolicy {
    config: Config,
    json: String,
    notes: Vec<ApimNote>,
}

/// A difference from API Management, or something that is configured elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApimNote {
    place: String,
    advice: String,
}

impl ApimNote {
    /// The element or attribute that it is about, such as `validate-jwt/@clock-skew`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The difference, and what to do about it.
    #[must_use]
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

impl fmt::Display for ApimNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.advice)
    }
}

impl ApimPolicy {
    /// The configuration. It has passed [`Config::validate`].
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration, by value.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }

    /// The differences, in the order of the policy.
    #[must_use]
    pub fn notes(&self) -> &[ApimNote] {
        &self.notes
    }

    /// The configuration as JSON, which [`Config::from_json`] reads.
    #[must_use]
    pub fn to_json(&self) -> &str {
        &self.json
    }
}

impl fmt::Display for ApimPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)?;
        self.notes.iter().try_for_each(|note| write!(f, "\n- {note}"))
    }
}

/// What has been read of a policy so far.
pub(super) struct Draft {
    pub(super) policy: &'static str,
    /// The members of the section, each under the name that it has in the policy.
    pub(super) members: Vec<(Key, ConfigValue)>,
    pub(super) problems: Problems,
    pub(super) notes: Vec<ApimNote>,
    /// Settings that were given and could not be read, so that they are not missing.
    pub(super) spoilt: Vec<Key>,
}

impl Draft {
    pub(super) fn new(policy: &'static str) -> Self {
        Self { policy, members: Vec::new(), problems: Problems::default(), notes: Vec::new(), spoilt: Vec::new() }
    }

    pub(super) fn note(&mut self, place: impl Into<String>, advice: impl Into<String>) {
        self.notes.push(ApimNote { place: place.into(), advice: advice.into() });
    }

    pub(super) fn wrong(
        &mut self,
        kind: ConfigProblemKind,
        place: impl Into<String>,
        value: Option<&str>,
        advice: impl Into<String>,
    ) {
        self.problems.push(ConfigProblem::new(kind, place, value, advice).in_source(ConfigSource::ApimPolicy));
    }

    pub(super) fn put(&mut self, key: Key, node: ConfigValue) {
        self.members.push((key, node));
    }

    /// Puts a list, if it has any elements.
    pub(super) fn list(&mut self, key: Key, place: &str, elements: Vec<ConfigValue>) {
        if !elements.is_empty() {
            self.put(key, ConfigValue::new(place, Data::List(elements)));
        }
    }

    /// The value, trimmed. An expression that only API Management can compute is a problem.
    pub(super) fn plain(&mut self, place: &str, value: &str) -> Option<String> {
        match riddle(value) {
            None => Some(value.trim().to_owned()),
            Some(why) => {
                self.wrong(Unsupported, place, Some(value), why);
                None
            }
        }
    }

    /// Applies all rules.
    pub(super) fn finish(mut self) -> Result<ApimPolicy, ConfigError> {
        const CHECK: &str = "API Management does not look what kind of token it is; here an application's token needs an app \
                             role, unless AllowWebApiToBeAuthorizedByACL is true, and id tokens are refused";
        self.note(self.policy, CHECK);
        let members: Vec<(String, ConfigValue)> =
            self.members.into_iter().map(|(key, node)| (key.name().to_owned(), node)).collect();
        let section = ConfigValue::new("", Data::Object(members));
        let json = format!("{{\"AzureAd\":{}}}", section.to_json());
        let value: Result<Value, _> = serde_json::from_str(&json);
        let json = value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or(json);
        // Taken back rather than cloned: a policy may have ten thousand claims.
        let members = match section.data {
            Data::Object(members) => members,
            Data::List(_) | Data::Text(_) | Data::Other(_) => Vec::new(),
        };
        let source =
            Source::Document { source: ConfigSource::ApimPolicy, file: None, section: Some(self.policy.to_owned()) };
        let mut layer = Layer::new(source, members, None);
        layer.members.problems.append(self.problems);
        layer.members.spoilt.extend(self.spoilt);
        let config = Config::of_layer(layer, None);
        config.validate()?;
        Ok(ApimPolicy { config, json, notes: self.notes })
    }
}

/// Why a value cannot be read here.
pub(super) fn riddle(value: &str) -> Option<&'static str> {
    if value.contains("@(") || value.contains("@{") {
        Some("is a policy expression, which only API Management can compute; put its value here")
    } else if value.contains("{{") {
        Some("is a named value of API Management; put its value here")
    } else {
        None
    }
}
