//! The rate limit for refreshes of tenant documents. Anyone can name a listed tenant in a forged token, so neither the number
//! of fetches nor the order of the tenants may depend on how many tokens name which tenant.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use super::{KeySettings, document::Document};
use crate::{
    clock::Clock,
    sync::{Mutex, MutexGuard, lock, runtime::Handle, spawn, task::AbortHandle, time::sleep},
};

/// Starts refreshes in the order of the requests, no faster than the rate limit allows. Each document is queued at most once,
/// so the queue is never longer than the list of tenants, and a flood of tokens for other tenants delays a tenant by at most
/// one refresh of each.
///
/// A document stays queued when the requests that wait for it are cancelled, so that a client that retries after its 503
/// does not start again at the end. The task that serves the queue ends when the queue is empty or dropped.
pub(crate) struct RefreshQueue(Arc<QueueShared>);

struct QueueShared {
    clock: Arc<dyn Clock>,
    interval: Duration,
    /// How far ahead of the average rate refreshes may be.
    tolerance: Duration,
    state: Mutex<QueueState>,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<Weak<Document>>,
    /// The number of documents that have left the queue; their tickets were 1 to this number.
    left: u64,
    /// When the whole burst is available again, in monotonic time.
    full_at: Duration,
    driver: Option<AbortHandle>,
}

impl RefreshQueue {
    pub(crate) fn new(clock: Arc<dyn Clock>, settings: &KeySettings) -> Self {
        let interval = settings.tenant_refresh_interval;
        let tolerance = interval.saturating_mul(settings.tenant_refresh_burst.saturating_sub(1));
        Self(Arc::new(QueueShared { clock, interval, tolerance, state: Mutex::default() }))
    }

    /// Queues a document unless it is queued. Its refresh starts at once if the queue is empty and the limit allows.
    /// Returns whether a refresh is in flight or queued: `false` during the document's cooldown, or without a runtime.
    pub(crate) fn enter(&self, document: &Arc<Document>) -> bool {
        if document.is_running() {
            return true;
        }
        if !document.may_refresh() || document.runtime().is_none() {
            return false;
        }
        self.0.push(document);
        self.0.serve();
        self.start_driver();
        true
    }

    /// The time until a document's refresh starts; zero if it is not queued.
    pub(crate) fn time_to_turn(&self, document: &Document) -> Duration {
        let state = self.0.state();
        let Some(ahead) = document.ticket().checked_sub(state.left + 1) else { return Duration::ZERO };
        let ahead = self.0.interval.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX));
        self.0.time_to_next(&state).saturating_add(ahead)
    }

    /// The number of queued documents.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.0.state().waiting.len()
    }

    /// Starts the task that serves the queue, if a document is queued and no task is running.
    fn start_driver(&self) {
        let mut state = self.0.state();
        // A task whose runtime was shut down counts as finished.
        let is_running = state.driver.as_ref().is_some_and(|driver| !driver.is_finished());
        if state.waiting.is_empty() || is_running {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let shared = Arc::clone(&self.0);
        let driver = async move {
            while let Some(wait) = shared.next_wait() {
                sleep(wait).await;
                shared.serve();
            }
        };
        state.driver = Some(spawn(&runtime, driver));
    }
}

impl Drop for RefreshQueue {
    fn drop(&mut self) {
        if let Some(driver) = self.0.state().driver.take() {
            driver.abort();
        }
    }
}

impl fmt::Debug for RefreshQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshQueue").field("waiting", &self.0.state().waiting.len()).finish_non_exhaustive()
    }
}

impl QueueShared {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        lock(&self.state)
    }

    fn push(&self, document: &Arc<Document>) {
        let mut state = self.state();
        if document.ticket() == 0 {
            state.waiting.push_back(Arc::downgrade(document));
            document.set_ticket(state.left + state.waiting.len() as u64);
        }
    }

    /// Starts every refresh that the limit allows now.
    fn serve(&self) {
        while let Some(document) = self.next() {
            // Not under the lock: a runtime that shuts down finishes the refresh at once.
            document.request();
        }
    }

    /// Removes the first document from the queue if the limit allows a refresh now.
    fn next(&self) -> Option<Arc<Document>> {
        let mut state = self.state();
        loop {
            let first = state.waiting.front()?.upgrade();
            // A document that was dropped, or refreshed by other means, does not count towards the limit.
            let Some(document) = first.filter(|document| document.may_refresh()) else {
                state.leave();
                continue;
            };
            if self.time_to_next(&state) > Duration::ZERO {
                return None;
            }
            state.full_at = state.full_at.max(self.clock.elapsed()).saturating_add(self.interval);
            state.leave();
            return Some(document);
        }
    }

    /// The time until the limit allows a refresh.
    fn time_to_next(&self, state: &QueueState) -> Duration {
        state.full_at.saturating_sub(self.clock.elapsed().saturating_add(self.tolerance))
    }

    /// For the task that serves the queue: the time until the next refresh, or `None` if the task has to end.
    fn next_wait(&self) -> Option<Duration> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            // Under the lock, so that the next document starts another task.
            state.driver = None;
            return None;
        }
        Some(self.time_to_next(&state))
    }
}

impl QueueState {
    fn leave(&mut self) {
        if let Some(document) = self.waiting.pop_front() {
            self.left += 1;
            if let Some(document) = document.upgrade() {
                document.set_ticket(0);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{
        authority::DocumentSpec,
        clock::SystemClock,
        fetch::{Fetch, FetchFuture, FetchRequest},
        jwt::Algorithm,
        keys::document::RefreshContext,
    };

    /// Never responds.
    #[derive(Debug)]
    struct Silent;

    impl Fetch for Silent {
        fn fetch(&self, _: FetchRequest) -> FetchFuture {
            Box::pin(std::future::pending())
        }
    }

    fn document(clock: &Arc<dyn Clock>, settings: &KeySettings) -> Arc<Document> {
        let spec = DocumentSpec::OpenIdConnect {
            issuer: "https://id.example".into(),
            metadata: None,
            jwks_uri: None,
            listed: Arc::default(),
        };
        let context = RefreshContext {
            ownership: Default::default(),
            fetch: Arc::new(Silent),
            clock: Arc::clone(clock),
            settings: Arc::new(settings.clone()),
            counters: Arc::default(),
            revision: Arc::default(),
        };
        Arc::new(Document::new(spec, Arc::from([Algorithm::RS256]), context))
    }

    #[tokio::test(start_paused = true)]
    async fn document_is_queued_once_and_its_start_time_is_known() {
        const SECOND: Duration = Duration::from_secs(1);
        let settings = KeySettings {
            tenant_refresh_interval: SECOND,
            tenant_refresh_burst: 1,
            cool_down: Duration::ZERO,
            ..KeySettings::default()
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let queue = RefreshQueue::new(Arc::clone(&clock), &settings);
        let documents: Vec<_> = (0..4).map(|_| document(&clock, &settings)).collect();
        for _ in 0..10 {
            assert!(documents.iter().all(|document| queue.enter(document)));
        }
        assert!(documents[0].is_running(), "the first starts at once");
        assert_eq!(queue.waiting(), 3);
        for (number, document) in documents.iter().enumerate().skip(1) {
            let turn = SECOND * u32::try_from(number).unwrap();
            let reported = queue.time_to_turn(document);
            assert!(reported <= turn && reported + SECOND > turn, "{number}: {reported:?}");
        }
        assert_eq!(queue.time_to_turn(&documents[0]), Duration::ZERO);
        drop(documents);
        queue.0.serve();
        assert_eq!(queue.waiting(), 0, "dropped documents leave the queue");
    }
}
