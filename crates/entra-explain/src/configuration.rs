//! The configuration of the API, as a server would read it.

use std::{
    env,
    fs::File,
    future::ready,
    io::{self, Read},
    path::Path,
};

use serde_json::{Value, json};
use tower_entra::{
    Config, ConfigError, Verifier, VerifierBuilder,
    error::{ConfigProblem, ConfigProblemKind, FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest},
};

use crate::arguments::Api;

/// One byte more than the longest policy that is read, so that a longer one is reported as such.
const MAX_POLICY: u64 = (1 << 20) + 1;

/// The section that is read unless another one is named.
const SECTION: &str = "AzureAd";

/// The configuration, as far as there is one.
#[derive(Clone)]
pub(crate) enum Configuration {
    Ready(Box<Ready>),
    /// Nothing is configured at all.
    None,
    /// Every mistake as `SETTING: text`.
    Mistakes(Vec<String>),
}

/// A configuration without mistakes.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) verifier: Verifier,
    /// Where it was read from.
    pub(crate) origin: String,
    /// The effective settings, their sources, and warnings.
    pub(crate) report: Value,
    /// Differences to the policy of API Management that it was read from.
    pub(crate) notes: Vec<String>,
}

/// Refuses every address.
#[derive(Debug)]
struct Offline;

impl Fetch for Offline {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let refused =
            FetchError::new(request.url, FetchFailure::Forbidden { reason: "--offline was given".to_owned() });
        Box::pin(ready(Err(refused)))
    }
}

impl Configuration {
    /// Reads the file or, without one, the environment.
    pub(crate) fn read(api: &Api) -> Self {
        let section = api.section.as_deref();
        let Some(file) = &api.config else {
            return match env::vars_os().any(|(name, _)| is_setting(&name.to_string_lossy(), section)) {
                true => {
                    let config = section.map_or_else(Config::from_env, |section| Config::section(section).from_env());
                    Self::new(config, "the environment", api.is_offline)
                }
                false => Self::None,
            };
        };
        let origin = file.display().to_string();
        match policy(file) {
            Ok(Some(xml)) => Self::from_policy(&xml, &origin, api.is_offline),
            Ok(None) => {
                let mut configuration = Self::new(file_with_env(file, section), &origin, api.is_offline);
                configuration.name_variables();
                configuration
            }
            Err(error) => Self::Mistakes(vec![format!("{origin}: cannot be read: {error}")]),
        }
    }

    /// Reads settings or a policy that were pasted into the page.
    pub(crate) fn from_text(text: &str, api: &Api) -> Self {
        let origin = "pasted into this page";
        if is_xml(text) {
            return Self::from_policy(text, origin, api.is_offline);
        }
        if names_a_file(text) {
            let advice = "KeyFile and CaFile are not read from a pasted configuration: paste the keys as StaticKeys, or start \
                          entra-explain serve with --config";
            return Self::Mistakes(vec![advice.to_owned()]);
        }
        let config = match &api.section {
            Some(section) => Config::section(section).from_json(text),
            None => Config::from_json(text),
        };
        Self::new(config, origin, api.is_offline)
    }

    /// Names the settings of the environment, which replace those of the file.
    fn name_variables(&mut self) {
        let Self::Ready(ready) = self else { return };
        let sources = ready.report["sources"].as_object();
        let names =
            sources.into_iter().flatten().filter(|(_, source)| *source == "environment").map(|(name, _)| &**name);
        let names = names.collect::<Vec<_>>().join(", ");
        if !names.is_empty() {
            ready.origin = format!("{}, with {names} from the environment", ready.origin);
        }
    }

    fn from_policy(xml: &str, origin: &str, is_offline: bool) -> Self {
        let policy = match Config::from_apim_policy(xml) {
            Ok(policy) => policy,
            Err(error) => return Self::Mistakes(mistakes(&error)),
        };
        let mut configuration = Self::new(Ok(policy.config().clone()), origin, is_offline);
        if let Self::Ready(ready) = &mut configuration {
            ready.notes = policy.notes().iter().map(ToString::to_string).collect();
        }
        configuration
    }

