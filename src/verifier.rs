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
