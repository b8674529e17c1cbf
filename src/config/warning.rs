//! Warnings about a valid configuration.

use std::fmt;

use crate::error::Problems;

/// A warning, and the settings that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    settings: Vec<String>,
    text: String,
}

impl Warning {
    pub(super) fn new(setting: impl Into<String>, text: impl Into<String>) -> Self {
        Self { settings: vec![setting.into()], text: text.into() }
    }

    /// About several settings, or about none.
    pub(super) fn of_all(settings: Vec<String>, text: impl Into<String>) -> Self {
        Self { settings, text: text.into() }
    }

    /// The settings as they were written, separated by commas.
    pub(crate) fn settings(&self) -> String {
        self.settings.join(", ")
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first warnings, and the number of the others.
pub(super) fn first_of(mut warnings: Vec<Warning>) -> Vec<Warning> {
    let more = warnings.len().saturating_sub(Problems::MOST);
    if more > 0 {
        warnings.truncate(Problems::MOST);
        warnings.push(Warning::of_all(Vec::new(), format!("there are {more} more warnings, which are not listed")));
    }
    warnings
}
