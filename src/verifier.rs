//! Stand-in, replaced when the real one is merged.
#![allow(missing_docs, dead_code)]

use std::{fmt, pin::Pin, sync::Arc};

use crate::{Claims, Rejection};

#[derive(Clone)]
pub struct Verifier {
    start: Arc<dyn Fn(&str) -> Verdict + Send + Sync>,
    detailed: bool,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

pub(crate) enum Verdict {
    Ready(Result<Claims, Rejection>),
    /// Keys must be awaited, or an owner's asynchronous check.
    Wait(Pin<Box<dyn Future<Output = Result<Claims, Rejection>> + Send>>),
}

impl Verifier {
    pub(crate) fn start(&self, token: &str) -> Verdict {
        (self.start)(token)
    }

    pub(crate) fn max_token_bytes(&self) -> usize {
        16 * 1024
    }

    pub(crate) fn detailed_errors(&self) -> bool {
        self.detailed
    }

    #[cfg(test)]
    pub(crate) fn stub(start: impl Fn(&str) -> Verdict + Send + Sync + 'static) -> Self {
        Self { start: Arc::new(start), detailed: false }
    }

    #[cfg(test)]
    pub(crate) fn detailed(mut self) -> Self {
        self.detailed = true;
        self
    }
}

/// What the tests of the layers ask with; a mock Entra takes its place.
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub(crate) mod stub {
    use std::time::Duration;

    use super::*;
    use crate::{
        RejectionKind,
        claims::{Facts, TokenVersion, payload::Payload},
    };

    /// Claims with these scopes.
    pub(crate) fn claims(scopes: &str) -> Claims {
        let json = format!(r#"{{"iss":"i","aud":"a","exp":17,"oid":"object","name":"Ada Lovelace","scp":"{scopes}"}}"#);
        let facts = Facts { authority: "main".into(), tenant: None, version: TokenVersion::V2, app_only: false };
        Claims::new(Payload::parse(json).unwrap(), facts)
    }

    /// Knows a few tokens by name.
    pub(crate) fn verifier() -> Verifier {
        Verifier::stub(|token| match token {
            "slow" => wait(Ok(claims("Files.Read"))),
            "slow-bad" => wait(Err(Rejection::new(RejectionKind::UnknownKey).with_key_id("k\n1"))),
            "never" => Verdict::Wait(Box::pin(std::future::pending())),
            other => Verdict::Ready(at_once(other)),
        })
    }

    fn at_once(token: &str) -> Result<Claims, Rejection> {
        match token {
            "good" => Ok(claims("Files.Read")),
            "poor" => Ok(claims("Mail.Read")),
            "expired" => {
                Err(Rejection::new(RejectionKind::Expired).verified().from_authority("main").with_key_id("k1"))
            }
            "other-api" => {
                Err(Rejection::new(RejectionKind::WrongAudience).verified().expected("api://me").got("api://\"x\""))
            }
            "down" => Err(Rejection::new(RejectionKind::KeysUnavailable).retry_after(Duration::from_millis(1200))),
            _ => Err(Rejection::new(RejectionKind::BadSignature).expected("our key").got("eyJsecret")),
        }
    }

    fn wait(verdict: Result<Claims, Rejection>) -> Verdict {
        Verdict::Wait(Box::pin(async {
            tokio::task::yield_now().await;
            verdict
        }))
    }
}
