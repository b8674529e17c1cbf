use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tokio::sync::watch;

/// Waits for the refresh in flight, whoever started it.
pub(crate) struct Waiter {
    ended: Vec<watch::Receiver<u64>>,
    /// Another refresh: when it ends, this wait ends too.
    or: Option<watch::Receiver<u64>>,
    limit: Duration,
}

impl Waiter {
    /// One that waits until a count of refreshes that ended changes.
    pub(super) fn new(ended: watch::Receiver<u64>) -> Self {
        Self { ended: vec![ended], or: None, limit: Duration::MAX }
    }

    /// One that waits for all of `waiters`; `None` if there are none.
    pub(crate) fn all(waiters: Vec<Self>) -> Option<Self> {
        let limit = waiters.iter().map(|waiter| waiter.limit).max()?;
        let ended = waiters.into_iter().flat_map(|waiter| waiter.ended).collect();
        Some(Self { ended, or: None, limit })
    }

    /// The same, but it ends when the refresh that `other` waits for ends, if that is first.
    pub(super) fn or(self, other: Option<Self>) -> Self {
        let or = other.and_then(|other| other.ended.into_iter().next());
        Self { or, ..self }
    }

    /// The same, but it waits no longer than `limit`.
    pub(crate) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Until that refresh has ended, well or not; no longer than `patience`, since the runtime that it was started on may
    /// not be running any more.
    pub(crate) async fn ended(self, patience: Duration) {
        let Self { ended, mut or, limit } = self;
        let all = async {
            for mut ended in ended {
                // An error means that the document is gone: nothing to wait for.
                let _ = ended.changed().await;
            }
        };
        let or = async {
            match &mut or {
                Some(ended) => drop(ended.changed().await),
                None => std::future::pending().await,
            }
        };
        let (mut all, mut or) = (pin!(all), pin!(or));
        let first = poll_fn(|context| match all.as_mut().poll(context) {
            Poll::Pending => or.as_mut().poll(context),
            ready => ready,
        });
        let _ = tokio::time::timeout(patience.min(limit), first).await;
    }
}
