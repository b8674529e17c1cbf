//! Tokens that were accepted, bounded. No usable credential is kept: of a token its signing input stays, which is none,
//! and of its signature a keyed tag of 128 bits.

use std::{
    fmt,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    sync::Arc,
};

use memchr::memrchr;
use quick_cache::{Equivalent, OptionsBuilder, Weighter, sync};
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::{claims::Claims, keys::epoch::Stamp, signature::PublicKey};

/// How many accepted tokens are remembered.
///
/// ```
/// use tower_entra::cache::CacheSettings;
///
/// assert_eq!(CacheSettings::default().max_bytes, 32 << 20);
/// ```
///
/// Off:
///
/// ```
/// use tower_entra::cache::CacheSettings;
///
/// let off = CacheSettings::off();
/// assert_eq!(off.max_entries, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// The most tokens. 10,000; 0 switches the cache off.
    pub max_entries: usize,
    /// The most memory for them, in bytes. 32 MiB; a token takes about twice its own length.
    pub max_bytes: usize,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { max_entries: 10_000, max_bytes: 32 << 20 }
    }
}

impl CacheSettings {
    /// Every token is verified each time.
    #[must_use]
    pub const fn off() -> Self {
        Self { max_entries: 0, max_bytes: 0 }
    }
}

/// A verdict that may be given again, as long as its key counts and its dates hold.
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

/// Accepted tokens by their whole text.
pub(crate) struct Cache {
    entries: sync::Cache<Key, Arc<Verdict>, Weigh, BuildHasherDefault<TagHasher>>,
    secret: (u64, u64),
}

/// What stands for a token.
struct Key {
    signing_input: Box<[u8]>,
    tag: [u8; 16],
}

/// The same, borrowed.
struct KeyRef<'a> {
    signing_input: &'a [u8],
    tag: [u8; 16],
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
struct TagHasher(u64);

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

/// Weighs an entry by its bytes, and never less than its share of the entries, so that one bound serves both.
#[derive(Clone)]
struct Weigh {
    share: u64,
}

impl Weighter<Key, Arc<Verdict>> for Weigh {
    fn weight(&self, key: &Key, verdict: &Arc<Verdict>) -> u64 {
        const OVERHEAD: usize = 1_024;
        let bytes = key.signing_input.len() + verdict.claims.as_json().len() + OVERHEAD;
        (bytes as u64).max(self.share)
    }
}

impl Cache {
    /// `None` if the settings switch it off.
    pub(crate) fn new(settings: CacheSettings) -> Option<Self> {
        if settings.max_entries == 0 || settings.max_bytes == 0 {
            return None;
        }
        const MOST_BYTES: usize = 1 << 38;
        const MOST_ENTRIES: usize = 1 << 24;
        let max_bytes = settings.max_bytes.min(MOST_BYTES) as u64;
        let max_entries = settings.max_entries.min(MOST_ENTRIES);
        let share = max_bytes.div_ceil(max_entries as u64);
        // As many as fit: the cache is made of parts, and each must have room for some.
        const USUAL_ENTRY: usize = 4_096;
        let options = OptionsBuilder::new()
            .estimated_items_capacity(settings.max_entries.min(settings.max_bytes / USUAL_ENTRY).max(1))
            .weight_capacity(max_bytes)
            .build()
            .ok()?;
        let entries = sync::Cache::with_options(
            options,
            Weigh { share },
            BuildHasherDefault::default(),
            sync::DefaultLifecycle::default(),
        );
        // Keyed anew in each process by the standard library's random state: nobody can choose tokens that collide.
        let random = || RandomState::new().build_hasher().finish();
        Some(Self { entries, secret: (random(), random()) })
    }

    fn key<'a>(&self, token: &'a [u8]) -> Option<KeyRef<'a>> {
        let (signing_input, signature) = token.split_at(memrchr(b'.', token)?);
        let mut hasher = SipHasher24::new_with_keys(self.secret.0, self.secret.1);
        hasher.write(signature);
        Some(KeyRef { signing_input, tag: hasher.finish128().as_bytes() })
    }

    /// The verdict on this very token.
    pub(crate) fn get(&self, token: &[u8]) -> Option<Arc<Verdict>> {
        self.entries.get(&self.key(token)?)
    }

    /// Remembers a token that was accepted.
    pub(crate) fn insert(&self, token: &[u8], verdict: Verdict) {
        if let Some(KeyRef { signing_input, tag }) = self.key(token) {
            self.entries.insert(Key { signing_input: signing_input.into(), tag }, Arc::new(verdict));
        }
    }

    /// Forgets a token.
    pub(crate) fn remove(&self, token: &[u8]) {
        if let Some(key) = self.key(token) {
            self.entries.remove(&key);
        }
    }

    /// How many tokens are remembered.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("entries", &self.len()).finish_non_exhaustive()
    }
}
