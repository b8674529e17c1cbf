//! The cache key of a token.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use memchr::memrchr;
use quick_cache::Equivalent;
use siphasher::sip128::{Hasher128, SipHasher13};

/// The secret of the tags. No caller knows it, so none can choose tokens whose tags collide.
pub(super) struct Secret(u64, u64);

impl Secret {
    /// Another in each process, by the standard library's random state.
    pub(super) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self(random(), random())
    }

    /// The key of `token`; `None` if it cannot be a token.
    pub(super) fn key<'a>(&self, token: &'a [u8]) -> Option<KeyRef<'a>> {
        let (signing_input, signature) = token.split_at(memrchr(b'.', token)?);
        // Safe under collisions: the signing input is compared in full, so a forged token hits an entry only if its tag is
        // guessed, or its signature is the valid one.
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        hasher.write(signature);
        Some(KeyRef { signing_input, tag: hasher.finish128().as_u128() })
    }
}

/// The key of a token: its signing input, and a keyed tag of its signature. It holds no usable credential.
#[derive(PartialEq, Eq)]
pub(super) struct TokenKey {
    pub(super) signing_input: Box<[u8]>,
    tag: u128,
}

/// A [`TokenKey`], borrowed from the token.
pub(super) struct KeyRef<'a> {
    signing_input: &'a [u8],
    tag: u128,
}

impl KeyRef<'_> {
    pub(super) fn to_key(&self) -> TokenKey {
        TokenKey { signing_input: self.signing_input.into(), tag: self.tag }
    }

    #[cfg(test)]
    pub(super) fn of(key: &TokenKey) -> KeyRef<'_> {
        KeyRef { signing_input: &key.signing_input, tag: key.tag }
    }

    /// The length of the signing input, in bytes.
    pub(super) fn length(&self) -> usize {
        self.signing_input.len()
    }

    pub(super) fn tag(&self) -> u128 {
        self.tag
    }
}

// The tag alone: it is a hash of the signature already.

impl Hash for TokenKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tag.hash(state);
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tag.hash(state);
    }
}

impl Equivalent<TokenKey> for KeyRef<'_> {
    fn equivalent(&self, key: &TokenKey) -> bool {
        self.tag == key.tag && *self.signing_input == *key.signing_input
    }
}
