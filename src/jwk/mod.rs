//! JSON Web Keys (RFC 7517): a document is read key by key, so that a bad key never costs the good ones.

mod pem;
mod weak;

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    jwt::{self, Algorithm},
    signature::PublicKey,
};

/// A key that may be used, as its document has it.
#[derive(Debug)]
pub(crate) struct Jwk {
    pub(crate) key_id: Box<str>,
    /// What tells two keys apart whose `kid` is the same.
    pub(crate) material: Material,
    /// The issuer for which it speaks (§1.6), as the document writes it; `None` if missing or blank.
    pub(crate) issuer: Option<Box<str>>,
    /// The cloud it belongs to (§1.6); `None` if missing or blank.
    pub(crate) cloud: Option<Box<str>>,
}

/// The public half, checked, not yet prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8>, algorithm: Option<Algorithm> },
    Elliptic { algorithm: Algorithm, x: Vec<u8>, y: Vec<u8> },
    Ed25519 { key: Vec<u8> },
}

/// A key that is left out, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) reason: &'static str,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {:?} {}", self.key_id.as_deref().unwrap_or("without kid"), self.reason)
    }
}

/// What a key set document holds.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    pub(crate) keys: Vec<Jwk>,
    pub(crate) skipped: Vec<Skipped>,
}

/// The members of a JWK that are looked at. Any other is passed over.
#[derive(Deserialize)]
struct Raw {
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
    issuer: Option<String>,
    cloud_instance_name: Option<String>,
}

impl KeySet {
    /// Reads a document. Keys that cannot be used are told apart with their reason.
    ///
    /// # Errors
    ///
    /// If it is no JSON object with an array `keys`.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Document<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }

        let document: Document<'_> =
            serde_json::from_slice(document).map_err(|_| "it is no key set: a JSON object with an array \"keys\"")?;
        let mut set = Self::default();
        for raw in document.keys {
            match Jwk::parse(raw.get()) {
                Ok(key) => set.keys.push(key),
                Err(skipped) => set.skipped.push(skipped),
            }
        }
        set.drop_ambiguous();
        Ok(set)
    }

    /// Reads a document whose keys are used as they are, never fetched: a key that stands alone needs no name.
    ///
    /// # Errors
    ///
    /// If it is no JSON object with an array `keys`.
    pub(crate) fn parse_static(document: &[u8]) -> Result<Self, &'static str> {
        #[derive(Deserialize)]
        struct Document<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }

        let set = Self::parse(document)?;
        if let Ok(Document { keys }) = serde_json::from_slice(document)
            && let [only] = keys.as_slice()
            && let Ok(key) = Jwk::parse_unnamed(only.get())
        {
            return Ok(Self { keys: vec![key], skipped: Vec::new() });
        }
        Ok(set)
    }

    /// Of two keys with one `kid` that differ in anything neither is believed; of two that are the same one stays.
    fn drop_ambiguous(&mut self) {
        let mut first_of = std::collections::HashMap::new();
        let mut ambiguous = std::collections::HashSet::new();
        let mut repeated = std::collections::HashSet::new();
        for (at, key) in self.keys.iter().enumerate() {
            let &mut first = first_of.entry(&*key.key_id).or_insert(at);
            if first == at {
                continue;
            }
            if self.keys[first].is_same(key) {
                repeated.insert(at);
            } else {
                ambiguous.insert(key.key_id.clone());
            }
        }
        let mut at = 0;
        self.keys.retain(|key| {
            at += 1;
            !repeated.contains(&(at - 1)) && !ambiguous.contains(&key.key_id)
        });
        let reason = "is in the document twice, and the two differ";
        self.skipped.extend(ambiguous.into_iter().map(|key_id| Skipped { key_id: Some(key_id), reason }));
    }
}

impl Jwk {
    fn parse(text: &str) -> Result<Self, Skipped> {
        let key = Self::parse_unnamed(text)?;
        if key.key_id.is_empty() { Err(Skipped { key_id: None, reason: "has no kid" }) } else { Ok(key) }
    }

