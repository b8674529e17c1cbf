//! Prints the public interface that a rustdoc JSON file describes, one item a line, without blanket implementations.

use std::{env, process::ExitCode};

use public_api::Builder;

fn main() -> ExitCode {
    let Some(file) = env::args().nth(1) else {
        eprintln!("usage: public-api-snapshot FILE.json");
        return ExitCode::from(2);
    };
    match Builder::from_rustdoc_json(&file).omit_blanket_impls(true).build() {
        Ok(interface) => {
            print!("{interface}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("public-api: {file}: {error}");
            ExitCode::FAILURE
        }
    }
}
