//! The signing keys: fetched when they are first needed, refreshed in the background, never waited for by a request whose
//! key is known.
//!
//! A document is one metadata document with its key set: it has one refresh in flight at most, and
//! a budget. A store holds the documents of one authority. What a request sees of a document is an
//! unchanging snapshot.
//!
//! # To be seen
//!
//! [`Verifier::stats`](crate::Verifier::stats) gives the counts. Events of [`tracing`] have the target `tower_entra` and a
//! field `event`:
//!
//! | event | level | fields |
//! |---|---|---|
//! | `keys_refreshed` | debug | `document` |
//! | `keys_refresh_failed` | warn | `document`, `cause`, `failures`, `retry_after_seconds`; at least every 36 minutes while there is traffic |
//! | `key_skipped` | warn, debug | `document`, `kid`, `reason`: a key that is not used; a warning if anybody can forge its signatures, or if its document contradicts itself |
//! | `key_changed` | warn | `document`, `kid`, `change`: another `issuer` or `cloud_instance_name` than before |
//! | `key_oddly_encoded` | debug | `document`, `kid`: `n` or `e` is padded, or in standard base64 |
//! | `key_revoked` | warn | `kid` |
//! | `issuer_refused` | error | `authority`, `owner`, `issuer`, `document`: metadata names an issuer that the authority does not own |
//! | `unknown_authority` | warn | `authority`, `configured`: a requirement names an authority that the verifier does not have |
//! | `no_runtime` | error | `document`: there is no tokio runtime to fetch on |
//! | `configuration` | warn | what an operator should know at start-up and after a reload |
//! | `configuration_reloaded` | info | `authorities`: how many there are now |
//!
//! Counters of the [`metrics`](https://docs.rs/metrics) facade (feature `metrics`): `tower_entra_key_refreshes_total`,
//! `tower_entra_key_refresh_failures_total`, `tower_entra_fetches_total`, `tower_entra_unknown_keys_total`,
//! `tower_entra_cache_hits_total`, `tower_entra_cache_misses_total`.
//!
//! # Settings
//!
//! How long and how often is a matter of [`KeySettings`]:
//!
//! ```
//! use std::time::Duration;
//! use tower_entra::keys::KeySettings;
//!
//! let settings = KeySettings { grace: Duration::from_secs(48 * 3600), ..KeySettings::default() };
//! assert_eq!(settings.cool_down, Duration::from_secs(30));
//! ```
//!
//! Refreshes of listed tenants' own documents have a rate limit, which many customers with keys of their own may need higher:
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
//! A key that must never count again is revoked by its `kid`:
//!
//! ```
//! use tower_entra::keys::KeySettings;
//!
//! let settings = KeySettings { revoked: ["stolen-key".to_owned()].into(), ..KeySettings::default() };
//! assert!(settings.revoked.contains("stolen-key"));
//! ```

mod constraint;
pub(crate) mod document;
mod domains;
pub(crate) mod epoch;
mod notice;
pub(crate) mod previous;
pub(crate) mod queue;
mod refresh;
pub(crate) mod renewed;
pub(crate) mod revoked;
mod shared;
pub(crate) mod snapshot;
pub(crate) mod stats;
pub(crate) mod store;
mod tenants;
pub(crate) mod waiter;

use std::{collections::HashSet, time::Duration};

pub use stats::KeyStats;

/// How keys are kept and refreshed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySettings {
    /// Time between two refreshes, up to a quarter shorter at random; the `max-age` of the provider can shorten it. 1 h.
    pub refresh_interval: Duration,
    /// Shortest time between two refreshes that unknown keys cause, failed ones counted too. 30 s.
    pub cool_down: Duration,
    /// Grace period: how long a key stays in use after it
    /// [disappeared from the newest document](crate::guide::entra#keys-that-disappear-and-return), and how long an
    /// `issuer` or `cloud_instance_name` that documents changed or omit still restricts the key. Time without a
    /// document does not count. 24 h.
    pub grace: Duration,
    /// How long keys stay in use while no document can be fetched. 7 days.
    pub max_stale: Duration,
    /// Time that one refresh may take, all its documents together. 10 s.
    pub timeout: Duration,
    /// Average time between two refreshes of listed tenants' own documents, all tenants together: the rate limit against
    /// forged tokens that name many tenants. Waiting tenants are served in turn. Zero switches the limit off. 500 ms.
    pub tenant_refresh_interval: Duration,
    /// How many such refreshes may start at once after a quiet time; 0 counts as 1. 10.
    pub tenant_refresh_burst: u32,
    /// How long a request waits for its tenant's own document, before it is rejected with
    /// [`keys_unavailable`](crate::RejectionKind::KeysUnavailable). 5 s.
    pub tenant_refresh_wait: Duration,
    /// How long [`warm_up`](crate::Verifier::warm_up) waits in all. What has not arrived by then goes on in the background.
    /// 30 s.
    pub warm_up_timeout: Duration,
    /// Longest document, in bytes. 1 MiB.
    pub max_document_bytes: usize,
    /// Keys that never count, by their `kid`, whatever any document says.
    pub revoked: HashSet<String>,
}

impl KeySettings {
    /// The same with no time longer than ten years, so that sums of them have room.
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
