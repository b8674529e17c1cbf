use std::time::Duration;

/// A failure of the provider or of the network, for [`MockEntra::set_fault`](super::MockEntra::set_fault) and its
/// variants.
///
/// ```
/// use mock_entra::{Fault, MockEntra};
/// use tower_entra::fetch::{Fetch, FetchRequest};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let entra = MockEntra::new();
/// let request = FetchRequest::new(entra.metadata_url(), 100_000);
///
/// entra.set_fault(Fault::Status(503));
/// assert_eq!(entra.fetch(request.clone()).await?.status, 503);
///
/// entra.fail_next_with(1, Fault::Down);
/// assert!(entra.fetch(request.clone()).await.is_err());
///
/// entra.clear_faults();
/// assert_eq!(entra.fetch(request).await?.status, 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No fault.
    #[default]
    None,
    /// No response. A fetch fails with
    /// [`FetchFailure::Connection`](tower_entra::error::FetchFailure::Connection); over HTTP the connection is closed.
    Down,
    /// This HTTP status with the usual body, which detects clients that ignore the status.
    Status(u16),
    /// The usual response after this delay.
    Slow(Duration),
    /// The usual response, one byte at a time with this pause before each. A fetch receives the whole response after the
    /// sum of the pauses.
    Drip(Duration),
    /// No response, ever. Over HTTP the connection stays open.
    Stall,
    /// Status 200 with an HTML page.
    Garbage,
    /// Key sets without keys. Other documents are not affected.
    EmptyKeySet,
    /// Status 302 to this URL.
    Redirect(String),
    /// The usual response, padded with spaces to 16 MiB.
    TooLarge,
}

pub(super) const GARBAGE: &str = "<!doctype html><title>Proxy</title><p>Please sign in to use the network.";

const TOO_LARGE: usize = 16 * 1024 * 1024;

/// `body`, padded to the size of [`Fault::TooLarge`]. JSON stays valid.
pub(super) fn padded(body: &[u8]) -> Vec<u8> {
    let mut padded = vec![b' '; TOO_LARGE.saturating_sub(body.len())];
    padded.extend_from_slice(body);
    padded
}
