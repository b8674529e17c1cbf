//! How a case reaches the public interface. Everything else here is independent of it.

use tower_entra::{Config, ConfigError, Verifier, VerifierBuilder};

use super::providers::Providers;

/// What a configuration is read from.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) text: Option<String>,
    pub(crate) section: Option<String>,
    pub(crate) env: Option<Vec<(String, String)>>,
}

pub(crate) enum Outcome {
    Loads(Box<Verifier>),
    Refused(ConfigError),
    /// The public interface has no way to say it.
    Unsupported(&'static str),
}

/// Reads and builds; what is wrong with the one and with the other is one error.
pub(crate) fn outcome(input: &Input, providers: &Providers) -> Outcome {
    let config = match read(input) {
        Ok(config) => config,
        Err(why) => return Outcome::Unsupported(why),
    };
    match config {
        Ok(config) => built(VerifierBuilder::from(config), providers),
        Err(error) => Outcome::Refused(error),
    }
}

/// The verifier of a policy of API Management, and the notes on it.
pub(crate) fn policy_outcome(xml: &str, providers: &Providers) -> (Outcome, Vec<String>) {
    match Config::from_apim_policy(xml) {
        Err(error) => (Outcome::Refused(error), Vec::new()),
        Ok(policy) => {
            let notes = policy.notes().iter().map(ToString::to_string).collect();
            (built(VerifierBuilder::from(policy.into_config()), providers), notes)
        }
    }
}

/// The configuration of a policy as JSON, for a file.
pub(crate) fn policy_json(xml: &str) -> Option<String> {
    Config::from_apim_policy(xml).ok().map(|policy| policy.to_json().to_owned())
}

fn built(builder: VerifierBuilder, providers: &Providers) -> Outcome {
    match builder.fetch(providers.clone()).build() {
        Ok(verifier) => Outcome::Loads(Box::new(verifier)),
        Err(error) => Outcome::Refused(error),
    }
}

/// To be replaced by `Config::section(…)` and `with_vars(…)` as soon as they exist.
fn read(input: &Input) -> Result<Result<Config, ConfigError>, &'static str> {
    match (&input.text, &input.env, &input.section) {
        (_, _, Some(_)) => Err("a section of another name"),
        (Some(_), Some(_), None) => Err("the environment over a document"),
        (Some(text), None, None) => Ok(Config::from_json(text)),
        (None, env, None) => Ok(Config::from_vars(env.iter().flatten().cloned())),
    }
}
