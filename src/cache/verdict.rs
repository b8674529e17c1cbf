use std::sync::Arc;

use crate::{claims::Claims, keys::epoch::Stamp, signature::PublicKey};

/// An accepted token's verdict, valid while its key is and until the token expires.
pub(crate) struct Verdict {
    pub(crate) claims: Claims,
    /// Which of the configured authorities accepted it.
    pub(crate) authority: usize,
    pub(crate) key_id: Arc<str>,
    /// The very key that verified it.
    pub(crate) key: Arc<PublicKey>,
    /// The last look at that key.
    pub(crate) stamp: Stamp,
}

impl Verdict {
    /// What it takes in memory, with a signing input of this length.
    pub(super) fn bytes(&self, signing_input: usize) -> usize {
        /// Facts, counts, places, and what the allocator takes for itself.
        const OVERHEAD: usize = 512;
        signing_input + self.claims.payload().bytes() + OVERHEAD
    }

    /// Another of the same, which nobody has looked at yet.
    pub(super) fn copy(&self) -> Self {
        Self {
            claims: self.claims.copy(),
            authority: self.authority,
            key_id: Arc::clone(&self.key_id),
            key: Arc::clone(&self.key),
            stamp: Stamp::default(),
        }
    }
}
