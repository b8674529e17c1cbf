use std::sync::{Mutex, atomic::AtomicU64};

use shuttle::{rand::Rng, thread};

use super::*;
use crate::{
    authority::{DocumentOwner, DocumentSpec},
    jwt::Algorithm,
    keys::{
        document::{Document, RefreshContext},
        queue::RefreshQueue,
    },
};

const INTERVAL: Duration = Duration::from_secs(1);
const BURST: u32 = 1;
const DOCUMENTS: usize = 4;

/// Time that passes with every reading, so that the queue's task, whose `sleep` returns at once in a model, ends.
#[derive(Debug, Default)]
struct ModelClock(AtomicU64);

impl Clock for ModelClock {
    fn now(&self) -> std::time::SystemTime {
        PROVIDER.now
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(100, Ordering::SeqCst))
    }
}

/// Records when each refresh begins.
#[derive(Clone, Debug)]
struct Recorder {
    clock: Arc<ModelClock>,
    starts: Arc<Mutex<Vec<Duration>>>,
    fetch: ModelFetch,
}

impl Fetch for Recorder {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        if request.url.contains(".well-known") {
            self.starts.lock().unwrap().push(self.clock.elapsed());
        }
        self.fetch.fetch(request)
    }
}

struct Setup {
    queue: RefreshQueue,
    documents: Vec<Arc<Document>>,
    starts: Arc<Mutex<Vec<Duration>>>,
}

impl Setup {
    fn new() -> Arc<Self> {
        let clock = Arc::new(ModelClock::default());
        let starts = Arc::default();
        let fetch = Recorder { clock: Arc::clone(&clock), starts: Arc::clone(&starts), fetch: ModelFetch::default() };
        let settings =
            KeySettings { tenant_refresh_interval: INTERVAL, tenant_refresh_burst: BURST, ..KeySettings::default() };
        let queue = RefreshQueue::new(Arc::clone(&clock) as Arc<dyn Clock>, &settings);
        let context = RefreshContext {
            fetch: Arc::new(fetch),
            clock,
            settings: Arc::new(settings),
            counters: Arc::default(),
            revision: Arc::default(),
            ownership: Default::default(),
        };
        let spec = || DocumentSpec::Entra {
            instance: Default::default(),
            owner: DocumentOwner::Tenant(MockEntra::TENANT.parse().unwrap()),
            app_id: None,
            version: None,
            listed: Arc::default(),
        };
        let document = |_| Arc::new(Document::new(spec(), Arc::from([Algorithm::RS256]), context.clone()));
        Arc::new(Self { queue, documents: (0..DOCUMENTS).map(document).collect(), starts })
    }

    /// Queues documents, and waits for all of them: a lost wake-up is a deadlock.
    fn refresh(&self, numbers: impl IntoIterator<Item = usize>) {
        let mut waiters = Vec::new();
        for document in numbers.into_iter().map(|number| &self.documents[number]) {
            let waiter = document.waiter();
            if document.finished() == 0 && self.queue.enter(document) {
                waiters.push(waiter);
            }
            assert!(self.queue.waiting() <= DOCUMENTS, "a document is queued twice");
        }
        for waiter in waiters {
            shuttle::future::block_on(waiter.wait(Duration::MAX));
        }
    }

    fn assert_refreshed_within_the_limit(&self) {
        // A document that was queued again just after its refresh: shuttle cannot drop a refresh at the end of a schedule.
        while self.queue.waiting() > 0 || self.documents.iter().any(|document| document.is_running()) {
            thread::yield_now();
        }
        assert!(self.documents.iter().all(|document| document.finished() > 0));
        // The queue's task may still hold a document, whose destructor locks; shuttle cannot run that at the end either.
        std::mem::forget(self.documents.clone());
        for (number, start) in self.starts.lock().unwrap().iter().enumerate() {
            let allowed = u128::from(BURST) + start.as_millis() / INTERVAL.as_millis();
            assert!((number as u128) < allowed, "refresh {number} at {start:?}");
        }
    }
}

/// Two threads queue the same documents in different orders.
#[test]
fn every_queued_document_is_refreshed_within_the_rate_limit() {
    check(|| {
        let setup = Setup::new();
        let other = Arc::clone(&setup);
        let thread = thread::spawn(move || other.refresh([2, 3, 0, 1]));
        setup.refresh(0..DOCUMENTS);
        thread.join().unwrap();
        setup.assert_refreshed_within_the_limit();
    });
}

/// A document is queued at a random time while another one is refreshed: the task that serves the queue may just be ending.
#[test]
fn document_that_is_queued_as_the_queue_runs_empty_is_refreshed() {
    check(|| {
        let setup = Setup::new();
        setup.refresh([0]);
        let other = Arc::clone(&setup);
        let thread = thread::spawn(move || other.refresh([1]));
        for _ in 0..shuttle::rand::thread_rng().gen_range(0..60) {
            thread::yield_now();
        }
        setup.refresh([2]);
        thread.join().unwrap();
        setup.refresh([3]);
        setup.assert_refreshed_within_the_limit();
    });
}
