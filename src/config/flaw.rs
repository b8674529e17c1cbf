//! What is wrong with a value, before it is known which setting it belongs to.

use crate::{error::ConfigProblemKind, tenant::InvalidAddress};

/// What is wrong with a value, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) kind: ConfigProblemKind,
    pub(super) advice: String,
}

impl Flaw {
    pub(super) fn new(kind: ConfigProblemKind, advice: impl Into<String>) -> Self {
        Self { kind, advice: advice.into() }
    }

    pub(super) fn invalid(advice: impl Into<String>) -> Self {
        Self::new(ConfigProblemKind::Invalid, advice)
    }
}

impl From<InvalidAddress> for Flaw {
    fn from(error: InvalidAddress) -> Self {
        Self::invalid(error.to_string())
    }
}
