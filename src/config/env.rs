//! Reads the environment: variables of our own, and the section in the spelling of .NET.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
};

use super::{
    config::Config,
    find_section::DEFAULT_SECTION,
    key::{self, Key, Type},
    layer::Layer,
    names,
    reader::visible,
    settings::SettingsSource,
    value::{ConfigValue, Data},
};
use crate::error::{
    ConfigError, ConfigProblem,
    ConfigProblemKind::{Conflict, Invalid, Unknown, Unreadable},
};

const OURS: &str = "ENTRA_";
/// Levels of a name in the spelling of .NET; there are six after `AzureAd` in
/// `AzureAd__Authorities__0__RequiredClaims__0__Values__0`.
const DEEPEST: usize = 8;

impl Config {
    /// Reads the settings from the environment of this process: `ENTRA_TENANT_ID` and `ENTRA_AUDIENCES`,
    /// `ENTRA_ALLOWED_CLIENTS`, `ENTRA_REVOKED_KEYS` (one or several, separated by commas), `ENTRA_CLIENT_ID`,
    /// `ENTRA_AUTHORITY_HOST`, `ENTRA_DETAILED_ERRORS`, and the section in the spelling of .NET: `AzureAd__TenantId`,
    /// `AzureAd__Audiences__0`, `AzureAd__Authorities__0__Authority` and so on.
    ///
    /// A variable that is set but empty counts as missing; for a setting that restricts, and over a value of a file, it is a
    /// mistake. `AZURE_CLIENT_ID` and `AZURE_TENANT_ID` are not read: they are the identity of the workload itself, not of the
    /// API.
    ///
    /// # Errors
    ///
    /// None at present: all mistakes are reported by [`validate`](Self::validate).
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read_env(None)
    }

    /// Reads the settings from these variables. See [`Config::from_env`].
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        Self::read_vars(vars, None)
    }

    /// Puts the environment of this process over these settings, setting by setting: a setting that the environment names is
    /// replaced as a whole, a list too. `Authorities` and `TokenValidationParameters` cannot be replaced in part. `RevokedKeys`
    /// add up: the environment revokes further keys, and never admits one that the file revokes.
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn with_env(self) -> Result<Self, ConfigError> {
        let layer = layer(process_environment(), self.section_path());
        Ok(self.with_layer(layer))
    }

    /// Puts these variables over the settings. See [`Config::with_env`].
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    ///
    /// ```
    /// use tower_entra::Config;
    ///
    /// let file = Config::from_json(
    ///     r#"{ "AzureAd": {
    ///         "TenantId": "11111111-2222-3333-4444-555555555555",
    ///         "ClientId": "66666666-7777-8888-9999-000000000000"
    ///     } }"#,
    /// )?;
    /// let variable = ("AzureAd__AllowedClients__0", "77777777-7777-8888-9999-000000000000");
    /// let config = file.with_vars([(variable.0.to_owned(), variable.1.to_owned())])?;
    /// assert_eq!(config.report()?.sources()["AllowedClients"], "environment");
    /// # Ok::<(), tower_entra::ConfigError>(())
    /// ```
    pub fn with_vars(self, vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let layer = layer(vars.into_iter().map(|(name, value)| (name, Ok(value))), self.section_path());
        Ok(self.with_layer(layer))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what cannot be read at all is an error, as for a file")]
    pub(super) fn read_env(section: Option<&[String]>) -> Result<Self, ConfigError> {
        Ok(Self::of_layer(layer(process_environment(), section), section.map(<[String]>::to_vec)))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what cannot be read at all is an error, as for a file")]
    pub(super) fn read_vars(
        vars: impl IntoIterator<Item = (String, String)>,
        section: Option<&[String]>,
    ) -> Result<Self, ConfigError> {
        let vars = vars.into_iter().map(|(name, value)| (name, Ok(value)));
        Ok(Self::of_layer(layer(vars, section), section.map(<[String]>::to_vec)))
    }
}

/// The variables of this process; a value that is not Unicode is an error with what can be shown of it.
fn process_environment() -> impl Iterator<Item = (String, Result<String, String>)> {
    let text = |text: OsString| text.into_string().map_err(|text| text.to_string_lossy().into_owned());
    std::env::vars_os().filter_map(move |(name, value)| Some((name.into_string().ok()?, text(value))))
}

/// The variables that matter.
#[derive(Debug, Default)]
struct Variables {
    /// By the name in upper case: on Windows, names have no case.
    ours: BTreeMap<String, (String, String)>,
    /// By the name in lower case.
    dotnet: BTreeMap<String, (String, String)>,
    empty: Vec<String>,
    of_workload: Vec<String>,
    problems: Vec<ConfigProblem>,
    invalid_settings: Vec<Key>,
}

fn layer(vars: impl Iterator<Item = (String, Result<String, String>)>, section: Option<&[String]>) -> Layer {
    let section = section.map_or_else(|| DEFAULT_SECTION.to_owned(), |path| path.join("__"));
    let dotnet = format!("{section}__");
    let mut found = Variables::default();
    for (name, value) in vars {
        let is_ours = is_ours(&name) && !is_of_kubernetes(&name, value.as_deref().unwrap_or_default());
        // .NET reads colons too.
        let start = name.replace(':', "__");
        let is_dotnet = start.get(..dotnet.len()).is_some_and(|start| start.eq_ignore_ascii_case(&dotnet));
        if let ("AZURE_CLIENT_ID" | "AZURE_TENANT_ID", Ok(value)) = (name.as_str(), &value)
            && !value.is_empty()
        {
            found.of_workload.push(name);
        } else if is_ours || is_dotnet {
            match value {
                Ok(value) if value.trim().is_empty() => found.empty.push(name),
                Ok(value) if is_dotnet => found.dotnet(name, value),
                Ok(value) => found.ours(name, value),
                Err(lossy) => {
                    found.invalid_settings.extend(key_of(&name, &dotnet).map(|(outer, _)| outer));
                    found.problems.push(ConfigProblem::new(Unreadable, name, Some(&lossy), "is not Unicode"));
                }
            }
        }
    }
    found.into_layer(&dotnet)
}

impl Variables {
    fn ours(&mut self, name: String, value: String) {
        match self.ours.get(&name.to_ascii_uppercase()) {
            Some((other, known)) if *known != value => self.problems.push(differ(&name, &value, other)),
            Some(_) => {}
            None => drop(self.ours.insert(name.to_ascii_uppercase(), (name, value))),
        }
    }

    fn dotnet(&mut self, name: String, value: String) {
        let folded = name.replace(':', "__").to_ascii_lowercase();
        match self.dotnet.get(&folded) {
            Some((other, known)) if *known != value => self.problems.push(differ(&name, &value, other)),
            Some(_) => {}
            None => drop(self.dotnet.insert(folded, (name, value))),
        }
    }

    fn into_layer(mut self, dotnet: &str) -> Layer {
        let mut members = Vec::new();
        for (name, value) in std::mem::take(&mut self.dotnet).into_values() {
            let path = name.replace(':', "__")[dotnet.len()..].replace("__", ":");
            if path.split(':').count() > DEEPEST {
                let advice = "is not a setting: it has more levels than any";
                self.problems.push(ConfigProblem::new(Unknown, name, None, advice));
            } else {
                members.push((path, ConfigValue::new(name, Data::Text(value))));
            }
        }
        let mut layer = Layer::new(SettingsSource::Environment { section: None }, members, None);
        for (name, value) in std::mem::take(&mut self.ours).into_values() {
            self.variable(name, &value, &mut layer);
        }
        self.empty.sort_unstable();
        for name in self.empty {
            match key_of(&name, dotnet) {
                None if is_ours(&name) => self.problems.push(unknown_variable(&name)),
                key => layer.empty.push((name, key)),
            }
        }
        for name in self.of_workload {
            let key = if name == "AZURE_CLIENT_ID" { Key::ClientId } else { Key::TenantId };
            let hint = format!("{name} is set, but it is the identity of this workload itself, not of the API");
            layer.hints.push((key, hint));
        }
        layer.members.invalid_settings.extend(self.invalid_settings);
        self.problems.into_iter().for_each(|problem| layer.report(problem));
        layer
    }

    /// Reads one variable of ours. Where .NET's spelling is there too, both must agree.
    fn variable(&mut self, name: String, value: &str, layer: &mut Layer) {
        let folded = name.to_ascii_uppercase();
        let Some(key) = key::of_variable(&folded) else {
            let nearest = names::nearest(&folded, key::variables()).and_then(|(near, _)| key::of_variable(near));
            self.invalid_settings.extend(nearest);
            return self.problems.push(unknown_variable(&name));
        };
        let text = |value: &str| ConfigValue::new(name.clone(), Data::Text(value.trim().to_owned()));
        if key.setting().value_type != Type::Texts && key != Key::TenantId {
            // Of one value, the rules compare both.
            return layer.members.settings.push((key, text(value)));
        }
        let elements: Vec<ConfigValue> = value.split(',').filter(|part| !part.trim().is_empty()).map(text).collect();
        if elements.is_empty() {
            self.invalid_settings.push(key);
            return self.problems.push(ConfigProblem::new(Invalid, name, Some(value), "has nothing but commas"));
        }
        let theirs: Vec<&ConfigValue> =
            layer.values().filter(|(other, _)| other.slot() == key.slot()).map(|(_, value)| value).collect();
        if let Some(first) = theirs.first() {
            let set = |values: &[&ConfigValue]| -> HashSet<String> {
                values.iter().flat_map(|value| value.texts()).map(str::to_owned).collect()
            };
            if set(&theirs) != set(&elements.iter().collect::<Vec<_>>()) {
                let all: Vec<&str> = elements.iter().flat_map(ConfigValue::texts).collect();
                self.problems.push(differ(&name, &all.join(","), first_name(first)));
            }
            return;
        }
        let key = if key == Key::TenantId { Key::TenantIds } else { key };
        layer.members.settings.push((key, ConfigValue::new(name, Data::List(elements))));
    }
}

/// Whether a variable is one of ours, in any case. `Entra__TenantId` is of a section of somebody else's.
fn is_ours(name: &str) -> bool {
    let is_start = |start: &str| start.eq_ignore_ascii_case(OURS);
    let is_section = !name.starts_with(OURS) && name.get(OURS.len()..).is_some_and(|rest| rest.starts_with('_'));
    name.get(..OURS.len()).is_some_and(is_start) && !is_section
}

/// The name of a value, or of its first element.
fn first_name(value: &ConfigValue) -> &str {
    match &value.data {
        Data::List(elements) => elements.first().map_or(&value.name, |element| &element.name),
        _ => &value.name,
    }
}

fn differ(name: &str, value: &str, other: &str) -> ConfigProblem {
    ConfigProblem::new(Conflict, name, Some(value), format!("differs from {other}; remove one of them"))
}

fn unknown_variable(name: &str) -> ConfigProblem {
    let known: Vec<&str> = key::variables().collect();
    let advice = match names::nearest(name, known.iter().copied()) {
        Some((nearest, _)) => format!("is not a setting; did you mean `{nearest}`?"),
        None => format!("is not a setting; the variables are {}", known.join(", ")),
    };
    ConfigProblem::new(Unknown, visible(name), None, advice)
}

/// The setting that a variable of either spelling is for, and the one within an entry of `Authorities` (the same twice
/// otherwise).
fn key_of(name: &str, dotnet: &str) -> Option<(Key, Key)> {
    if let Some(key) = key::of_variable(&name.to_ascii_uppercase()) {
        return Some((key, key));
    }
    let name = name.replace(':', "__");
    let mut path = name.get(dotnet.len()..)?.split("__");
    match key::setting(path.next()?)? {
        Key::Authorities => Some((Key::Authorities, path.nth(1).and_then(key::setting).unwrap_or(Key::Authorities))),
        key => Some((key, key)),
    }
}

/// Whether Kubernetes set it for a service whose name begins with `entra`: `ENTRA_PROXY_SERVICE_HOST` and the like.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_port = || {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let behind = name.rsplit_once("_PORT_").map_or("", |(_, behind)| behind);
        let mut parts = behind.split('_');
        parts.next().is_some_and(is_digits) && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    };
    let is_address = || ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_address())
        || is_port()
}
