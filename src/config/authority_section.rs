//! The settings that a section has for its own authority alone, beside tenant, address and audiences.

use std::fmt;

use super::{
    address::AuthorityKind,
    key::Key,
    location::{Location, Named},
};
use crate::{claims::TokenVersion, jwt::Algorithm};

/// The settings that one authority has alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AuthoritySection {
    pub(super) form: Option<Named<AuthorityKind>>,
    pub(super) accept_tfp: Option<Named<bool>>,
    pub(super) trust_directory_claims: Option<Named<bool>>,
    pub(super) accept_app_tokens: Option<Named<bool>>,
    pub(super) required_for_readiness: Option<Named<bool>>,
    pub(super) version: Option<Named<TokenVersion>>,
    pub(super) algorithms: Vec<Named<Algorithm>>,
    pub(super) keys: Vec<(Key, Named<StaticKeys>)>,
    /// Settings that are plain strings.
    texts: Vec<(Key, Named<String>)>,
}

/// Static keys.
#[derive(Clone, PartialEq)]
pub(super) enum StaticKeys {
    /// A key set document.
    Jwks(String),
    /// Public keys in PEM, one key each.
    Pem(Vec<String>),
}

/// Without the keys, one of which may be a private key by mistake.
impl fmt::Debug for StaticKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwks(_) => "Jwks(…)",
            Self::Pem(_) => "Pem(…)",
        })
    }
}

impl StaticKeys {
    /// Parses a key set, or PEM with one or more keys.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const BEGIN: &str = "-----BEGIN ";
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('{') {
            return Ok(Self::Jwks(text.to_owned()));
        }
        let starts: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
        if starts.is_empty() {
            return Err("must be a key set ({\"keys\": […]}) or public keys in PEM (-----BEGIN PUBLIC KEY-----)");
        }
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        // Text before the first key becomes a part of that key, where it is an error.
        let starts = [0].into_iter().chain(starts.iter().skip(1).copied());
        Ok(Self::Pem(starts.zip(ends).map(|(start, end)| text[start..end].trim().to_owned()).collect()))
    }
}

impl AuthoritySection {
    /// The value of a setting that has one.
    pub(super) fn text(&self, key: Key) -> Option<&Named<String>> {
        self.all(key).next()
    }

    /// The values of a setting that may have several.
    pub(super) fn all(&self, key: Key) -> impl Iterator<Item = &Named<String>> {
        self.texts.iter().filter(move |(known, _)| *known == key).map(|(_, text)| text)
    }

    pub(super) fn push(&mut self, key: Key, text: Named<String>) {
        self.texts.push((key, text));
    }

    /// Whether any of them identifies the issuer of the tokens.
    pub(super) fn names_an_issuer(&self) -> bool {
        let names_none = |key: Key| matches!(key, Key::Name | Key::Domain | Key::RequiredForReadiness);
        self.form.is_some() || self.given().iter().any(|(key, ..)| !names_none(*key))
    }

    /// Every configured setting, with its name and its value for a message.
    pub(super) fn given(&self) -> Vec<(Key, &Location, String)> {
        let texts = self.texts.iter().map(|(key, text)| (*key, &text.name, text.value.clone()));
        let tfp = self.accept_tfp.iter().map(|tfp| (Key::AcceptTfpIssuers, &tfp.name, tfp.value.to_string()));
        let trust = self.trust_directory_claims.iter();
        let trust = trust.map(|trust| (Key::TrustDirectoryClaims, &trust.name, trust.value.to_string()));
        let apps = self.accept_app_tokens.iter();
        let apps = apps.map(|apps| (Key::AcceptAppTokens, &apps.name, apps.value.to_string()));
        let readiness = self.required_for_readiness.iter();
        let readiness = readiness.map(|named| (Key::RequiredForReadiness, &named.name, named.value.to_string()));
        let version = |version: TokenVersion| if version == TokenVersion::V1 { "1.0" } else { "2.0" }.to_owned();
        let version = self.version.iter().map(|named| (Key::Version, &named.name, version(named.value)));
        let algorithms =
            self.algorithms.iter().map(|algorithm| (Key::Algorithms, &algorithm.name, algorithm.value.to_string()));
        let keys = self.keys.iter().map(|(key, keys)| (*key, &keys.name, "…".to_owned()));
        let all = texts.chain(tfp).chain(apps).chain(trust).chain(readiness);
        all.chain(version).chain(algorithms).chain(keys).collect()
    }

    /// Whether a setting applies to authorities of this kind.
    pub(super) fn fits(key: Key, form: AuthorityKind) -> bool {
        match key {
            Key::Policy | Key::Policies | Key::AcceptTfpIssuers | Key::AcceptAppTokens => form == AuthorityKind::B2c,
            Key::Version => matches!(form, AuthorityKind::Entra | AuthorityKind::ExternalId),
            Key::ScopeClaim
            | Key::RoleClaim
            | Key::GroupClaim
            | Key::SubjectClaim
            | Key::ClientClaim
            | Key::AudienceClaim => form == AuthorityKind::OpenIdConnect,
            Key::JwksUri | Key::FileOfKeys | Key::StaticKeys => {
                matches!(form, AuthorityKind::OpenIdConnect | AuthorityKind::Workload)
            }
            Key::TrustDirectoryClaims => form != AuthorityKind::Workload,
            _ => true,
        }
    }
}
