use std::time::Duration;

use tokio::sync::watch;

/// Waits for the refresh in flight, whoever started it.
pub(crate) struct Waiter {
    ended: Vec<watch::Receiver<u64>>,
    limit: Duration,
}

impl Waiter {
    /// One that waits until a count of refreshes that ended changes.
    pub(super) fn new(ended: watch::Receiver<u64>) -> Self {
        Self { ended: vec![ended], limit: Duration::MAX }
    }

    /// One that waits for all of `waiters`; `None` if there are none.
    pub(crate) fn all(waiters: Vec<Self>) -> Option<Self> {
        let limit = waiters.iter().map(|waiter| waiter.limit).max()?;
        let ended = waiters.into_iter().flat_map(|waiter| waiter.ended).collect();
        Some(Self { ended, limit })
    }

    /// The same, but it waits no longer than `limit`.
    pub(crate) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Until that refresh has ended, well or not; no longer than `patience`, since the runtime that it was started on may
    /// not be running any more.
    pub(crate) async fn ended(self, patience: Duration) {
        let all = async {
            for mut ended in self.ended {
                // An error means that the document is gone: nothing to wait for.
                let _ = ended.changed().await;
            }
        };
        let _ = tokio::time::timeout(patience.min(self.limit), all).await;
    }
}
