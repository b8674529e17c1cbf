//! Tokens that were accepted, bounded. No usable credential is kept: of a token its signing input stays, which is none,
//! and of its signature a keyed tag of 128 bits.

mod key;
mod near;
mod verdict;

use std::{fmt, hash::BuildHasherDefault, sync::Arc};

use quick_cache::{OptionsBuilder, Weighter, sync};

use key::{Key, Secret, TagHasher};
use near::Near;
pub(crate) use verdict::Verdict;

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

/// Accepted tokens by their whole text.
pub(crate) struct Cache {
    entries: sync::Cache<Key, Arc<Verdict>, Weigh, BuildHasherDefault<TagHasher>>,
    /// What a thread asks for again and again, where no other thread comes.
    near: Near,
    secret: Secret,
}

/// Weighs an entry by its bytes, and never less than its share of the entries, so that one bound serves both.
#[derive(Clone)]
struct Weigh {
    share: u64,
}

impl Weighter<Key, Arc<Verdict>> for Weigh {
    fn weight(&self, key: &Key, verdict: &Arc<Verdict>) -> u64 {
        (verdict.bytes(key.signing_input.len()) as u64).max(self.share)
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
        let near = Near::new(settings.max_entries, settings.max_bytes);
        let max_bytes = if near.is_empty() { max_bytes } else { max_bytes - max_bytes / Near::PART as u64 };
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
        Some(Self { entries, near, secret: Secret::new() })
    }

    /// The verdict on this very token.
    pub(crate) fn get(&self, token: &[u8]) -> Option<Arc<Verdict>> {
        let key = self.secret.key(token)?;
        self.near.get(&key).or_else(|| {
            let verdict = self.entries.get(&key)?;
            self.near.offer(&key, &verdict);
            Some(verdict)
        })
    }

    /// Remembers a token that was accepted.
    pub(crate) fn insert(&self, token: &[u8], verdict: Verdict) {
        if let Some(key) = self.secret.key(token) {
            self.entries.insert(key.to_key(), Arc::new(verdict));
        }
    }

    /// Forgets a token. Another thread may have it near, and looks at its key and dates as this one has.
    pub(crate) fn remove(&self, token: &[u8]) {
        if let Some(key) = self.secret.key(token) {
            self.near.remove(&key);
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        keys::{epoch::Stamp, stats::SHARDS},
        signature::PublicKey,
        verifier::stub,
    };

    pub(super) fn verdict() -> Verdict {
        let key = Arc::new(PublicKey::nothing());
        Verdict { claims: stub::claims("a"), authority: 0, key_id: "k".into(), key, stamp: Stamp::default() }
    }

    #[test]
    fn what_is_forgotten_is_not_near_either() {
        let cache = Cache::new(CacheSettings::default()).unwrap();
        let is_near = || cache.near.get(&cache.secret.key(b"a.b.c").unwrap()).is_some();
        cache.insert(b"a.b.c", verdict());
        for near in [false, false, true] {
            assert_eq!(is_near(), near);
            assert!(cache.get(b"a.b.c").is_some());
        }
        cache.remove(b"a.b.c");
        assert!(!is_near() && cache.get(b"a.b.c").is_none());
    }

    #[test]
    fn room_is_left_for_what_is_near_if_there_is_any() {
        let most = |max_entries| {
            let cache = Cache::new(CacheSettings { max_entries, ..CacheSettings::default() }).unwrap();
            (0..10 * max_entries).for_each(|number| cache.insert(format!("a.b.{number}").as_bytes(), verdict()));
            cache.len()
        };
        let many = 2 * Near::PART * SHARDS;
        assert!(most(many) <= many - many / Near::PART);
        assert_eq!(most(16), 16, "too few for any to be near");
    }
}
