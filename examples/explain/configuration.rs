//! The configuration as a server takes it, and a verifier that may fetch nothing.

use std::{env, fs::File, future::ready, io::Read};

use tower_entra::{
    Config, ConfigError, Verifier, VerifierBuilder,
    config::ApimPolicy,
    error::{ConfigProblem, ConfigProblemKind, FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest},
};

use crate::arguments::Arguments;

/// What there is of a configuration.
pub(crate) enum Configuration {
    /// It works.
    Ready {
        verifier: Verifier,
        policy: Option<Box<ApimPolicy>>,
    },
    /// Nothing is configured at all.
    None,
    Mistakes(ConfigError),
}

/// Refuses every address.
#[derive(Debug)]
struct Offline;

impl Fetch for Offline {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let refused =
            FetchError::new(request.url, FetchFailure::Forbidden { reason: "--offline was given".to_owned() });
        Box::pin(ready(Err(refused)))
    }
}

impl Configuration {
    pub(crate) fn read(arguments: &Arguments) -> Self {
        let is_given = arguments.config.is_some() || arguments.policy.is_some();
        if !is_given && !env::vars_os().any(|(name, _)| configures(&name.to_string_lossy())) {
            return Self::None;
        }
        match Self::verifier(arguments) {
            Ok((verifier, policy)) => Self::Ready { verifier, policy },
            Err(error) => Self::Mistakes(error),
        }
    }

    fn verifier(arguments: &Arguments) -> Result<(Verifier, Option<Box<ApimPolicy>>), ConfigError> {
        let (config, policy) = match (&arguments.policy, &arguments.config) {
            (Some(policy), _) => {
                // One byte more than is read of a policy, which then says so.
                const MOST: u64 = (1 << 20) + 1;
                let mut xml = String::new();
                let read = File::open(policy).and_then(|file| file.take(MOST).read_to_string(&mut xml));
                read.map_err(|error| {
                    let path = policy.display().to_string();
                    ConfigError::from_problem(ConfigProblem::new(
                        ConfigProblemKind::Unreadable,
                        "--policy",
                        Some(&path),
                        error.to_string(),
                    ))
                })?;
                let policy = Config::from_apim_policy(&xml)?;
                (policy.config().clone(), Some(Box::new(policy)))
            }
            (None, Some(file)) => (Config::from_file(file)?, None),
            (None, None) => (Config::from_env()?, None),
        };
        let mut builder = VerifierBuilder::from(config);
        if arguments.offline {
            builder = builder.fetch(Offline);
        }
        Ok((builder.build()?, policy))
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        match self {
            Self::Mistakes(error) => error.problems().iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }

    /// What a policy of API Management means, with notes on what is otherwise here.
    pub(crate) fn policy(&self) -> Option<&ApimPolicy> {
        match self {
            Self::Ready { policy, .. } => policy.as_deref(),
            _ => None,
        }
    }

    /// Those notes.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.policy().into_iter().flat_map(ApimPolicy::notes).map(ToString::to_string).collect()
    }
}

/// Whether a variable is, or was meant as, a setting.
fn configures(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("ENTRA_") || name.starts_with("AZUREAD__")
}
