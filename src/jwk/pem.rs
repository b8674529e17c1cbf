//! Static public keys in PEM (RFC 7468, section 13).

use base64::{Engine, engine::general_purpose::STANDARD};
use spki::{
    ObjectIdentifier, SubjectPublicKeyInfoRef,
    der::{Decode, Reader, SliceReader, asn1::UintRef},
};

use super::{Jwk, KeySet, Material, Public};
use crate::{jwt::Algorithm, signature::weak};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The public key in a PEM text.
///
/// # Errors
///
/// Says what the text is instead, or what is wrong with the key.
fn public(pem: &str) -> Result<Public, &'static str> {
    const NONE: &str = "is no PEM text; it begins with -----BEGIN PUBLIC KEY-----";
    let (label, document) = block(pem).ok_or(NONE)?;
    match label {
        "PUBLIC KEY" => {}
        "CERTIFICATE" => {
            return Err("is a certificate; take its public key: openssl x509 -in cert.pem -pubkey -noout");
        }
        "RSA PUBLIC KEY" => {
            return Err("is of an older form; convert it: openssl rsa -RSAPublicKey_in -in key.pem -pubout");
        }
        private if private.ends_with("PRIVATE KEY") => {
            return Err("is a private key, which has no place here: openssl pkey -in key.pem -pubout");
        }
        _ => return Err(NONE),
    }
    let info = SubjectPublicKeyInfoRef::from_der(&document).map_err(|_| "is no public key")?;
    let key = info.subject_public_key.as_bytes().ok_or("is no public key")?;
    let curve = || info.algorithm.parameters_oid().ok();
    match info.algorithm.oid {
        RSA => {
            let (modulus, exponent) = rsa_numbers(key).ok_or("is no RSA key")?;
            weak::check_rsa(&modulus, &exponent)?;
            Ok(Public::Rsa { modulus, exponent })
        }
        ELLIPTIC if curve() == Some(P256) => elliptic(Algorithm::ES256, key),
        ELLIPTIC if curve() == Some(P384) => elliptic(Algorithm::ES384, key),
        ELLIPTIC => Err("is on a curve that is not known here"),
        ED25519 => {
            weak::check_ed25519(key)?;
            Ok(Public::Ed25519 { key: key.to_vec() })
        }
        _ => Err("is of a type that is not known here"),
    }
}

/// The label and the bytes of the only block of a text (RFC 7468, section 3), ignoring line breaks.
fn block(pem: &str) -> Option<(&str, Vec<u8>)> {
    let (label, rest) = pem.trim().strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let body = rest.strip_suffix("-----")?.strip_suffix(label)?.strip_suffix("-----END ")?;
    let body: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    STANDARD.decode(body).ok().map(|bytes| (label, bytes))
}

/// Modulus and exponent (RFC 8017, appendix A.1.1).
fn rsa_numbers(key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(key).ok()?;
    let numbers =
        reader.sequence(|inner| Ok::<_, spki::der::Error>((UintRef::decode(inner)?, UintRef::decode(inner)?)));
    let (modulus, exponent) = numbers.ok()?;
    Some((modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec()))
}

/// An uncompressed point (SEC 1, section 2.3.3).
fn elliptic(algorithm: Algorithm, key: &[u8]) -> Result<Public, &'static str> {
    let point = key.strip_prefix(&[4]).ok_or("is no uncompressed point")?;
    let (x, y) = point.split_at(point.len() / 2);
    Ok(Public::Elliptic { algorithm, x: x.to_vec(), y: y.to_vec() })
}

impl KeySet {
    /// Static keys in PEM. They have no `kid`.
    ///
    /// # Errors
    ///
    /// The index of the first key that cannot be used, and the reason.
    pub(crate) fn from_pem(all: &[String]) -> Result<Self, (usize, &'static str)> {
        let key = |(at, pem): (usize, &String)| {
            let public = public(pem).map_err(|fault| (at, fault))?;
            let material = Material { public, algorithms: None };
            Ok(Jwk { key_id: "".into(), material, issuer: None, cloud: None })
        };
        let keys: Result<Vec<Jwk>, _> = all.iter().enumerate().map(key).collect();
        Ok(Self { keys: keys?, are_single: true, ..Self::default() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCqGKukO1De7zhZj6+H0qtjTkVxwTCpvKe4eCZ0
FPqri0cb2JZfXJ/DgYSF6vUpwmJG8wVQZKjeGcjDOL5UlsuusFncCzWBQ7RKNUSesmQRMSGkVb1/
3j+skZ6UtW+5u09lHNsj6tQ51s1SPrCBkedbNf0Tp0GbMJDyR4e9T04ZZwIDAQAB
-----END PUBLIC KEY-----";
    const ED: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----";

    #[test]
    fn other_text_than_a_public_key_is_refused_with_the_reason() {
        for (pem, fault) in [
            ("", "is no PEM text"),
            ("AAAA", "is no PEM text"),
            ("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----", "is no public key"),
            ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", "is a certificate"),
            ("-----BEGIN RSA PUBLIC KEY-----\nMAA=\n-----END RSA PUBLIC KEY-----", "is of an older form"),
            ("-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----", "is a private key"),
            ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----", "is a private key"),
            (RSA_1024, "is not of 2048"),
        ] {
            let found = public(pem).err().unwrap_or_default();
            assert!(found.contains(fault), "{pem}: {found}");
        }
        assert_eq!(KeySet::from_pem(&[ED.to_owned(), String::new()]).unwrap_err().0, 1);
    }

    #[test]
    fn pem_key_has_no_kid() {
        let set = KeySet::from_pem(&[ED.to_owned()]).unwrap();
        assert_eq!(&*set.keys[0].key_id, "");
        assert!(matches!(&set.keys[0].material.public, Public::Ed25519 { key } if key.len() == 32));
    }
}
