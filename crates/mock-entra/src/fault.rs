use std::time::Duration;

/// What goes wrong when [`MockEntra`](super::MockEntra) is asked for something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: the usual answer.
    #[default]
    None,
    /// No answer at all: [`FetchFailure::Connection`](tower_entra::error::FetchFailure::Connection), and over HTTP a connection that
    /// is closed.
    Down,
    /// Another HTTP status. The body is the usual one, so whoever does not look at the status is caught.
    Status(u16),
    /// The usual answer, this much later.
    Slow(Duration),
    /// The usual answer, one byte at a time with this pause before each. As a [`Fetch`](tower_entra::fetch::Fetch) the whole of
    /// it comes after the sum of the pauses.
    Drip(Duration),
    /// Never an answer; over HTTP the connection stays open.
    Stall,
    /// Status 200 with a page of HTML.
    Garbage,
    /// Key sets without a single key. Everything else answers as usual.
    EmptyKeySet,
    /// Status 302 to this address.
    Redirect(String),
    /// The usual answer, drawn out with spaces to 16 MiB.
    TooLarge,
}

pub(super) const GARBAGE: &str = "<!doctype html><title>Proxy</title><p>Please sign in to use the network.";

const TOO_LARGE: usize = 16 * 1024 * 1024;

/// `body` drawn out to the size of [`Fault::TooLarge`]; JSON stays JSON.
pub(super) fn drawn_out(body: &[u8]) -> Vec<u8> {
    let mut long = vec![b' '; TOO_LARGE.saturating_sub(body.len())];
    long.extend_from_slice(body);
    long
}
