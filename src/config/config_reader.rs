//! Settings of a section with another name.

use std::path::Path;

use super::config::Config;
use crate::error::ConfigError;

/// Reads the settings of a section by its name or path; see [`Config::section`].
///
/// ```
/// use tower_entra::Config;
///
/// let config = Config::section("Authentication:AzureAd").from_json(
///     r#"{ "Authentication": { "AzureAd": {
///         "TenantId": "11111111-2222-3333-4444-555555555555",
///         "ClientId": "66666666-7777-8888-9999-000000000000"
///     } } }"#,
/// )?;
/// config.validate()?;
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigReader {
    path: Vec<String>,
}

impl Config {
    /// Reads another section than `AzureAd`, by its name such as `AzureAdB2C`, or by its path such as
    /// `Authentication:AzureAd`. In the environment, the names of these sections are `AzureAdB2C__TenantId` and
    /// `Authentication__AzureAd__TenantId`; `ENTRA_TENANT_ID` and the like apply to every section.
    #[must_use]
    pub fn section(path: impl AsRef<str>) -> ConfigReader {
        ConfigReader { path: path.as_ref().split(':').map(str::to_owned).collect() }
    }
}

impl ConfigReader {
    /// Reads the section from JSON, as [`Config::from_json`] does.
    ///
    /// # Errors
    ///
    /// If the section is missing, and as [`Config::from_json`].
    pub fn from_json(&self, text: &str) -> Result<Config, ConfigError> {
        Config::read_json(text, None, Some(&self.path))
    }

    /// Reads the section from a JSON file, as [`Config::from_file`] does.
    ///
    /// # Errors
    ///
    /// If the section is missing, and as [`Config::from_file`].
    pub fn from_file(&self, path: impl AsRef<Path>) -> Result<Config, ConfigError> {
        Config::read_file(path.as_ref(), Some(&self.path))
    }

    /// Reads the section from the environment of this process, as [`Config::from_env`] does.
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn from_env(&self) -> Result<Config, ConfigError> {
        Config::read_env(Some(&self.path))
    }

    /// Reads the section from these variables, as [`Config::from_vars`] does.
    ///
    /// # Errors
    ///
    /// As [`Config::from_vars`].
    pub fn from_vars(&self, vars: impl IntoIterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        Config::read_vars(vars, Some(&self.path))
    }
}
