//! One metadata document with its keys: one refresh in flight at most, a budget, and a snapshot that is there at once.

mod successor;

use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use tokio::{sync::watch, task::AbortHandle};

use super::{
    KeySettings,
    epoch::Epoch,
    notice,
    refresh::{Refresh, Remembered},
    shared::Shared,
    snapshot::{Fetched, Snapshot},
    stats::{Counters, Event},
    waiter::Waiter,
};
use crate::{
    authority::{DocumentSpec, Ownership},
    clock::Clock,
    error::{FetchError, FetchFailure},
    fetch::Fetch,
    jwt::Algorithm,
};

/// The longest wait after failures while there are keys.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30 * 60);
/// The wait after the very first failure of all, when there are no keys yet.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// What all documents of a verifier have in common.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Arc<KeySettings>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) epoch: Arc<Epoch>,
    /// Incremented when a document changes an issuer or tenant mapping.
    pub(crate) issuer_revision: Arc<Epoch>,
    /// The issuers that the documents of this authority may name.
    pub(crate) ownership: Ownership,
}

/// The keys of one document. The refresh in flight ends with it.
pub(crate) struct Document(Arc<Inner>);

struct Inner {
    spec: Arc<DocumentSpec>,
    algorithms: Arc<[Algorithm]>,
    around: Surroundings,
    snapshot: Shared<Snapshot>,
    schedule: Mutex<Schedule>,
    /// Milliseconds by the clock that never leaps, from which on a request may start a refresh because it is time.
    due: AtomicU64,
    /// Refreshes have failed since the last document.
    failing: AtomicBool,
    /// Its place in the queue of tenants' documents; 0 if it has none.
    ticket: AtomicU64,
    /// Counts the refreshes that ended.
    ended: watch::Sender<u64>,
}

#[derive(Default)]
struct Schedule {
    running: Option<AbortHandle>,
    is_running: bool,
    /// Counts the refreshes that were started.
    flights: u64,
    /// No refresh before this time.
    not_before: Duration,
    failures: u32,
    /// Why the last refresh failed.
    failure: Option<Arc<FetchError>>,
    /// The provider's time and ours, when it last told its own.
    clocks: Option<(SystemTime, SystemTime)>,
    has_succeeded: bool,
    remembered: Remembered,
}

impl Document {
    pub(crate) fn new(spec: DocumentSpec, algorithms: Arc<[Algorithm]>, around: Surroundings) -> Self {
        let spec = Arc::new(spec);
        let empty = Snapshot::empty(&spec);
        let snapshot = match &*spec {
            DocumentSpec::Static { keys, .. } => {
                let fetched = Fetched { v1: None, v2: None, keys: Arc::clone(keys) };
                // Without a usable key it stays empty: such a configuration has been refused before.
                let at = around.clock.elapsed();
                empty.next(&fetched, &algorithms, &around.settings, at, false, &mut Vec::new()).unwrap_or(empty)
            }
            _ => empty,
        };
        Self(Arc::new(Inner {
            spec,
            algorithms,
            around,
            snapshot: Shared::new(snapshot),
            schedule: Mutex::default(),
            due: AtomicU64::new(u64::MAX),
            failing: AtomicBool::new(false),
            ticket: AtomicU64::new(0),
            ended: watch::Sender::new(0),
        }))
    }

    /// Whether the keys are static, so that nothing is ever fetched.
    pub(crate) fn is_static(&self) -> bool {
        self.0.spec.is_static()
    }

