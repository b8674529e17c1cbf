//! Public keys, prepared once when they arrive, and used for nothing but the algorithms they were prepared for.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};

use crate::jwt::Algorithm;

/// A public key, ready to verify.
pub(crate) struct PublicKey {
    prepared: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    /// An RSA key by modulus and exponent, big-endian without leading zeros, for those of `algorithms` that are RSA's.
    /// `None` if there are none, or the key is not one of 2048 to 8192 bits.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8], algorithms: &[Algorithm]) -> Option<Self> {
        let components = RsaPublicKeyComponents { n: modulus, e: exponent };
        let prepared = algorithms
            .iter()
            .filter_map(|&algorithm| Some((algorithm, rsa_parameters(algorithm)?)))
            .map(|(algorithm, parameters)| Some((algorithm, components.to_parsed_public_key(parameters).ok()?)))
            .collect::<Option<Vec<_>>>()?;
        Self::checked(prepared)
    }

    /// An elliptic curve key by its point, uncompressed without the leading 4, for `algorithm` if that is allowed.
    pub(crate) fn elliptic(algorithm: Algorithm, x: &[u8], y: &[u8], algorithms: &[Algorithm]) -> Option<Self> {
        const UNCOMPRESSED: u8 = 4;
        let (parameters, length) = match algorithm {
            Algorithm::ES256 => (&ECDSA_P256_SHA256_FIXED, 32),
            Algorithm::ES384 => (&ECDSA_P384_SHA384_FIXED, 48),
            _ => return None,
        };
        if !algorithms.contains(&algorithm) || x.len() != length || y.len() != length {
            return None;
        }
        let point = [&[UNCOMPRESSED], x, y].concat();
        Self::checked(vec![(algorithm, ParsedPublicKey::new(parameters, point).ok()?)])
    }

    /// An Ed25519 key, if that is allowed.
    pub(crate) fn ed25519(key: &[u8], algorithms: &[Algorithm]) -> Option<Self> {
        const LENGTH: usize = 32;
        if !algorithms.contains(&Algorithm::EdDSA) || key.len() != LENGTH {
            return None;
        }
        Self::checked(vec![(Algorithm::EdDSA, ParsedPublicKey::new(&ED25519, key).ok()?)])
    }

    /// One that verifies nothing.
    #[cfg(test)]
    pub(crate) fn nothing() -> Self {
        Self { prepared: Vec::new() }
    }

    fn checked(prepared: Vec<(Algorithm, ParsedPublicKey)>) -> Option<Self> {
        (!prepared.is_empty()).then_some(Self { prepared })
    }

    /// Whether `signature` is one of `message` with this algorithm. `false` for any algorithm it was not prepared for.
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.prepared
            .iter()
            .find(|(prepared, _)| *prepared == algorithm)
            .is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.prepared.iter().map(|(algorithm, _)| algorithm)).finish()
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
