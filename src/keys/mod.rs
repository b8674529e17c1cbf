//! Signing keys: fetched when they are first needed and refreshed in the background. A request whose key is known never waits.
//!
//! A document is one metadata document with its key set. It has at most one refresh in flight, a cooldown and a backoff. A
//! store holds the documents of one authority. Requests read immutable snapshots.
//!
//! # Monitoring
//!
//! [`Verifier::stats`](crate::Verifier::stats) has the counters. Events of [`tracing`] have the target `tower_entra` and a
//! field `event`:
//!
//! | event | level | fields |
//! |---|---|---|
//! | `keys_refreshed` | debug | `document` |
//! | `keys_refresh_failed` | warn | `document`, `cause`, `failures`, `retry_after_seconds`; at least every 36 minutes while there is traffic |
//! | `key_skipped` | warn, debug | `document`, `kid`, `reason`: a key that is not used; a warning if anyone can forge its signatures, or if its document contradicts itself |
//! | `key_changed` | warn | `document`, `kid`, `change`: another `issuer` or `cloud_instance_name` than before |
//! | `key_oddly_encoded` | debug | `document`, `kid`: `n` or `e` is padded, or in standard base64 |
//! | `key_revoked` | warn | `kid` |
//! | `issuer_refused` | error | `authority`, `owner`, `issuer`, `document`: metadata names an issuer that the authority does not own |
//! | `unknown_authority` | warn | `authority`, `configured`: a requirement names an authority that is not configured |
//! | `no_runtime` | error | `document`: there is no tokio runtime to fetch on |
//! | `configuration` | warn | `setting`: warnings about the configuration, at start-up and after a reload |
//! | `configuration_reloaded` | info | `authorities`: their number |
//!
//! Counters of the [`metrics`](https://docs.rs/metrics) facade (feature `metrics`): `tower_entra_key_refreshes_total`,
//! `tower_entra_key_refresh_failures_total`, `tower_entra_fetches_total`, `tower_entra_unknown_keys_total`,
//! `tower_entra_cache_hits_total`, `tower_entra_cache_misses_total`.
//!
//! # Settings
//!
//! Refresh intervals, time limits and the grace period are in [`KeySettings`]:
//!
//! ```
//! use std::time::Duration;
//! use tower_entra::keys::KeySettings;
//!
//! let settings = KeySettings { grace: Duration::from_secs(48 * 3600), ..KeySettings::default() };
//! assert_eq!(settings.cool_down, Duration::from_secs(30));
//! ```
//!
//! Refreshes of the documents of listed tenants have a rate limit. Many customers with their own keys may need a higher one:
//!
//! ```
//! use std::time::Duration;
//! use tower_entra::keys::KeySettings;
//!
//! let defaults = KeySettings::default();
//! assert_eq!((defaults.tenant_refresh_interval, defaults.tenant_refresh_burst), (Duration::from_millis(500), 10));
//! let settings = KeySettings { tenant_refresh_interval: Duration::from_millis(100), ..defaults };
//! assert_eq!(settings.tenant_refresh_wait, Duration::from_secs(5));
//! ```
//!
//! A key that must not be accepted any more is revoked by its `kid`:
//!
//! ```
//! use tower_entra::keys::KeySettings;
//!
//! let settings = KeySettings { revoked: ["stolen-key".to_owned()].into(), ..KeySettings::default() };
//! assert!(settings.revoked.contains("stolen-key"));
//! ```

mod constraint;
pub(crate) mod derived;
pub(crate) mod discovery;
pub(crate) mod document;
mod domains;
mod notice;
pub(crate) mod previous;
pub(crate) mod queue;
mod refresh;
pub(crate) mod revision;
pub(crate) mod revoked;
pub(crate) mod snapshot;
pub(crate) mod stats;
pub(crate) mod store;
mod tenants;
pub(crate) mod waiter;

use std::{collections::HashSet, time::Duration};

pub use stats::KeyStats;

/// Settings for fetching and keeping keys; the [module](self) has examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySettings {
    /// Refresh interval, up to a quarter shorter at random. A shorter `Cache-Control: max-age` wins. Default: 1 h.
    pub refresh_interval: Duration,
    /// Cooldown between refreshes triggered by an unknown `kid`, including failed ones. Default: 30 s.
    pub cool_down: Duration,
    /// Grace period: how long a key stays in use after it
    /// [disappeared from the newest document](crate::guide::entra#keys-that-disappear-and-return), and how long an
    /// `issuer` or `cloud_instance_name` that documents changed or omit still restricts the key. It is counted only while
    /// refreshes succeed. Default: 24 h.
    pub grace: Duration,
    /// How long keys stay in use while refreshes fail. Default: 7 days.
    pub max_stale: Duration,
    /// Timeout of one refresh, with all requests that it makes. Default: 10 s.
    pub timeout: Duration,
    /// Average time between two refreshes of documents of listed tenants, for all tenants together: the rate limit against
    /// forged tokens that name many tenants. Tenants are refreshed in the order of their requests. Zero disables the limit.
    /// Default: 500 ms.
    pub tenant_refresh_interval: Duration,
    /// How many such refreshes may start at once after an idle time; 0 counts as 1. Default: 10.
    pub tenant_refresh_burst: u32,
    /// How long a request waits for its tenant's document, before it is rejected with
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable). Default: 5 s.
    pub tenant_refresh_wait: Duration,
    /// Timeout of [`warm_up`](crate::Verifier::warm_up). Refreshes in flight continue in the background. Default: 30 s.
    pub warm_up_timeout: Duration,
    /// Maximum length of a document, in bytes. Default: 1 MiB.
    pub max_document_bytes: usize,
    /// Revoked keys, by `kid`: they are not accepted even if an issuer publishes them.
    pub revoked: HashSet<String>,
}

impl KeySettings {
    /// The same settings with every duration limited to ten years, so that sums do not overflow.
    pub(crate) fn bounded(mut self) -> Self {
        const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
        for time in [
            &mut self.refresh_interval,
            &mut self.cool_down,
            &mut self.grace,
            &mut self.max_stale,
            &mut self.timeout,
            &mut self.tenant_refresh_interval,
            &mut self.tenant_refresh_wait,
            &mut self.warm_up_timeout,
        ] {
            *time = LONGEST.min(*time);
        }
        self
    }
}

impl Default for KeySettings {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            refresh_interval: Duration::from_secs(HOUR),
            cool_down: Duration::from_secs(30),
            grace: Duration::from_secs(24 * HOUR),
            max_stale: Duration::from_secs(7 * 24 * HOUR),
            timeout: Duration::from_secs(10),
            tenant_refresh_interval: Duration::from_millis(500),
            tenant_refresh_burst: 10,
            tenant_refresh_wait: Duration::from_secs(5),
            warm_up_timeout: Duration::from_secs(30),
            max_document_bytes: 1 << 20,
            revoked: HashSet::new(),
        }
    }
}

#[cfg(test)]
mod tests;
