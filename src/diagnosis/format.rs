//! Times in words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A date as `2026-11-24 03:04:05 UTC`.
pub(super) fn date(seconds: u64) -> String {
    // The library panics at dates after the year 9999, and tokens can have such.
    const YEAR_10000: u64 = 253_402_300_800;
    let time =
        Some(seconds).filter(|seconds| *seconds < YEAR_10000).map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    // `Tue, 24 Nov 2026 03:04:05 GMT` by a library; the order of its parts is ours.
    let text = time.map(httpdate::fmt_http_date).unwrap_or_default();
    let parts: Vec<&str> = text.split([' ', ',']).filter(|part| !part.is_empty()).collect();
    let [_, day, month, year, clock, _] = parts.as_slice() else { return format!("{seconds} s since 1970") };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|known| known == month).map_or(0, |at| at + 1);
    format!("{year}-{month:02}-{day} {clock} UTC")
}

/// How long a time is, in its two largest units.
pub(super) fn span(time: Duration) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let mut rest = time.as_secs();
    let mut said = Vec::new();
    for (name, seconds) in units {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 {
            said.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        } else if !said.is_empty() {
            break;
        }
    }
    said.truncate(2);
    if said.is_empty() { "less than a second".to_owned() } else { said.join(" ") }
}

/// A date against another: `in 5 minutes`, `3 hours ago`.
pub(super) fn relative(seconds: u64, now: SystemTime) -> String {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let date = Duration::from_secs(seconds);
    if date >= now { format!("in {}", span(date - now)) } else { format!("{} ago", span(now - date)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_words() {
        assert_eq!(date(1_795_489_445), "2026-11-24 03:04:05 UTC");
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(253_402_300_799), "9999-12-31 23:59:59 UTC");
        assert_eq!(date(253_402_300_800), "253402300800 s since 1970");
        assert_eq!(date(u64::MAX), format!("{} s since 1970", u64::MAX));
        for (seconds, text) in [
            (0, "less than a second"),
            (1, "1 second"),
            (90, "1 minute 30 seconds"),
            (3_600, "1 hour"),
            (3_660, "1 hour 1 minute"),
            (3_601, "1 hour"),
            (200_000, "2 days 7 hours"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text, "{seconds}");
        }
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!((relative(1_060, now), relative(940, now)), ("in 1 minute".to_owned(), "1 minute ago".to_owned()));
    }
}
