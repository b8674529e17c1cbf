//! The environment: variables of our own, and .NET's spelling of the section.

use std::collections::{BTreeMap, HashSet};

use super::{
    config::Config,
    key::{self, Key, VARIABLES},
    location::{Location, Named},
    reader::{Reader, names, unknown},
    settings::{ConfigSettings, Source, Tenant},
    value::{Branch, ConfigValue, Data},
    warning::Warning,
};
use crate::error::{
    ConfigError, ConfigProblem,
    ConfigProblemKind::{Conflict, Invalid, Unreadable},
    ConfigSource, Problems,
};

const OURS: &str = "ENTRA_";
const DOTNET: &str = "AzureAd__";
/// Levels of a name in .NET's spelling; there are six behind `AzureAd` in
/// `AzureAd__Authorities__0__RequiredClaims__0__Values__0`.
const DEEPEST: usize = 8;

impl Config {
    /// Reads the settings from the environment of this process: `ENTRA_TENANT_ID` and `ENTRA_AUDIENCES`,
    /// `ENTRA_ALLOWED_CLIENTS`, `ENTRA_REVOKED_KEYS` (one or several, by comma), `ENTRA_CLIENT_ID`,
    /// `ENTRA_AUTHORITY_HOST`, `ENTRA_DETAILED_ERRORS`, and the section in .NET's spelling: `AzureAd__TenantId`,
    /// `AzureAd__Audiences__0`, `AzureAd__Authorities__0__Authority` and so on.
    ///
    /// A variable that is set but empty counts as missing; the lists of allowed clients and revoked keys must not be.
    /// `AZURE_CLIENT_ID` and `AZURE_TENANT_ID` are not read: they are the identity of the workload itself, not of the API.
    ///
    /// # Errors
    ///
    /// If a variable of these prefixes is unknown, or cannot be read, or two spellings differ. Whatever else is wrong is
    /// reported with it.
    pub fn from_env() -> Result<Self, ConfigError> {
        let text = |text: std::ffi::OsString| text.into_string().map_err(|text| text.to_string_lossy().into_owned());
        Self::read_vars(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, text(value)))))
    }

    /// Reads the settings from these variables. See [`Config::from_env`].
    ///
    /// # Errors
    ///
    /// As [`Config::from_env`].
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        Self::read_vars(vars.into_iter().map(|(name, value)| (name, Ok(value))))
    }

    fn read_vars(vars: impl Iterator<Item = (String, Result<String, String>)>) -> Result<Self, ConfigError> {
        let mut reader = Reader::default();
        reader.config.source = Source::Environment { section: None };
        let mut found = Found::default();
        for (name, value) in vars {
            let is_ours = name.starts_with(OURS) && !is_of_kubernetes(&name, value.as_deref().unwrap_or_default());
            let is_dotnet = name.get(..DOTNET.len()).is_some_and(|start| start.eq_ignore_ascii_case(DOTNET));
            if let ("AZURE_CLIENT_ID" | "AZURE_TENANT_ID", Ok(value)) = (name.as_str(), &value)
                && !value.is_empty()
            {
                found.of_workload.push(name);
            } else if is_ours || is_dotnet {
                match value {
                    Ok(value) if value.trim().is_empty() => found.empty.push(name),
                    Ok(value) if is_ours => drop(found.ours.insert(name, value)),
                    Ok(value) => found.dotnet(name, value, &mut reader),
                    Err(lossy) => {
                        reader.config.spoilt.extend(key_of(&name));
                        reader.report(ConfigProblem::new(Unreadable, name, Some(&lossy), "is not Unicode"));
                    }
                }
            }
        }
        found.read(&mut reader);
        reader.finish().map(Config::from)
    }
}

/// The variables that matter.
#[derive(Debug, Default)]
struct Found {
    ours: BTreeMap<String, String>,
    /// By the name in lower case.
    dotnet: BTreeMap<String, (String, String)>,
    empty: Vec<String>,
    of_workload: Vec<String>,
}

impl Found {
    fn dotnet(&mut self, name: String, value: String, reader: &mut Reader) {
        match self.dotnet.get(&name.to_ascii_lowercase()) {
            Some((other, known)) if *known != value => {
                let name = Location::new(name, ConfigSource::Environment);
                reader.problems.push(differ(&name, &value, other));
            }
            Some(_) => {}
            None => drop(self.dotnet.insert(name.to_ascii_lowercase(), (name, value))),
        }
    }

