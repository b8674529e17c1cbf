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
}

/// Reads and builds; what is wrong with the one and with the other is one error.
pub(crate) fn outcome(input: &Input, providers: &Providers) -> Outcome {
    match read(input) {
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

fn read(input: &Input) -> Result<Config, ConfigError> {
    let env = || input.env.iter().flatten().cloned();
    match (&input.text, &input.section) {
        (Some(text), Some(section)) => Config::section(section).from_json(text)?.with_vars(env()),
        (Some(text), None) => Config::from_json(text)?.with_vars(env()),
        (None, Some(section)) => Config::section(section).from_vars(env()),
        (None, None) => Config::from_vars(env()),
    }
}
