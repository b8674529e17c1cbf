//! What stands for a token in the cache.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use memchr::memrchr;
use quick_cache::Equivalent;
use siphasher::sip128::{Hasher128, SipHasher13};

/// Known to nobody, so that nobody can choose tokens that collide.
pub(super) struct Secret(u64, u64);

impl Secret {
    /// Another in each process, by the standard library's random state.
    pub(super) fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self(random(), random())
    }

    /// What stands for `token`, if it has the form of one.
    pub(super) fn key<'a>(&self, token: &'a [u8]) -> Option<KeyRef<'a>> {
        let (signing_input, signature) = token.split_at(memrchr(b'.', token)?);
        // Who could make two signatures collide on purpose would gain nothing: the signing input is compared whole, and he has
        // the good signature already. Without it a tag has to be guessed.
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        hasher.write(signature);
        Some(KeyRef { signing_input, tag: hasher.finish128().as_bytes() })
    }
}

/// What stands for a token.
pub(super) struct Key {
    pub(super) signing_input: Box<[u8]>,
    tag: [u8; 16],
}

/// The same, borrowed.
pub(super) struct KeyRef<'a> {
    signing_input: &'a [u8],
    tag: [u8; 16],
}

impl KeyRef<'_> {
    pub(super) fn to_key(&self) -> Key {
        Key { signing_input: self.signing_input.into(), tag: self.tag }
    }

    #[cfg(test)]
    pub(super) fn of(key: &Key) -> KeyRef<'_> {
        KeyRef { signing_input: &key.signing_input, tag: key.tag }
    }

    /// Whether both stand for the same token.
    pub(super) fn is(&self, key: &Key) -> bool {
        self.equivalent(key)
    }

    /// Of the signing input, in bytes.
    pub(super) fn length(&self) -> usize {
        self.signing_input.len()
    }

    /// The tag as one number.
    pub(super) fn number(&self) -> u128 {
        u128::from_ne_bytes(self.tag)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.tag));
    }
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.tag));
    }
}

/// Takes the tag for its hash: it is one already, keyed with what nobody else knows.
#[derive(Default)]
pub(super) struct TagHasher(u64);

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Tags come as one number. Whatever else came would still be told apart by its key.
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of it is enough to find a place")]
    fn write_u128(&mut self, tag: u128) {
        self.0 = tag as u64;
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag && self.signing_input == other.signing_input
    }
}

impl Eq for Key {}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.tag == key.tag && *self.signing_input == *key.signing_input
    }
}
