//! What a section says of its authority alone, beside tenant, address and audiences.

use std::{fs::File, io::Read, path::Path};

use super::{
    Named,
    address::Form,
    key::Key,
    node::{Data, Node},
    read::{Reader, mistyped, wrong},
};
use crate::{claims::TokenVersion, error::ConfigProblem, jwt::Algorithm};

/// The settings that an authority has alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Site {
    pub(super) form: Option<Named<Form>>,
    pub(super) accept_tfp: Option<Named<bool>>,
    pub(super) trust_directory_claims: Option<Named<bool>>,
    pub(super) accept_app_tokens: Option<Named<bool>>,
    pub(super) required_for_readiness: Option<Named<bool>>,
    pub(super) version: Option<Named<TokenVersion>>,
    pub(super) algorithms: Vec<Named<Algorithm>>,
    pub(super) keys: Vec<(Key, Named<StaticKeys>)>,
    /// Those that are plain texts.
    texts: Vec<(Key, Named<String>)>,
}

/// Keys that are at hand.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StaticKeys {
    /// A key set document.
    Jwks(String),
    /// Public keys in PEM, each for itself.
    Pem(Vec<String>),
}

impl StaticKeys {
    /// Reads a key set, or PEM with one or more keys in it.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        const BEGIN: &str = "-----BEGIN ";
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('{') {
            return Ok(Self::Jwks(text.to_owned()));
        }
        let starts: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
        if starts.is_empty() {
            return Err("a key set ({\"keys\": […]}) or public keys in PEM (-----BEGIN PUBLIC KEY-----) are needed");
        }
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        // What stands before the first belongs to it, and is its mistake.
        let starts = [0].into_iter().chain(starts.iter().skip(1).copied());
        Ok(Self::Pem(starts.zip(ends).map(|(start, end)| text[start..end].trim().to_owned()).collect()))
    }
}

impl Site {
    /// The text of a setting that has one.
    pub(super) fn text(&self, key: Key) -> Option<&Named<String>> {
        self.all(key).next()
    }

    /// The texts of a setting that may have several.
    pub(super) fn all(&self, key: Key) -> impl Iterator<Item = &Named<String>> {
        self.texts.iter().filter(move |(known, _)| *known == key).map(|(_, text)| text)
    }

    pub(super) fn push(&mut self, key: Key, text: Named<String>) {
        self.texts.push((key, text));
    }

    /// Whether it says anything about who issues the tokens.
    pub(super) fn names_an_issuer(&self) -> bool {
        let names_none = |key: Key| matches!(key, Key::Name | Key::Domain | Key::RequiredForReadiness);
        self.form.is_some() || self.given().iter().any(|(key, ..)| !names_none(*key))
    }

    /// Every setting that is given, with its name and its value for a message.
    pub(super) fn given(&self) -> Vec<(Key, &str, String)> {
        let texts = self.texts.iter().map(|(key, text)| (*key, text.name.as_str(), text.value.clone()));
        let tfp = self.accept_tfp.iter().map(|tfp| (Key::AcceptTfpIssuers, tfp.name.as_str(), tfp.value.to_string()));
        let trust = self.trust_directory_claims.iter();
        let trust = trust.map(|trust| (Key::TrustDirectoryClaims, trust.name.as_str(), trust.value.to_string()));
        let apps = self.accept_app_tokens.iter();
        let apps = apps.map(|apps| (Key::AcceptAppTokens, apps.name.as_str(), apps.value.to_string()));
        let readiness = self.required_for_readiness.iter();
        let readiness =
            readiness.map(|named| (Key::RequiredForReadiness, named.name.as_str(), named.value.to_string()));
        let version = |version: TokenVersion| if version == TokenVersion::V1 { "1.0" } else { "2.0" }.to_owned();
        let version = self.version.iter().map(|named| (Key::Version, named.name.as_str(), version(named.value)));
        let algorithms = self.algorithms.iter().map(|algorithm| {
            let name = algorithm.name.as_str();
            (Key::Algorithms, name, algorithm.value.to_string())
        });
        let keys = self.keys.iter().map(|(key, keys)| (*key, keys.name.as_str(), "…".to_owned()));
        let all = texts.chain(tfp).chain(apps).chain(trust).chain(readiness);
        all.chain(version).chain(algorithms).chain(keys).collect()
    }

