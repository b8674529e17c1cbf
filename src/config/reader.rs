//! Reads values of the types that settings have, and reports those that cannot be read.

use std::{path::PathBuf, time::Duration};

use super::{
    location::{Location, Named},
    settings::ConfigSettings,
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

/// The longest text that a setting may be: more than any address, identifier or name has.
const LONGEST_TEXT: usize = 2_048;

/// Reads one section. After a value that cannot be read, it goes on.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) config: ConfigSettings,
    pub(super) problems: Problems,
    /// The folder that names of files are relative to; the working directory if it is `None`.
    pub(super) folder: Option<PathBuf>,
    /// An entry of `Authorities` is read.
    pub(super) is_inner: bool,
}

/// The problem of a value that has the wrong type or form.
pub(super) fn wrong(node: &ConfigValue, advice: impl Into<String>) -> ConfigProblem {
    ConfigProblem::new(Invalid, &node.name, Some(&node.to_text()), advice)
}

/// The problem of a value that has the wrong type.
pub(super) fn mistyped(node: &ConfigValue, advice: &str) -> ConfigProblem {
    let is = match &node.data {
        Data::Text(_) => "a text",
        Data::List(_) => "a list",
        Data::Object(_) => "an object",
        Data::Other(text) => match text.as_str() {
            "null" => "null",
            "true" | "false" => "a truth value",
            _ => "a number",
        },
    };
    wrong(node, format!("is {is}; {advice}"))
}

/// The problem of a setting that was given twice.
pub(super) fn duplicate(name: &str, other: &str) -> ConfigProblem {
    let advice = if name == other {
        "is given twice; leave one out".to_owned()
    } else {
        format!("is given twice, as {other} too; leave one out")
    };
    ConfigProblem::new(Duplicate, name, None, advice)
}

/// The problem of an unknown name.
pub(super) fn unknown(name: &str, nearest: Option<&str>, known: &[&str]) -> ConfigProblem {
    let advice = match nearest {
        Some(nearest) => format!("there is no such setting; did you mean `{nearest}`?"),
        None => format!("there is no such setting; there are {}", known.join(", ")),
    };
    // Not the value: it is unknown what it is.
    ConfigProblem::new(Unknown, name, None, advice)
}

pub(super) fn names<T>(known: &[(&'static str, T)]) -> Vec<&'static str> {
    known.iter().map(|(name, _)| *name).collect()
}

impl Reader {
    /// Adds a problem of the source that is read.
    pub(super) fn report(&mut self, problem: ConfigProblem) {
        self.problems.push(problem.in_source(self.config.source.kind()));
    }

    /// A value of the source that is read.
    pub(super) fn named<T>(&self, name: impl Into<String>, value: T) -> Named<T> {
        Named::new(Location::new(name, self.config.source.kind()), value)
    }

    /// A string.
    pub(super) fn text(&mut self, node: ConfigValue, advice: &str) -> Option<Named<String>> {
        match node.data {
            Data::Text(text) if text.len() > LONGEST_TEXT => {
                let advice = format!("is longer than {LONGEST_TEXT} bytes");
                self.report(ConfigProblem::new(TooLarge, node.name, Some(&text), advice));
                None
            }
            Data::Text(text) => Some(self.named(node.name, text)),
            _ => {
                self.report(mistyped(&node, advice));
                None
            }
        }
    }

    /// A list of strings.
    pub(super) fn texts(&mut self, node: ConfigValue, advice: &str) -> Vec<Named<String>> {
        match node.data {
            Data::List(elements) => {
                elements.into_iter().filter_map(|element| self.text(element, "a text is needed")).collect()
            }
            _ => {
                self.report(mistyped(&node, advice));
                Vec::new()
            }
        }
    }

    /// A boolean, also as a string.
    pub(super) fn truth(&mut self, node: &ConfigValue) -> Option<Named<bool>> {
        let truth = match &node.data {
            Data::Other(text) => text.parse().ok(),
            Data::Text(text) => text.to_ascii_lowercase().parse().ok(),
            Data::List(_) | Data::Object(_) => None,
        };
        if truth.is_none() {
            self.report(wrong(node, "true or false is needed"));
        }
        truth.map(|truth| self.named(&node.name, truth))
    }

    /// A whole number of seconds.
    pub(super) fn seconds(&mut self, node: &ConfigValue) -> Option<Named<Duration>> {
        let seconds = match &node.data {
            Data::Other(text) | Data::Text(text) => text.parse().ok(),
            Data::List(_) | Data::Object(_) => None,
        };
        if seconds.is_none() {
            let most = MAX_LEEWAY.as_secs();
            self.report(wrong(node, format!("a whole number of seconds from 0 to {most} is needed")));
        }
        seconds.map(|seconds| self.named(&node.name, Duration::from_secs(seconds)))
    }
}
