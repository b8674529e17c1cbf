use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use crate::sync::{time::timeout, watch};

/// Waits for the refresh in flight, which all requests share.
pub(crate) struct Waiter {
    finished: Vec<watch::Receiver<u64>>,
    /// A second refresh, whose end also ends the wait.
    or: Option<watch::Receiver<u64>>,
    limit: Duration,
}

impl Waiter {
    /// Waits until a document's number of finished refreshes changes.
    pub(super) fn new(finished: watch::Receiver<u64>) -> Self {
        Self { finished: vec![finished], or: None, limit: Duration::MAX }
    }

    /// A waiter that is ready at once.
    pub(super) fn ready() -> Self {
        Self { finished: Vec::new(), or: None, limit: Duration::MAX }
    }

    /// Waits for all of `waiters`; `None` if there are none.
    pub(crate) fn all(waiters: Vec<Self>) -> Option<Self> {
        let limit = waiters.iter().map(|waiter| waiter.limit).max()?;
        let finished = waiters.into_iter().flat_map(|waiter| waiter.finished).collect();
        Some(Self { finished, or: None, limit })
    }

    /// Also ends the wait when the refresh of `other` finishes.
    pub(super) fn or(self, other: Option<Self>) -> Self {
        let or = other.and_then(|other| other.finished.into_iter().next());
        Self { or, ..self }
    }

    /// Limits the wait to `limit`.
    pub(crate) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Waits until the refresh has finished, successful or not, but at most for `max_wait`: the runtime that it was started on
    /// may have stopped.
    pub(crate) async fn wait(self, max_wait: Duration) {
        let Self { finished, mut or, limit } = self;
        let all = async {
            for mut finished in finished {
                // An error means that the document was dropped: there is nothing to wait for.
                let _ = finished.changed().await;
            }
        };
        let or = async {
            match &mut or {
                Some(finished) => drop(finished.changed().await),
                None => std::future::pending().await,
            }
        };
        let (mut all, mut or) = (pin!(all), pin!(or));
        let first = poll_fn(|context| match all.as_mut().poll(context) {
            Poll::Pending => or.as_mut().poll(context),
            ready => ready,
        });
        let _ = timeout(max_wait.min(limit), first).await;
    }
}
