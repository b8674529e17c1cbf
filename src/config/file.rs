//! The JSON of an `appsettings.json`, as for Microsoft.Identity.Web.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    config::Config,
    flaw::Flaw,
    jsonc::strip_jsonc,
    key::{self, Meaning},
    reader::{Reader, duplicate},
    settings::{ConfigSettings, Source},
    value::{ConfigValue, Data, LONGEST_DOCUMENT},
};
use crate::error::{
    ConfigError, ConfigProblem,
    ConfigProblemKind::{Invalid, Missing, NotApplicable, TooLarge, Unknown, Unreadable},
    ConfigSource,
};

const SECTION: &str = "AzureAd";
/// The name of a document that is not a file.
const JSON_TEXT: &str = "the JSON text";

impl Config {
    /// Reads the settings from JSON: those of the section `AzureAd`, or those at the top if there is no such section.
    /// Names are compared ignoring case and underscores. Comments and a comma behind a last element are allowed, as in
    /// .NET.
    ///
    /// Several authorities are listed under `Authorities`, each as a section of its own. A `KeyFile` is read at once; its name
    /// begins at the working directory, or at the folder of the file that [`Config::from_file`] reads.
    ///
    /// # Errors
    ///
    /// If it is not JSON, has more than 1 MiB or 50,000 values, or a setting is unknown, given twice or of the wrong type.
    /// Whatever else is wrong is reported with it.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        Self::read_json(text, None)
    }

    /// Reads the settings from a JSON file, such as `appsettings.json`. See [`Config::from_json`].
    ///
    /// # Errors
    ///
    /// If the file cannot be read, and as [`Config::from_json`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let text = read_text(path)
            .map_err(|flaw| whole(if name.is_empty() { "the configuration file" } else { &name }, flaw))?;
        Self::read_json(&text, Some(path))
    }

    fn read_json(text: &str, path: Option<&Path>) -> Result<Self, ConfigError> {
        let file = path.map(|path| path.display().to_string());
        let of_document = |flaw: Flaw| whole(file.as_deref().unwrap_or(JSON_TEXT), flaw);
        if text.len() > LONGEST_DOCUMENT {
            return Err(of_document(Flaw::new(TooLarge, "is longer than 1 MiB; keep in it what this program reads")));
        }
        let root = ConfigValue::from_json(&strip_jsonc(text)).map_err(of_document)?;
        let folder = path.and_then(Path::parent).map(Path::to_owned);
        Self::read_root(root, file, folder)
    }

    /// Reads the settings from the whole of a document.
    pub(super) fn read_root(
        root: ConfigValue,
        file: Option<String>,
        folder: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let Data::Object(members) = root.data else {
            let advice = format!("must be one JSON object: {{ \"{SECTION}\": {{ … }} }}");
            return Err(whole(file.as_deref().unwrap_or(JSON_TEXT), Flaw::invalid(advice)));
        };
        let mut reader = Reader { folder, ..Reader::default() };
        reader.config.source = Source::Document { source: ConfigSource::Json, file: None, section: None };
        let section = section(members, &mut reader);
        reader.config.source = Source::Document { source: ConfigSource::Json, file, section: section.name };
        reader.section(section.members);
        reader.finish().map(Config::from)
    }
}

impl Reader {
    /// The configuration. If there are problems, those that the rules find are reported with them.
    pub(super) fn finish(self) -> Result<ConfigSettings, ConfigError> {
        let Self { config, mut problems, .. } = self;
        if problems.is_empty() {
            return Ok(config);
        }
        problems.append(config.validate_all().1);
        problems.check().map_err(|error| error.in_file(config.origin())).map(|()| config)
    }
}

struct Section {
    name: Option<String>,
    members: Vec<(String, ConfigValue)>,
}

/// The members of the section, or those at the top.
fn section(members: Vec<(String, ConfigValue)>, reader: &mut Reader) -> Section {
    let is_section = |name: &str| key::fold(name) == key::fold(SECTION);
    if !members.iter().any(|(name, _)| is_section(name)) {
        return at_top(members, reader);
    }
    let mut found: Option<(String, Vec<(String, ConfigValue)>)> = None;
    for (name, node) in members {
        if !is_section(&name) {
            // .NET would not read it either.
            if key::is_telling(&name) && !matches!(node.data, Data::Object(_)) {
                let advice = format!("stands beside the section {SECTION}, where it is not read; move it into it");
                reader.report(ConfigProblem::new(NotApplicable, node.name, None, advice));
            }
            continue;
        }
        if let Some((other, _)) = &found {
            reader.report(duplicate(&name, other));
            continue;
        }
        let members = match node.data {
            Data::Object(members) => members,
            _ => {
                let advice = "an object with the settings is needed";
                reader.report(ConfigProblem::new(Invalid, &name, Some(&node.to_text()), advice));
                Vec::new()
            }
        };
        found = Some((name, members));
    }
    let (name, members) = found.unwrap_or_default();
    Section { name: Some(name), members }
}

/// The members at the top, unless they are sections and one of another name looks like ours.
fn at_top(members: Vec<(String, ConfigValue)>, reader: &mut Reader) -> Section {
    let is_ours = |members: &[(String, ConfigValue)]| members.iter().any(|(name, _)| key::is_telling(name));
    let alike = members.iter().find(|(_, node)| matches!(&node.data, Data::Object(inner) if is_ours(inner)));
    match alike {
        Some((name, node)) if !is_ours(&members) && matches!(key::meaning(name), Meaning::Unknown { .. }) => {
            let advice = format!("looks like the settings, but only a section {SECTION} is read; rename it");
            // A name that cannot be seen is quoted.
            let shown = if node.name.trim().is_empty() { format!("{:?}", node.name) } else { node.name.clone() };
            reader.report(ConfigProblem::new(Unknown, shown, None, advice));
            let inner = members.into_iter().find_map(|(_, node)| match node.data {
                Data::Object(inner) if is_ours(&inner) => Some((node.name, inner)),
                _ => None,
            });
            let (name, members) = inner.unwrap_or_default();
            Section { name: Some(name), members }
        }
        _ => Section { name: None, members: members.into_iter().filter(|(name, _)| name != "$schema").collect() },
    }
}

/// The error of a document as a whole.
fn whole(name: &str, flaw: Flaw) -> ConfigError {
    ConfigError::from_problem(ConfigProblem::new(flaw.kind, name, None, flaw.advice).in_source(ConfigSource::Json))
}

/// The text of a file, or what is wrong with it.
fn read_text(path: &Path) -> Result<String, Flaw> {
    const ADVICE: &str = "name a JSON file with the section AzureAd, such as appsettings.json";
    if path.as_os_str().is_empty() {
        return Err(Flaw::new(Missing, format!("has an empty name; {ADVICE}")));
    }
    if path.is_dir() {
        return Err(Flaw::new(Unreadable, format!("is a directory; {ADVICE}")));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_DOCUMENT as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| Flaw::new(Unreadable, format!("cannot be read: {error}; {ADVICE}")))?;
    if bytes.len() > LONGEST_DOCUMENT {
        return Err(Flaw::new(TooLarge, format!("is longer than 1 MiB; {ADVICE}")));
    }
    let is_utf16 = matches!(bytes.as_slice(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    let encoding = if is_utf16 { "is in UTF-16; save it as UTF-8" } else { "is not UTF-8; save it as UTF-8" };
    String::from_utf8(bytes).map_err(|_| Flaw::new(Unreadable, encoding))
}
