use std::sync::atomic::{AtomicU64, Ordering};

/// What the keys have cost so far. Counts since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyStats {
    /// Refreshes that were started: each gets the metadata and the keys of one document.
    pub refreshes: u64,
    /// Refreshes that failed.
    pub failures: u64,
    /// Documents that were asked for.
    pub fetches: u64,
    /// Tokens whose key was not here when they came.
    pub unknown_keys: u64,
}

/// The counters behind [`KeyStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) refreshes: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) fetches: AtomicU64,
    pub(crate) unknown_keys: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> KeyStats {
        KeyStats {
            refreshes: self.refreshes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            fetches: self.fetches.load(Ordering::Relaxed),
            unknown_keys: self.unknown_keys.load(Ordering::Relaxed),
        }
    }
}
