use std::{error::Error, fmt, time::Duration};

use super::text::{escaped, truncated};

/// The longest text of a document or a server that is kept, in characters: it may be as long as the document.
const MAX_TEXT: usize = 1_000;

/// Why a document of the identity provider could not be fetched or used.
///
/// ```
/// use tower_entra::error::{FetchError, FetchFailure};
///
/// let error = FetchError::new("https://id.contoso.example/keys", FetchFailure::Status(503));
/// assert_eq!(error.to_string(), "https://id.contoso.example/keys responded with status 503");
/// assert!(matches!(error.failure(), FetchFailure::Status(503)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    url: Box<str>,
    failure: FetchFailure,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchFailure {
    /// The URL must not be fetched: `https` is required, except on loopback.
    Forbidden {
        /// Why not.
        reason: String,
    },
    /// There is no connection, or it was closed early: DNS, TLS, a proxy, a closed port.
    Connection {
        /// The cause, as the HTTP client reports it.
        cause: String,
    },
    /// The response was not complete within this time.
    Timeout {
        /// The limit.
        after: Duration,
    },
    /// An HTTP status other than 200 (or 304 after `If-None-Match`). Redirects are not followed.
    Status(u16),
    /// The provider has no such tenant, policy or issuer.
    NotFound {
        /// The HTTP status: 400 or 404.
        status: u16,
        /// What does not exist, and how to fix the configuration.
        reason: String,
    },
    /// The body is longer than the limit.
    TooLarge {
        /// The limit, in bytes.
        max_bytes: usize,
    },
    /// The document was fetched, and cannot be used.
    InvalidDocument(InvalidDocument),
    /// The refresh was cancelled, because its runtime was shut down for example.
    Cancelled,
}

/// Why a document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDocument {
    fault: DocumentFault,
    reason: Box<str>,
    /// The issuers that it names, of a foreign issuer that the configuration may list.
    issuers: Vec<String>,
}

/// The faults of a document that have a cause and a remedy of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentFault {
    /// Its issuer belongs to another authority, or is at another origin than the document.
    ForeignIssuer,
    /// Azure AD B2C: its issuer contains the policy, and such issuers are not accepted.
    PolicyInIssuer,
    /// A key set without a key that can verify tokens.
    NoUsableKey,
    Other,
}

impl FetchError {
    /// An error for the document at `url`. Texts are truncated to 1,000 characters, and control characters escaped: both may
    /// be written by a server.
    #[must_use]
    pub fn new(url: impl Into<String>, failure: FetchFailure) -> Self {
        let failure = match failure {
            FetchFailure::Forbidden { reason } => FetchFailure::Forbidden { reason: plain(reason) },
            FetchFailure::Connection { cause } => FetchFailure::Connection { cause: plain(cause) },
            FetchFailure::NotFound { status, reason } => FetchFailure::NotFound { status, reason: plain(reason) },
            other => other,
        };
        Self { url: plain(url.into()).into(), failure }
    }

    /// The URL of the document.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What failed.
    #[must_use]
    pub fn failure(&self) -> &FetchFailure {
        &self.failure
    }

    /// The HTTP status, if the server responded with one that is not accepted.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.failure {
            FetchFailure::Status(status) | FetchFailure::NotFound { status, .. } => Some(status),
            _ => None,
        }
    }
}

impl InvalidDocument {
    /// A document that cannot be used for this reason.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self::with_fault(DocumentFault::Other, reason)
    }

    pub(crate) fn with_fault(fault: DocumentFault, reason: impl Into<String>) -> Self {
        Self { fault, reason: plain(reason.into()).into(), issuers: Vec::new() }
    }

    /// Adds the issuers that the configuration may list so that the document can be used.
    pub(crate) fn naming(self, issuers: impl IntoIterator<Item = String>) -> Self {
        Self { issuers: issuers.into_iter().collect(), ..self }
    }

    pub(crate) fn issuers(&self) -> &[String] {
        &self.issuers
    }

    pub(crate) fn fault(&self) -> DocumentFault {
        self.fault
    }

    /// Why, as part of a sentence.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<String> for InvalidDocument {
    fn from(reason: String) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.url;
        match &self.failure {
            FetchFailure::Forbidden { reason } => write!(f, "{url} must not be fetched: {reason}"),
            FetchFailure::Connection { cause } => write!(f, "{url} cannot be reached: {cause}"),
            FetchFailure::Timeout { after } => write!(f, "{url} sent no complete response within {after:?}"),
            FetchFailure::Status(status) => write!(f, "{url} responded with status {status}"),
            FetchFailure::NotFound { status, reason } => write!(f, "{url} responded with status {status}: {reason}"),
            FetchFailure::TooLarge { max_bytes } => write!(f, "{url} responded with more than {max_bytes} bytes"),
            FetchFailure::InvalidDocument(document) => write!(f, "the document at {url} is not usable: {document}"),
            FetchFailure::Cancelled => write!(f, "the refresh of {url} was cancelled"),
        }
    }
}

impl fmt::Display for InvalidDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for FetchError {}

/// Short, and without characters that break a line or steer a terminal.
fn plain(text: String) -> String {
    escaped(truncated(text, MAX_TEXT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_servers_are_short_and_have_no_control_characters() {
        let long = "\u{1b}[2J\n".repeat(500_000);
        let failures = [
            FetchFailure::Forbidden { reason: long.clone() },
            FetchFailure::Connection { cause: long.clone() },
            FetchFailure::NotFound { status: 404, reason: long.clone() },
            FetchFailure::InvalidDocument(InvalidDocument::new(long.clone())),
        ];
        for failure in failures {
            for text in
                [format!("{:?}", FetchError::new(&long, failure.clone())), FetchError::new("", failure).to_string()]
            {
                assert!(text.len() < 20 * MAX_TEXT, "{} bytes", text.len());
                assert!(!text.contains(char::is_control), "{text}");
            }
        }
    }
}
