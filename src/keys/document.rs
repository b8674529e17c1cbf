//! One metadata document with its key set: an immutable snapshot, at most one refresh in flight, cooldown and backoff.

mod delay;
mod successor;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use delay::{backoff, interval};

use super::{
    KeySettings, notice,
    refresh::{PreviousResponses, Refresh},
    revision::Revision,
    snapshot::{Fetched, Snapshot, Update},
    stats::{Counters, Event},
    waiter::Waiter,
};
use crate::{
    authority::{DocumentSpec, Ownership},
    clock::Clock,
    error::{FetchError, FetchFailure},
    fetch::Fetch,
    jwt::Algorithm,
    sync::{
        ArcSwap, Guard, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
        lock, runtime, spawn,
        task::AbortHandle,
        time::timeout,
        watch,
    },
};

/// The context of all refreshes of one authority.
#[derive(Clone)]
pub(crate) struct RefreshContext {
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Arc<KeySettings>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) revision: Arc<Revision>,
    /// The issuers that the documents of this authority may name.
    pub(crate) ownership: Ownership,
}

/// One document. Dropping it aborts the refresh in flight.
pub(crate) struct Document(Arc<DocumentState>);

/// The state that a document shares with its refresh.
struct DocumentState {
    spec: Arc<DocumentSpec>,
    algorithms: Arc<[Algorithm]>,
    context: RefreshContext,
    snapshot: ArcSwap<Snapshot>,
    schedule: Mutex<Schedule>,
    /// When a refresh is due, in milliseconds of monotonic time.
    due: AtomicU64,
    /// The last refresh failed.
    failing: AtomicBool,
    /// Its ticket in the refresh queue; 0 if it is not queued.
    ticket: AtomicU64,
    /// The number of refreshes that have finished.
    finished: watch::Sender<u64>,
}

#[derive(Default)]
struct Schedule {
    running: Option<AbortHandle>,
    is_running: bool,
    /// The number of refreshes that were started.
    started: u64,
    /// The revision that the last one published.
    published: u64,
    /// No refresh before this time.
    not_before: Duration,
    failures: u32,
    /// The error of the last refresh.
    failure: Option<Arc<FetchError>>,
    /// The provider's time and the local time at the last response with a `Date` header.
    clocks: Option<(SystemTime, SystemTime)>,
    has_succeeded: bool,
    previous: PreviousResponses,
}

impl Document {
    pub(crate) fn new(spec: DocumentSpec, algorithms: Arc<[Algorithm]>, context: RefreshContext) -> Self {
        let spec = Arc::new(spec);
        let empty = Snapshot::empty(&spec);
        let snapshot = match &*spec {
            DocumentSpec::Static { keys, .. } => {
                let fetched = Fetched { v1: None, v2: None, keys: Arc::clone(keys) };
                // Without a usable key it stays empty; validation has rejected such a configuration.
                let update = Update {
                    fetched: &fetched,
                    algorithms: &algorithms,
                    settings: &context.settings,
                    at: context.clock.elapsed(),
                    outage: false,
                };
                empty.next(&update, &mut Vec::new()).unwrap_or(empty)
            }
            _ => empty,
        };
        Self(Arc::new(DocumentState {
            spec,
            algorithms,
            context,
            snapshot: ArcSwap::from_pointee(snapshot),
            schedule: Mutex::default(),
            due: AtomicU64::new(u64::MAX),
            failing: AtomicBool::new(false),
            ticket: AtomicU64::new(0),
            finished: watch::channel(0).0,
        }))
    }

    /// Whether the keys are static, so that nothing is ever fetched.
    pub(crate) fn is_static(&self) -> bool {
        self.0.spec.is_static()
    }

    /// The current snapshot.
    pub(crate) fn snapshot(&self) -> Guard<Snapshot> {
        self.0.snapshot.load()
    }

    /// When a cached verdict must be confirmed again, unless a change requires it before: when a refresh is due, or the keys
    /// become stale. In monotonic time.
    pub(crate) fn revalidate_at(&self) -> Duration {
        let due = Duration::from_millis(self.0.due.load(Ordering::Relaxed));
        if self.is_static() {
            return due;
        }
        let loaded_at = self.snapshot().loaded_at.unwrap_or_default();
        due.min(loaded_at.saturating_add(self.0.context.settings.max_stale))
    }

