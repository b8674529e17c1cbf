use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{CauseKind, Remedy};
use crate::error::escaped;

/// A cause, with the values of this token and this configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    kind: CauseKind,
    explanation: String,
    remedies: Vec<Remedy>,
    /// All remedies as one text.
    remedy: String,
}

impl Cause {
    pub(super) fn new(kind: CauseKind, explanation: impl Into<String>, remedies: Vec<Remedy>) -> Self {
        let remedy = match remedies.as_slice() {
            [one] => one.text().to_owned(),
            several => {
                let line = |(at, remedy): (usize, &Remedy)| format!("{}. {}", at + 1, remedy.text());
                several.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
            }
        };
        Self { kind, explanation: escaped(explanation.into()), remedies, remedy }
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

    /// All remedies as one text: several are numbered, each on its own line.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// The alternatives, the one that the facts prove first; there is at least one. One that widens what the API accepts is
    /// the last.
    #[must_use]
    pub fn remedies(&self) -> &[Remedy] {
        &self.remedies
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cause = serializer.serialize_struct("Cause", 6)?;
        cause.serialize_field("kind", &self.kind)?;
        cause.serialize_field("title", self.kind.title())?;
        cause.serialize_field("explanation", &self.explanation)?;
        cause.serialize_field("remedy", &self.remedy)?;
        cause.serialize_field("remedies", &self.remedies)?;
        cause.serialize_field("known_as", self.kind.known_as())?;
        cause.end()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}\n  To fix:", self.kind.title(), self.explanation)?;
        match self.remedies.as_slice() {
            [one] => write!(f, " {one}")?,
            several => several.iter().enumerate().try_for_each(|(at, one)| write!(f, "\n    {}. {one}", at + 1))?,
        }
        match self.kind.known_as() {
            [] => Ok(()),
            names => write!(f, "\n  Known elsewhere as: {}", names.join(", ")),
        }
    }
}
