//! Refresh intervals and backoff, with jitter, so that replicas do not send their requests at the same time.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use crate::keys::KeySettings;

/// The longest backoff while there are keys.
const MAX_BACKOFF: Duration = Duration::from_secs(30 * 60);
/// The wait after the first failure, if there are no keys yet.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The time to the next refresh. A `max-age` may shorten it, down to a twelfth, and never lengthens it.
///
/// It is up to a quarter shorter at random. Replicas that fetched in the same minute, such as after a key rotation, spread over
/// the hour within a few refreshes.
pub(super) fn interval(settings: &KeySettings, max_age: Option<Duration>) -> Duration {
    let longest = settings.refresh_interval;
    let interval = max_age.map_or(longest, |max_age| max_age.clamp(longest / 12, longest));
    interval.mul_f64(1.0 - 0.25 * random())
}

/// The wait after failures: exponential while there are keys, about one cooldown while there are none. Never shorter than a
/// cooldown, except for the first retry, and with jitter, so that replicas do not retry at the same time.
pub(super) fn backoff(settings: &KeySettings, failures: u32, has_keys: bool) -> Duration {
    let cooldown = settings.cool_down.mul_f64(1.0 + 0.2 * random());
    if !has_keys {
        return if failures == 1 { FIRST_RETRY.min(settings.cool_down) } else { cooldown };
    }
    let doubled = settings.cool_down.saturating_mul(1_u32 << failures.saturating_sub(1).min(16));
    doubled.min(MAX_BACKOFF.max(settings.cool_down)).mul_f64(0.7 + 0.5 * random()).max(cooldown)
}

/// A random number from 0 to 1, for jitter. It need not be unpredictable.
fn random() -> f64 {
    const BITS: u32 = 32;
    f64::from((RandomState::new().build_hasher().finish() >> BITS) as u32) / f64::from(u32::MAX)
}
