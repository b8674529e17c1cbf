use std::{borrow::Cow, fmt};

use serde::Serialize;

use super::{Decoded, facts::Facts, pasted::Pasted};
use crate::{
    error::escaped,
    rejection::{Rejection, RejectionKind},
    verifier::{AuthorityReport, Step},
};

/// One check of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// Its name, stable.
    pub name: &'static str,
    /// What is checked; of a check that failed, what is wrong.
    pub title: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was expected, where that is a value. Never of a check that was not reached.
    pub expected: Option<String>,
    /// What was found, where that is a value or a sentence that says more than the title.
    pub found: Option<String>,
    /// Whether that is known to be true, because the signature has been verified. Otherwise anybody may have written it.
    pub verified: bool,
    /// The name of an earlier check without whose failure this one might not have failed.
    pub follows_from: Option<&'static str>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// An earlier check failed that it depends on.
    NotReached,
}

impl Outcome {
    /// `passed`, `failed`, `not reached`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        }
    }
}

/// Every check in its order, also those that were not reached. `is_independent` says of a failure whether it would remain.
pub(super) fn checks(facts: &Facts<'_>, is_independent: impl Fn(&Rejection) -> bool) -> Vec<Check> {
    let mut checks: Vec<Check> = Step::ALL.into_iter().map(|step| check(step, facts)).collect();
    let root = checks.iter().find(|check| check.outcome == Outcome::Failed).map(|check| check.name);
    for (check, step) in checks.iter_mut().zip(Step::ALL) {
        let failure = facts.recording.failure(step);
        check.follows_from = root.filter(|root| {
            *root != check.name
                && failure.is_some_and(|failed| failed.kind() != facts.kind() && !is_independent(failed))
        });
        // By the rules of an authority that did not issue the token: only the value is known to be true.
        if check.follows_from.is_some() && facts.is(RejectionKind::UnknownIssuer) {
            check.title = step.title();
            check.found = failure.and_then(|failed| failed.got_value()).map(|got| escaped(got.to_owned()));
        }
    }
    checks
}

fn check(step: Step, facts: &Facts<'_>) -> Check {
    let Facts { pasted, recording, authority, token, .. } = *facts;
    let result = recording.outcome(step);
    let verified = recording.is_verified() && is_about_claims(step);
    let mut check = Check {
        name: step.name(),
        title: step.title(),
        outcome: Outcome::NotReached,
        expected: None,
        found: None,
        verified,
        follows_from: None,
    };
    match result {
        None => check.verified = false,
        Some(Ok(())) => {
            check.outcome = Outcome::Passed;
            check.expected = authority.and_then(|authority| expected(step, authority));
            check.found = value(step, pasted, token).map(short);
        }
        Some(Err(rejection)) => {
            check.outcome = Outcome::Failed;
            check.title = rejection.kind().summary();
            check.expected = rejection.expected_value().map(str::to_owned);
            check.found = found(rejection);
            if rejection.kind() == RejectionKind::BadSignature {
                check.expected = token.header_text("kid").map(|kid| short(format!("one by the key {kid}")));
                check.found = Some("another, or one over other content".to_owned());
            }
        }
    }
    if step == Step::Form
        && let Some(first) = pasted.faults.first()
    {
        check.outcome = Outcome::Failed;
        check.title = first.title();
        let titles: Vec<&str> = pasted.faults.iter().map(|fault| fault.title()).collect();
        check.found = (titles.len() > 1).then(|| titles.join("; "));
    }
    check.expected = check.expected.map(escaped);
    check.found = check.found.map(escaped);
    check
}

/// The value that a passed check expected.
fn expected(step: Step, authority: &AuthorityReport) -> Option<String> {
    match step {
        Step::Issuer | Step::Tenant => Some(authority.resolved.name.to_string()),
        Step::Audience => Some(authority.audiences.join(" or ")),
        _ => None,
    }
}

/// The value that a passed check examined.
fn value(step: Step, pasted: &Pasted, token: &Decoded) -> Option<String> {
    let text = |name: &str| token.text(name).map(str::to_owned);
    let list = |name: &str| Some(token.list(name).join(", ")).filter(|list| !list.is_empty());
    match step {
        Step::Size => Some(format!("{} bytes", pasted.token.len())),
        Step::Algorithm => token.header_text("alg").map(str::to_owned),
        Step::Issuer => text("iss"),
        Step::Tenant => text("tid").or_else(|| text("tfp")),
        Step::Key | Step::KeyId => token.header_text("kid").map(str::to_owned),
        Step::Dates => {
            let date = |claim: &str| Some(token.date(claim)?.date.as_str());
            let end = format!("until {}", date("exp")?);
            Some(date("nbf").map_or(end.clone(), |start| format!("from {start} {end}")))
        }
        Step::Audience => list("aud"),
        Step::Kind => list("scp").or_else(|| list("scope")).or_else(|| list("roles")),
        Step::Client => text("azp").or_else(|| text("appid")),
        _ => None,
    }
}

/// A value of the token, shortened so that it can be read.
pub(super) fn short(text: String) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The value of the token, and the sentence about it.
fn found(rejection: &Rejection) -> Option<String> {
    match (rejection.got_value(), rejection.detail_text()) {
        (Some(got), Some(detail)) => Some(format!("{got} ({detail})")),
        (got, detail) => got.map(str::to_owned).or(detail.map(Cow::into_owned)),
    }
}

/// Whether it examines the payload, so that the signature makes its value authentic.
fn is_about_claims(step: Step) -> bool {
    !matches!(step, Step::Size | Step::Form | Step::SignatureEncoding | Step::KeyId | Step::Key | Step::Signature)
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match (self.outcome, self.follows_from) {
            (Outcome::Passed, _) => "ok    ",
            (Outcome::Failed, None) => "FAILED",
            (Outcome::Failed, Some(_)) => "failed",
            (Outcome::NotReached, _) => "-     ",
        };
        write!(f, "{mark} {:<18} {}", self.name, self.title)?;
        if let Some(root) = self.follows_from {
            write!(f, " (it may follow from {root})")?;
        }
        if let (Outcome::Passed, Some(found)) = (self.outcome, &self.found) {
            return write!(f, ": {found}");
        }
        if let Some(expected) = &self.expected {
            write!(f, "\n       expected: {expected}")?;
        }
        if let Some(found) = &self.found {
            let source = if self.verified { "verified" } else { "not verified" };
            write!(f, "\n       found ({source}): {found}")?;
        }
        Ok(())
    }
}
