//! The public type: settings as data.

use super::{
    key::Key,
    layer::Layer,
    merge::{self, Merged},
    report::ConfigReport,
    settings::ConfigSettings,
};
use crate::{
    config::ResolvedConfig,
    error::{ConfigError, ConfigSource},
};

/// Settings from a JSON file, the environment, or any deserializer, as they were written.
///
/// Only what cannot be read at all is an error where it is read. All other mistakes are reported by
/// [`validate`](Self::validate) and by [`VerifierBuilder::build`](crate::VerifierBuilder::build), together: those of the file, of
/// the environment and of code.
///
/// Precedence, setting by setting: code over the environment over the file. `TenantId` and `TenantIds` are one setting, and so
/// are `Audience` and `Audiences`; a source that names a setting replaces it as a whole, lists too. `RevokedKeys` alone add up:
/// a key that any source revokes is revoked.
///
/// ```
/// use tower_entra::{Config, VerifierBuilder};
///
/// let config = Config::from_json(
///     r#"{ "AzureAd": {
///         "TenantId": "11111111-2222-3333-4444-555555555555",
///         "ClientId": "66666666-7777-8888-9999-000000000000"
///     } }"#,
/// )?
/// .with_env()?;
/// let verifier = VerifierBuilder::from(config).build()?;
/// # Ok::<(), tower_entra::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The sources, the one with the lowest precedence first.
    layers: Vec<Layer>,
    /// The path of the section, if one was named.
    section: Option<Vec<String>>,
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

    /// The effective settings and where each of them comes from.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    ///
    /// ```
    /// use tower_entra::Config;
    ///
    /// let config = Config::from_json(
    ///     r#"{ "AzureAd": {
    ///         "TenantId": "11111111-2222-3333-4444-555555555555",
    ///         "ClientId": "66666666-7777-8888-9999-000000000000"
    ///     } }"#,
    /// )?;
    /// let report = config.report()?;
    /// assert_eq!(report.sources()["TenantId"], "file");
    /// assert_eq!(report.sources()["Audiences"], "ClientId");
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    pub fn report(&self) -> Result<ConfigReport, ConfigError> {
        let resolved = self.resolve(&ConfigSettings::default())?;
        Ok(ConfigReport::new(&self.layers, &resolved))
    }

    /// Validates the settings together with those of code, which override them setting by setting.
    pub(crate) fn resolve(&self, code: &ConfigSettings) -> Result<ResolvedConfig, ConfigError> {
        let Merged { settings, mut problems } = merge::merged(&self.layers, code);
        let (resolved, more) = settings.validate_all();
        problems.append(more);
        problems.check().map_err(|error| {
            let is_of_file = error.problems().iter().any(|problem| problem.source() == ConfigSource::Json);
            error.in_file(settings.origin().filter(|_| is_of_file))
        })?;
        // Without a tenant there is a problem already.
        resolved.ok_or_else(|| ConfigError::from_problem(settings.missing(Key::TenantId, "is missing")))
    }

    /// The settings as they are read, before any rule.
    #[cfg(test)]
    pub(super) fn read(&self) -> Merged {
        merge::merged(&self.layers, &ConfigSettings::default())
    }

    /// Logs the source of each setting, where the environment lets more tokens in than the file does, and where code drops a
    /// restriction of them.
    pub(crate) fn log_sources(&self, code: &ConfigSettings) {
        merge::log_sources(&self.layers, code);
    }

    /// A configuration of one source.
    pub(super) fn of_layer(layer: Layer, section: Option<Vec<String>>) -> Self {
        Self { layers: vec![layer], section }
    }

    /// The same with a source of higher precedence.
    pub(super) fn with_layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// The path of the section, if one was named.
    pub(super) fn section_path(&self) -> Option<&[String]> {
        self.section.as_deref()
    }
}
