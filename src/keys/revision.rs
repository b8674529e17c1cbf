//! Whether a cached verdict may be used without confirming its key again.

use std::time::Duration;

use crate::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
    lock,
};

/// Revision counter for everything that depends on documents and revoked keys. Writers publish the change, then increment;
/// readers load the counter before they read.
#[derive(Debug, Default)]
pub(crate) struct Revision(AtomicU64);

impl Revision {
    /// The current revision. Load it before reading the documents and the revoked keys.
    pub(crate) fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Increments the revision, after a change was published. Returns the new one.
    pub(crate) fn increment(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel) + 1
    }
}

/// The last confirmation of a cached verdict's key: its revision, and the time until which it is valid if nothing changes.
#[derive(Debug, Default)]
pub(crate) struct ValidityStamp(Mutex<Option<Confirmed>>);

#[derive(Clone, Copy, Debug)]
struct Confirmed {
    revision: u64,
    /// In monotonic time.
    until: Duration,
}

impl ValidityStamp {
    /// Records that the key was confirmed. `revision` was loaded before.
    pub(crate) fn set(&self, revision: u64, until: Duration) {
        *lock(&self.0) = Some(Confirmed { revision, until });
    }

    /// Whether nothing has changed since the confirmation, and its time is not over.
    pub(crate) fn is_valid(&self, revision: &Revision, at: Duration) -> bool {
        let confirmed = *lock(&self.0);
        confirmed.is_some_and(|confirmed| at < confirmed.until && confirmed.revision == revision.current())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn stamp_is_valid_until_its_time_or_any_change() {
        let (revision, stamp) = (Revision::default(), ValidityStamp::default());
        assert!(!stamp.is_valid(&revision, Duration::ZERO), "not confirmed yet");
        stamp.set(revision.current(), SECOND * 10);
        assert!(stamp.is_valid(&revision, SECOND * 9));
        assert!(!stamp.is_valid(&revision, SECOND * 10));
        revision.increment();
        assert!(!stamp.is_valid(&revision, SECOND * 9));
        stamp.set(revision.current(), Duration::MAX);
        assert!(stamp.is_valid(&revision, SECOND * 1_000_000_000));
    }

    #[test]
    fn change_during_the_confirmation_is_noticed() {
        let (revision, stamp) = (Revision::default(), ValidityStamp::default());
        let before = revision.current();
        revision.increment();
        stamp.set(before, SECOND * 10);
        assert!(!stamp.is_valid(&revision, SECOND));
    }
}
