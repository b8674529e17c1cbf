//! A bounded cache of accepted tokens. It holds no usable credential: the signing input of a token, and a keyed 128-bit tag
//! of its signature.

mod cached_token;
mod key;
mod thread_local_cache;

use std::{fmt, sync::Arc};

use foldhash::fast::RandomState;
use quick_cache::{OptionsBuilder, Weighter, sync};

pub(crate) use cached_token::CachedToken;
use key::{Secret, TokenKey};
use thread_local_cache::ThreadLocalCache;

/// The limits of the cache of accepted tokens.
///
/// ```
/// use tower_entra::cache::CacheSettings;
///
/// assert_eq!(CacheSettings::default().max_bytes, 32 << 20);
/// ```
///
/// Disabled:
///
/// ```
/// use tower_entra::cache::CacheSettings;
///
/// let off = CacheSettings::off();
/// assert_eq!(off.max_entries, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// The maximum number of tokens. Default: 10,000; 0 disables the cache.
    pub max_entries: usize,
    /// The maximum memory for them, in bytes. Default: 32 MiB; a token takes about twice its length.
    pub max_bytes: usize,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { max_entries: 10_000, max_bytes: 32 << 20 }
    }
}

impl CacheSettings {
    /// No cache: every token is verified on every request.
    #[must_use]
    pub const fn off() -> Self {
        Self { max_entries: 0, max_bytes: 0 }
    }
}

/// Accepted tokens by their signing input and the tag of their signature.
pub(crate) struct Cache {
    entries: sync::Cache<TokenKey, Arc<CachedToken>, Weigh, RandomState>,
    thread_local: ThreadLocalCache,
    secret: Secret,
}

/// Weighs an entry by its bytes, and at least by its share of the entries, so that one bound limits both.
#[derive(Clone)]
struct Weigh {
    share: u64,
}

impl Weighter<TokenKey, Arc<CachedToken>> for Weigh {
    fn weight(&self, key: &TokenKey, cached: &Arc<CachedToken>) -> u64 {
        (cached.bytes(key.signing_input.len()) as u64).max(self.share)
    }
}

impl Cache {
    /// `None` if the settings disable it.
    pub(crate) fn new(settings: CacheSettings) -> Option<Self> {
        if settings.max_entries == 0 || settings.max_bytes == 0 {
            return None;
        }
        const MOST_BYTES: usize = 1 << 38;
        const MOST_ENTRIES: usize = 1 << 24;
        let max_bytes = settings.max_bytes.min(MOST_BYTES) as u64;
        let max_entries = settings.max_entries.min(MOST_ENTRIES);
        let share = max_bytes.div_ceil(max_entries as u64);
        let thread_local = ThreadLocalCache::new(settings.max_entries, settings.max_bytes);
        let copies = if thread_local.is_empty() { 0 } else { max_bytes / ThreadLocalCache::FRACTION as u64 };
        // The number that fits: the cache is sharded, and each shard needs room for some.
        const USUAL_ENTRY: usize = 4_096;
        let options = OptionsBuilder::new()
            .estimated_items_capacity(settings.max_entries.min(settings.max_bytes / USUAL_ENTRY).max(1))
            .weight_capacity(max_bytes - copies)
            .build()
            .ok()?;
        let entries = sync::Cache::with_options(
            options,
            Weigh { share },
            RandomState::default(),
            sync::DefaultLifecycle::default(),
        );
        Some(Self { entries, thread_local, secret: Secret::new() })
    }

    /// The entry of this token.
    pub(crate) fn get(&self, token: &[u8]) -> Option<Arc<CachedToken>> {
        let key = self.secret.key(token)?;
        self.thread_local.get(&key).or_else(|| {
            let cached = self.entries.get(&key)?;
            self.thread_local.insert_if_repeated(&key, &cached);
            Some(cached)
        })
    }

    /// Adds an accepted token.
    pub(crate) fn insert(&self, token: &[u8], cached: CachedToken) {
        if let Some(key) = self.secret.key(token) {
            self.entries.insert(key.to_key(), Arc::new(cached));
        }
    }

    /// Removes a token. Other threads may keep their copies, for which they check key and dates on every hit.
    pub(crate) fn remove(&self, token: &[u8]) {
        if let Some(key) = self.secret.key(token) {
            self.thread_local.remove(&key);
            self.entries.remove(&key);
        }
    }

    /// The number of cached tokens.
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
    use crate::{keys::revision::ValidityStamp, signature::PublicKey, sync::Sharded, verifier::stub};

    pub(super) fn cached() -> CachedToken {
        let key = Arc::new(PublicKey::nothing());
        CachedToken {
            claims: stub::claims("a"),
            authority: 0,
            key_id: "k".into(),
            key,
            stamp: ValidityStamp::default(),
        }
    }

    #[test]
    fn removed_token_is_removed_for_the_thread_too() {
        let cache = Cache::new(CacheSettings::default()).unwrap();
        let has_copy = || cache.thread_local.get(&cache.secret.key(b"a.b.c").unwrap()).is_some();
        cache.insert(b"a.b.c", cached());
        for expected in [false, false, true] {
            assert_eq!(has_copy(), expected);
            assert!(cache.get(b"a.b.c").is_some());
        }
        cache.remove(b"a.b.c");
        assert!(!has_copy() && cache.get(b"a.b.c").is_none());
    }

    #[test]
    fn bound_includes_the_copies_of_threads() {
        let most = |max_entries| {
            let cache = Cache::new(CacheSettings { max_entries, ..CacheSettings::default() }).unwrap();
            (0..10 * max_entries).for_each(|number| cache.insert(format!("a.b.{number}").as_bytes(), cached()));
            cache.len()
        };
        let many = 2 * ThreadLocalCache::FRACTION * Sharded::<()>::SHARDS;
        assert!(most(many) <= many - many / ThreadLocalCache::FRACTION);
        assert_eq!(most(16), 16, "too few for thread-local copies");
    }
}
