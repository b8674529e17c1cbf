//! Reads raw values as the types that settings have, and reports those that cannot be read.

use std::time::Duration;

use super::{
    key::Key,
    key_file::Files,
    location::{Location, Named},
    settings::{ConfigSettings, SettingsSource},
    value::{ConfigValue, Data},
};
use crate::{
    error::{
        ConfigProblem,
        ConfigProblemKind::{Duplicate, Invalid, TooLarge, Unknown},
        Problems,
    },
    policy::MAX_LEEWAY,
};

/// The longest string that a setting may be: more than any address, identifier or name has.
const LONGEST_TEXT: usize = 2_048;

/// Reads the raw values of one source into `settings`. After a value that cannot be read, it goes on.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) settings: ConfigSettings,
    pub(super) problems: Problems,
    pub(super) source: &'a SettingsSource,
    pub(super) files: &'a Files,
    /// Settings that a source of higher precedence replaces: they are not read.
    pub(super) replaced: &'a dyn Replaced,
}

/// Which settings are replaced by a source of higher precedence.
pub(super) trait Replaced: std::fmt::Debug {
    fn is_replaced(&self, key: Key) -> bool;
}

/// The problem of a value that has the wrong type or form.
pub(super) fn wrong(value: &ConfigValue, advice: impl Into<String>) -> ConfigProblem {
    ConfigProblem::new(Invalid, &value.name, Some(&value.to_text()), advice)
}

/// The problem of a value that has the wrong type.
pub(super) fn mistyped(value: &ConfigValue, advice: &str) -> ConfigProblem {
    wrong(value, format!("is {}; {advice}", value.data.type_name()))
}

/// The same for a setting whose value may be a private key: the value is not in it.
pub(super) fn mistyped_secret(value: &ConfigValue, advice: &str) -> ConfigProblem {
    ConfigProblem::new(Invalid, &value.name, None, format!("is {}; {advice}", value.data.type_name()))
}

/// The problem of a setting that is given twice.
pub(super) fn duplicate(name: &str, other: &str) -> ConfigProblem {
    let advice = if name == other {
        "is given twice; remove one of them".to_owned()
    } else {
        format!("is given twice, also as {}; remove one of them", visible(other))
    };
    ConfigProblem::new(Duplicate, visible(name), None, advice)
}

/// The problem of an unknown name where only a few are known.
pub(super) fn unknown(name: &str, nearest: Option<&str>, known: &[&str]) -> ConfigProblem {
    let advice = match nearest {
        Some(nearest) => format!("is not a setting; did you mean `{nearest}`?"),
        None => format!("is not a setting; the settings are {}", known.join(", ")),
    };
    // Not the value: it may be a secret.
    ConfigProblem::new(Unknown, visible(name), None, advice)
}

/// A name for a message: quoted and escaped if it has whitespace or characters that cannot be seen.
pub(super) fn visible(name: &str) -> String {
    let quoted = format!("{name:?}");
    let is_plain = !name.chars().any(char::is_whitespace) && quoted.len() == name.len() + 2;
    if is_plain { name.to_owned() } else { quoted }
}

impl Reader<'_> {
    /// Adds a problem of the source that is read.
    pub(super) fn report(&mut self, problem: ConfigProblem) {
        self.problems.push(problem.in_source(self.source.kind()));
    }

    /// A value of the source that is read.
    pub(super) fn named<T>(&self, name: impl Into<String>, value: T) -> Named<T> {
        Named::new(Location::new(name, self.source.kind()), value)
    }

    /// A string.
    pub(super) fn text(&mut self, value: &ConfigValue, advice: &str) -> Option<Named<String>> {
        match &value.data {
            Data::Text(text) if text.len() > LONGEST_TEXT => {
                let advice = format!("is longer than {LONGEST_TEXT} bytes");
                self.report(ConfigProblem::new(TooLarge, &value.name, Some(text), advice));
                None
            }
            Data::Text(text) => Some(self.named(&value.name, text.clone())),
            _ => {
                self.report(mistyped(value, advice));
                None
            }
        }
    }

    /// A list of strings.
    pub(super) fn texts(&mut self, value: &ConfigValue, advice: &str) -> Vec<Named<String>> {
        match &value.data {
            Data::List(elements) => {
                elements.iter().filter_map(|element| self.text(element, "must be a string")).collect()
            }
            _ => {
                self.report(mistyped(value, advice));
                Vec::new()
            }
        }
    }

    /// A boolean, also as a string.
    pub(super) fn boolean(&mut self, value: &ConfigValue) -> Option<Named<bool>> {
        let boolean = match &value.data {
            Data::Other(text) => text.parse().ok(),
            Data::Text(text) => text.to_ascii_lowercase().parse().ok(),
            Data::List(_) | Data::Object(_) => None,
        };
        if boolean.is_none() {
            self.report(wrong(value, "must be true or false"));
        }
        boolean.map(|boolean| self.named(&value.name, boolean))
    }

    /// A whole number of seconds.
    pub(super) fn seconds(&mut self, value: &ConfigValue) -> Option<Named<Duration>> {
        let seconds = match &value.data {
            Data::Other(text) | Data::Text(text) => text.parse().ok(),
            Data::List(_) | Data::Object(_) => None,
        };
        if seconds.is_none() {
            let most = MAX_LEEWAY.as_secs();
            self.report(wrong(value, format!("must be a whole number of seconds from 0 to {most}")));
        }
        seconds.map(|seconds| self.named(&value.name, Duration::from_secs(seconds)))
    }
}
