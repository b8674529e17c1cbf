//! The command line.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use lexopt::Arg;
use tower_entra::Requirement;

use crate::requirement;

pub(crate) const USAGE: &str = "\
Explains why an API rejects an access token: the cause, how to fix it, the failed checks, the claims.

usage: entra-explain [options] [TOKEN | -]
       entra-explain check FILE [--section NAME]
       entra-explain import POLICY.xml
       entra-explain serve [--port N] [--config FILE] [--section NAME] [--require RULE]... [--offline]

TOKEN             the token, or what a client sends: a header, a whole request, a curl command, an entry of a HAR file, a
                  token response. With - it is read from standard input. Without it, it is read from a pipe, or asked for on
                  the terminal without being shown. An argument stays in the shell's history: better paste it when asked.

--config FILE     the configuration of the API: a JSON file with a section AzureAd, with the environment over it, or a policy of
                  API Management (XML). Without it, the environment: ENTRA_TENANT_ID, ENTRA_CLIENT_ID and so on. Without
                  either, only what is certain for every API is explained.
--section NAME    the section of the file, by name or path (Authentication:AzureAd); AzureAd by default
--require RULE    what the operation requires, so that a 403 is explained too, such as \"scope Files.Read\". Repeat it if several
                  apply; \" or \" separates alternatives: \"scope Files.Read or app_permission Files.Read.All\". The kinds are
                  scope, app_permission, user_role, any_role, group, directory_role, tenant, authority and auth_context,
                  each with a value, and member.
--offline         fetch no keys; the signature is then not checked
--all             show every check, the header of the token and the configuration too
--json            print one JSON document
--color WHEN      always, never or auto (a terminal, unless NO_COLOR is set)

check             validates a configuration file with the environment over it; prints the effective settings, their sources
                  and the warnings as JSON
import            prints the settings that a policy of API Management corresponds to, as JSON; notes on standard error
serve             a local web page for all this, on 127.0.0.1 (port 3000)

The token never leaves this machine: only the metadata and the keys of the configured issuers are fetched. Nothing is written
to disk or logged, and the signature is never shown. The claims may be personal data.

exit code         0  the token is accepted
                  1  the token is rejected
                  2  wrong usage, or a configuration that is missing or has mistakes; the token is decoded all the same
                  3  the token cannot be checked: there are no keys";

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Version,
    Explain { api: Api, token: Option<OsString>, output: Output },
    Check { file: PathBuf, section: Option<String> },
    Import { policy: PathBuf },
    Serve { api: Api, port: u16 },
}

/// The API that the token is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Api {
    pub(crate) config: Option<PathBuf>,
    pub(crate) section: Option<String>,
    pub(crate) requirement: Option<Requirement>,
    /// The requirement as it was given, one rule for each `--require`.
    pub(crate) rules: Vec<String>,
    pub(crate) is_offline: bool,
}

/// How the explanation is printed.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) is_json: bool,
    pub(crate) shows_all: bool,
    pub(crate) color: Color,
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

/// Every option, and the values without one, before it is known whether they fit the command.
#[derive(Default)]
struct Parsed {
    api: Api,
    output: Output,
    port: Option<u16>,
    values: Vec<OsString>,
    given: Vec<&'static str>,
}

/// Parses the arguments. A message repeats only names that cannot be a secret.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut parsed = Parsed::default();
    while let Some(argument) = parser.next().map_err(|_| "an option has a value, and takes none".to_owned())? {
        let name = match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Value(value) => {
                parsed.values.push(value);
                continue;
            }
            Arg::Long("config") => "--config",
            Arg::Long("section") => "--section",
            Arg::Long("require") => "--require",
            Arg::Long("offline") => "--offline",
            Arg::Long("all") => "--all",
            Arg::Long("json") => "--json",
            Arg::Long("color") => "--color",
            Arg::Long("port") => "--port",
            Arg::Long(name) if is_name(name) => return Err(format!("--{name} is not an option")),
            _ => return Err("an argument is not an option: see --help".to_owned()),
        };
        parsed.read(name, &mut parser)?;
    }
    parsed.into_command()
}

impl Parsed {
    fn read(&mut self, name: &'static str, parser: &mut lexopt::Parser) -> Result<(), String> {
        if self.given.contains(&name) && name != "--require" {
            return Err(format!("{name} is given twice"));
        }
        self.given.push(name);
        match name {
            "--offline" => self.api.is_offline = true,
            "--all" => self.output.shows_all = true,
            "--json" => self.output.is_json = true,
            _ => {
                let value = parser.value().map_err(|_| format!("{name} needs a value"))?;
                self.read_value(name, value)?;
            }
        }
        Ok(())
    }

