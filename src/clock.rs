//! The clock, which is passed in: wall-clock time for the dates in tokens, and monotonic time for everything else.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// A clock. Tests pass one that they control.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The wall-clock time, with which `exp` and `nbf` are compared. It may jump in either direction.
    fn now(&self) -> SystemTime;

    /// The monotonic time since a fixed point: it never decreases. Cooldowns and grace periods are measured with it.
    fn elapsed(&self) -> Duration;
}

impl<C: Clock> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn elapsed(&self) -> Duration {
        (**self).elapsed()
    }
}

/// The system clock.
///
/// ```
/// use tower_entra::clock::{Clock, SystemClock};
///
/// let clock = SystemClock::default();
/// assert!(clock.elapsed() <= clock.elapsed());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
