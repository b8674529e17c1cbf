//! `check` and `import`: settings without a token.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use tower_entra::Config;

use crate::configuration::{file_with_env, mistakes};

/// What is printed: on standard output, and line by line on standard error. The exit code is 0 if there is an output.
pub(crate) type Printed = (Option<String>, Vec<String>);

/// The effective configuration of a file with the environment over it.
pub(crate) fn check(file: &Path, section: Option<&str>) -> Printed {
    match file_with_env(file, section).and_then(|config| config.report()) {
        Ok(report) => (Some(report.to_json()), Vec::new()),
        Err(error) => (None, mistakes(&error)),
    }
}

/// The settings that correspond to a policy, and the notes.
pub(crate) fn import(path: &Path) -> Printed {
    /// One byte more than the longest policy that is read, so that a longer one is reported as such.
    const LONGEST: u64 = (1 << 20) + 1;
    let failed = |text: String| (None, vec![format!("{}: {text}", path.display())]);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file: File| file.take(LONGEST).read_to_end(&mut bytes));
    let text = match read.map(|_: usize| String::from_utf8(bytes)) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return failed("is not UTF-8; save it as UTF-8".to_owned()),
        Err(error) => return failed(unreadable(&error)),
    };
    match Config::from_apim_policy(&text) {
        Ok(policy) => (Some(policy.to_json().to_owned()), policy.notes().iter().map(ToString::to_string).collect()),
        Err(error) => (None, mistakes(&error)),
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}
