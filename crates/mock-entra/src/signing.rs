use aws_lc_rs::{
    hmac,
    signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::key_pair::{KeyKind, PrivateKey};

/// The algorithm with which a token is signed.
///
/// ```
/// use mock_entra::{MockEntra, SigningAlgorithm};
///
/// let entra = MockEntra::new();
/// let pss = entra.token().algorithm(SigningAlgorithm::Ps256).build();
/// let unsigned = entra.token().algorithm(SigningAlgorithm::None).build();
/// assert!(unsigned.ends_with('.') && !pss.ends_with('.'));
///
/// entra.rotate_to(SigningAlgorithm::Es256); // the new key is on the curve P-256
/// assert_eq!(entra.current_key().jwk()["crv"], "P-256");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSA PKCS #1 v1.5 with SHA-256, which Entra uses.
    #[default]
    Rs256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// ECDSA on the curve P-256 with SHA-256.
    Es256,
    /// ECDSA on the curve P-384 with SHA-384.
    Es384,
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// HMAC with SHA-256 and these bytes as the secret, for the attack that uses the public key as the secret. The signing
    /// key is ignored.
    Hs256(Vec<u8>),
    /// No signature (`"alg":"none"`).
    None,
}

impl SigningAlgorithm {
    /// The `alg` value (RFC 7518, section 3.1).
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Hs256(_) => "HS256",
            Self::None => "none",
        }
    }

    /// The required type of key. `None` if no key is required.
    pub(super) fn key_kind(&self) -> Option<KeyKind> {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => Some(KeyKind::Rsa),
            Self::Es256 => Some(KeyKind::P256),
            Self::Es384 => Some(KeyKind::P384),
            Self::EdDsa => Some(KeyKind::Ed25519),
            Self::Hs256(_) | Self::None => None,
        }
    }

    /// The signature of `message`, in base64url. The key must [fit](super::MockKey::fits).
    #[expect(clippy::expect_used, reason = "callers check `fits` first")]
    pub(super) fn sign(&self, key: &PrivateKey, message: &str) -> String {
        let message = message.as_bytes();
        let signature = match self {
            Self::Rs256 => key.sign_rsa(&RSA_PKCS1_SHA256, message),
            Self::Rs384 => key.sign_rsa(&RSA_PKCS1_SHA384, message),
            Self::Rs512 => key.sign_rsa(&RSA_PKCS1_SHA512, message),
            Self::Ps256 => key.sign_rsa(&RSA_PSS_SHA256, message),
            Self::Ps384 => key.sign_rsa(&RSA_PSS_SHA384, message),
            Self::Ps512 => key.sign_rsa(&RSA_PSS_SHA512, message),
            Self::Es256 | Self::Es384 | Self::EdDsa => key.sign_on_curve(message),
            Self::Hs256(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                Some(hmac::sign(&key, message).as_ref().to_vec())
            }
            Self::None => Some(Vec::new()),
        };
        URL_SAFE_NO_PAD.encode(signature.expect("the key fits the algorithm"))
    }
}