    /// Whether a setting means something for authorities of this kind.
    pub(super) fn fits(key: Key, form: Form) -> bool {
        match key {
            Key::Policy | Key::Policies | Key::AcceptTfpIssuers | Key::AcceptAppTokens => form == Form::B2c,
            Key::Version => matches!(form, Form::Entra | Form::ExternalId),
            Key::ScopeClaim
            | Key::RoleClaim
            | Key::GroupClaim
            | Key::SubjectClaim
            | Key::ClientClaim
            | Key::AudienceClaim
            | Key::MetadataAddress
            | Key::JwksUri
            | Key::FileOfKeys
            | Key::StaticKeys => form == Form::OpenIdConnect,
            _ => true,
        }
    }
}

impl Reader {
    /// Reads a setting that an authority has alone.
    pub(super) fn site(&mut self, key: Key, node: Node) {
        match key {
            Key::Kind => self.form(node),
            Key::AcceptTfpIssuers => self.config.site.accept_tfp = self.truth(&node),
            Key::TrustDirectoryClaims => self.config.site.trust_directory_claims = self.truth(&node),
            Key::AcceptAppTokens => self.config.site.accept_app_tokens = self.truth(&node),
            Key::Issuers => {
                if matches!(&node.data, Data::List(elements) if elements.is_empty()) {
                    self.problems.push(wrong(&node, "is an empty list; leave it out"));
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
                // Who has no user flow may leave its name empty, as Microsoft.Identity.Web does.
                let text = text.filter(|text| key != Key::Policy || !text.value.is_empty());
                text.into_iter().for_each(|text| self.config.site.push(key, text));
            }
        }
    }

    fn form(&mut self, node: Node) {
        let Some(text) = self.text(node, "a text is needed: Entra, B2C, ExternalId or OpenIdConnect") else { return };
        match Form::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text.value)) {
            Some((_, form)) => self.config.site.form = Some(Named::new(text.name, *form)),
            None => {
                let advice = "is no kind of authority; there are Entra, B2C, ExternalId and OpenIdConnect";
                self.problems.push(ConfigProblem::new(&text.name, Some(&text.value), advice));
            }
        }
    }

    fn version(&mut self, node: &Node) {
        let version = match &node.data {
            Data::Text(text) | Data::Other(text) => match text.as_str() {
                "1.0" | "1" => Some(TokenVersion::V1),
                "2.0" | "2" => Some(TokenVersion::V2),
                _ => None,
            },
            Data::List(_) | Data::Object(_) => None,
        };
        match version {
            Some(version) => self.config.site.version = Some(Named::new(&node.name, version)),
            None => {
                self.problems.push(wrong(node, "\"1.0\" or \"2.0\" is needed; leave it out to accept both"));
            }
        }
    }

    fn algorithms(&mut self, node: Node) {
        if matches!(&node.data, Data::List(elements) if elements.is_empty()) {
            return self.problems.push(wrong(&node, "an empty list accepts nothing; leave it out for RS256"));
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
                    self.problems.push(ConfigProblem::new(&text.name, Some(&text.value), advice));
                }
            }
        }
    }

    fn key_file(&mut self, node: Node) {
        let Some(file) = self.text(node, "a text is needed: the name of a file with a key set or public keys") else {
            return;
        };
        let path = self.folder.as_deref().unwrap_or(Path::new("")).join(&file.value);
        match read_keys(&path).and_then(|text| StaticKeys::read(&text).map_err(str::to_owned)) {
            Ok(keys) => self.config.site.keys.push((Key::FileOfKeys, Named::new(file.name, keys))),
            Err(advice) => self.problems.push(ConfigProblem::new(&file.name, Some(&file.value), advice)),
        }
    }

    /// Keys that stand in the section itself: as a key set document, or as a text with either.
    fn static_keys(&mut self, node: &Node) {
        let keys = match &node.data {
            Data::Object(_) => StaticKeys::read(&node.to_json()),
            Data::Text(text) => StaticKeys::read(text),
            Data::List(_) | Data::Other(_) => {
                return self.problems.push(mistyped(node, "a key set is needed: {\"keys\": […]}"));
            }
        };
        match keys {
            Ok(keys) => self.config.site.keys.push((Key::StaticKeys, Named::new(&node.name, keys))),
            // Not the value: it may be a private key.
            Err(advice) => self.problems.push(ConfigProblem::new(&node.name, None, advice)),
        }
    }
}

/// The text of a file with keys, or what is wrong with it.
fn read_keys(path: &Path) -> Result<String, String> {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
    read.map_err(|error| format!("cannot be read as {}: {error}", path.display()))?;
    if text.len() as u64 > LONGEST {
        return Err("is longer than 1 MiB".to_owned());
    }
    Ok(text)
}