    /// What is known now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load()
    }

    /// Looks at what is known now.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Snapshot) -> R) -> R {
        self.0.snapshot.read(look)
    }

    /// When the keys have to be looked at again, if nothing changes before: a refresh is due, or they are too old.
    pub(crate) fn next_look(&self) -> Duration {
        let due = Duration::from_millis(self.0.due.load(Ordering::Relaxed));
        if self.is_static() {
            return due;
        }
        let loaded_at = self.read(|snapshot| snapshot.loaded_at).unwrap_or_default();
        due.min(loaded_at.saturating_add(self.0.around.settings.max_stale))
    }

    /// Whether refreshes have failed since the last document.
    pub(crate) fn is_failing(&self) -> bool {
        self.0.failing.load(Ordering::Relaxed)
    }

    /// Whether it is time for a refresh in the background. Costs one load.
    pub(crate) fn is_due(&self, at: Duration) -> bool {
        millis(at) >= self.0.due.load(Ordering::Relaxed)
    }

    /// Whether a refresh is in flight.
    pub(crate) fn is_running(&self) -> bool {
        self.0.schedule().is_running
    }

    /// Whether a refresh may start now: none is in flight, and neither cooldown nor backoff forbids it.
    pub(crate) fn may_refresh(&self) -> bool {
        let schedule = self.0.schedule();
        !self.is_static() && !schedule.is_running && self.0.around.clock.elapsed() >= schedule.not_before
    }

    /// The runtime to fetch on.
    pub(crate) fn runtime(&self) -> Option<tokio::runtime::Handle> {
        let runtime = tokio::runtime::Handle::try_current().ok();
        if runtime.is_none() {
            tracing::error!(target: "tower_entra", event = "no_runtime", document = %self.0.spec.address(),
                "keys can be fetched only on a tokio runtime");
        }
        runtime
    }

    /// Its place in the queue of tenants' documents; 0 if it has none. Only the queue sets it.
    pub(super) fn ticket(&self) -> u64 {
        self.0.ticket.load(Ordering::Relaxed)
    }

    pub(super) fn set_ticket(&self, ticket: u64) {
        self.0.ticket.store(ticket, Ordering::Relaxed);
    }

    /// How many refreshes have ended, well or not.
    pub(crate) fn ended(&self) -> u64 {
        *self.0.ended.borrow()
    }

    /// Waits for the next refresh that ends, whether or not it has started.
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter::new(self.0.ended.subscribe())
    }

    /// Joins the refresh in flight, or starts one if the budget allows. `None` if it does not, or there is no runtime.
    pub(crate) fn request(&self) -> Option<Waiter> {
        if self.is_static() {
            return None;
        }
        let flight = {
            let mut schedule = self.0.schedule();
            if schedule.is_running {
                return Some(self.waiter());
            }
            if self.0.around.clock.elapsed() < schedule.not_before {
                return None;
            }
            let runtime = self.runtime()?;
            schedule.is_running = true;
            schedule.flights += 1;
            self.0.due.store(u64::MAX, Ordering::Relaxed);
            self.0.around.counters.count(Event::Refresh);
            (self.waiter(), runtime, schedule.flights, std::mem::take(&mut schedule.remembered))
        };
        // Without the lock: a runtime that shuts down drops the task, which lands it, on the spot.
        let (waiter, runtime, number, remembered) = flight;
        let task = runtime.spawn(run(Flight { inner: Arc::clone(&self.0), has_landed: false }, remembered));
        let mut schedule = self.0.schedule();
        if schedule.is_running && schedule.flights == number {
            schedule.running = Some(task.abort_handle());
        }
        Some(waiter)
    }

    /// Why there is no newer document.
    pub(crate) fn failure(&self) -> Option<Arc<FetchError>> {
        self.0.schedule().failure.clone()
    }

    /// The provider's time and ours, when it last told its own.
    pub(crate) fn clocks(&self) -> Option<(SystemTime, SystemTime)> {
        self.0.schedule().clocks
    }

    /// The time until a refresh may start again.
    pub(crate) fn retry_after(&self) -> Duration {
        self.0.schedule().not_before.saturating_sub(self.0.around.clock.elapsed())
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        let running = self.0.schedule().running.take();
        if let Some(running) = running {
            running.abort();
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Document").field(&self.0.spec.address()).finish()
    }
}

/// A refresh under way. However it ends, cancelled too, it lands: nobody waits for ever.
struct Flight {
    inner: Arc<Inner>,
    has_landed: bool,
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.has_landed {
            let cancelled = FetchError::new(self.inner.spec.address(), FetchFailure::Cancelled);
            self.inner.land(Remembered::default(), Err(cancelled), None);
        }
    }
}

async fn run(mut flight: Flight, remembered: Remembered) {
    let inner = Arc::clone(&flight.inner);
    let timeout = inner.around.settings.timeout;
    let mut refresh = Refresh {
        spec: &inner.spec,
        fetch: &*inner.around.fetch,
        settings: &inner.around.settings,
        counters: &inner.around.counters,
        ownership: &inner.around.ownership,
        foreign: Vec::new(),
        remembered,
        max_age: None,
        date: None,
    };
    let fetched = match tokio::time::timeout(timeout, refresh.run()).await {
        Ok(fetched) => fetched,
        Err(_) => Err(FetchError::new(inner.spec.address(), FetchFailure::Timeout { after: timeout })),
    };
    let Refresh { remembered, max_age, date, .. } = refresh;
    if let Some(date) = date {
        inner.schedule().clocks = Some((date, inner.around.clock.now()));
    }
    let next = fetched.and_then(|fetched| {
        let mut before = inner.snapshot.load();
        if let Some(without) = before.without_leaked(&fetched.keys.leaked) {
            // At once, and also if nothing else of the document can be used.
            inner.snapshot.store(without);
            inner.around.epoch.advance();
            before = inner.snapshot.load();
        }
        let at = inner.around.clock.elapsed();
        let outage = inner.failing.load(Ordering::Relaxed);
        let mut notices = Vec::new();
        let next = before.next(&fetched, &inner.algorithms, &inner.around.settings, at, outage, &mut notices);
        notice::log(&notices, &inner.spec.address(), inner.around.settings.grace);
        next.map_err(|document| FetchError::new(inner.spec.address(), FetchFailure::InvalidDocument(document)))
    });
    flight.has_landed = true;
    inner.land(remembered, next, max_age);
}

