//! Tests of what is not public: third-party vectors at the signature layer, and models of the concurrency.

#[cfg(shuttle)]
mod models;
mod signature_vectors;
mod wycheproof;

use std::{fs, path::PathBuf};

use serde_json::Value;

/// A file of the vectors, from the folder in `$TOWER_ENTRA_VECTORS`. Tests that need one are ignored unless asked for.
///
/// # Panics
///
/// If the variable is not set, or the file is not there.
fn vectors(file: &str) -> Value {
    let folder = std::env::var_os("TOWER_ENTRA_VECTORS").expect("TOWER_ENTRA_VECTORS names the folder of the vectors");
    let path = PathBuf::from(folder).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}
