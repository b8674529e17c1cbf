use std::fmt;

use serde::Serialize;

use super::{
    cause::Cause,
    causes,
    check::{self, Check},
    decoded::Decoded,
    paste_causes,
    pasted::Pasted,
};
use crate::{
    rejection::{Rejection, RejectionKind},
    verifier::Verifier,
};

/// What was found out about one token. See the [module](crate::diagnosis) for examples.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    pub(super) accepted: bool,
    pub(super) code: Option<&'static str>,
    pub(super) cause: Option<Cause>,
    pub(super) further: Vec<Cause>,
    pub(super) checks: Vec<Check>,
    pub(super) token: Decoded,
    #[serde(skip)]
    pub(super) rejection: Option<Rejection>,
}

impl Diagnosis {
    /// Whether the verifier accepts the token, given exactly so but for blanks and line breaks around it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// The code of the refusal, as callers and the log have it.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The refusal of the token itself, without what was pasted around it.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// The root cause; `None` if the token is accepted.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// The causes that would remain once the root cause is fixed.
    #[must_use]
    pub fn further(&self) -> &[Cause] {
        &self.further
    }

    /// Every check in its order.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// What stands in the token.
    #[must_use]
    pub fn token(&self) -> &Decoded {
        &self.token
    }
}

impl Verifier {
    /// Runs every check on a token to its end, and finds the root cause of its refusal. `text` may be what somebody pasted:
    /// quotes, `Bearer`, line breaks and a whole token response are recognised, and said.
    ///
    /// Keys are fetched if there are none yet, and as [`verify`](Self::verify) would fetch them. The application's checks run.
    /// The token is sent nowhere.
    ///
    /// ```
    /// use mock_entra::MockEntra;
    /// use tower_entra::{Verifier, diagnosis::CauseKind};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let entra = MockEntra::new();
    /// # let verifier = Verifier::builder()
    /// #     .tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID).fetch(entra.clone()).build()?;
    /// let diagnosis = verifier.diagnose(&format!("\"{}\"", entra.token().expired().build())).await;
    /// assert_eq!(diagnosis.cause().map(|cause| cause.kind()), Some(CauseKind::Quoted));
    /// assert_eq!(diagnosis.further()[0].kind(), CauseKind::Expired);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn diagnose(&self, text: &str) -> Diagnosis {
        let pasted = Pasted::read(text);
        // Without keys nothing can be said of the signature; why there are none is told by what follows.
        let state = self.snapshot();
        state.load_authorities().await;
        let recording = state.record(&pasted.token).await;
        let authority = state.report(&recording);
        let now = self.clock().now();
        let token = Decoded::read(&pasted.token, now);
        let analysis = causes::Analysis {
            pasted: &pasted,
            recording: &recording,
            authority: authority.as_ref(),
            token: &token,
            now,
        };
        let mut causes: Vec<Cause> =
            pasted.faults.iter().map(|fault| paste_causes::of_paste(*fault, &pasted)).collect();
        let rejection = recording.rejection().filter(|_| !pasted.token.is_empty()).cloned();
        if let Some(rejection) = &rejection {
            causes.extend(analysis.causes(rejection));
        }
        let mut seen = std::collections::HashSet::new();
        causes.retain(|cause| seen.insert(cause.kind));
        let checks = check::checks(&analysis);
        let is_accepted = recording.is_accepted() && pasted.faults.is_empty();
        let mut causes = causes.into_iter();
        let cause = causes.next();
        let code = match (&rejection, &cause) {
            _ if is_accepted => None,
            (_, Some(cause)) if !pasted.faults.is_empty() => Some(cause.kind.rejection().code()),
            (Some(rejection), _) => Some(rejection.code()),
            (None, _) => Some(RejectionKind::MalformedToken.code()),
        };
        Diagnosis { accepted: is_accepted, code, cause, further: causes.collect(), checks, token, rejection }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.code) {
            (Some(cause), Some(code)) => {
                writeln!(f, "refused ({code}): {cause}")?;
            }
            _ => writeln!(f, "accepted: {}", self.token.kind())?,
        }
        for cause in &self.further {
            writeln!(f, "\nand then: {cause}")?;
        }
        writeln!(f)?;
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))
    }
}