    /// The same for a key that may have no name; it is then empty.
    fn parse_unnamed(text: &str) -> Result<Self, Skipped> {
        let raw: Raw = serde_json::from_str(text).map_err(|_| Skipped {
            key_id: None,
            reason: "is no JSON object, or has a member of the wrong type or twice",
        })?;
        let skip = |reason| Skipped { key_id: raw.kid.as_deref().map(Into::into), reason };

        let key_id = raw.kid.as_deref().unwrap_or_default();
        if raw.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(skip("is not for signatures (use)"));
        }
        if raw.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return Err(skip("is not for verifying (key_ops)"));
        }
        if raw.d.is_some() {
            return Err(skip("has its private half with it"));
        }
        let algorithm = match raw.alg.as_deref().map(str::parse::<Algorithm>) {
            None => None,
            Some(Ok(algorithm)) => Some(algorithm),
            Some(Err(_)) => return Err(skip("is for an algorithm that is not known here (alg)")),
        };
        let material = raw.material(algorithm).map_err(skip)?;
        let constraint = |text: &Option<String>| text.as_deref().filter(|text| !text.trim().is_empty()).map(Into::into);
        Ok(Self {
            key_id: key_id.into(),
            material,
            issuer: constraint(&raw.issuer),
            cloud: constraint(&raw.cloud_instance_name),
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.material == other.material && self.issuer == other.issuer && self.cloud == other.cloud
    }
}

impl Raw {
    fn material(&self, algorithm: Option<Algorithm>) -> Result<Material, &'static str> {
        let field = |text: &Option<String>, missing: &'static str| {
            text.as_deref()
                .and_then(|text| jwt::decode(text.as_bytes()))
                .filter(|bytes| !bytes.is_empty())
                .ok_or(missing)
        };
        match self.kty.as_deref() {
            Some("RSA") => {
                let modulus = without_leading_zeros(field(&self.n, "has no readable modulus (n)")?);
                let exponent = without_leading_zeros(field(&self.e, "has no readable exponent (e)")?);
                weak::check_rsa(&modulus, &exponent)?;
                if algorithm.is_some_and(|algorithm| !algorithm.as_str().starts_with(['R', 'P'])) {
                    return Err("is an RSA key for an algorithm of another kind (alg)");
                }
                Ok(Material::Rsa { modulus, exponent, algorithm })
            }
            Some("EC") => {
                let on_curve = match self.crv.as_deref() {
                    Some("P-256") => Algorithm::ES256,
                    Some("P-384") => Algorithm::ES384,
                    _ => return Err("is on a curve that is not known here (crv)"),
                };
                if algorithm.is_some_and(|algorithm| algorithm != on_curve) {
                    return Err("is on another curve than its algorithm (crv, alg)");
                }
                let x = field(&self.x, "has no readable coordinate (x)")?;
                let y = field(&self.y, "has no readable coordinate (y)")?;
                Ok(Material::Elliptic { algorithm: on_curve, x, y })
            }
            Some("OKP") if self.crv.as_deref() == Some("Ed25519") => {
                if algorithm.is_some_and(|algorithm| algorithm != Algorithm::EdDSA) {
                    return Err("is on another curve than its algorithm (crv, alg)");
                }
                Ok(Material::Ed25519 { key: field(&self.x, "has no readable key (x)")? })
            }
            Some(_) => Err("is of a type that is not known here (kty)"),
            None => Err("has no type (kty)"),
        }
    }
}

impl Material {
    /// Whether it is the same public key, for whichever algorithm.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Rsa { modulus, exponent, .. },
                Self::Rsa { modulus: other_modulus, exponent: other_exponent, .. },
            ) => modulus == other_modulus && exponent == other_exponent,
            _ => self == other,
        }
    }

    /// Prepares the key for those of `algorithms` that are its own; `None` if there are none, or it is no valid key.
    pub(crate) fn prepare(&self, algorithms: &[Algorithm]) -> Option<PublicKey> {
        match self {
            Self::Rsa { modulus, exponent, algorithm: None } => PublicKey::rsa(modulus, exponent, algorithms),
            Self::Rsa { modulus, exponent, algorithm: Some(own) } => {
                algorithms.contains(own).then(|| PublicKey::rsa(modulus, exponent, &[*own])).flatten()
            }
            Self::Elliptic { algorithm, x, y } => PublicKey::elliptic(*algorithm, x, y, algorithms),
            Self::Ed25519 { key } => PublicKey::ed25519(key, algorithms),
        }
    }
}

fn without_leading_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.drain(..zeros);
    number
}

#[cfg(test)]
mod tests;