    fn read_value(&mut self, name: &str, value: OsString) -> Result<(), String> {
        if value.is_empty() {
            return Err(format!("{name} needs a value"));
        }
        if name == "--config" {
            self.api.config = Some(value.into());
            return Ok(());
        }
        let text = value.into_string().map_err(|_| format!("{name} is not UTF-8"))?;
        match name {
            "--section" => self.api.section = Some(text),
            "--port" => self.port = Some(text.parse().map_err(|_| "--port is a number from 0 to 65535".to_owned())?),
            "--color" => {
                self.output.color = match &*text {
                    "always" => Color::Always,
                    "never" => Color::Never,
                    "auto" => Color::Auto,
                    _ => return Err("--color is always, never or auto".to_owned()),
                }
            }
            _ => {
                let rule = requirement::parse(&text).map_err(|error| format!("--require: {error}"))?;
                self.api.requirement = Some(match self.api.requirement.take() {
                    Some(others) => others.and(rule),
                    None => rule,
                });
                self.api.rules.push(text);
            }
        }
        Ok(())
    }

    fn into_command(self) -> Result<Command, String> {
        let mut values = self.values.clone().into_iter();
        let command = values.next();
        let operands: Vec<OsString> = values.collect();
        match command.as_ref().and_then(|command| command.to_str()) {
            Some("help") if operands.is_empty() => Ok(Command::Help),
            Some("check") => {
                self.allow("check", &["--section"])?;
                Ok(Command::Check { file: one("check", "FILE", operands)?, section: self.api.section })
            }
            Some("import") => {
                self.allow("import", &[])?;
                Ok(Command::Import { policy: one("import", "POLICY.xml", operands)? })
            }
            Some("serve") => {
                self.allow("serve", &["--config", "--section", "--require", "--offline", "--port"])?;
                if !operands.is_empty() {
                    return Err("serve takes no token: paste it into the page".to_owned());
                }
                Ok(Command::Serve { api: self.api, port: self.port.unwrap_or(3000) })
            }
            _ => {
                self.allow(
                    "a token",
                    &["--config", "--section", "--require", "--offline", "--all", "--json", "--color"],
                )?;
                Ok(Command::Explain { token: token(self.values)?, api: self.api, output: self.output })
            }
        }
    }

    fn allow(&self, command: &str, options: &[&str]) -> Result<(), String> {
        match self.given.iter().find(|given| !options.contains(given)) {
            Some(option) => Err(format!("{option} does not apply to {command}")),
            None => Ok(()),
        }
    }
}

/// Whether it may be repeated: a mistyped option, not a token.
fn is_name(text: &str) -> bool {
    text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn one(command: &str, operand: &str, values: Vec<OsString>) -> Result<PathBuf, String> {
    match <[OsString; 1]>::try_from(values) {
        Ok([path]) => Ok(path.into()),
        Err(_) => Err(format!("{command} takes one {operand}")),
    }
}

/// The token among the arguments. An unquoted header arrives in pieces.
fn token(values: Vec<OsString>) -> Result<Option<OsString>, String> {
    let starts_with = |name: &str| values.first().is_some_and(|first| first.eq_ignore_ascii_case(name));
    match values.as_slice() {
        [] => Ok(None),
        [one] if is_file(one) => {
            Err("the argument is a file, not a token. For the configuration of the API use --config FILE; \
                                      for a file with a token, entra-explain - < FILE"
                .to_owned())
        }
        [one] => Ok(Some(one.clone())),
        _ if starts_with("bearer") || starts_with("authorization:") || starts_with("curl") => {
            Ok(Some(values.join(&OsString::from(" "))))
        }
        _ => Err("there are several arguments: put quotes around what is pasted".to_owned()),
    }
}

fn is_file(value: &OsString) -> bool {
    let path = Path::new(value);
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("json" | "xml" | "txt" | "jwt" | "har")) || (value.len() < 255 && path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, String> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn requirements_of_several_flags_all_apply() {
        let Ok(Command::Explain { api, .. }) =
            parsed(&["--require", "scope A or user_role B", "--require=member", "x"])
        else {
            panic!("a token")
        };
        let requirement = api.requirement.unwrap().to_string();
        assert!(requirement.starts_with("(scope A or ") && requirement.ends_with(" and member"), "{requirement}");
    }

    #[test]
    fn header_without_quotes_is_one_token() {
        for arguments in [&["Authorization:", "Bearer", "abc"][..], &["bearer", "abc"], &["Bearer abc"]] {
            let Ok(Command::Explain { token: Some(token), .. }) = parsed(arguments) else { panic!("{arguments:?}") };
            assert_eq!(token, *arguments.join(" "));
        }
    }

    #[test]
    fn mistake_does_not_repeat_what_may_be_a_secret() {
        let secret = "eyJhbGciOiJSUzI1NiJ9";
        for arguments in [
            vec![format!("--{secret}")],
            vec![format!("--offline={secret}")],
            vec![format!("--color={secret}")],
            vec![format!("--port={secret}")],
            vec![format!("--require={secret}.{secret}")],
            vec![secret.to_owned(), secret.to_owned()],
            vec!["-x".to_owned()],
        ] {
            let error = parse(arguments.iter().map(OsString::from)).unwrap_err();
            assert!(!error.contains(secret), "{error}");
        }
    }
}