    /// Whether the last refresh failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.0.failing.load(Ordering::Relaxed)
    }

    /// Whether a refresh in the background is due.
    pub(crate) fn is_due(&self, at: Duration) -> bool {
        millis(at) >= self.0.due.load(Ordering::Relaxed)
    }

    /// Whether a refresh is in flight.
    pub(crate) fn is_running(&self) -> bool {
        self.0.schedule().is_running
    }

    /// Whether a refresh may start now: none is in flight, and cooldown and backoff are over.
    pub(crate) fn may_refresh(&self) -> bool {
        let schedule = self.0.schedule();
        !self.is_static() && !schedule.is_running && self.0.context.clock.elapsed() >= schedule.not_before
    }

    /// The tokio runtime of the caller, on which keys are fetched.
    pub(crate) fn runtime(&self) -> Option<runtime::Handle> {
        let runtime = runtime::Handle::try_current().ok();
        if runtime.is_none() {
            tracing::error!(target: "tower_entra", event = "no_runtime", document = %self.0.spec.address(),
                "keys can be fetched only on a tokio runtime");
        }
        runtime
    }

    /// Its ticket in the refresh queue; 0 if it is not queued. Only the queue sets it.
    pub(super) fn ticket(&self) -> u64 {
        self.0.ticket.load(Ordering::Relaxed)
    }

    pub(super) fn set_ticket(&self, ticket: u64) {
        self.0.ticket.store(ticket, Ordering::Relaxed);
    }

    /// The number of refreshes that have finished, successful or not.
    pub(crate) fn finished(&self) -> u64 {
        *self.0.finished.borrow()
    }

    /// Waits until the next refresh finishes, which need not have started.
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter::new(self.0.finished.subscribe())
    }

    /// Joins the refresh in flight, or starts one. `None` during cooldown or backoff, or without a runtime.
    pub(crate) fn request(&self) -> Option<Waiter> {
        self.request_since(u64::MAX)
    }

    /// As [`request`](Self::request), for a request that read the snapshot at `revision`. If a refresh has finished since then,
    /// no other is started: the request would have joined that one.
    pub(crate) fn request_since(&self, revision: u64) -> Option<Waiter> {
        if self.is_static() {
            return None;
        }
        let start = {
            let mut schedule = self.0.schedule();
            if schedule.published > revision {
                return Some(Waiter::ready());
            }
            if schedule.is_running {
                return Some(self.waiter());
            }
            if self.0.context.clock.elapsed() < schedule.not_before {
                return None;
            }
            let runtime = self.runtime()?;
            schedule.is_running = true;
            schedule.started += 1;
            self.0.due.store(u64::MAX, Ordering::Relaxed);
            self.0.context.counters.count(Event::Refresh);
            (self.waiter(), runtime, schedule.started, std::mem::take(&mut schedule.previous))
        };
        // Not under the lock: a runtime that shuts down drops the task at once, which finishes the refresh.
        let (waiter, runtime, number, previous) = start;
        let refresh = RefreshTask { document: Arc::clone(&self.0), is_finished: false };
        let task = spawn(&runtime, refresh.run(previous));
        let mut schedule = self.0.schedule();
        if schedule.is_running && schedule.started == number {
            schedule.running = Some(task);
        }
        Some(waiter)
    }

    /// The error of the last refresh; `None` if it succeeded.
    pub(crate) fn failure(&self) -> Option<Arc<FetchError>> {
        self.0.schedule().failure.clone()
    }

    /// The provider's time and the local time at the last response with a `Date` header.
    pub(crate) fn clocks(&self) -> Option<(SystemTime, SystemTime)> {
        self.0.schedule().clocks
    }

    /// The time until a refresh may start again.
    pub(crate) fn retry_after(&self) -> Duration {
        self.0.schedule().not_before.saturating_sub(self.0.context.clock.elapsed())
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

/// A refresh in flight. It is finished even if it is cancelled, so that no waiter waits forever.
struct RefreshTask {
    document: Arc<DocumentState>,
    is_finished: bool,
}

impl RefreshTask {
    async fn run(mut self, previous: PreviousResponses) {
        let document = Arc::clone(&self.document);
        let context = &document.context;
        let mut refresh = Refresh {
            spec: &document.spec,
            fetch: &*context.fetch,
            settings: &context.settings,
            counters: &context.counters,
            ownership: &context.ownership,
            foreign: Vec::new(),
            previous,
            max_age: None,
            date: None,
        };
        let limit = context.settings.timeout;
        let fetched = match timeout(limit, refresh.run()).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::new(document.spec.address(), FetchFailure::Timeout { after: limit })),
        };
        let Refresh { previous, max_age, date, .. } = refresh;
        if let Some(date) = date {
            document.schedule().clocks = Some((date, context.clock.now()));
        }
        let next = fetched.and_then(|fetched| document.next(&fetched));
        self.is_finished = true;
        document.finish(previous, next, max_age);
    }
}

