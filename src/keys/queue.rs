//! The rate limit for refreshes of tenants' own documents. Anybody can name a listed tenant in a forged token, so the
//! number of tenants that are named must not decide how much is fetched, nor whose turn it is.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::task::AbortHandle;

use super::{KeySettings, document::Document};
use crate::clock::Clock;

/// Starts refreshes in the order in which they were asked for, no faster than the rate limit allows. Each document has at
/// most one place, so the queue is never longer than the list of tenants, and a flood of tokens for other tenants delays
/// a tenant by one refresh for each of them.
///
/// A document keeps its place when the requests that wait for it go away: a client that comes back after its 503 does
/// not start again at the end. The task that serves the queue ends when the queue is empty, or is dropped.
pub(crate) struct RefreshQueue(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    interval: Duration,
    /// How far refreshes may run ahead of the average rate.
    tolerance: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Weak<Document>>,
    /// How many documents have left the queue; their tickets are 1 to this number.
    left: u64,
    /// When the whole burst will be available again, by the clock that never leaps.
    full_at: Duration,
    driver: Option<AbortHandle>,
}

impl RefreshQueue {
    pub(crate) fn new(clock: Arc<dyn Clock>, settings: &KeySettings) -> Self {
        let interval = settings.tenant_refresh_interval;
        let tolerance = interval.saturating_mul(settings.tenant_refresh_burst.saturating_sub(1));
        Self(Arc::new(Shared { clock, interval, tolerance, state: Mutex::default() }))
    }

    /// Gives a document a place in the queue, unless it has one; at once its turn if nobody waits and the limit allows.
    /// Returns whether a refresh is under way or will be: `false` during the document's cooldown, or without a runtime.
    pub(crate) fn enter(&self, document: &Arc<Document>) -> bool {
        if document.is_running() {
            return true;
        }
        if !document.may_refresh() || document.runtime().is_none() {
            return false;
        }
        self.0.push(document);
        self.0.serve();
        self.drive();
        true
    }

    /// The time until a document's turn; zero if it does not wait for one.
    pub(crate) fn time_to_turn(&self, document: &Document) -> Duration {
        let state = self.0.state();
        let Some(ahead) = document.ticket().checked_sub(state.left + 1) else { return Duration::ZERO };
        let ahead = self.0.interval.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX));
        self.0.time_to_next(&state).saturating_add(ahead)
    }

    /// Starts the task that serves the queue, if somebody waits and none is running.
    fn drive(&self) {
        let mut state = self.0.state();
        // A task whose runtime was shut down is finished too.
        let is_driven = state.driver.as_ref().is_some_and(|driver| !driver.is_finished());
        if state.waiting.is_empty() || is_driven {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let shared = Arc::clone(&self.0);
        let driver = async move {
            while let Some(wait) = shared.next_wait() {
                tokio::time::sleep(wait).await;
                shared.serve();
            }
        };
        state.driver = Some(runtime.spawn(driver).abort_handle());
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

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, document: &Arc<Document>) {
        let mut state = self.state();
        if document.ticket() == 0 {
            state.waiting.push_back(Arc::downgrade(document));
            document.set_ticket(state.left + state.waiting.len() as u64);
        }
    }

    /// Starts every refresh whose turn it is.
    fn serve(&self) {
        while let Some(document) = self.next() {
            // Without the lock: a runtime that shuts down ends the refresh on the spot.
            document.request();
        }
    }

    /// Takes the first document off the queue if the limit allows a refresh now.
    fn next(&self) -> Option<Arc<Document>> {
        let mut state = self.state();
        loop {
            let first = state.waiting.front()?.upgrade();
            // One that is gone, or was refreshed by other means, costs nothing.
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
    fn time_to_next(&self, state: &State) -> Duration {
        state.full_at.saturating_sub(self.clock.elapsed().saturating_add(self.tolerance))
    }

    /// For the task that serves the queue: the time until the next turn, or `None` when it is to end.
    fn next_wait(&self) -> Option<Duration> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            // Under the lock, so that whoever comes next starts another.
            state.driver = None;
            return None;
        }
        Some(self.time_to_next(&state))
    }
}

impl State {
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
        keys::document::Surroundings,
    };

    /// Never answers.
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
        let surroundings = Surroundings {
            ownership: Default::default(),
            fetch: Arc::new(Silent),
            clock: Arc::clone(clock),
            settings: Arc::new(settings.clone()),
            counters: Arc::default(),
            epoch: Arc::default(),
            issuer_revision: Arc::default(),
        };
        Arc::new(Document::new(spec, Arc::from([Algorithm::RS256]), surroundings))
    }

    fn waiting(queue: &RefreshQueue) -> usize {
        queue.0.state().waiting.len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_document_has_at_most_one_place_and_a_turn_that_can_be_told() {
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
        assert!(documents[0].is_running(), "it is its turn at once");
        assert_eq!(waiting(&queue), 3);
        for (number, document) in documents.iter().enumerate().skip(1) {
            let turn = SECOND * u32::try_from(number).unwrap();
            let told = queue.time_to_turn(document);
            assert!(told <= turn && told + SECOND > turn, "{number}: {told:?}");
        }
        assert_eq!(queue.time_to_turn(&documents[0]), Duration::ZERO);
        drop(documents);
        queue.0.serve();
        assert_eq!(waiting(&queue), 0, "places of documents that are gone are given up");
    }
}
