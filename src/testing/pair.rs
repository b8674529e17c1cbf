use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    encoding::AsDer,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;

/// Whose pairs they are: the instances of one provider share theirs, no two providers do.
pub(super) type Pool = &'static str;

/// What kind of pair it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum KeyKind {
    /// RSA with 2048 bits.
    #[default]
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// A private key and its public half. Making one of RSA takes a moment, so instances share them (see [`pooled`]).
pub(super) struct Pair {
    pub(super) kind: KeyKind,
    pub(super) private: EncodingKey,
    /// The members of the JWK that are the public key (RFC 7518 §6, RFC 8037 §2).
    pub(super) public: Vec<(&'static str, String)>,
}

/// The pair of this kind at `index` of `pool`, made when it is first asked for.
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

#[expect(clippy::expect_used, reason = "a machine that cannot make a key cannot run these tests")]
impl Pair {
    fn generate(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Rsa => Self::rsa(),
            KeyKind::P256 => Self::ec(kind, "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
            KeyKind::P384 => Self::ec(kind, "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
            KeyKind::Ed25519 => Self::ed25519(),
        }
    }

    fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key of 2048 bits can be made");
        let public = pair.public_key();
        let pkcs8 = pair.as_der().expect("an RSA key can be written");
        Self {
            kind: KeyKind::Rsa,
            private: EncodingKey::from_rsa_der(inner_key(pkcs8.as_ref())),
            public: vec![
                ("kty", "RSA".to_owned()),
                ("n", encoded(public.modulus().big_endian_without_leading_zero())),
                ("e", encoded(public.exponent().big_endian_without_leading_zero())),
            ],
        }
    }

    fn ec(kind: KeyKind, curve: &str, algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(algorithm).expect("a key on the curve can be made");
        let pkcs8 = pair.to_pkcs8v1().expect("a key on a curve can be written");
        // One byte that says that the point is not compressed, then both coordinates (SEC 1 §2.3.3).
        let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
        Self {
            kind,
            private: EncodingKey::from_ec_der(pkcs8.as_ref()),
            public: vec![("kty", "EC".to_owned()), ("crv", curve.to_owned()), ("x", encoded(x)), ("y", encoded(y))],
        }
    }

    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().expect("a key on the curve can be made");
        let pkcs8 = pair.to_pkcs8().expect("a key on a curve can be written");
        Self {
            kind: KeyKind::Ed25519,
            private: EncodingKey::from_ed_der(pkcs8.as_ref()),
            public: vec![
                ("kty", "OKP".to_owned()),
                ("crv", "Ed25519".to_owned()),
                ("x", encoded(pair.public_key().as_ref())),
            ],
        }
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The `RSAPrivateKey` (RFC 8017) inside a PKCS #8 document (RFC 5958). What is in front of it, version and algorithm, has
/// the same 26 bytes for every RSA key of 2048 bits.
fn inner_key(pkcs8: &[u8]) -> &[u8] {
    const PREFIX: usize = 26;
    pkcs8.get(PREFIX..).unwrap_or_default()
}
