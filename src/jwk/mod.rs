//! JSON Web Keys (RFC 7517). A document is read key by key, so that an invalid key does not affect the others.

mod lenient;
mod pem;
mod set;

use std::fmt;

use serde::Deserialize;

pub(crate) use set::KeySet;

use crate::{
    jwt::{self, Algorithm},
    signature::{NoKey, PublicKey},
};

/// A key that may be used, as in its document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Jwk {
    /// Empty if the key has none.
    pub(crate) key_id: Box<str>,
    /// Distinguishes two keys with the same `kid`.
    pub(crate) material: Material,
    /// The member `issuer`, which limits the tenants that the key is authorized for (`docs/entra.md`, "Signing keys (JWKS)");
    /// `None` if it is missing or blank.
    pub(crate) issuer: Option<Box<str>>,
    /// The member `cloud_instance_name`; `None` if it is missing or blank.
    pub(crate) cloud: Option<Box<str>>,
}

/// A public key that is not checked and prepared yet, and the algorithms that its document allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Material {
    pub(crate) public: Public,
    /// The algorithms of its entries (`alg`), in order; `None`: all that its type allows.
    pub(crate) algorithms: Option<Vec<Algorithm>>,
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Public {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Elliptic { algorithm: Algorithm, x: Vec<u8>, y: Vec<u8> },
    Ed25519 { key: Vec<u8> },
}

/// A key that is skipped, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// `None` if the key has no `kid`.
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) reason: &'static str,
    /// It is worth a warning: anyone can forge its signatures, or the document contradicts itself.
    pub(crate) is_alarming: bool,
}

impl Skipped {
    fn new(key_id: &str, reason: &'static str) -> Self {
        Self { key_id: Some(key_id).filter(|key_id| !key_id.is_empty()).map(Into::into), reason, is_alarming: false }
    }

    fn alarming(key_id: &str, reason: &'static str) -> Self {
        Self { is_alarming: true, ..Self::new(key_id, reason) }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {:?} {}", self.key_id.as_deref().unwrap_or("without kid"), self.reason)
    }
}

/// One entry of a key set.
#[derive(Debug)]
struct JwkEntry {
    key: Jwk,
    /// Why the key must not be used under this `kid`, even if another entry allows it.
    refused: Option<&'static str>,
    /// The private half is in the document.
    has_private_half: bool,
    /// `n` or `e` is not in the form that RFC 7518 demands.
    is_oddly_encoded: bool,
}

/// The members of a JWK that are read. Any other is ignored.
#[derive(Deserialize)]
struct JwkMembers {
    kty: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<serde::de::IgnoredAny>,
    p: Option<serde::de::IgnoredAny>,
    q: Option<serde::de::IgnoredAny>,
    dp: Option<serde::de::IgnoredAny>,
    dq: Option<serde::de::IgnoredAny>,
    qi: Option<serde::de::IgnoredAny>,
    issuer: Option<String>,
    cloud_instance_name: Option<String>,
}

impl JwkEntry {
    /// Reads one entry. With `is_lenient`, `n` and `e` may also be padded or in standard base64.
    fn parse(text: &str, is_lenient: bool) -> Result<Self, Skipped> {
        let raw: JwkMembers = serde_json::from_str(text)
            .map_err(|_| Skipped::new("", "is no JSON object, or has a member of the wrong type or twice"))?;
        let key_id = raw.kid.as_deref().unwrap_or_default();
        let refused = raw.refused();
        let has_private_half = raw.has_private_half();
        let found = raw.public(is_lenient).and_then(|(public, is_odd)| {
            // Whatever its use is: a key whose private half is known must not be used.
            let algorithms = if has_private_half { None } else { raw.algorithms(&public)? };
            Ok((Material { public, algorithms }, is_odd))
        });
        let (material, is_oddly_encoded) = found.map_err(|reason| match has_private_half {
            true => Skipped::alarming(key_id, PRIVATE_HALF),
            false => Skipped::new(key_id, refused.unwrap_or(reason)),
        })?;
        let constraint = |text: &Option<String>| text.as_deref().filter(|text| !text.trim().is_empty()).map(Into::into);
        let key = Jwk {
            key_id: key_id.into(),
            material,
            issuer: constraint(&raw.issuer),
            cloud: constraint(&raw.cloud_instance_name),
        };
        Ok(Self { key, refused, has_private_half, is_oddly_encoded })
    }
}

impl Skipped {
    /// A key whose private half was in this or an earlier document.
    pub(crate) fn published(key_id: &str) -> Self {
        Self::alarming(key_id, PRIVATE_HALF)
    }
}

const PRIVATE_HALF: &str = "publishes its private key, so that anybody can forge its signatures: revoke it";

