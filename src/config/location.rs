//! A value, and where its setting was written.

use std::fmt;

use crate::error::{ConfigProblem, ConfigProblemKind, ConfigSource};

/// Where a setting was written: its name there, such as `tenant()` or `AzureAd:TenantId`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Location {
    name: String,
    source: ConfigSource,
}

/// A value, and where its setting was written.
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

    /// Whether its last part is this setting of a file or the environment, in any letters.
    pub(super) fn ends_with(&self, setting: &str) -> bool {
        let last = self.name.rsplit([':', '_']).next().unwrap_or_default();
        !self.is_in_code() && last.eq_ignore_ascii_case(setting)
    }

    pub(super) fn is_in_code(&self) -> bool {
        self.source == ConfigSource::Code
    }

    /// A problem with the setting that was written here.
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

    /// A value that a method of the builder was given.
    pub(super) fn in_code(method: &str, value: T) -> Self {
        Self::new(Location::new(method, ConfigSource::Code), value)
    }
}
