use std::{
    collections::HashSet,
    fmt,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Keys that never count, by their `kid`, whatever any document says. One is added at once and for good.
#[derive(Default)]
pub(crate) struct Revoked {
    /// Most verifiers have none: then nothing is locked.
    has_any: AtomicBool,
    key_ids: RwLock<HashSet<String>>,
}

impl Revoked {
    pub(crate) fn new(key_ids: HashSet<String>) -> Self {
        Self { has_any: AtomicBool::new(!key_ids.is_empty()), key_ids: RwLock::new(key_ids) }
    }

    pub(crate) fn add(&self, key_id: String) {
        self.key_ids.write().unwrap_or_else(PoisonError::into_inner).insert(key_id);
        self.has_any.store(true, Ordering::Release);
    }

    pub(crate) fn contains(&self, key_id: &str) -> bool {
        self.has_any.load(Ordering::Acquire)
            && self.key_ids.read().unwrap_or_else(PoisonError::into_inner).contains(key_id)
    }
}

impl fmt::Debug for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key_ids.read().unwrap_or_else(PoisonError::into_inner).fmt(f)
    }
}
