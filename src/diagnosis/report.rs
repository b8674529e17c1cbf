use std::{collections::HashSet, fmt};

use serde::Serialize;

use super::{
    CauseKind,
    cause::Cause,
    check::{self, Check, Outcome},
    decoded::Decoded,
    facts::Facts,
    input,
    pasted::Pasted,
    rows,
};
use crate::{
    error::escaped,
    policy::Requirement,
    rejection::{Rejection, RejectionKind},
    verifier::{Step, Verifier},
};

/// The diagnosis of one token. See the [module](crate::diagnosis) for examples.
///
/// `Display` shows cause and remedy first, then the failed checks, those that may follow from another one last; `{:#}` shows
/// the other checks and the claims too.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    pub(super) accepted: bool,
    pub(super) code: Option<&'static str>,
    pub(super) cause: Option<Cause>,
    pub(super) further: Vec<Cause>,
    pub(super) notes: Vec<Cause>,
    pub(super) checks: Vec<Check>,
    pub(super) token: Decoded,
    #[serde(skip)]
    pub(super) rejection: Option<Rejection>,
    #[serde(skip)]
    pub(super) shadowed: Vec<CauseKind>,
}

impl Diagnosis {
    /// Whether the verifier accepts the token.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// The code of the rejection, as callers and the log have it.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The rejection of the token itself, without what was around it.
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

    /// Remarks about how the token was given that are no reason to reject it: that it was taken out of a header, a request or a
    /// command.
    #[must_use]
    pub fn notes(&self) -> &[Cause] {
        &self.notes
    }

    /// Every check in its order.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The content of the token.
    #[must_use]
    pub fn token(&self) -> &Decoded {
        &self.token
    }

    /// More general causes whose conditions hold too, for tests of the order of the table.
    #[doc(hidden)]
    #[must_use]
    pub fn shadowed(&self) -> &[CauseKind] {
        &self.shadowed
    }
}

impl Verifier {
    /// Runs every check on a token to its end, and finds the root cause of its rejection.
    ///
    /// `text` may be what somebody pasted. A header, a whole request, a curl command and an entry of a HAR file are
    /// [noted](Diagnosis::notes), and the token in it is diagnosed. Quotes, line breaks, a whole token response and the like are
    /// causes: a client that sends the token so is rejected.
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
    /// let diagnosis = verifier.diagnose(&format!("Authorization: Bearer {}", entra.token().build())).await;
    /// assert!(diagnosis.is_accepted());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn diagnose(&self, text: &str) -> Diagnosis {
        self.diagnose_pasted(Pasted::read(text), None).await
    }

    /// The same for an operation that requires more than the authority: what a [`RequireLayer`](crate::RequireLayer) checks.
    ///
    /// ```
    /// use mock_entra::MockEntra;
    /// use tower_entra::{Requirement, Verifier};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let entra = MockEntra::new();
    /// # let verifier = Verifier::builder()
    /// #     .tenant(MockEntra::TENANT).client_id(MockEntra::CLIENT_ID).fetch(entra.clone()).build()?;
    /// let write = Requirement::scope("Files.Write");
    /// let diagnosis = verifier.diagnose_for(&entra.token().build(), &write).await;
    /// assert_eq!(diagnosis.code(), Some("insufficient_scope"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn diagnose_for(&self, text: &str, requirement: &Requirement) -> Diagnosis {
        self.diagnose_pasted(Pasted::read(text), Some(requirement)).await
    }

    pub(super) async fn diagnose_pasted(&self, pasted: Pasted, operation: Option<&Requirement>) -> Diagnosis {
        // Without keys nothing is known of the signature. The checks say why there are none.
        let state = self.snapshot();
        state.load_authorities().await;
        let mut recording = state.record(&pasted.token).await;
        if let Some(requirement) = operation.filter(|_| recording.is_accepted())
            && let Ok(claims) = self.verify(&pasted.token).await
            && let Err(rejection) = requirement.check(&claims)
        {
            recording.reject_operation(rejection);
        }
        let authority = state.report(&recording);
        let now = self.clock().now();
        let token = Decoded::read(&pasted.token, now);
        let general = Rejection::new(RejectionKind::MalformedToken);
        let failure = recording.rejection().filter(|_| !pasted.token.is_empty()).cloned();
        let facts = Facts {
            pasted: &pasted,
            token: &token,
            failure: failure.as_ref().unwrap_or(&general),
            now,
            recording: &recording,
            authority: authority.as_ref(),
            is_only_authority: state.has_one_authority(),
            operation,
        };
        let mut causes: Vec<Cause> = pasted.faults.iter().map(|fault| input::cause(*fault, &pasted)).collect();
        if failure.is_some() {
            causes.extend(causes_of(&facts));
        }
        let mut seen = HashSet::new();
        causes.retain(|cause| seen.insert(cause.kind()));
        let shadowed =
            if failure.is_some() { rows::matching(&facts).skip(1).map(|row| row.kind).collect() } else { Vec::new() };
        let notes = pasted.notes.iter().map(|note| input::cause(*note, &pasted)).collect();
        let checks = check::checks(&facts, |failed| is_independent(&facts, failed));
        let accepted = recording.is_accepted() && pasted.faults.is_empty();
        let mut causes = causes.into_iter();
        let cause = causes.next();
        let code = match (&failure, &cause) {
            _ if accepted => None,
            (_, Some(cause)) if !pasted.faults.is_empty() => Some(cause.kind().rejection().code()),
            (Some(rejection), _) => Some(rejection.code()),
            (None, _) => Some(RejectionKind::MalformedToken.code()),
        };
        let further = causes.collect();
        Diagnosis { accepted, code, cause, further, notes, checks, token, rejection: failure, shadowed }
    }
}

