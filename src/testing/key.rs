use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::AsDer,
    rsa::KeySize,
    signature::{KeyPair, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use crate::tenant::Cloud;

/// A key of the look-alike: an RSA pair of 2048 bits and the id under which tokens name it.
#[derive(Clone)]
pub struct MockKey {
    kid: Arc<str>,
    material: Arc<Material>,
}

/// The pair itself. Making one takes a moment, so instances share them (see [`pooled`]).
pub(super) struct Material {
    pub(super) private: EncodingKey,
    n: String,
    e: String,
}

impl MockKey {
    /// A key of a fresh id with the pair at `index` of the cloud's pool.
    pub(super) fn fresh(pool: Pool, index: usize) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let material = pooled(pool, index);
        let seed = format!("{} {}", material.n, COUNT.fetch_add(1, Ordering::Relaxed));
        // Entra's ids are thumbprints of certificates: 20 bytes (§1.6).
        let kid = URL_SAFE_NO_PAD.encode(&digest(&SHA256, seed.as_bytes()).as_ref()[..20]);
        Self { kid: kid.into(), material }
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The same pair under another id.
    #[must_use]
    pub fn with_kid(&self, kid: impl Into<String>) -> Self {
        Self { kid: kid.into().into(), material: Arc::clone(&self.material) }
    }

    /// The public half as Entra publishes it, without `issuer` and `cloud_instance_name`: `kty`, `use`, `kid`, `x5t`, `n`
    /// and `e`, never `alg` (§1.6).
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid(),
            "x5t": self.kid(),
            "n": self.material.n,
            "e": self.material.e,
        })
    }

    pub(super) fn private(&self) -> &EncodingKey {
        &self.material.private
    }
}

impl fmt::Debug for MockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MockKey").field(&self.kid).finish()
    }
}

/// Pairs are shared between instances of one cloud, never between clouds.
pub(super) type Pool = Option<Cloud>;

/// The pair at `index` of `pool`, made when it is first asked for.
fn pooled(pool: Pool, index: usize) -> Arc<Material> {
    static POOLS: Mutex<Option<HashMap<Pool, Vec<Arc<Material>>>>> = Mutex::new(None);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pairs = pools.get_or_insert_default().entry(pool).or_default();
    while pairs.len() <= index {
        pairs.push(Arc::new(Material::generate()));
    }
    Arc::clone(&pairs[index])
}

impl Material {
    #[expect(clippy::expect_used, reason = "a machine that cannot make an RSA key cannot run these tests")]
    fn generate() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key of 2048 bits can be made");
        let public = pair.public_key();
        let pkcs8 = pair.as_der().expect("an RSA key can be written");
        Self {
            private: EncodingKey::from_rsa_der(inner_key(pkcs8.as_ref())),
            n: URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            e: URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        }
    }
}

/// The `RSAPrivateKey` (RFC 8017) inside a PKCS #8 document (RFC 5958). What is in front of it, version and algorithm, has
/// the same 26 bytes for every RSA key of 2048 bits.
fn inner_key(pkcs8: &[u8]) -> &[u8] {
    const PREFIX: usize = 26;
    pkcs8.get(PREFIX..).unwrap_or_default()
}
