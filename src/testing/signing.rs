use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::aws_lc::DEFAULT_PROVIDER};
use serde_json::{Map, Value};

use super::{MockKey, pair::KeyKind};

/// How a token is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSA PKCS #1 v1.5 with SHA-256, what Entra uses.
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
    /// HMAC with SHA-256 and these bytes as the secret, whatever the key: for the attack with the public key as secret.
    Hs256(Vec<u8>),
    /// No signature at all (`"alg":"none"`).
    None,
}

impl SigningAlgorithm {
    /// The name in the header.
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

    /// The kind of key that it needs; `None` where it needs none.
    pub(super) fn key_kind(&self) -> Option<KeyKind> {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => Some(KeyKind::Rsa),
            Self::Es256 => Some(KeyKind::P256),
            Self::Es384 => Some(KeyKind::P384),
            Self::EdDsa => Some(KeyKind::Ed25519),
            Self::Hs256(_) | Self::None => None,
        }
    }

    /// The signature of `message` as it stands in a token. The key is of the kind that is needed.
    pub(super) fn sign(&self, key: &MockKey, message: &str) -> String {
        match self {
            Self::Rs256 => signature(Algorithm::RS256, key.private(), message),
            Self::Rs384 => signature(Algorithm::RS384, key.private(), message),
            Self::Rs512 => signature(Algorithm::RS512, key.private(), message),
            Self::Ps256 => signature(Algorithm::PS256, key.private(), message),
            Self::Ps384 => signature(Algorithm::PS384, key.private(), message),
            Self::Ps512 => signature(Algorithm::PS512, key.private(), message),
            Self::Es256 => signature(Algorithm::ES256, key.private(), message),
            Self::Es384 => signature(Algorithm::ES384, key.private(), message),
            Self::EdDsa => signature(Algorithm::EdDSA, key.private(), message),
            Self::Hs256(secret) => signature(Algorithm::HS256, &EncodingKey::from_secret(secret), message),
            Self::None => String::new(),
        }
    }
}

/// The back end is named, because the process-wide one panics where two of them are compiled in.
#[expect(clippy::expect_used, reason = "the keys are our own and fit their algorithms")]
fn signature(algorithm: Algorithm, key: &EncodingKey, message: &str) -> String {
    let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, key).expect("the key fits the algorithm");
    URL_SAFE_NO_PAD.encode(signer.try_sign(message.as_bytes()).expect("a good key signs"))
}

/// The header over which Microsoft's own APIs have their tokens signed: its nonce hashed (§9).
pub(super) fn with_hashed_nonce(mut header: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::String(nonce)) = header.get_mut("nonce") {
        *nonce = URL_SAFE_NO_PAD.encode(digest(&SHA256, nonce.as_bytes()));
    }
    header
}
