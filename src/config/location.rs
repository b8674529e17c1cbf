//! The location of a setting in its source, for messages.

use std::fmt;

use crate::error::{ConfigProblem, ConfigProblemKind, ConfigSource};

/// The location of a setting: its source, and its name there, such as `tenant()` or `AzureAd:TenantId`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Location {
    name: String,
    source: ConfigSource,
}

/// A value with the location of its setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named<T> {
    pub(super) name: Location,
    pub(super) value: T,
}

impl Location {
    pub(super) fn new(name: impl Into<String>, source: ConfigSource) -> Self {
        Self { name: name.into(), source }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.name
    }

    /// Whether the last part of the name is `setting`, ignoring case. Never true in code.
    pub(super) fn ends_with(&self, setting: &str) -> bool {
        let last = self.name.rsplit([':', '_']).next().unwrap_or_default();
        !self.is_in_code() && last.eq_ignore_ascii_case(setting)
    }

    pub(super) fn is_in_code(&self) -> bool {
        self.source == ConfigSource::Code
    }

    /// A problem with the setting at this location.
    pub(super) fn problem(
        &self,
        kind: ConfigProblemKind,
        value: Option<&str>,
        advice: impl Into<String>,
    ) -> ConfigProblem {
        ConfigProblem::new(kind, self.as_str(), value, advice).in_source(self.source)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl<T> Named<T> {
    pub(super) fn new(name: Location, value: T) -> Self {
        Self { name, value }
    }

    /// A value that was passed to a method of the builder.
    pub(super) fn in_code(method: &str, value: T) -> Self {
        Self::new(Location::new(method, ConfigSource::Code), value)
    }
}
