//! The explanation of one rejection, for the log and for error responses with details.

use http::{HeaderMap, Uri};

use super::{
    Cause, CauseKind, Decoded, Remedy, facts::Facts, input, pasted::Pasted, request::without_token, row::Row, rows,
};
use crate::{
    bearer,
    claims::Claims,
    error::truncated,
    policy::Requirement,
    rejection::Rejection,
    verifier::{Recording, Verifier, VerifierState},
};

/// What a rejected request had.
#[derive(Clone, Copy)]
pub(crate) enum Presented<'a> {
    /// A request, and the token `from_source` if another source than the header is configured.
    Request { from_source: Option<&'a str>, headers: &'a HeaderMap, uri: &'a Uri },
    /// An accepted token that does not meet the requirement of an operation.
    Operation { claims: &'a Claims, requirement: &'a Requirement },
}

/// The cause of one rejection and its first remedy, from the table of causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Explanation {
    cause: CauseKind,
    remedy: String,
    hint: String,
}

/// The longest remedy in the log, in characters: it may have an issuer or an audience of the token in it.
const MAX_REMEDY: usize = 600;

impl Explanation {
    /// The stable code of the cause.
    pub(crate) fn cause(&self) -> &'static str {
        self.cause.code()
    }

    /// The first remedy, for the log.
    pub(crate) fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Cause and first remedy, for a caller.
    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }

    /// `may_be_shown` says whether a caller may see the first remedy; otherwise it is the general one of the code.
    fn new(rejection: &Rejection, cause: &Cause, may_be_shown: impl FnOnce(&Remedy) -> bool) -> Self {
        let general = rejection.kind().remedy();
        let first = cause.remedies().first();
        let remedy = truncated(first.map_or(general, Remedy::text).to_owned(), MAX_REMEDY);
        let shown = first.filter(|remedy| may_be_shown(remedy)).map_or(general, Remedy::text);
        // Not the explanation, which may have claims of the token in it: expected and found values are in the rejection.
        let title = cause.kind().title();
        let hint = match rejection.microsoft_api().filter(|_| !cause.kind().names_api()) {
            Some(api) => rejection.hint_with(&format!("{title} ({api})"), shown),
            None => rejection.hint_with(title, shown),
        };
        Self { cause: cause.kind(), remedy, hint }
    }

    /// Of a cause whose remedies depend on nothing but its kind.
    fn of_input(rejection: &Rejection, cause: &Cause) -> Self {
        Self::new(rejection, cause, |_| true)
    }

    fn of_token(facts: &Facts<'_>) -> Self {
        let row = rows::first(facts);
        // Never an echo of an unverified token: only a remedy that is the same whatever the token has.
        let may_be_shown = |remedy: &Remedy| facts.failure.is_verified() || is_independent_of_token(row, facts, remedy);
        Self::new(facts.failure, &row.cause(facts), may_be_shown)
    }
}

/// Whether `remedy` is the same for a token without any content.
fn is_independent_of_token(row: &Row, facts: &Facts<'_>, remedy: &Remedy) -> bool {
    let (token, failure) = (Decoded::read("", facts.now), facts.failure.clone().without_got());
    let cause = row.cause(&Facts { pasted: &Pasted::default(), token: &token, failure: &failure, ..*facts });
    cause.remedies().first() == Some(remedy)
}

impl Verifier {
    /// The cause and the first remedy of a rejection; `None` if the configured source had no token. It runs the checks again,
    /// so that it is only for what is shown.
    pub(crate) fn explain(&self, rejection: &Rejection, presented: Presented<'_>) -> Option<Explanation> {
        let state = self.snapshot();
        Some(match presented {
            Presented::Request { from_source: Some(token), .. } if token.trim().is_empty() => return None,
            Presented::Request { from_source: Some(token), .. } => self.explain_token(&state, rejection, token),
            Presented::Request { from_source: None, headers, uri } => match bearer::from_headers(headers, usize::MAX) {
                Ok(token) => self.explain_token(&state, rejection, &String::from_utf8_lossy(token)),
                Err(_) => Explanation::of_input(rejection, &without_token(headers, uri)),
            },
            Presented::Operation { claims, requirement } => {
                let recording = Recording::of_operation(claims.facts().number, rejection.clone());
                let token = Decoded::of_claims(claims, self.clock().now());
                self.explain_facts(&state, rejection, &Pasted::default(), &token, &recording, Some(requirement))
            }
        })
    }

    fn explain_token(&self, state: &VerifierState, rejection: &Rejection, text: &str) -> Explanation {
        // A longer one is not read at all.
        let is_read = !text.is_empty() && text.len() <= state.max_token_bytes();
        let pasted = if is_read { Pasted::of_credentials(text) } else { Pasted::default() };
        if let Some(fault) = pasted.faults.first() {
            return Explanation::of_input(rejection, &input::cause(*fault, &pasted));
        }
        let recording = state.record_rejected(&pasted.token, rejection);
        let token = Decoded::read(&pasted.token, self.clock().now());
        self.explain_facts(state, rejection, &pasted, &token, &recording, None)
    }

    fn explain_facts(
        &self,
        state: &VerifierState,
        rejection: &Rejection,
        pasted: &Pasted,
        token: &Decoded,
        recording: &Recording,
        operation: Option<&Requirement>,
    ) -> Explanation {
        // A reload may have given the number to another authority since.
        let is_same = |name: &str| rejection.authority().is_none_or(|authority| authority == name);
        let authority = state.report(recording).filter(|authority| is_same(&authority.resolved.name));
        Explanation::of_token(&Facts {
            pasted,
            token,
            failure: rejection,
            now: self.clock().now(),
            recording,
            authority: authority.as_ref(),
            is_only_authority: state.has_one_authority(),
            operation,
        })
    }
}