    fn read(mut self, reader: &mut Reader) {
        let mut tree = Branch::default();
        for (name, value) in self.dotnet.into_values() {
            let path: Vec<&str> = name[DOTNET.len()..].split("__").collect();
            if path.len() > DEEPEST {
                reader.report(unknown(&name, None, &names(&key::KEYS)));
            } else {
                tree.insert(&name, DOTNET.len() - "__".len(), &path, value);
            }
        }
        let mut torn = Vec::new();
        let section = match tree.into_node(&mut torn).data {
            Data::Object(members) => members,
            Data::List(elements) => elements.into_iter().map(|node| (node.name.clone(), node)).collect(),
            Data::Text(_) | Data::Other(_) => Vec::new(),
        };
        let both = "has a value and further levels below it; leave one of both out";
        torn.into_iter().for_each(|name| reader.report(ConfigProblem::new(Conflict, name, None, both)));
        reader.section(section);

        let mut ours = Reader::default();
        ours.config.source = Source::Environment { section: None };
        for (name, value) in self.ours {
            match VARIABLES.iter().find(|(known, _)| *known == name) {
                Some((_, key)) => ours.variable(*key, name, &value),
                None => {
                    let nearest = key::nearest(&name, names(&VARIABLES));
                    ours.config.spoilt.extend(nearest.and_then(key_of));
                    ours.report(unknown(&name, nearest, &names(&VARIABLES)));
                }
            }
        }
        reader.problems.append(ours.problems);
        reader.config.join(ours.config, &mut reader.problems);

        self.empty.sort_unstable();
        for name in &self.empty {
            match key_of(name) {
                // These restrict who is accepted: ignoring an empty one would accept everybody.
                Some(Key::AllowedClients | Key::RevokedKeys | Key::RequiredClaims) => {
                    reader.report(ConfigProblem::new(
                        Invalid,
                        name,
                        Some(""),
                        "is set, but empty: give it a value, or remove it if nobody is to be kept out",
                    ))
                }
                Some(key) => reader.config.hints.push((key, format!("{name} is set, but empty"))),
                None if name.starts_with(OURS) => {
                    reader.report(unknown(name, key::nearest(name, names(&VARIABLES)), &names(&VARIABLES)));
                }
                None => {}
            }
        }
        if !self.empty.is_empty() {
            let text = format!("set but empty, which counts as missing: {}", self.empty.join(", "));
            reader.config.warnings.push(Warning::of_all(self.empty, text));
        }
        for name in self.of_workload {
            let key = if name == "AZURE_CLIENT_ID" { Key::ClientId } else { Key::TenantId };
            let hint = format!("{name} is set, but it names the identity of this workload itself, not the API's");
            reader.config.hints.push((key, hint));
        }
    }
}

impl Reader {
    /// Reads one variable of ours.
    fn variable(&mut self, key: Key, name: String, value: &str) {
        let text = |value: &str| ConfigValue::new(name.clone(), Data::Text(value.trim().to_owned()));
        let is_list = matches!(key, Key::Audiences | Key::AllowedClients | Key::RevokedKeys | Key::TenantId);
        if !is_list {
            return self.section(vec![(name_of(key).to_owned(), text(value))]);
        }
        let elements: Vec<ConfigValue> = value.split(',').filter(|part| !part.trim().is_empty()).map(text).collect();
        if elements.is_empty() {
            self.config.spoilt.push(key);
            return self.report(ConfigProblem::new(Invalid, name, Some(value), "holds nothing but commas"));
        }
        let key = if key == Key::TenantId { Key::TenantIds } else { key };
        self.section(vec![(name_of(key).to_owned(), ConfigValue::new(name, Data::List(elements)))]);
    }
}

impl ConfigSettings {
    /// Puts our variables beside those of .NET's spelling. Where both say something, they must say the same.
    fn join(&mut self, ours: Self, problems: &mut Problems) {
        join(&mut self.tenants, ours.tenants, problems);
        join(&mut self.audiences, ours.audiences, problems);
        join(&mut self.allowed_clients, ours.allowed_clients, problems);
        join(&mut self.revoked_keys, ours.revoked_keys, problems);
        // One value each: the rules compare them.
        self.client_ids.extend(ours.client_ids);
        self.instances.extend(ours.instances);
        self.detailed_errors.extend(ours.detailed_errors);
        self.spoilt.extend(ours.spoilt);
    }
}

fn join<T: Joined>(dotnet: &mut Vec<Named<T>>, ours: Vec<Named<T>>, problems: &mut Problems) {
    let lacks = |list: &[Named<T>], other: &[Named<T>]| {
        let known: HashSet<&str> = list.iter().map(|known| known.value.text()).collect();
        other.iter().any(|other| !known.contains(other.value.text()))
    };
    if let (Some(theirs), Some(own)) = (dotnet.first(), ours.first())
        && (lacks(dotnet, &ours) || lacks(&ours, dotnet))
    {
        let all: Vec<&str> = ours.iter().map(|own| own.value.text()).collect();
        problems.push(differ(&own.name, &all.join(","), theirs.name.as_str()));
    }
    if dotnet.is_empty() {
        *dotnet = ours;
    }
}

/// A value by which two spellings are compared.
trait Joined {
    fn text(&self) -> &str;
}

impl Joined for String {
    fn text(&self) -> &str {
        self
    }
}

impl Joined for Tenant {
    fn text(&self) -> &str {
        match self {
            Self::Written(text) | Self::Plain(text) => text,
            Self::Keyword(keyword) => keyword,
        }
    }
}

fn differ(name: &Location, value: &str, other: &str) -> ConfigProblem {
    name.problem(Conflict, Some(value), format!("differs from {other}; leave one out"))
}

fn name_of(key: Key) -> &'static str {
    key::KEYS.iter().find(|(_, known)| *known == key).map_or("", |(name, _)| name)
}

/// The setting that a variable of either spelling is for.
fn key_of(name: &str) -> Option<Key> {
    match VARIABLES.iter().find(|(known, _)| *known == name) {
        Some((_, key)) => Some(*key),
        None => {
            let mut path = name.get(DOTNET.len()..)?.split("__");
            match key::setting(path.next()?)? {
                Key::Authorities => path.nth(1).and_then(key::setting).or(Some(Key::Authorities)),
                key => Some(key),
            }
        }
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