/// The root cause, then the causes that would remain.
fn causes_of(facts: &Facts<'_>) -> Vec<Cause> {
    let mut causes = vec![rows::cause(facts)];
    // A new ID token would be rejected too, so that it comes first; that it has expired remains.
    if facts.is(RejectionKind::Expired) && facts.is_only_id_token() {
        causes.extend(rows::matching(facts).nth(1).map(|row| row.cause(facts)));
    }
    if facts.hook().is_some() {
        return causes;
    }
    let others =
        facts.recording.failures().filter(|failed| failed.kind() != facts.kind() && is_independent(facts, failed));
    causes.extend(others.map(|failed| rows::cause(&Facts { failure: failed, ..*facts })));
    causes
}

/// Whether a failure would remain once the root cause is fixed.
fn is_independent(facts: &Facts<'_>, failed: &Rejection) -> bool {
    use RejectionKind as Kind;
    match facts.kind() {
        // Another token is needed, so that nothing else of this one matters.
        Kind::MicrosoftApiToken
        | Kind::UnknownIssuer
        | Kind::WrongTenant
        | Kind::MalformedToken
        | Kind::EncryptedToken => false,
        // The rules for such a signature are not known.
        Kind::UnsupportedAlgorithm => !matches!(failed.kind(), Kind::BadSignature | Kind::MalformedToken),
        // Unverified claims are only hints at the cause.
        Kind::BadSignature | Kind::UnknownKey | Kind::KeysUnavailable => {
            matches!(failed.kind(), Kind::WrongAudience | Kind::Expired)
        }
        _ => !facts.is_only_id_token() || failed.kind() == Kind::Expired,
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.cause, self.code) {
            (Some(cause), Some(code)) => writeln!(f, "rejected ({code}): {cause}")?,
            _ => writeln!(f, "accepted: {}", self.token.kind())?,
        }
        for cause in &self.further {
            writeln!(f, "\nin addition: {cause}")?;
        }
        for note in &self.notes {
            writeln!(f, "\nNote: {}", note.explanation())?;
        }
        writeln!(f)?;
        // The root failures, then those that may follow from them; the rest only in the long form.
        let failed = |check: &&Check| check.outcome == Outcome::Failed;
        let (roots, others): (Vec<&Check>, Vec<&Check>) =
            self.checks.iter().filter(failed).partition(|check| check.follows_from.is_none());
        roots.into_iter().chain(others).try_for_each(|check| writeln!(f, "{check}"))?;
        if !f.alternate() {
            return Ok(());
        }
        self.checks.iter().filter(|check| !failed(check)).try_for_each(|check| writeln!(f, "{check}"))?;
        self.write_claims(f)
    }
}

impl Diagnosis {
    fn write_claims(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 50;
        let Some(claims) = self.token.claims() else { return Ok(()) };
        let is_verified = self
            .checks
            .iter()
            .any(|check| check.name == Step::KeyAuthorization.name() && check.outcome == Outcome::Passed);
        writeln!(f, "\nclaims ({}):", if is_verified { "verified" } else { "not verified" })?;
        for (name, value) in claims.iter().take(MOST) {
            write!(f, "  {}: {}", escaped(check::short(name.clone())), escaped(check::short(value.to_string())))?;
            match self.token.date(name) {
                Some(date) => writeln!(f, " ({}, {})", date.date, date.relative)?,
                None => writeln!(f)?,
            }
        }
        match claims.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more"),
        }
    }
}
