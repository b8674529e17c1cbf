use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tower_entra::clock::Clock;

/// A clock that stands still until a test moves it. Clones show the same time.
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
    /// A clock that stands at the machine's present time, in whole seconds.
    #[must_use]
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::at(UNIX_EPOCH + Duration::from_secs(now.as_secs()))
    }

    /// A clock that stands at `wall`.
    #[must_use]
    pub fn at(wall: SystemTime) -> Self {
        Self { times: Arc::new(Mutex::new(Times { wall, elapsed: Duration::ZERO })) }
    }

    /// Lets `by` go by, on the wall and on the clock that never leaps.
    pub fn advance(&self, by: Duration) {
        let mut times = self.lock();
        times.wall += by;
        times.elapsed += by;
    }

    /// Sets the wall clock alone, forward or back, as somebody who corrects the machine's time does.
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

/// Whole seconds since 1970; 0 for what was before.
pub(super) fn unix_seconds(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// `time` as the `Date` header writes it (RFC 9110 §5.6.7).
pub(super) fn http_date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = Date::of(time);
    let (weekday, month) = (DAYS[date.weekday], MONTHS[date.month - 1]);
    format!("{weekday}, {:02} {month} {:04} {} GMT", date.day, date.year, date.time)
}

/// `time` as Entra's errors write it.
pub(super) fn error_timestamp(time: SystemTime) -> String {
    let date = Date::of(time);
    format!("{:04}-{:02}-{:02} {}Z", date.year, date.month, date.day, date.time)
}

struct Date {
    year: i64,
    month: usize,
    day: i64,
    weekday: usize,
    time: String,
}

impl Date {
    /// The Gregorian date of a moment after 1970, counted in eras of 400 years that begin on 1 March.
    fn of(time: SystemTime) -> Self {
        let seconds = unix_seconds(time);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1),
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            weekday: usize::try_from(days % 7).unwrap_or_default(),
            time: format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_leaps_alone() {
        let clock = ManualClock::at(UNIX_EPOCH + Duration::from_secs(1_000));
        let same = clock.clone();
        clock.advance(Duration::from_secs(5));
        clock.set_wall(UNIX_EPOCH);
        assert_eq!((same.now(), same.elapsed()), (UNIX_EPOCH, Duration::from_secs(5)));
    }

    #[test]
    fn dates_are_written_as_the_header_wants_them() {
        for (seconds, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            assert_eq!(http_date(UNIX_EPOCH + Duration::from_secs(seconds)), date);
        }
        assert_eq!(error_timestamp(UNIX_EPOCH + Duration::from_secs(784_111_777)), "1994-11-06 08:49:37Z");
    }
}
