//! The policies of API Management, read as a configuration (`docs/entra.md`, "API Management").
//!
//! What a policy says becomes the section that [`Config::from_json`] reads too. Two rules hold: nothing that a policy demands
//! is dropped silently, so that never more tokens are accepted than it means; and of all that is otherwise here, a note says
//! how.

mod azure;
mod claims;
mod document;
mod issuers;
mod jwt;
mod shape;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
mod url;

use std::fmt;

use serde_json::Value;

use super::{
    key::Key,
    section_reader::Reader,
    settings::{Config, Source},
    value::{ConfigValue, Data},
};
use crate::error::{
    ConfigError, ConfigProblem,
    ConfigProblemKind::{self, Unsupported},
    ConfigSource, Problems,
};

/// What a policy of API Management means here.
///
/// Its `Display` is the configuration as JSON and, below it, the notes.
#[derive(Clone, Debug, PartialEq)]
pub struct ApimPolicy {
    config: Config,
    json: String,
    notes: Vec<ApimNote>,
}

/// Something that is otherwise here than in API Management, or that is done elsewhere.
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

    /// What is otherwise, and what to do.
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

    /// The configuration, to go on with.
    #[must_use]
    pub fn into_config(self) -> Config {
        self.config
    }

    /// What is otherwise here, in the order of the policy.
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

impl fmt::Display for ApimPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)?;
        self.notes.iter().try_for_each(|note| write!(f, "\n- {note}"))
    }
}

impl Config {
    /// Reads the one `validate-jwt` or `validate-azure-ad-token` of API Management that is in `xml`: a whole document of
    /// policies, or the element alone.
    ///
    /// ```
    /// use tower_entra::{Config, VerifierBuilder};
    ///
    /// let policy = Config::from_apim_policy(
    ///     r#"<validate-jwt header-name="Authorization" failed-validation-httpcode="401">
    ///         <openid-config url="https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration" />
    ///         <audiences>
    ///             <audience>66666666-7777-8888-9999-000000000000</audience>
    ///         </audiences>
    ///     </validate-jwt>"#,
    /// )?;
    /// println!("{policy}"); // the same as JSON, and what is otherwise
    /// let verifier = VerifierBuilder::from(policy.into_config()).build()?;
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not XML, has more than 1 MiB or an unusual depth, has a DTD, or has none or several of these policies; if the policy demands something that cannot be
    /// demanded here, or does not say whose tokens are for which API. All mistakes at once, each with what to do.
    pub fn from_apim_policy(xml: &str) -> Result<ApimPolicy, ConfigError> {
        document::with_policy(xml, |element, draft| {
            if element.tag_name().name() == document::JWT {
                jwt::read(element, draft)
            } else {
                azure::read(element, draft)
            }
        })?
        .finish()
    }
}

/// What is read of a policy.
struct Draft {
    policy: &'static str,
    /// The members of the section, each under the name that it has in the policy.
    members: Vec<(Key, ConfigValue)>,
    problems: Problems,
    notes: Vec<ApimNote>,
    /// Settings that could not be read: they are not missing.
    spoilt: Vec<Key>,
}

impl Draft {
    fn new(policy: &'static str) -> Self {
        Self { policy, members: Vec::new(), problems: Problems::default(), notes: Vec::new(), spoilt: Vec::new() }
    }

    fn note(&mut self, place: impl Into<String>, advice: impl Into<String>) {
        self.notes.push(ApimNote { place: place.into(), advice: advice.into() });
    }

    fn wrong(
        &mut self,
        kind: ConfigProblemKind,
        place: impl Into<String>,
        value: Option<&str>,
        advice: impl Into<String>,
    ) {
        self.problems.push(ConfigProblem::new(kind, place, value, advice).in_source(ConfigSource::ApimPolicy));
    }

    fn put(&mut self, key: Key, node: ConfigValue) {
        self.members.push((key, node));
    }

    /// Puts a list, if it has any elements.
    fn list(&mut self, key: Key, place: &str, elements: Vec<ConfigValue>) {
        if !elements.is_empty() {
            self.put(key, ConfigValue::new(place, Data::List(elements)));
        }
    }

    /// The value if it stands there; what only API Management can compute is a problem.
    fn plain(&mut self, place: &str, value: &str) -> Option<String> {
        match riddle(value) {
            None => Some(value.trim().to_owned()),
            Some(why) => {
                self.wrong(Unsupported, place, Some(value), why);
                None
            }
        }
    }

    /// Applies all rules.
    fn finish(mut self) -> Result<ApimPolicy, ConfigError> {
        const CHECK: &str = "API Management does not look what kind of token it is; here an application's token needs an app \
                             role, unless AllowWebApiToBeAuthorizedByACL is true, and id tokens are refused";
        self.note(self.policy, CHECK);
        let members: Vec<(String, ConfigValue)> =
            self.members.into_iter().map(|(key, node)| (key.name().to_owned(), node)).collect();
        let section = ConfigValue::new("", Data::Object(members));
        let json = format!("{{\"AzureAd\":{}}}", section.to_json());
        let value: Result<Value, _> = serde_json::from_str(&json);
        let json = value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or(json);
        // Taken back rather than cloned: a policy may have ten thousand claims.
        let members = match section.data {
            Data::Object(members) => members,
            Data::List(_) | Data::Text(_) | Data::Other(_) => Vec::new(),
        };
        let mut reader = Reader { problems: self.problems, ..Reader::default() };
        reader.config.source =
            Source::Document { source: ConfigSource::ApimPolicy, file: None, section: Some(self.policy.to_owned()) };
        reader.config.spoilt = self.spoilt;
        reader.section(members);
        let config = reader.finish()?;
        config.validate()?;
        Ok(ApimPolicy { config, json, notes: self.notes })
    }
}

/// Why a value is none that could be read here.
fn riddle(value: &str) -> Option<&'static str> {
    if value.contains("@(") || value.contains("@{") {
        Some("is a policy expression, which only API Management can compute; put its value here")
    } else if value.contains("{{") {
        Some("is a named value of API Management; put its value here")
    } else {
        None
    }
}