impl Inner {
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what a refresh brought, sets the times of the next, and wakes who waits.
    fn land(&self, remembered: Remembered, next: Result<Snapshot, FetchError>, max_age: Option<Duration>) {
        let mut schedule = self.schedule();
        let settings = &self.around.settings;
        let at = self.around.clock.elapsed();
        schedule.running = None;
        schedule.is_running = false;
        match next {
            Ok(next) => {
                schedule.remembered = remembered;
                schedule.failures = 0;
                schedule.failure = None;
                // The first of all is free: an unknown key right after it may ask again.
                let cool_down = if schedule.has_succeeded { settings.cool_down } else { Duration::ZERO };
                schedule.not_before = at.saturating_add(cool_down);
                schedule.has_succeeded = true;
                self.failing.store(false, Ordering::Relaxed);
                let is_known = self.snapshot.read(|old| old.issuers == next.issuers && old.tenant == next.tenant);
                self.snapshot.store(next);
                if !is_known {
                    self.around.issuer_revision.advance();
                }
                self.due.store(millis(at.saturating_add(interval(settings, max_age))), Ordering::Relaxed);
                tracing::debug!(target: "tower_entra", event = "keys_refreshed", document = %self.spec.address());
            }
            Err(cause) => {
                // The next request gets everything again, as if for the first time.
                schedule.remembered = Remembered::default();
                schedule.failures = schedule.failures.saturating_add(1);
                let wait = back_off(settings, schedule.failures, schedule.has_succeeded);
                schedule.not_before = at.saturating_add(wait);
                self.failing.store(true, Ordering::Relaxed);
                self.due.store(millis(schedule.not_before), Ordering::Relaxed);
                self.around.counters.count(Event::Failure);
                tracing::warn!(target: "tower_entra", event = "keys_refresh_failed", document = %self.spec.address(),
                    cause = cause.to_string(), failures = schedule.failures, retry_after_seconds = wait.as_secs());
                schedule.failure = Some(cause.into());
            }
        }
        // After everything that it counts.
        self.around.epoch.advance();
        self.ended.send_modify(|ended| *ended = ended.wrapping_add(1));
    }
}

/// The time to the next refresh. `max-age` may shorten it, to a twelfth at most, and never lengthens it.
///
/// It is up to a quarter shorter at random: replicas that fetched in the same minute, after a rotation for instance, have
/// spread over the hour after a few refreshes.
fn interval(settings: &KeySettings, max_age: Option<Duration>) -> Duration {
    let longest = settings.refresh_interval;
    let interval = max_age.map_or(longest, |max_age| max_age.clamp(longest / 12, longest));
    interval.mul_f64(1.0 - 0.25 * random())
}

/// The wait after failures: doubling while there are keys, about a cooldown while there are none. Never shorter than a
/// cooldown, but for the very first retry, and spread at random, so that a fleet does not come back in step.
fn back_off(settings: &KeySettings, failures: u32, has_keys: bool) -> Duration {
    let cooldown = settings.cool_down.mul_f64(1.0 + 0.2 * random());
    if !has_keys {
        return if failures == 1 { FIRST_RETRY.min(settings.cool_down) } else { cooldown };
    }
    let doubled = settings.cool_down.saturating_mul(1_u32 << failures.saturating_sub(1).min(16));
    doubled.min(LONGEST_BACK_OFF.max(settings.cool_down)).mul_f64(0.7 + 0.5 * random()).max(cooldown)
}

/// A number from 0 to 1, for jitter: no secret depends on it.
fn random() -> f64 {
    const BITS: u32 = 32;
    f64::from((RandomState::new().build_hasher().finish() >> BITS) as u32) / f64::from(u32::MAX)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
