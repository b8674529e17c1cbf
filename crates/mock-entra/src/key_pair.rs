use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The name of a set of key pairs. Mocks of one provider share a pool; mocks of different providers do not.
pub(super) type Pool = &'static str;

/// The type of a key pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum KeyKind {
    /// 2048 bits.
    #[default]
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// A private key and its public key. Generating an RSA key is slow, so mocks share them (see [`pooled`]).
pub(super) struct Pair {
    pub(super) private: PrivateKey,
    /// The JWK members of the public key (RFC 7518, section 6; RFC 8037, section 2).
    pub(super) public: Vec<(&'static str, String)>,
}

/// A private key. It signs with aws-lc-rs directly, because a crate with selectable back ends, such as jsonwebtoken, panics
/// in the user's tests if the user's dependencies select a different one.
pub(super) enum PrivateKey {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Self::Rsa(_) => KeyKind::Rsa,
            Self::P256(_) => KeyKind::P256,
            Self::P384(_) => KeyKind::P384,
            Self::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// An RSA signature. `None` if it is not an RSA key.
    pub(super) fn sign_rsa(&self, padding: &'static dyn RsaEncoding, message: &[u8]) -> Option<Vec<u8>> {
        let Self::Rsa(pair) = self else { return None };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }

    /// A signature with the algorithm of the curve, in the format of RFC 7518, section 3.4, and RFC 8037, section 3.1.
    /// `None` if it is an RSA key.
    pub(super) fn sign_on_curve(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(_) => None,
            Self::P256(pair) | Self::P384(pair) => {
                Some(pair.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
            }
            Self::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// The pair of this kind at `index` of `pool`, generated on first use.
pub(super) fn pooled(pool: Pool, kind: KeyKind, index: usize) -> Arc<Pair> {
    type Pools = HashMap<(Pool, KeyKind), Vec<Arc<Pair>>>;
    static POOLS: Mutex<Option<Pools>> = Mutex::new(None);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pairs = pools.get_or_insert_default().entry((pool, kind)).or_default();
    while pairs.len() <= index {
        pairs.push(Arc::new(Pair::generate(kind)));
    }
    Arc::clone(&pairs[index])
}

#[expect(clippy::expect_used, reason = "tests cannot run without keys")]
impl Pair {
    fn generate(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Rsa => Self::rsa(),
            KeyKind::P256 => Self::ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING, PrivateKey::P256),
            KeyKind::P384 => Self::ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING, PrivateKey::P384),
            KeyKind::Ed25519 => Self::ed25519(),
        }
    }

    fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be generated");
        let public = pair.public_key();
        let public = vec![
            ("kty", "RSA".to_owned()),
            ("n", encoded(public.modulus().big_endian_without_leading_zero())),
            ("e", encoded(public.exponent().big_endian_without_leading_zero())),
        ];
        Self { private: PrivateKey::Rsa(Box::new(pair)), public }
    }

    fn ec(curve: &str, algorithm: &'static EcdsaSigningAlgorithm, private: fn(EcdsaKeyPair) -> PrivateKey) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).expect("a key on the curve can be generated");
        // A prefix byte for an uncompressed point, then both coordinates (SEC 1, section 2.3.3).
        let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
        let public = vec![("kty", "EC".to_owned()), ("crv", curve.to_owned()), ("x", encoded(x)), ("y", encoded(y))];
        Self { private: private(pair), public }
    }

    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().expect("a key on the curve can be generated");
        let public =
            vec![("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned()), ("x", encoded(pair.public_key().as_ref()))];
        Self { private: PrivateKey::Ed25519(pair), public }
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
