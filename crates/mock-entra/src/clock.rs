use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tower_entra::clock::Clock;

/// A clock that stands still until a test moves it. Clones share the same time.
///
/// ```
/// use std::time::Duration;
/// use mock_entra::ManualClock;
/// use tower_entra::clock::Clock;
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), before + Duration::from_secs(60));
/// assert_eq!(clock.elapsed(), Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    times: Arc<Mutex<Times>>,
}

#[derive(Clone, Copy, Debug)]
struct Times {
    wall: SystemTime,
    elapsed: Duration,
}

impl ManualClock {
    /// A clock set to the current system time, in whole seconds.
    #[must_use]
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::at(UNIX_EPOCH + Duration::from_secs(now.as_secs()))
    }

    /// A clock set to `wall`.
    #[must_use]
    pub fn at(wall: SystemTime) -> Self {
        Self { times: Arc::new(Mutex::new(Times { wall, elapsed: Duration::ZERO })) }
    }

    /// Advances both the wall clock and the monotonic clock by `by`.
    ///
    /// # Panics
    ///
    /// If the time exceeds the range of [`SystemTime`] or [`Duration`].
    pub fn advance(&self, by: Duration) {
        let mut times = self.lock();
        times.wall += by;
        times.elapsed += by;
    }

    /// Sets only the wall clock, forward or back, as a correction of the system time does.
    pub fn set_wall(&self, wall: SystemTime) {
        self.lock().wall = wall;
    }

    fn lock(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.lock().wall
    }

    fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }
}

/// Whole seconds since the Unix epoch; 0 for earlier times.
pub(super) fn unix_seconds(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The value of a `Date` header (RFC 9110, section 5.6.7), between the years 1970 and 9999.
pub(super) fn http_date(time: SystemTime) -> String {
    // `httpdate` panics outside this range, and a test may set any time.
    const END_OF_9999: Duration = Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(time.clamp(UNIX_EPOCH, UNIX_EPOCH + END_OF_9999))
}

/// The timestamp format of Entra's error responses, `2026-12-31 23:59:59Z`.
pub(super) fn error_timestamp(time: SystemTime) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = http_date(time);
    // All fields have a fixed width: `Thu, 31 Dec 2026 23:59:59 GMT`.
    let (day, month, year, clock) = (&date[5..7], &date[8..11], &date[12..16], &date[17..25]);
    let month = 1 + MONTHS.iter().position(|name| *name == month).unwrap_or_default();
    format!("{year}-{month:02}-{day} {clock}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_wall_clock_leaves_the_monotonic_clock() {
        let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_000));
        let clone = clock.clone();
        clock.advance(Duration::from_secs(5));
        clock.set_wall(UNIX_EPOCH);
        assert_eq!((clone.now(), clone.elapsed()), (UNIX_EPOCH, Duration::from_secs(5)));
    }

    #[test]
    fn dates_have_the_formats_of_the_date_header_and_of_error_responses() {
        for (seconds, header, timestamp) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01 00:00:00Z"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06 08:49:37Z"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29 00:00:00Z"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT", "2026-12-31 23:59:59Z"),
            (253_402_300_800, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31 23:59:59Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!((http_date(time), error_timestamp(time)), (header.to_owned(), timestamp.to_owned()));
        }
        assert_eq!(http_date(UNIX_EPOCH - Duration::from_secs(1)), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
