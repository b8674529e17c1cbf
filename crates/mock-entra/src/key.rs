use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    SigningAlgorithm,
    key_pair::{Pair, Pool, PrivateKey, pooled},
};

/// A signing key of a mock: a key pair, its default algorithm and its key id.
///
/// ```
/// use mock_entra::{KeySpec, MockEntra};
///
/// let entra = MockEntra::new();
/// let key = entra.new_key().with_kid("next");
/// entra.publish(KeySpec::new(&key));
/// let token = entra.token().signed_with(&key).build();
///
/// assert_eq!(key.jwk()["kid"], "next");
/// # assert_eq!(token.split('.').count(), 3);
/// ```
#[derive(Clone)]
pub struct MockKey {
    kid: Arc<str>,
    algorithm: SigningAlgorithm,
    pair: Arc<Pair>,
}

impl MockKey {
    /// A key for `algorithm` with a new key id and the pair at `index` of the pool.
    pub(super) fn generate(pool: Pool, algorithm: SigningAlgorithm, index: usize) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let pair = pooled(pool, algorithm.key_kind().unwrap_or_default(), index);
        let seed = format!("{:?} {}", pair.public, COUNT.fetch_add(1, Ordering::Relaxed));
        // Entra's key ids are certificate thumbprints of 20 bytes (`docs/entra.md`, "Signing keys (JWKS)").
        let kid = URL_SAFE_NO_PAD.encode(&digest(&SHA256, seed.as_bytes()).as_ref()[..20]);
        Self { kid: kid.into(), algorithm, pair }
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The algorithm with which it signs by default.
    #[must_use]
    pub fn algorithm(&self) -> &SigningAlgorithm {
        &self.algorithm
    }

    /// The same key pair with another key id.
    #[must_use]
    pub fn with_kid(&self, kid: impl Into<String>) -> Self {
        Self { kid: kid.into().into(), ..self.clone() }
    }

    /// The public key as a JWK: `kty`, `use`, `kid`, `x5t`, `n` and `e`. Elliptic-curve keys have `crv`, `x` and `y`, and
    /// Ed25519 keys `crv` and `x`, in place of `n` and `e`.
    ///
    /// This is the form [published by
    /// Entra](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#signing-keys-jwks), without `alg`.
    /// `issuer` and `cloud_instance_name` depend on the key set and are omitted.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut members: Map<String, Value> =
            self.pair.public.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        members.insert("use".into(), "sig".into());
        members.insert("kid".into(), self.kid().into());
        members.insert("x5t".into(), self.kid().into());
        members.into()
    }

    /// Whether it can sign with `algorithm`.
    pub(super) fn fits(&self, algorithm: &SigningAlgorithm) -> bool {
        algorithm.key_kind().is_none_or(|kind| kind == self.pair.private.kind())
    }

    pub(super) fn private(&self) -> &PrivateKey {
        &self.pair.private
    }
}

impl fmt::Debug for MockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MockKey").field(&self.kid).finish()
    }
}
