//! When a verdict that was given may be given again without another look at the keys.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts the changes of what a verdict rests on: documents that came or failed to come, keys that were revoked.
///
/// Whoever changes something changes it first and counts then. Whoever looks reads the count first and looks then.
#[derive(Debug, Default)]
pub(crate) struct Epoch(AtomicU64);

impl Epoch {
    #[cfg(test)]
    pub(super) fn at(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }

    /// The count, to be read before anything is looked at.
    pub(crate) fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Something has changed.
    pub(crate) fn advance(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// What a verdict remembers of the last look at its key: the count then, and the time of the next look. One number, so that
/// two looks at once never mix.
#[derive(Debug, Default)]
pub(crate) struct Stamp(AtomicU64);

const HALF: u32 = 32;

impl Stamp {
    /// Notes a look that found the verdict good until some time, by the clock that never leaps, if nothing changes.
    pub(crate) fn set(&self, epoch: u64, until: Duration) {
        let until = u64::from(u32::try_from(until.as_secs()).unwrap_or(u32::MAX));
        // A count that has no room is never found again: then every hit looks anew.
        let stamp = if epoch <= u64::from(u32::MAX) { epoch << HALF | until } else { 0 };
        self.0.store(stamp, Ordering::Relaxed);
    }

    /// Whether nothing has changed since, and it is not time to look again.
    pub(crate) fn holds(&self, epoch: &Epoch, at: Duration) -> bool {
        let stamp = self.0.load(Ordering::Relaxed);
        at.as_secs() < stamp & u64::from(u32::MAX) && epoch.current() == stamp >> HALF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stamp_ends_with_its_time_or_any_change() {
        let (epoch, stamp) = (Epoch::default(), Stamp::default());
        assert!(!stamp.holds(&epoch, Duration::ZERO), "nobody has looked yet");
        stamp.set(epoch.current(), SECOND * 10);
        assert!(stamp.holds(&epoch, SECOND * 9));
        assert!(!stamp.holds(&epoch, SECOND * 10));
        epoch.advance();
        assert!(!stamp.holds(&epoch, SECOND * 9));
        stamp.set(epoch.current(), Duration::MAX);
        assert!(stamp.holds(&epoch, SECOND * 1_000_000_000));
    }

    #[test]
    fn the_count_never_comes_round() {
        let stamp = Stamp::default();
        let last = Epoch::at(u64::from(u32::MAX));
        stamp.set(last.current(), SECOND * 10);
        assert!(stamp.holds(&last, SECOND));
        last.advance();
        assert!(!stamp.holds(&last, SECOND));
        stamp.set(last.current(), SECOND * 10);
        assert!(!stamp.holds(&last, SECOND), "from here on every hit looks anew");
        assert!(!stamp.holds(&Epoch::default(), SECOND));
    }

    #[test]
    fn a_change_during_the_look_is_not_missed() {
        let (epoch, stamp) = (Epoch::default(), Stamp::default());
        let before = epoch.current();
        epoch.advance();
        stamp.set(before, SECOND * 10);
        assert!(!stamp.holds(&epoch, SECOND));
    }
}
