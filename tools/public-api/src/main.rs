//! Prints the public interface that a rustdoc JSON file describes, one item a line, without blanket implementations.
//!
//! Items are sorted by their path, so that it does not matter in which `impl` block or file a method stands.

use std::{collections::BTreeSet, env, process::ExitCode};

use public_api::Builder;

/// Auto traits that are not stable, so that nobody can rely on them.
const UNSTABLE: [&str; 2] = ["core::marker::Freeze for", "core::marker::UnsafeUnpin for"];

fn main() -> ExitCode {
    let Some(file) = env::args().nth(1) else {
        eprintln!("usage: public-api-snapshot FILE.json");
        return ExitCode::from(2);
    };
    let interface = match Builder::from_rustdoc_json(&file).omit_blanket_impls(true).build() {
        Ok(interface) => interface,
        Err(error) => {
            eprintln!("public-api: {file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let items: BTreeSet<(String, String)> = interface
        .items()
        .map(ToString::to_string)
        .filter(|line| !UNSTABLE.iter().any(|name| line.contains(name)))
        .map(|line| {
            let path = line.find("tower_entra").map_or("", |at| &line[at..]).to_owned();
            (path, line)
        })
        .collect();
    for (_, line) in items {
        println!("{line}");
    }
    ExitCode::SUCCESS
}
