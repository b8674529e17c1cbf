//! Third-party vectors at the signature layer, which is not public.

mod signature_vectors;

use std::{fs, path::PathBuf};

use serde_json::Value;

/// A file of the vectors, from `$TOWER_ENTRA_VECTORS`. `None`, said aloud, where that is not set.
///
/// # Panics
///
/// If the folder is set and the file is not in it.
pub(crate) fn vectors(file: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("TOWER_ENTRA_VECTORS") else {
        println!("skipped: TOWER_ENTRA_VECTORS is not set, {file} is not read");
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}
