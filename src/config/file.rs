//! Reads an `appsettings.json` in the format of Microsoft.Identity.Web.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    config::Config,
    find_section::{self, DEFAULT_SECTION},
    flaw::Flaw,
    jsonc::strip_jsonc,
    key::Key,
    layer::Layer,
    settings::SettingsSource,
    value::{ConfigValue, Data, LONGEST_DOCUMENT},
};
use crate::error::{
    ConfigError, ConfigProblem,
    ConfigProblemKind::{Missing, TooLarge, Unreadable},
    ConfigSource,
};

/// The name of a document that is not a file.
const JSON_TEXT: &str = "the JSON text";

impl Config {
    /// Reads the settings from JSON: those of the section `AzureAd`, or those at the top if that section is missing;
    /// [`Config::section`] reads another one. Names are compared ignoring case and underscores. As in .NET, comments, a byte
    /// order mark and trailing commas are allowed, `"A:B:0"` is the first element of `B` in `A`, and so is a member `"0"` of an
    /// object.
    ///
    /// Several authorities are listed under `Authorities`, each as a section of its own. A `KeyFile` is read at once, relative
    /// to the working directory, or to the folder of the file that [`Config::from_file`] reads.
    ///
    /// # Errors
    ///
    /// If it is not a JSON object, or exceeds 1 MiB or 50,000 values. All other mistakes are reported by
    /// [`validate`](Self::validate).
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        Self::read_json(text, None, None)
    }

    /// Reads the settings from a JSON file, such as `appsettings.json`. See [`Config::from_json`].
    ///
    /// # Errors
    ///
    /// If the file cannot be read, and as [`Config::from_json`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::read_file(path.as_ref(), None)
    }

    pub(super) fn read_file(path: &Path, section: Option<&[String]>) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = read_text(path)
            .map_err(|flaw| whole(if name.is_empty() { "the configuration file" } else { &name }, flaw))?;
        Self::read_json(&text, Some(path), section)
    }

    pub(super) fn read_json(text: &str, path: Option<&Path>, section: Option<&[String]>) -> Result<Self, ConfigError> {
        let file = path.map(|path| path.display().to_string());
        let of_document = |flaw: Flaw| whole(file.as_deref().unwrap_or(JSON_TEXT), flaw);
        if text.len() > LONGEST_DOCUMENT {
            return Err(of_document(Flaw::new(TooLarge, "is longer than 1 MiB; keep in it what this program reads")));
        }
        let root = ConfigValue::from_json(&strip_jsonc(text)).map_err(of_document)?;
        let folder = path.and_then(Path::parent).map(Path::to_owned);
        Self::read_root(root, file, folder, section)
    }

    /// Reads the settings from the whole of a document.
    pub(super) fn read_root(
        root: ConfigValue,
        file: Option<String>,
        folder: Option<PathBuf>,
        section: Option<&[String]>,
    ) -> Result<Self, ConfigError> {
        let of_document = |flaw: Flaw| whole(file.as_deref().unwrap_or(JSON_TEXT), flaw);
        let Data::Object(members) = root.data else {
            return Err(of_document(Flaw::invalid(format!(
                "must be one JSON object: {{ \"{DEFAULT_SECTION}\": {{ … }} }}"
            ))));
        };
        let found = find_section::find(members, section).map_err(of_document)?;
        let source = SettingsSource::Document { source: ConfigSource::Json, file, section: found.name };
        let mut layer = Layer::new(source, found.members, folder);
        found.problems.into_iter().for_each(|problem| layer.report(problem));
        if found.is_unreadable {
            layer.members.invalid_settings.extend(Key::REQUIRED);
        }
        layer.warnings = found.warnings;
        layer.absent = found.absent;
        Ok(Self::of_layer(layer, section.map(<[String]>::to_vec)))
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
