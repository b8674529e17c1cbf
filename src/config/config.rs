//! The public type: settings as data.

use super::settings::ConfigSettings;
use crate::{config::ResolvedConfig, error::ConfigError};

/// Settings from a JSON file, the environment, or any deserializer, as they were written.
///
/// ```
/// use tower_entra::{Config, VerifierBuilder};
///
/// let config = Config::from_json(
///     r#"{ "AzureAd": {
///         "TenantId": "11111111-2222-3333-4444-555555555555",
///         "ClientId": "66666666-7777-8888-9999-000000000000"
///     } }"#,
/// )?;
/// let verifier = VerifierBuilder::from(config).build()?;
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    settings: ConfigSettings,
}

impl Config {
    /// Validates the settings without building a verifier, for example before a deployment.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.resolve(&ConfigSettings::default()).map(drop)
    }

    /// Validates the settings together with those of code, which override them setting by setting.
    pub(crate) fn resolve(&self, code: &ConfigSettings) -> Result<ResolvedConfig, ConfigError> {
        self.settings.clone().overridden_by(code).resolve()
    }
}

impl From<ConfigSettings> for Config {
    fn from(settings: ConfigSettings) -> Self {
        Self { settings }
    }
}
