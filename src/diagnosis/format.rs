//! Dates and durations as text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A date as RFC 3339 has it: `2026-11-24T03:04:05Z`.
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
    format!("{year}-{month:02}-{day}T{clock}Z")
}

/// A duration in its two largest units: `2 h 5 min`.
pub(super) fn span(time: Duration) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut rest = time.as_secs();
    let mut said = Vec::new();
    for (name, seconds) in units {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 {
            said.push(format!("{count} {name}"));
        } else if !said.is_empty() {
            break;
        }
    }
    said.truncate(2);
    if said.is_empty() { "less than 1 s".to_owned() } else { said.join(" ") }
}

/// A date relative to another: `in 5 min`, `3 h ago`.
pub(super) fn relative(seconds: u64, now: SystemTime) -> String {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let date = Duration::from_secs(seconds);
    if date >= now { format!("in {}", span(date - now)) } else { format!("{} ago", span(now - date)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_durations_have_units() {
        assert_eq!(date(1_795_489_445), "2026-11-24T03:04:05Z");
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(253_402_300_799), "9999-12-31T23:59:59Z");
        assert_eq!(date(253_402_300_800), "253402300800 s since 1970");
        assert_eq!(date(u64::MAX), format!("{} s since 1970", u64::MAX));
        for (seconds, text) in [
            (0, "less than 1 s"),
            (1, "1 s"),
            (90, "1 min 30 s"),
            (3_600, "1 h"),
            (3_660, "1 h 1 min"),
            (3_601, "1 h"),
            (200_000, "2 d 7 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text, "{seconds}");
        }
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!((relative(1_060, now), relative(940, now)), ("in 1 min".to_owned(), "1 min ago".to_owned()));
    }
}
