//! Reads the settings that one authority has alone.

use super::{
    address::AuthorityKind,
    authority_section::StaticKeys,
    flaw::Flaw,
    key::Key,
    key_file::is_content,
    location::Named,
    reader::{Reader, mistyped_secret, wrong},
    value::{ConfigValue, Data},
};
use crate::{
    claims::TokenVersion,
    error::{
        ConfigProblem,
        ConfigProblemKind::{Invalid, Unsafe},
    },
    jwt::Algorithm,
};

impl Reader<'_> {
    pub(super) fn authority_kind(&mut self, value: &ConfigValue) {
        let Some(text) = self.text(value, "must be a string") else { return };
        match AuthorityKind::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text.value)) {
            Some((_, form)) => self.settings.authority_section.form = Some(Named::new(text.name, *form)),
            None => {
                let kinds = AuthorityKind::ALL.map(|(name, _)| name).join(", ");
                let advice = format!("is not a kind of authority; the kinds are {kinds}");
                self.report(ConfigProblem::new(Invalid, text.name.as_str(), Some(&text.value), advice));
            }
        }
    }

    pub(super) fn version(&mut self, value: &ConfigValue) {
        let version = match &value.data {
            Data::Text(text) | Data::Other(text) => match text.as_str() {
                "1.0" | "1" => Some(TokenVersion::V1),
                "2.0" | "2" => Some(TokenVersion::V2),
                _ => None,
            },
            Data::List(_) | Data::Object(_) => None,
        };
        match version {
            Some(version) => self.settings.authority_section.version = Some(self.named(&value.name, version)),
            None => self.report(wrong(value, "must be \"1.0\" or \"2.0\"; remove it to accept both")),
        }
    }

    pub(super) fn algorithms(&mut self, value: &ConfigValue) {
        if matches!(&value.data, Data::List(elements) if elements.is_empty()) {
            return self.report(wrong(value, "is an empty list, which accepts nothing; remove it for RS256"));
        }
        for text in self.texts(value, "must be a list of strings, such as [\"RS256\"]") {
            match text.value.parse() {
                Ok(algorithm) => self.settings.authority_section.algorithms.push(Named::new(text.name, algorithm)),
                Err(_) => {
                    let known: Vec<&str> = Algorithm::ALL.into_iter().map(Algorithm::as_str).collect();
                    let shared = text.value.to_ascii_uppercase().starts_with("HS");
                    let why = if shared { " (whoever has a shared secret can sign tokens)" } else { "" };
                    let advice = format!(
                        "is not a signature algorithm with a public key{why}; the algorithms are {}",
                        known.join(", ")
                    );
                    let kind = if shared { Unsafe } else { Invalid };
                    self.report(ConfigProblem::new(kind, text.name.as_str(), Some(&text.value), advice));
                }
            }
        }
    }

    /// The text of a file that a setting names.
    pub(super) fn file(&mut self, key: Key, value: &ConfigValue) {
        match &value.data {
            // Neither value may be in a message: the text of a file may be a private key.
            Data::Text(text) if is_content(text) => {
                let advice = match key {
                    Key::CaFile => "must be the name of a file, not what is in it",
                    _ => "must be the name of a file, not what is in it; public keys may be written as StaticKeys",
                };
                return self.report(ConfigProblem::new(Invalid, &value.name, None, advice));
            }
            Data::Text(_) => {}
            Data::Other(_) | Data::List(_) | Data::Object(_) => {
                return self.report(mistyped_secret(value, "must be a string: the name of a file"));
            }
        }
        let Some(file) = self.text(value, "must be a string: the name of a file") else { return };
        let text = self.files.text(&file.value);
        let result = match key {
            Key::CaFile => text.and_then(certificates).map(|pem| {
                self.settings.ca_certificates.push(Named::new(file.name.clone(), pem));
            }),
            _ => text.and_then(|text| StaticKeys::parse(text).map_err(Flaw::invalid)).map(|keys| {
                self.settings.authority_section.keys.push((Key::FileOfKeys, Named::new(file.name.clone(), keys)));
            }),
        };
        if let Err(flaw) = result {
            self.report(ConfigProblem::new(flaw.kind, file.name.as_str(), Some(&file.value), flaw.advice));
        }
    }

    /// Keys in the section itself: a key set document, or a string with either form.
    pub(super) fn static_keys(&mut self, value: &ConfigValue) {
        let keys = match &value.data {
            Data::Object(_) => StaticKeys::parse(&value.to_json()),
            Data::Text(text) => StaticKeys::parse(text),
            Data::List(_) | Data::Other(_) => {
                return self.report(mistyped_secret(value, "must be a key set: {\"keys\": […]}"));
            }
        };
        match keys {
            Ok(keys) => self.settings.authority_section.keys.push((Key::StaticKeys, self.named(&value.name, keys))),
            // Not the value: it may be a private key.
            Err(advice) => self.report(ConfigProblem::new(Invalid, &value.name, None, advice)),
        }
    }
}

/// The certificates of a CA file.
fn certificates(text: &str) -> Result<String, Flaw> {
    if !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Flaw::invalid("must be a file with CA certificates in PEM (-----BEGIN CERTIFICATE-----)"));
    }
    if text.contains("PRIVATE KEY-----") {
        return Err(Flaw::invalid("contains a private key; it must contain CA certificates only"));
    }
    Ok(text.to_owned())
}