    fn new(config: Result<Config, ConfigError>, origin: &str, is_offline: bool) -> Self {
        let built = config.and_then(|config| {
            let report = config.report()?.to_json();
            let builder = VerifierBuilder::from(config);
            let verifier = if is_offline { builder.fetch(Offline) } else { builder }.build()?;
            let report = serde_json::from_str(&report).unwrap_or(Value::Null);
            Ok(Ready { verifier, origin: origin.to_owned(), report, notes: Vec::new() })
        });
        match built {
            Ok(ready) => Self::Ready(Box::new(ready)),
            Err(error) => Self::Mistakes(mistakes(&error)),
        }
    }

    /// For programs and the page.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Ready(ready) => json!({
                "origin": ready.origin,
                "settings": ready.report["configuration"],
                "sources": ready.report["sources"],
                "warnings": ready.report["warnings"],
                "notes": ready.notes,
                "problems": [],
            }),
            Self::None => Value::Null,
            Self::Mistakes(problems) => json!({ "problems": problems }),
        }
    }
}

/// Whether a setting may name a file, in whatever spelling. The page must not open files for others.
fn names_a_file(text: &str) -> bool {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\u") {
        unescaped.push_str(before);
        let letter = after.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        unescaped.extend(letter);
        rest = after.get(if letter.is_some() { 4 } else { 0 }..).unwrap_or_default();
    }
    unescaped.push_str(rest);
    let letters: String =
        unescaped.chars().flat_map(char::to_lowercase).filter(|letter| letter.is_alphabetic()).collect();
    ["keyfile", "cafile"].iter().any(|name| letters.contains(name))
}

/// The settings of a file with the environment over them, as a server reads them.
pub(crate) fn file_with_env(file: &Path, section: Option<&str>) -> Result<Config, ConfigError> {
    match section {
        Some(section) => Config::section(section).from_file(file),
        None => Config::from_file(file),
    }?
    .with_env()
}

/// Every mistake as `SETTING: text`, with its value.
pub(crate) fn mistakes(error: &ConfigError) -> Vec<String> {
    let text = |problem: &ConfigProblem| {
        let value = problem.value().map(|value| format!("{value:?}: ")).unwrap_or_default();
        // The advice is for code.
        let is_section = problem.kind() == ConfigProblemKind::Missing && problem.setting() == SECTION;
        let option = if is_section { "; entra-explain reads it with --section NAME" } else { "" };
        format!("{}: {value}{}{option}", problem.setting(), problem.advice())
    };
    let mut mistakes: Vec<String> = error.problems().iter().map(text).collect();
    if error.omitted() > 0 {
        mistakes.push(format!("configuration: {} more mistakes", error.omitted()));
    }
    mistakes
}

/// The text of a file that is a policy of API Management.
fn policy(file: &Path) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_POLICY).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).ok().filter(|text| is_xml(text)))
}

fn is_xml(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

/// Whether a variable is, or was meant as, a setting.
fn is_setting(name: &str, section: Option<&str>) -> bool {
    let name = name.to_ascii_uppercase();
    let section = section.unwrap_or(SECTION).replace(':', "__").to_ascii_uppercase();
    name.starts_with("ENTRA_") || name.starts_with(&format!("{section}__"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_name_files_are_recognised_in_every_spelling() {
        for (text, expected) in [
            (r#"{ "AzureAd": { "KeyFile": "keys.json" } }"#, true),
            (r#"{ "AzureAd:Authorities:0:ca_file": "/etc/ca.pem" }"#, true),
            (r#"{ "AzureAd": { "Key\u0046ile": "keys.json" } }"#, true),
            ("{ \"AzureAd\": { \"\u{212a}eyFile\": \"keys.json\" } }", true),
            (r#"{ "AzureAd": { "ClientId": "66666666-7777-8888-9999-000000000000" } }"#, false),
            (r#"{ "AzureAd": { "StaticKeys": { "keys": [] } } }"#, false),
        ] {
            assert_eq!(names_a_file(text), expected, "{text}");
        }
    }
}
