//! The time, passed in: by the wall for the dates in tokens, and one that never leaps for waiting.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// Where the time comes from. Tests pass one that they set by hand.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time by the wall, against which `exp` and `nbf` are held. It may leap either way.
    fn now(&self) -> SystemTime;

    /// Time gone by since some fixed moment. It never goes back: cool-downs and grace are counted with it.
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

/// The clock of the machine.
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
