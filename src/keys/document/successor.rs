//! What becomes of a document when the configuration is reloaded.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::watch;

use super::{Document, Inner, Schedule, Surroundings};
use crate::{
    authority::DocumentSpec,
    jwt::Algorithm,
    keys::{shared::Shared, snapshot::Snapshot},
};

impl Document {
    /// Whether its keys were fetched from the same place, in the same way and by the same rules as those of a document of this
    /// description would be.
    pub(in crate::keys) fn fits(&self, spec: &DocumentSpec, algorithms: &[Algorithm], around: &Surroundings) -> bool {
        *self.0.spec == *spec
            && *self.0.algorithms == *algorithms
            // Which authority's certificates vouched for the key server.
            && Arc::ptr_eq(&self.0.around.fetch, &around.fetch)
    }

    /// Whether its metadata may name the same issuers as before a reload.
    pub(in crate::keys) fn has_same_ownership(&self, around: &Surroundings) -> bool {
        self.0.spec.has_known_issuers() || self.0.around.ownership == around.ownership
    }

    /// The same document beside other authorities. It keeps its keys, unless its metadata names an issuer that belongs to
    /// another authority now. A refresh in flight is not taken over: it goes by what might be named before.
    pub(in crate::keys) fn successor(&self, around: Surroundings) -> Self {
        let old = self.snapshot();
        let is_owned = old.loaded_at.is_none() || around.ownership.check_others("", &old.issuers).is_ok();
        let schedule = match is_owned {
            true => {
                let schedule = self.0.schedule();
                Schedule {
                    not_before: schedule.not_before,
                    failures: schedule.failures,
                    failure: schedule.failure.clone(),
                    clocks: schedule.clocks,
                    has_succeeded: schedule.has_succeeded,
                    ..Schedule::default()
                }
            }
            false => Schedule::default(),
        };
        // What a refresh in flight has set to never is due now.
        let due = Some(self.0.due.load(Ordering::Relaxed)).filter(|due| is_owned && *due < u64::MAX);
        let due = if old.loaded_at.is_some() { due.unwrap_or(0) } else { u64::MAX };
        Self(Arc::new(Inner {
            spec: Arc::clone(&self.0.spec),
            algorithms: Arc::clone(&self.0.algorithms),
            around,
            snapshot: Shared::new(if is_owned { Snapshot::clone(&old) } else { old.without_keys() }),
            schedule: Mutex::new(schedule),
            due: AtomicU64::new(due),
            failing: AtomicBool::new(is_owned && self.is_failing()),
            ticket: AtomicU64::new(0),
            ended: watch::Sender::new(0),
        }))
    }

    /// The URL of its metadata.
    pub(in crate::keys) fn address(&self) -> String {
        self.0.spec.address()
    }
}
