use std::fmt;

use serde::Serialize;

use super::CauseKind;
use crate::error::escaped;

/// A cause, with the values of this token and this configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub(super) kind: CauseKind,
    pub(super) title: &'static str,
    pub(super) explanation: String,
    pub(super) remedy: String,
    pub(super) known_as: &'static [&'static str],
}

impl Cause {
    pub(crate) fn new(kind: CauseKind, explanation: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (explanation, remedy) = (escaped(explanation.into()), escaped(remedy.into()));
        Self { kind, title: kind.title(), explanation, remedy, known_as: kind.known_as() }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> CauseKind {
        self.kind
    }

    /// What is wrong, in whole sentences.
    #[must_use]
    pub fn explanation(&self) -> &str {
        &self.explanation
    }

    /// What to do about it, in whole sentences.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}\n  To fix: {}", self.title, self.explanation, self.remedy)?;
        if !self.known_as.is_empty() {
            write!(f, "\n  Known elsewhere as: {}", self.known_as.join(", "))?;
        }
        Ok(())
    }
}
