//! What is wrong with a setting, and where the setting was written, for programs that read a configuration error.

use std::fmt;

/// What is wrong with a setting.
///
/// ```
/// use tower_entra::{Config, error::{ConfigProblemKind, ConfigSource}};
///
/// let config = Config::from_json(r#"{"AzureAd": {"TenantId": "common", "CleintId": "x"}}"#)?;
/// let error = config.validate().unwrap_err();
/// let problem = &error.problems()[0];
/// assert_eq!(problem.kind(), ConfigProblemKind::Unknown);
/// assert_eq!(problem.kind().code(), "unknown");
/// assert_eq!((problem.setting(), problem.source()), ("AzureAd:CleintId", ConfigSource::Json));
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ConfigProblemKind {
    /// The setting is required and missing, or it needs another setting that is missing.
    Missing,
    /// The value has the wrong type or form, or is out of range.
    Invalid,
    /// There is no setting of this name.
    Unknown,
    /// The setting, or one of the values in its list, is given twice.
    Duplicate,
    /// Two settings contradict each other, or two authorities accept the same tokens.
    Conflict,
    /// The setting is known, but has no meaning here: for this kind of authority, or in this section.
    NotApplicable,
    /// The setting is known, for example to Microsoft.Identity.Web or API Management, but not supported here. Ignoring it
    /// would change which tokens are accepted.
    Unsupported,
    /// The value would weaken validation. A safe alternative, or a `danger_` method that says what it does, is named in the
    /// [advice](super::ConfigProblem::advice).
    Unsafe,
    /// The document, a list or a value exceeds a limit.
    TooLarge,
    /// A file or an environment variable cannot be read.
    Unreadable,
    /// The document is not well-formed JSON or XML.
    Syntax,
}

impl ConfigProblemKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Missing,
        Self::Invalid,
        Self::Unknown,
        Self::Duplicate,
        Self::Conflict,
        Self::NotApplicable,
        Self::Unsupported,
        Self::Unsafe,
        Self::TooLarge,
        Self::Unreadable,
        Self::Syntax,
    ];

    /// A stable name, such as `not_applicable`, for logs and scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::NotApplicable => "not_applicable",
            Self::Unsupported => "unsupported",
            Self::Unsafe => "unsafe",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
        }
    }
}

impl fmt::Display for ConfigProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Where a setting was written, and so what [`ConfigProblem::setting`](super::ConfigProblem::setting) is.
///
/// ```
/// use tower_entra::{Config, error::ConfigSource};
///
/// let error = Config::default().validate().unwrap_err();
/// assert_eq!((error.problems()[0].setting(), error.problems()[0].source()), ("tenant()", ConfigSource::Code));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ConfigSource {
    /// Code: the setting is a method of a builder, such as `tenant()`.
    #[default]
    Code,
    /// The environment: the setting is a variable, such as `ENTRA_TENANT_ID`.
    Environment,
    /// JSON, or another format that was deserialized: the setting is a path such as `AzureAd:Audiences:0`, or the name of the
    /// file.
    Json,
    /// A policy of API Management: the setting is an element or an attribute, such as `validate-jwt/@clock-skew`.
    ApimPolicy,
}

impl ConfigSource {
    /// A stable name, such as `environment`, for logs and scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Environment => "environment",
            Self::Json => "json",
            Self::ApimPolicy => "apim_policy",
        }
    }
}

impl fmt::Display for ConfigSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct() {
        let mut codes = ConfigProblemKind::ALL.map(ConfigProblemKind::code).to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ConfigProblemKind::ALL.len());
    }
}
