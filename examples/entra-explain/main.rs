//! Checks a configuration before it is deployed, and imports policies of API Management.
//!
//! ```sh
//! cargo run --example entra-explain -- check appsettings.json
//! cargo run --example entra-explain -- check appsettings.json --section AzureAdB2C
//! cargo run --example entra-explain -- import policy.xml > appsettings.json
//! ```

use std::{
    env,
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use tower_entra::{Config, ConfigError, config::ConfigReport, error::ConfigProblem};

const USAGE: &str = "\
usage: entra-explain check FILE [--section NAME]
       entra-explain import POLICY.xml

check   Reads the settings of FILE (appsettings.json) with the environment over them, and validates them. Prints the
        configuration, the source of each setting and the warnings as JSON. NAME is the section, by name or by path such
        as Authentication:AzureAd; AzureAd by default.
import  Reads a policy of API Management with validate-jwt or validate-azure-ad-token. Prints settings as JSON, which
        `check` accepts, and notes about differences on standard error.

The exit code is 0, or 2 with every mistake on standard error, one per line as `SETTING: text`.";

/// What is asked for.
#[derive(Debug)]
enum Command {
    Help,
    Check { file: PathBuf, section: Option<String> },
    Import { policy: PathBuf },
}

fn main() -> ExitCode {
    match parse(env::args_os().skip(1).collect()) {
        Some(Command::Help) => print(USAGE),
        Some(Command::Check { file, section }) => match check(&file, section) {
            Ok(report) => print(&report.to_json()),
            Err(error) => mistakes(&error),
        },
        Some(Command::Import { policy }) => import(&policy),
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Parses the arguments. `None` if they are wrong.
fn parse(arguments: Vec<OsString>) -> Option<Command> {
    let mut arguments = arguments.into_iter();
    let command = arguments.next()?;
    let (mut operands, mut section) = (Vec::new(), None);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--help" | "-h") => return Some(Command::Help),
            Some("--section") if section.is_none() => section = Some(arguments.next()?.into_string().ok()?),
            Some(text) if text.starts_with("--section=") && section.is_none() => {
                section = text.strip_prefix("--section=").map(str::to_owned);
            }
            Some(text) if text.starts_with('-') => return None,
            _ => operands.push(PathBuf::from(argument)),
        }
    }
    let mut operands = operands.into_iter();
    match (command.to_str()?, operands.next(), operands.next()) {
        ("--help" | "-h" | "help", None, None) => Some(Command::Help),
        ("check", Some(file), None) => Some(Command::Check { file, section }),
        ("import", Some(policy), None) if section.is_none() => Some(Command::Import { policy }),
        _ => None,
    }
}

/// The effective configuration of a file with the environment over it.
fn check(file: &Path, section: Option<String>) -> Result<ConfigReport, ConfigError> {
    let config = match section {
        Some(section) => Config::section(section).from_file(file),
        None => Config::from_file(file),
    };
    config?.with_env()?.report()
}

/// Prints the settings that correspond to a policy, and the notes.
fn import(path: &Path) -> ExitCode {
    /// One byte more than the longest policy that is read, so that a longer one is reported as such.
    const LONGEST: u64 = (1 << 20) + 1;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    let text = match read.map(|_| String::from_utf8(bytes)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return line_and_fail(&format!("{}: is not UTF-8; save it as UTF-8", path.display())),
        Err(error) => return line_and_fail(&format!("{}: cannot be read: {error}", path.display())),
    };
    match Config::from_apim_policy(&text) {
        Ok(policy) => {
            for note in policy.notes() {
                eprintln!("{}", one_line(&note.to_string()));
            }
            print(policy.to_json())
        }
        Err(error) => mistakes(&error),
    }
}

fn mistakes(error: &ConfigError) -> ExitCode {
    for problem in error.problems() {
        eprintln!("{}", one_line(&text_of(problem)));
    }
    if error.omitted() > 0 {
        eprintln!("configuration: {} more mistakes", error.omitted());
    }
    ExitCode::from(2)
}

/// `SETTING: text`, with the value in the text.
fn text_of(problem: &ConfigProblem) -> String {
    match problem.value() {
        Some(value) => format!("{}: {value:?}: {}", problem.setting(), problem.advice()),
        None => format!("{}: {}", problem.setting(), problem.advice()),
    }
}

/// Scripts read lines, and a terminal must not be steered by a file.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn line_and_fail(text: &str) -> ExitCode {
    eprintln!("{}", one_line(text));
    ExitCode::from(2)
}

fn print(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
