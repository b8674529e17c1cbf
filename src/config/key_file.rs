//! The files that settings name. They are read together with the settings, so that validating and building do no I/O.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    flaw::Flaw,
    key::{self, Key, Type},
    value::{ConfigValue, Data},
};
use crate::error::ConfigProblemKind::{TooLarge, Unreadable};

/// The texts of files, by their names in the settings.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Files(BTreeMap<String, Result<String, Flaw>>);

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the texts: one of them may be a private key.
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Files {
    /// Reads the files that these settings name, relative to the folder or else the working directory.
    pub(super) fn read(settings: &[(Key, ConfigValue)], folder: Option<PathBuf>) -> Self {
        let folder = folder.unwrap_or_default();
        let mut files = Self::default();
        for (key, value) in settings {
            match (key.setting().value_type, &value.data) {
                (Type::File, Data::Text(name)) => files.add(name, &folder),
                (Type::Authorities, Data::List(entries)) => {
                    entries.iter().flat_map(file_names).for_each(|name| files.add(name, &folder));
                }
                _ => {}
            }
        }
        files
    }

    fn add(&mut self, name: &str, folder: &Path) {
        // The text of a file is no name of one, and must not become part of the message that there is no such file.
        if !name.is_empty() && !is_content(name) && !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), read(&folder.join(name)));
        }
    }

    /// The text of the file of this name.
    pub(super) fn text(&self, name: &str) -> Result<&str, Flaw> {
        match self.0.get(name) {
            Some(Ok(text)) => Ok(text),
            Some(Err(flaw)) => Err(flaw.clone()),
            None => Err(Flaw::new(Unreadable, "cannot be read here")),
        }
    }
}

/// The names of files in an entry of `Authorities`.
fn file_names(entry: &ConfigValue) -> impl Iterator<Item = &str> {
    let members = match &entry.data {
        Data::Object(members) => members.as_slice(),
        _ => &[],
    };
    members.iter().filter_map(|(name, value)| match &value.data {
        Data::Text(text) if key::setting(name)?.setting().value_type == Type::File => Some(&**text),
        _ => None,
    })
}

/// Whether a text is that of a file of keys or certificates, where the name of the file is meant.
pub(super) fn is_content(text: &str) -> bool {
    text.contains(['\n', '\r']) || text.contains("-----BEGIN") || text.trim_start().starts_with('{')
}

fn read(path: &Path) -> Result<String, Flaw> {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    // A pipe could block, and a device could have no end.
    let read = match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
        }
        Ok(_) => File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text)),
        Err(error) => Err(error),
    };
    read.map_err(|error| Flaw::new(Unreadable, format!("cannot be read as {}: {error}", path.display())))?;
    if text.len() as u64 > LONGEST {
        return Err(Flaw::new(TooLarge, "is longer than 1 MiB"));
    }
    Ok(text)
}
