//! Public keys, prepared once when they are fetched, and used only for the algorithms that they were prepared for.

pub(crate) mod weak;

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

/// Why a key is not prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// It cannot be used for any of the accepted algorithms.
    OtherAlgorithm,
    /// It is not a valid key of its type.
    Invalid(&'static str),
    /// Anyone can forge its signatures.
    Weak(&'static str),
}

impl PublicKey {
    /// Prepares an RSA key by modulus and exponent, big-endian without leading zeros, for the RSA algorithms among
    /// `algorithms`.
    ///
    /// # Errors
    ///
    /// If there are none, or the key is invalid or weak.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8], algorithms: &[Algorithm]) -> Result<Self, NoKey> {
        let usable: Vec<_> =
            algorithms.iter().filter_map(|&algorithm| Some((algorithm, rsa_parameters(algorithm)?))).collect();
        if usable.is_empty() {
            return Err(NoKey::OtherAlgorithm);
        }
        weak::check_rsa(modulus, exponent).map_err(NoKey::Weak)?;
        let components = RsaPublicKeyComponents { n: modulus, e: exponent };
        let prepare = |(algorithm, parameters)| match components.to_parsed_public_key(parameters) {
            Ok(key) => Ok((algorithm, key)),
            Err(_) => Err(NoKey::Invalid("is not a valid RSA key")),
        };
        Ok(Self { prepared: usable.into_iter().map(prepare).collect::<Result<_, _>>()? })
    }

    /// Prepares an elliptic curve key by its point, uncompressed without the leading 4, for `algorithm` if that is allowed.
    ///
    /// # Errors
    ///
    /// If it is not allowed, or the point is not on the algorithm's curve.
    pub(crate) fn elliptic(algorithm: Algorithm, x: &[u8], y: &[u8], algorithms: &[Algorithm]) -> Result<Self, NoKey> {
        const UNCOMPRESSED: u8 = 4;
        let (parameters, length) = match algorithm {
            Algorithm::ES256 => (&ECDSA_P256_SHA256_FIXED, 32),
            Algorithm::ES384 => (&ECDSA_P384_SHA384_FIXED, 48),
            _ => return Err(NoKey::OtherAlgorithm),
        };
        if !algorithms.contains(&algorithm) {
            return Err(NoKey::OtherAlgorithm);
        }
        if x.len() != length || y.len() != length {
            return Err(NoKey::Invalid("has coordinates of another length than its curve's"));
        }
        let point = [&[UNCOMPRESSED], x, y].concat();
        match ParsedPublicKey::new(parameters, point) {
            Ok(key) => Ok(Self { prepared: vec![(algorithm, key)] }),
            Err(_) => Err(NoKey::Invalid("is not a point on its curve")),
        }
    }

    /// Prepares an Ed25519 key, if that is allowed.
    ///
    /// # Errors
    ///
    /// If it is not allowed, or the key is invalid or weak.
    pub(crate) fn ed25519(key: &[u8], algorithms: &[Algorithm]) -> Result<Self, NoKey> {
        if !algorithms.contains(&Algorithm::EdDSA) {
            return Err(NoKey::OtherAlgorithm);
        }
        weak::check_ed25519(key).map_err(NoKey::Weak)?;
        match ParsedPublicKey::new(&ED25519, key) {
            Ok(key) => Ok(Self { prepared: vec![(Algorithm::EdDSA, key)] }),
            Err(_) => Err(NoKey::Invalid("is not a valid Ed25519 key")),
        }
    }

    /// A key that verifies nothing.
    #[cfg(test)]
    pub(crate) fn nothing() -> Self {
        Self { prepared: Vec::new() }
    }

    /// The algorithms that it verifies.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.prepared.iter().map(|(algorithm, _)| *algorithm)
    }

    /// Whether `signature` is a valid signature of `message` with this algorithm. `false` for an algorithm that the key was not
    /// prepared for.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
