//! The errors that are not rejections: an invalid configuration, and a document that cannot be fetched or used.

mod fetch;
mod problem_kind;
mod text;

use std::{error::Error, fmt};

pub(crate) use fetch::DocumentFault;
pub use fetch::{FetchError, FetchFailure, InvalidDocument};

pub use problem_kind::{ConfigProblemKind, ConfigSource};
pub(crate) use text::{escaped, truncated};

use crate::tenant::without_password;

/// Everything that is wrong with a configuration, reported at once.
///
/// Each problem names its setting, the value it had and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: Option<String>,
    problems: Vec<ConfigProblem>,
    omitted: usize,
}

/// One problem in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    kind: ConfigProblemKind,
    source: ConfigSource,
    setting: String,
    value: Option<String>,
    advice: String,
}

impl ConfigProblem {
    /// A problem with `setting`, written in [code](ConfigSource::Code), which had `value` (`None` if it is missing), and what
    /// would be right.
    ///
    /// ```
    /// use tower_entra::error::{ConfigError, ConfigProblem, ConfigProblemKind};
    ///
    /// let problem = ConfigProblem::new(ConfigProblemKind::Invalid, "port()", Some("0"), "a port from 1 to 65535 is needed");
    /// let error = ConfigError::from_problem(problem);
    /// assert_eq!(error.to_string(), r#"invalid configuration: port() = "0": a port from 1 to 65535 is needed"#);
    /// ```
    pub fn new(
        kind: ConfigProblemKind,
        setting: impl Into<String>,
        value: Option<&str>,
        advice: impl Into<String>,
    ) -> Self {
        const LONGEST_VALUE: usize = 200;
        const LONGEST_SETTING: usize = 200;
        const LONGEST_ADVICE: usize = 2_000;
        // An empty name would be invisible.
        let setting = setting.into();
        let setting = if setting.trim().is_empty() { format!("{setting:?}") } else { setting };
        // All of them may quote input, so none may be as long as the input.
        Self {
            kind,
            source: ConfigSource::Code,
            setting: truncated(setting, LONGEST_SETTING),
            value: value.map(|value| truncated(without_password(value).into_owned(), LONGEST_VALUE)),
            advice: truncated(advice.into(), LONGEST_ADVICE),
        }
    }

    /// The same problem, with a setting written in this source.
    #[must_use]
    pub fn in_source(mut self, source: ConfigSource) -> Self {
        self.source = source;
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ConfigProblemKind {
        self.kind
    }

    /// Where the setting was written.
    #[must_use]
    pub fn source(&self) -> ConfigSource {
        self.source
    }

    /// The setting as it was written: a builder method, a JSON path, an environment variable, or an element of a policy.
    #[must_use]
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// The value it had, cut after 200 characters; `None` if the setting is missing, or if its value may be a secret.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What would be right.
    #[must_use]
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

/// Problems in the order in which they are found. Only the first [`Problems::MOST`] are kept and the others counted, so that
/// a hostile or generated configuration cannot make an error longer than itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Problems {
    kept: Vec<ConfigProblem>,
    omitted: usize,
    found: usize,
}

impl Problems {
    /// As many as anybody reads at once.
    pub(crate) const MOST: usize = 100;

    /// Adds a problem, unless it is there already: one setting may be checked for several authorities.
    pub(crate) fn push(&mut self, problem: ConfigProblem) {
        self.found += 1;
        if self.kept.contains(&problem) {
            return;
        }
        if self.is_full() {
            self.omitted += 1;
        } else {
            self.kept.push(problem);
        }
    }

    /// Counts a problem that is not worth describing, because [`is_full`](Self::is_full).
    pub(crate) fn omit(&mut self) {
        self.found += 1;
        self.omitted += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= Self::MOST
    }

    /// How many were added, those that were there already included.
    pub(crate) fn len(&self) -> usize {
        self.found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found == 0
    }

    /// Adds all of `other`.
    pub(crate) fn append(&mut self, other: Self) {
        self.found += other.omitted;
        self.omitted += other.omitted;
        other.kept.into_iter().for_each(|problem| self.push(problem));
    }

    /// `Err` with all of them, or `Ok` if there are none.
    pub(crate) fn check(self) -> Result<(), ConfigError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(ConfigError { file: None, problems: self.kept, omitted: self.omitted })
        }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value:?}: {}", self.setting, self.advice),
            None => write!(f, "{}: {}", self.setting, self.advice),
        }
    }
}

impl ConfigError {
    /// `Err` with all `problems`, or `Ok` if there are none.
    ///
    /// # Errors
    ///
    /// If `problems` has at least one.
    pub fn check(problems: Vec<ConfigProblem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { file: None, problems, omitted: 0 }) }
    }

    /// An error of one problem.
    #[must_use]
    pub fn from_problem(problem: ConfigProblem) -> Self {
        Self { file: None, problems: vec![problem], omitted: 0 }
    }

    /// The same, found in this file.
    #[must_use]
    pub(crate) fn in_file(mut self, file: Option<&str>) -> Self {
        self.file = file.map(str::to_owned);
        self
    }

    /// The same with one more problem.
    pub(crate) fn with(mut self, problem: ConfigProblem) -> Self {
        self.problems.push(problem);
        self
    }

    /// The mistakes, in the order of the settings. There is at least one. Of a configuration with very many, the first
    /// hundred.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }

    /// The number of further mistakes, which are not among [`problems`](Self::problems).
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid configuration")?;
        if let Some(file) = &self.file {
            write!(f, " in {file}")?;
        }
        match self.problems.as_slice() {
            [problem] => write!(f, ": {problem}"),
            problems => {
                write!(f, ", {} problems:", problems.len() + self.omitted)?;
                problems.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))?;
                match self.omitted {
                    0 => Ok(()),
                    omitted => write!(f, "\n  … and {omitted} more"),
                }
            }
        }
    }
}

impl Error for ConfigError {}
