//! Reads the settings that one authority has alone.

use std::{fs::File, io::Read, path::Path};

use super::{
    address::Form,
    authority_section::StaticKeys,
    flaw::Flaw,
    key::Key,
    location::Named,
    reader::{Reader, mistyped, wrong},
    value::{ConfigValue, Data},
};
use crate::{
    claims::TokenVersion,
    error::{
        ConfigProblem,
        ConfigProblemKind::{Invalid, TooLarge, Unreadable, Unsafe},
    },
    jwt::Algorithm,
};

impl Reader {
    /// Reads a setting that one authority has alone.
    pub(super) fn site(&mut self, key: Key, node: ConfigValue) {
        match key {
            Key::Kind => self.form(node),
            Key::AcceptTfpIssuers => self.config.site.accept_tfp = self.truth(&node),
            Key::TrustDirectoryClaims => self.config.site.trust_directory_claims = self.truth(&node),
            Key::AcceptAppTokens => self.config.site.accept_app_tokens = self.truth(&node),
            Key::Issuers => {
                if matches!(&node.data, Data::List(elements) if elements.is_empty()) {
                    self.report(wrong(&node, "is an empty list; leave it out"));
                }
                let issuers = self.texts(node, "must be a list of strings: issuers, each exactly the token's iss");
                issuers.into_iter().for_each(|issuer| self.config.site.push(key, issuer));
            }
            Key::RequiredForReadiness => self.config.site.required_for_readiness = self.truth(&node),
            Key::Version => self.version(&node),
            Key::Algorithms => self.algorithms(node),
            Key::FileOfKeys => self.key_file(node),
            Key::StaticKeys => self.static_keys(&node),
            Key::Policies => {
                let policies = self.texts(node, "must be a list of strings: user flows such as B2C_1_susi");
                policies.into_iter().for_each(|policy| self.config.site.push(key, policy));
            }
            _ => {
                let text = self.text(node, "a text is needed");
                // Without a user flow its name may be empty, as in Microsoft.Identity.Web.
                let text = text.filter(|text| key != Key::Policy || !text.value.is_empty());
                text.into_iter().for_each(|text| self.config.site.push(key, text));
            }
        }
    }

    fn form(&mut self, node: ConfigValue) {
        let Some(text) = self.text(node, "a text is needed: Entra, B2C, ExternalId or OpenIdConnect") else { return };
        match Form::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text.value)) {
            Some((_, form)) => self.config.site.form = Some(Named::new(text.name, *form)),
            None => {
                let advice = "is no kind of authority; there are Entra, B2C, ExternalId and OpenIdConnect";
                self.report(ConfigProblem::new(Invalid, text.name.as_str(), Some(&text.value), advice));
            }
        }
    }

    fn version(&mut self, node: &ConfigValue) {
        let version = match &node.data {
            Data::Text(text) | Data::Other(text) => match text.as_str() {
                "1.0" | "1" => Some(TokenVersion::V1),
                "2.0" | "2" => Some(TokenVersion::V2),
                _ => None,
            },
            Data::List(_) | Data::Object(_) => None,
        };
        match version {
            Some(version) => self.config.site.version = Some(self.named(&node.name, version)),
            None => {
                self.report(wrong(node, "\"1.0\" or \"2.0\" is needed; leave it out to accept both"));
            }
        }
    }

    fn algorithms(&mut self, node: ConfigValue) {
        if matches!(&node.data, Data::List(elements) if elements.is_empty()) {
            return self.report(wrong(&node, "an empty list accepts nothing; leave it out for RS256"));
        }
        for text in self.texts(node, "must be a list of strings, such as [\"RS256\"]") {
            match text.value.parse() {
                Ok(algorithm) => self.config.site.algorithms.push(Named::new(text.name, algorithm)),
                Err(_) => {
                    let known: Vec<&str> = Algorithm::ALL.into_iter().map(Algorithm::as_str).collect();
                    let shared = text.value.to_ascii_uppercase().starts_with("HS");
                    let why = if shared { " (with a shared secret, who checks tokens could make them)" } else { "" };
                    let advice =
                        format!("is no signature algorithm with a public key{why}; there are {}", known.join(", "));
                    let kind = if shared { Unsafe } else { Invalid };
                    self.report(ConfigProblem::new(kind, text.name.as_str(), Some(&text.value), advice));
                }
            }
        }
    }

    fn key_file(&mut self, node: ConfigValue) {
        let Some(file) = self.text(node, "a text is needed: the name of a file with a key set or public keys") else {
            return;
        };
        let path = self.folder.as_deref().unwrap_or(Path::new("")).join(&file.value);
        match read_keys(&path).and_then(|text| StaticKeys::parse(&text).map_err(Flaw::invalid)) {
            Ok(keys) => self.config.site.keys.push((Key::FileOfKeys, Named::new(file.name, keys))),
            Err(flaw) => {
                let problem = ConfigProblem::new(flaw.kind, file.name.as_str(), Some(&file.value), flaw.advice);
                self.report(problem);
            }
        }
    }

    /// Keys in the section itself: a key set document, or a string with either form.
    fn static_keys(&mut self, node: &ConfigValue) {
        let keys = match &node.data {
            Data::Object(_) => StaticKeys::parse(&node.to_json()),
            Data::Text(text) => StaticKeys::parse(text),
            Data::List(_) | Data::Other(_) => {
                return self.report(mistyped(node, "a key set is needed: {\"keys\": […]}"));
            }
        };
        match keys {
            Ok(keys) => self.config.site.keys.push((Key::StaticKeys, self.named(&node.name, keys))),
            // Not the value: it may be a private key.
            Err(advice) => self.report(ConfigProblem::new(Invalid, &node.name, None, advice)),
        }
    }
}

/// The text of a file with keys, or what is wrong with it.
fn read_keys(path: &Path) -> Result<String, Flaw> {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
    read.map_err(|error| Flaw::new(Unreadable, format!("cannot be read as {}: {error}", path.display())))?;
    if text.len() as u64 > LONGEST {
        return Err(Flaw::new(TooLarge, "is longer than 1 MiB"));
    }
    Ok(text)
}
