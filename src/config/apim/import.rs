//! The configuration and the notes that result from a policy.

use std::fmt;

use super::{expressions::unsupported_expression, placeholder::is_placeholder, value::Imported};
use crate::{
    config::Config,
    error::{
        ConfigError, ConfigProblem,
        ConfigProblemKind::{self, Invalid, Missing, TooLarge, Unsupported},
        ConfigSource, Problems,
    },
};

/// The longest JSON that [`Config::from_json`] reads.
const LONGEST_JSON: usize = 1 << 20;
const SECTION: &str = "AzureAd";

/// The configuration that corresponds to a policy of API Management, and the differences.
///
/// Its `Display` is the configuration as JSON, followed by the notes.
#[derive(Clone, PartialEq)]
pub struct ApimPolicy {
    config: Config,
    json: String,
    notes: Vec<ApimNote>,
}

/// A difference from API Management, or something that is configured elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApimNote {
    place: String,
    advice: String,
}

impl ApimNote {
    /// The element or attribute that it is about, such as `validate-jwt/@clock-skew`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The difference, and what to do about it.
    #[must_use]
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

impl fmt::Display for ApimNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.advice)
    }
}

impl ApimPolicy {
    /// The configuration. It has passed [`Config::validate`].
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration, by value.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }

    /// The differences.
    #[must_use]
    pub fn notes(&self) -> &[ApimNote] {
        &self.notes
    }

    /// The configuration as JSON, which [`Config::from_json`] reads.
    #[must_use]
    pub fn to_json(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for ApimPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the JSON: the values of the configuration are not shown either.
        f.debug_struct("ApimPolicy").field("config", &self.config).field("notes", &self.notes).finish_non_exhaustive()
    }
}

impl fmt::Display for ApimPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)?;
        self.notes.iter().try_for_each(|note| write!(f, "\n- {note}"))
    }
}

/// An import that is under way.
pub(super) struct PolicyImport {
    /// The name of the policy's element.
    pub(super) policy: &'static str,
    /// The members of the section.
    pub(super) members: Vec<(&'static str, Imported)>,
    pub(super) problems: Problems,
    pub(super) notes: Vec<ApimNote>,
}

impl PolicyImport {
    pub(super) fn new(policy: &'static str) -> Self {
        Self { policy, members: Vec::new(), problems: Problems::default(), notes: Vec::new() }
    }

    pub(super) fn note(&mut self, place: impl Into<String>, advice: impl Into<String>) {
        let note = ApimNote { place: place.into(), advice: advice.into() };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn problem(
        &mut self,
        kind: ConfigProblemKind,
        place: impl Into<String>,
        value: Option<&str>,
        advice: impl Into<String>,
    ) {
        self.problems.push(ConfigProblem::new(kind, place, value, advice).in_source(ConfigSource::ApimPolicy));
    }

    pub(super) fn put(&mut self, setting: &'static str, value: Imported) {
        self.members.push((setting, value));
    }

    /// Puts a list, if it has any elements.
    pub(super) fn put_list(&mut self, setting: &'static str, place: &str, elements: Vec<Imported>) {
        if !elements.is_empty() {
            self.put(setting, Imported::list(place, elements));
        }
    }

    /// The value without whitespace around it. An expression that only API Management can evaluate is a problem.
    pub(super) fn evaluated(&mut self, place: &str, value: &str) -> Option<String> {
        match unsupported_expression(value) {
            None => Some(value.trim().to_owned()),
            Some(advice) => {
                self.problem(Unsupported, place, Some(value), advice);
                None
            }
        }
    }

    /// The same for an identifier, such as an audience or a tenant. A leftover placeholder is a problem too.
    pub(super) fn identifier(&mut self, place: &str, value: &str, expected: &str) -> Option<String> {
        let value = self.evaluated(place, value)?;
        if is_placeholder(&value) {
            self.problem(Invalid, place, Some(&value), format!("is a placeholder; replace it with {expected}"));
            return None;
        }
        Some(value)
    }

    /// Applies the rules of the configuration, and reports their problems under the names that the policy has.
    pub(super) fn finish(mut self) -> Result<ApimPolicy, ConfigError> {
        const TOKEN_TYPE: &str = "API Management does not check the token type. Here ID tokens are rejected, and an \
                                  application's token needs an app role unless AllowWebApiToBeAuthorizedByACL is true";
        self.note(self.policy, TOKEN_TYPE);
        let section = Imported::object("", std::mem::take(&mut self.members));
        let document = Imported::object("", vec![(SECTION, section)]);
        let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
        if json.len() > LONGEST_JSON {
            json = serde_json::to_string(&document).unwrap_or_default();
        }
        if json.len() > LONGEST_JSON {
            let advice = "results in a configuration of more than 1 MiB, which is not supported";
            self.problem(TooLarge, self.policy, None, advice);
            json.clear();
        }
        match Config::from_json(&json).and_then(|config| config.validate().map(|()| config)) {
            Ok(config) => {
                self.problems.check()?;
                Ok(ApimPolicy { config, json, notes: self.notes })
            }
            Err(error) => {
                self.add_translated(&error, &document);
                // There is at least one now.
                self.problems.check().and(Err(error))
            }
        }
    }

    /// Adds the problems of the configuration under the places of the policy that the settings come from.
    fn add_translated(&mut self, error: &ConfigError, document: &Imported) {
        let has_own = !self.problems.is_empty();
        for problem in error.problems() {
            let place = document.place_of(problem.setting());
            // A setting is missing because what it comes from has a problem already.
            if has_own && (place.is_none() || problem.kind() == Missing) {
                continue;
            }
            let place = place.unwrap_or(self.policy).to_owned();
            self.problem(problem.kind(), place, problem.value(), translated(problem.advice(), document));
        }
        (0..error.omitted()).for_each(|_| self.problems.omit());
    }
}

/// The text with the places of the policy instead of the settings.
fn translated(text: &str, document: &Imported) -> String {
    const PREFIX: &str = "AzureAd:";
    let mut parts = text.split(PREFIX);
    let mut translated = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_in_path = |letter: char| letter.is_ascii_alphanumeric() || letter == ':' || letter == '_';
        let end = part.find(|letter| !is_in_path(letter)).unwrap_or(part.len());
        let path = part[..end].trim_end_matches(':');
        translated.push_str(document.place_of(&format!("{PREFIX}{path}")).unwrap_or(path));
        translated.push_str(&part[path.len()..]);
    }
    translated
}
