use std::{borrow::Cow, fmt};

use serde::Serialize;

use super::{Decoded, causes::Analysis, pasted::Pasted};
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
    /// What is checked, in a few words.
    pub title: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was expected, where that is a value. Never of a check that was not reached.
    pub expected: Option<String>,
    /// What was found: of every check that failed, and of those that passed where it is a value of the token.
    pub found: Option<String>,
    /// Whether that is known to be true: the signature has verified. Else anybody may have written it.
    pub verified: bool,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// Something before it failed, without which it means nothing.
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

/// Every check in its order, also those that were not reached.
pub(super) fn checks(analysis: &Analysis<'_>) -> Vec<Check> {
    Step::ALL.into_iter().map(|step| check(step, analysis)).collect()
}

fn check(step: Step, analysis: &Analysis<'_>) -> Check {
    let Analysis { pasted, recording, authority, token, .. } = *analysis;
    let (name, title) = (step.name(), step.title());
    let result = recording.outcome(step);
    let verified = recording.is_verified() && is_about_claims(step);
    let mut check = Check { name, title, outcome: Outcome::NotReached, expected: None, found: None, verified };
    match result {
        None => check.verified = false,
        Some(Ok(())) => {
            check.outcome = Outcome::Passed;
            check.expected = authority.and_then(|authority| expected(step, authority));
            check.found = value(step, pasted, token).map(short);
        }
        Some(Err(rejection)) => {
            check.outcome = Outcome::Failed;
            check.expected = rejection.expected_value().map(str::to_owned);
            check.found = found(rejection).or_else(|| Some(rejection.kind().summary().to_owned()));
            if rejection.kind() == RejectionKind::BadSignature {
                check.expected = token.header_text("kid").map(|kid| short(format!("one by the key {kid}")));
                check.found = Some("another, or one over other content".to_owned());
            }
        }
    }
    if step == Step::Form && !pasted.faults.is_empty() {
        check.outcome = Outcome::Failed;
        check.found = Some(pasted.faults.iter().map(|fault| fault.title()).collect::<Vec<_>>().join("; "));
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

/// What came from the token, of a length that can be read.
fn short(text: String) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What the token had, and the sentence about it.
fn found(rejection: &Rejection) -> Option<String> {
    match (rejection.got_value(), rejection.detail_text()) {
        (Some(got), Some(detail)) => Some(format!("{got} ({detail})")),
        (got, detail) => got.map(str::to_owned).or(detail.map(Cow::into_owned)),
    }
}

/// Whether what it finds is in the payload, so that the signature makes it true.
fn is_about_claims(step: Step) -> bool {
    !matches!(step, Step::Size | Step::Form | Step::SignatureEncoding | Step::KeyId | Step::Key | Step::Signature)
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.outcome {
            Outcome::Passed => "ok    ",
            Outcome::Failed => "FAILED",
            Outcome::NotReached => "-     ",
        };
        write!(f, "{mark} {:<18} {}", self.name, self.title)?;
        if let (Outcome::Passed, Some(found)) = (self.outcome, &self.found) {
            return write!(f, ": {found}");
        }
        if let Some(expected) = &self.expected {
            write!(f, "\n       expected: {expected}")?;
        }
        if let Some(found) = &self.found {
            let rests = if self.verified { "" } else { " (not verified)" };
            write!(f, "\n       found{rests}: {found}")?;
        }
        Ok(())
    }
}