impl JwkMembers {
    fn refused(&self) -> Option<&'static str> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Some("is not for signatures (use)");
        }
        let may_verify = |operations: &Vec<String>| operations.iter().any(|operation| operation == "verify");
        self.key_ops
            .as_ref()
            .is_some_and(|operations| !may_verify(operations))
            .then_some("is not for verifying (key_ops)")
    }

    fn has_private_half(&self) -> bool {
        let Self { d, p, q, dp, dq, qi, .. } = self;
        [d, p, q, dp, dq, qi].into_iter().any(Option::is_some)
    }

    /// The algorithms that `alg` allows an RSA key; those of other keys follow from their curve.
    fn algorithms(&self, public: &Public) -> Result<Option<Vec<Algorithm>>, &'static str> {
        let Some(name) = self.alg.as_deref() else { return Ok(None) };
        let algorithm: Algorithm = name.parse().map_err(|_| "is for an algorithm that is not known here (alg)")?;
        let other_curve = "is on another curve than its algorithm (crv, alg)";
        match public {
            Public::Rsa { .. } if algorithm.as_str().starts_with(['R', 'P']) => Ok(Some(vec![algorithm])),
            Public::Rsa { .. } => Err("is an RSA key for an algorithm of another kind (alg)"),
            Public::Elliptic { algorithm: on_curve, .. } if algorithm == *on_curve => Ok(None),
            Public::Ed25519 { .. } if algorithm == Algorithm::EdDSA => Ok(None),
            Public::Elliptic { .. } | Public::Ed25519 { .. } => Err(other_curve),
        }
    }

    /// The public half, and whether its encoding deviates from RFC 7518.
    fn public(&self, is_lenient: bool) -> Result<(Public, bool), &'static str> {
        let field = |text: &Option<String>, missing: &'static str| {
            text.as_deref()
                .and_then(|text| jwt::decode(text.as_bytes()))
                .filter(|bytes| !bytes.is_empty())
                .ok_or(missing)
        };
        match self.kty.as_deref() {
            Some("RSA") => {
                let mut is_odd = false;
                let mut number = |text: &Option<String>, missing: &'static str| {
                    if let Ok(bytes) = field(text, missing) {
                        return Ok(without_leading_zeros(bytes));
                    }
                    let lenient = text.as_deref().filter(|_| is_lenient).and_then(lenient::decode);
                    is_odd |= lenient.is_some();
                    lenient.map(without_leading_zeros).ok_or(missing)
                };
                let modulus = number(&self.n, "has no readable modulus (n)")?;
                let exponent = number(&self.e, "has no readable exponent (e)")?;
                Ok((Public::Rsa { modulus, exponent }, is_odd))
            }
            Some("EC") => {
                let algorithm = match self.crv.as_deref() {
                    Some("P-256") => Algorithm::ES256,
                    Some("P-384") => Algorithm::ES384,
                    _ => return Err("is on a curve that is not known here (crv)"),
                };
                let x = field(&self.x, "has no readable coordinate (x)")?;
                let y = field(&self.y, "has no readable coordinate (y)")?;
                Ok((Public::Elliptic { algorithm, x, y }, false))
            }
            Some("OKP") if self.crv.as_deref() == Some("Ed25519") => {
                Ok((Public::Ed25519 { key: field(&self.x, "has no readable key (x)")? }, false))
            }
            Some(_) => Err("is of a type that is not known here (kty)"),
            None => Err("has no type (kty)"),
        }
    }
}

impl Material {
    /// Prepares the key for those of `algorithms` that it can be used for.
    ///
    /// # Errors
    ///
    /// If there are none, or the key is invalid or weak.
    pub(crate) fn prepare(&self, algorithms: &[Algorithm]) -> Result<PublicKey, NoKey> {
        match &self.public {
            Public::Rsa { modulus, exponent } => {
                let is_own =
                    |algorithm: &&Algorithm| self.algorithms.as_ref().is_none_or(|own| own.contains(algorithm));
                let usable: Vec<Algorithm> = algorithms.iter().filter(is_own).copied().collect();
                PublicKey::rsa(modulus, exponent, &usable)
            }
            Public::Elliptic { algorithm, x, y } => PublicKey::elliptic(*algorithm, x, y, algorithms),
            Public::Ed25519 { key } => PublicKey::ed25519(key, algorithms),
        }
    }
}

/// A JSON document without the byte order mark that some servers write before it; parsers may ignore it
/// ([RFC 8259, section 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)).
pub(crate) fn without_bom(document: &[u8]) -> &[u8] {
    document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document)
}

fn without_leading_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.drain(..zeros);
    number
}

#[cfg(test)]
mod tests;
