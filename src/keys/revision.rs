//! When a cached verdict may be used without another look at the keys.

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
    /// The current revision, to be loaded before anything that it stands for is read.
    pub(crate) fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Increments it, after a change was published. Returns the new revision.
    pub(crate) fn increment(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel) + 1
    }
}

/// When the key of a cached verdict was last confirmed: at which revision, and until when that needs no other look.
#[derive(Debug, Default)]
pub(crate) struct ValidityStamp(Mutex<Option<Confirmed>>);

#[derive(Clone, Copy, Debug)]
struct Confirmed {
    revision: u64,
    /// In monotonic time.
    until: Duration,
}

impl ValidityStamp {
    /// Notes that the verdict was confirmed; `revision` was loaded before.
    pub(crate) fn set(&self, revision: u64, until: Duration) {
        *lock(&self.0) = Some(Confirmed { revision, until });
    }

    /// Whether nothing has changed since then, and it is not time to look again.
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
