use std::{collections::HashSet, fmt, sync::Arc};

use crate::sync::{
    RwLock,
    atomic::{AtomicBool, Ordering},
    read, write,
};

/// Revoked keys, by `kid`: they are not accepted even if an issuer publishes them.
#[derive(Debug, Default)]
pub(crate) struct Revoked {
    /// From the configuration; a reload replaces them.
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

/// Keys that were revoked at run time. They stay revoked until the process ends: no configuration removes them.
#[derive(Default)]
pub(crate) struct RevokedAtRunTime {
    /// Usually zero; then nothing is locked.
    has_any: AtomicBool,
    key_ids: RwLock<HashSet<String>>,
}

impl RevokedAtRunTime {
    pub(crate) fn add(&self, key_id: String) {
        write(&self.key_ids).insert(key_id);
        self.has_any.store(true, Ordering::Release);
    }

    fn contains(&self, key_id: &str) -> bool {
        self.has_any.load(Ordering::Acquire) && read(&self.key_ids).contains(key_id)
    }
}

impl fmt::Debug for RevokedAtRunTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        read(&self.key_ids).fmt(f)
    }
}
