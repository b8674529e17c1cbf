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

/// A key of the look-alike: a pair, the algorithm with which it signs, and the id under which tokens name it.
#[derive(Clone)]
pub struct MockKey {
    kid: Arc<str>,
    algorithm: SigningAlgorithm,
    pair: Arc<Pair>,
}

impl MockKey {
    /// A key of a fresh id for `algorithm`, with the pair at `index` of the pool.
    pub(super) fn fresh(pool: Pool, algorithm: SigningAlgorithm, index: usize) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let pair = pooled(pool, algorithm.key_kind().unwrap_or_default(), index);
        let seed = format!("{:?} {}", pair.public, COUNT.fetch_add(1, Ordering::Relaxed));
        // Entra's ids are thumbprints of certificates: 20 bytes (`docs/entra.md`, "Signing keys (JWKS)").
        let kid = URL_SAFE_NO_PAD.encode(&digest(&SHA256, seed.as_bytes()).as_ref()[..20]);
        Self { kid: kid.into(), algorithm, pair }
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// How it signs, unless a token is told otherwise.
    #[must_use]
    pub fn algorithm(&self) -> &SigningAlgorithm {
        &self.algorithm
    }

    /// The same pair under another id.
    #[must_use]
    pub fn with_kid(&self, kid: impl Into<String>) -> Self {
        Self { kid: kid.into().into(), ..self.clone() }
    }

    /// The public half as [Entra publishes it](https://docs.rs/tower-entra/latest/tower_entra/guide/entra/index.html#signing-keys-jwks), without `issuer` and
    /// `cloud_instance_name`: `kty`, `use`, `kid`, `x5t`, `n` and `e`, never `alg`. Of other kinds than RSA: `crv`, `x`
    /// and, but for Ed25519, `y` instead of `n` and `e`.
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
