//! What was asked for. Never a token: arguments stay in the shell's history and in the list of processes.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
    path::PathBuf,
};

pub(crate) const USAGE: &str = "\
usage: explain [FILE | --policy POLICY] [--file TOKENFILE] [--offline] [--json] [--color always|never|auto]

Says why an access token is refused: what stands in it, every check, the root cause, and what to do.

The token comes from standard input (paste | explain), from --file TOKENFILE, or is asked for on the terminal without being
shown. It may be the whole answer of a token endpoint, have Bearer in front, or be broken into lines. It is never taken
from an argument or an address: there it would stay in the shell's history and in the list of processes.

FILE              the configuration, a JSON file with a section AzureAd; without it, the environment
                  (ENTRA_TENANT_ID, ENTRA_CLIENT_ID, …), as the example server takes them
--policy POLICY   the configuration, a policy of API Management (validate-jwt, validate-azure-ad-token); shows what it means
                  as JSON, also where there is no token
--file TOKENFILE  read the token from this file
--offline         fetch nothing; says what cannot be checked then
--json            print one JSON document: verdict, exit_code, offline, for, from, problems, notes, configuration (of a
                  policy), decoded, diagnosis
--color WHEN      always, never or auto (a terminal, and NO_COLOR is not set)

The token never leaves this machine: only the issuer's metadata and keys are fetched. Nothing is logged or written to
disk, and the signature is not shown. What is shown of it may be personal data.

exit code         0  the token is accepted
                  1  the token is refused
                  2  wrong usage, no token, or a configuration that is missing or has mistakes: what was read is
                     decoded all the same
                  3  the token could not be checked: there are no keys";

const IS_A_TOKEN: &str = "\
an argument looks like a token. It is not taken from there: arguments stay in the shell's history and in the list of
processes. If the token still counts, remove it from the history (history -d). Give it by a pipe, with --file, or run
explain without it and paste it where it asks.";

/// Longer than any name of a file that one types; refresh tokens and codes are longer.
const LONGEST_NAME: usize = 100;

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) config: Option<PathBuf>,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) offline: bool,
    pub(crate) json: bool,
    pub(crate) color: Color,
    pub(crate) help: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Color {
    Always,
    Never,
    #[default]
    Auto,
}

impl Color {
    pub(crate) fn is_on(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // https://no-color.org: set, and not empty.
            Self::Auto => {
                io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none_or(|no_color| no_color.is_empty())
            }
        }
    }
}

impl Arguments {
    /// Reads them. A message never repeats what it does not know: that may be a secret.
    pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let given: Vec<OsString> = arguments.collect();
        if given.iter().any(looks_like_a_token) {
            return Err(IS_A_TOKEN.to_owned());
        }
        let mut parsed = Self::default();
        let mut rest = given.into_iter().enumerate();
        while let Some((at, argument)) = rest.next() {
            let mut value = |name: &str| rest.next().map(|(_, value)| value).ok_or(format!("{name} needs a value"));
            match argument.to_str() {
                Some("--help" | "-h") => parsed.help = true,
                Some("--offline") => parsed.offline = true,
                Some("--json") => parsed.json = true,
                Some("--file") => parsed.file = Some(value("--file")?.into()),
                Some("--policy") => parsed.policy = Some(value("--policy")?.into()),
                Some("--color") => parsed.color = color(&value("--color")?)?,
                Some(flag) if flag.starts_with('-') => return Err(format!("argument {} is not known", at + 1)),
                _ if parsed.config.is_some() => return Err(format!("argument {} is one too many", at + 1)),
                _ => parsed.config = Some(argument.into()),
            }
        }
        if parsed.config.is_some() && parsed.policy.is_some() {
            return Err("FILE and --policy are two configurations: give one of them".to_owned());
        }
        Ok(parsed)
    }
}

fn color(value: &OsString) -> Result<Color, String> {
    match value.to_str() {
        Some("always") => Ok(Color::Always),
        Some("never") => Ok(Color::Never),
        Some("auto") => Ok(Color::Auto),
        _ => Err("--color is always, never or auto".to_owned()),
    }
}

/// A JWT or part of one, a token behind its scheme or in an address, or a long word that is no file.
fn looks_like_a_token(argument: &OsString) -> bool {
    let text = argument.to_string_lossy();
    let lower = text.to_ascii_lowercase();
    let is_jwt = text.match_indices("eyJ").any(|(at, _)| {
        let word = text[at..].split(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter))).next();
        word.is_some_and(|word| word.len() > 20)
    });
    is_jwt
        || lower == "bearer"
        || ["bearer ", "token=", "token:", "code=", "://"].iter().any(|mark| lower.contains(mark))
        || (text.len() > LONGEST_NAME && !text.starts_with(['/', '.']) && !text.contains('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_files_are_told_apart() {
        let long = "0.AXoA".repeat(40);
        for (argument, is_token) in [
            ("appsettings.json", false),
            ("--offline", false),
            ("/etc/contoso/eyJ.json", false),
            ("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.c2ln", true),
            ("--file=eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.c2ln", true),
            ("eyJhbGciOiJSUzI1NiJ9eyJhdWQ", true),
            ("Bearer abc", true),
            ("--token=abc", true),
            ("https://contoso.example/?access_token=abc", true),
            (&long, true),
        ] {
            assert_eq!(looks_like_a_token(&OsString::from(argument)), is_token, "{argument}");
        }
    }
}