impl Drop for RefreshTask {
    fn drop(&mut self) {
        if !self.is_finished {
            let cancelled = FetchError::new(self.document.spec.address(), FetchFailure::Cancelled);
            self.document.finish(PreviousResponses::default(), Err(cancelled), None);
        }
    }
}

impl DocumentState {
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        lock(&self.schedule)
    }

    /// The next snapshot. Only the one refresh in flight calls this.
    fn next(&self, fetched: &Fetched) -> Result<Snapshot, FetchError> {
        let RefreshContext { clock, settings, revision, .. } = &self.context;
        let mut before = self.snapshot.load_full();
        if let Some(without) = before.without_leaked(&fetched.keys.leaked) {
            // Immediately, even if the rest of the document is invalid.
            before = Arc::new(without);
            self.snapshot.store(Arc::clone(&before));
            revision.increment();
        }
        let update = Update {
            fetched,
            algorithms: &self.algorithms,
            settings,
            at: clock.elapsed(),
            outage: self.failing.load(Ordering::Relaxed),
        };
        let mut notices = Vec::new();
        let next = before.next(&update, &mut notices);
        notice::log(&notices, &self.spec.address(), settings.grace);
        next.map_err(|document| FetchError::new(self.spec.address(), FetchFailure::InvalidDocument(document)))
    }

    /// Publishes the outcome of a refresh, sets the time of the next one, and wakes the waiters.
    fn finish(&self, previous: PreviousResponses, next: Result<Snapshot, FetchError>, max_age: Option<Duration>) {
        let mut schedule = self.schedule();
        let RefreshContext { clock, settings, counters, revision, .. } = &self.context;
        let at = clock.elapsed();
        schedule.running = None;
        schedule.is_running = false;
        let outcome = match next {
            Ok(next) => {
                schedule.previous = previous;
                schedule.failures = 0;
                schedule.failure = None;
                // No cooldown after the first refresh: an unknown `kid` may start another one immediately.
                let cool_down = if schedule.has_succeeded { settings.cool_down } else { Duration::ZERO };
                schedule.not_before = at.saturating_add(cool_down);
                schedule.has_succeeded = true;
                self.failing.store(false, Ordering::Relaxed);
                self.snapshot.store(Arc::new(next));
                self.due.store(millis(at.saturating_add(interval(settings, max_age))), Ordering::Relaxed);
                Ok(())
            }
            Err(cause) => {
                // The next refresh fetches every document again, without an `ETag`.
                schedule.previous = PreviousResponses::default();
                schedule.failures = schedule.failures.saturating_add(1);
                let wait = backoff(settings, schedule.failures, schedule.has_succeeded);
                schedule.not_before = at.saturating_add(wait);
                self.failing.store(true, Ordering::Relaxed);
                self.due.store(millis(schedule.not_before), Ordering::Relaxed);
                counters.count(Event::Failure);
                let cause = Arc::new(cause);
                schedule.failure = Some(Arc::clone(&cause));
                Err((cause, schedule.failures, wait))
            }
        };
        // After the changes that the revision stands for are published.
        schedule.published = revision.increment();
        self.finished.send_modify(|finished| *finished = finished.wrapping_add(1));
        drop(schedule);
        // Last, since a `tracing` subscriber may block or panic.
        match outcome {
            Ok(()) => {
                tracing::debug!(target: "tower_entra", event = "keys_refreshed", document = %self.spec.address());
            }
            Err((cause, failures, wait)) => {
                tracing::warn!(target: "tower_entra", event = "keys_refresh_failed", document = %self.spec.address(),
                    cause = cause.to_string(), failures, retry_after_seconds = wait.as_secs());
            }
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
