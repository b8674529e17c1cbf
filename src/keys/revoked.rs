use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Keys that are never accepted, by their `kid`, whatever any document says.
#[derive(Debug, Default)]
pub(crate) struct Revoked {
    /// By the configuration: those of a reloaded one replace them.
    configured: HashSet<String>,
    at_run_time: Arc<RevokedAtRunTime>,
}

impl Revoked {
    pub(crate) fn new(configured: HashSet<String>, at_run_time: Arc<RevokedAtRunTime>) -> Self {
        Self { configured, at_run_time }
    }

    pub(crate) fn contains(&self, key_id: &str) -> bool {
        self.configured.contains(key_id) || self.at_run_time.contains(key_id)
    }
}

/// Keys that were revoked while the process runs. One is added at once and for good: no configuration removes it.
#[derive(Default)]
pub(crate) struct RevokedAtRunTime {
    /// Most verifiers have none: then nothing is locked.
    has_any: AtomicBool,
    key_ids: RwLock<HashSet<String>>,
}

impl RevokedAtRunTime {
    pub(crate) fn add(&self, key_id: String) {
        self.key_ids.write().unwrap_or_else(PoisonError::into_inner).insert(key_id);
        self.has_any.store(true, Ordering::Release);
    }

    fn contains(&self, key_id: &str) -> bool {
        self.has_any.load(Ordering::Acquire)
            && self.key_ids.read().unwrap_or_else(PoisonError::into_inner).contains(key_id)
    }
}

impl fmt::Debug for RevokedAtRunTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key_ids.read().unwrap_or_else(PoisonError::into_inner).fmt(f)
    }
}
