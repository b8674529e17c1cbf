use std::sync::Arc;

use crate::{claims::Claims, keys::revision::ValidityStamp, signature::PublicKey};

/// An accepted token. It stays accepted while its key is authorized and `exp` and `nbf` allow.
pub(crate) struct CachedToken {
    pub(crate) claims: Claims,
    /// The index of the authority that accepted it.
    pub(crate) authority: usize,
    pub(crate) key_id: Arc<str>,
    /// The key that verified it.
    pub(crate) key: Arc<PublicKey>,
    /// The last confirmation of that key.
    pub(crate) stamp: ValidityStamp,
}

impl CachedToken {
    /// Its size in memory, in bytes, with a signing input of this length.
    pub(super) fn bytes(&self, signing_input: usize) -> usize {
        /// Facts, counters and the overhead of the allocator.
        const OVERHEAD: usize = 512;
        signing_input + self.claims.payload().bytes() + OVERHEAD
    }

    /// A copy whose key has not been checked yet.
    pub(super) fn copy(&self) -> Self {
        Self {
            claims: self.claims.copy(),
            authority: self.authority,
            key_id: Arc::clone(&self.key_id),
            key: Arc::clone(&self.key),
            stamp: ValidityStamp::default(),
        }
    }
}
