//! The explanation of one rejection, for the log and for error responses with details.

use http::{HeaderMap, Uri};

use super::{Cause, CauseKind, Decoded, facts::Facts, input, pasted::Pasted, request::without_token, row::Row, rows};
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
    /// A token, or what was sent in its place.
    Token(&'a [u8]),
    /// A request without a token.
    Request(&'a HeaderMap, &'a Uri),
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

impl<'a> Presented<'a> {
    /// The token `from_source` or, if no source is configured, what the request has.
    pub(crate) fn of_request(from_source: Option<&'a str>, headers: &'a HeaderMap, uri: &'a Uri) -> Option<Self> {
        match (from_source, bearer::from_headers(headers, usize::MAX)) {
            (Some(token), _) if token.trim().is_empty() => None,
            (Some(token), _) => Some(Self::Token(token.as_bytes())),
            (None, Ok(token)) => Some(Self::Token(token)),
            (None, Err(_)) => Some(Self::Request(headers, uri)),
        }
    }
}

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

    fn new(rejection: &Rejection, cause: &Cause, hint: String) -> Self {
        let remedy = cause.remedies().first().map_or(rejection.kind().remedy(), |remedy| remedy.text());
        Self { cause: cause.kind(), remedy: truncated(remedy.to_owned(), MAX_REMEDY), hint }
    }

    /// Of a cause whose texts depend on nothing but its kind.
    fn of_input(rejection: &Rejection, cause: &Cause) -> Self {
        let remedy = cause.remedies().first().map_or(rejection.kind().remedy(), |remedy| remedy.text());
        Self::new(rejection, cause, rejection.hint_with(cause.kind().title(), remedy))
    }

    fn of_token(facts: &Facts<'_>) -> Self {
        let rejection = facts.failure;
        let row = rows::first(facts);
        let cause = row.cause(facts);
        let general = rejection.kind().remedy();
        let remedy = cause.remedies().first().map_or(general, |remedy| remedy.text());
        // Not the explanation, which may have claims of the token in it: expected and found values are in the rejection. And never
        // an echo of an unverified token: only a remedy that is the same whatever the token has.
        let may_be_shown = rejection.is_verified() || is_independent_of_token(row, facts, remedy);
        let hint = rejection.hint_with(cause.kind().title(), if may_be_shown { remedy } else { general });
        Self::new(rejection, &cause, hint)
    }
}

/// Whether `remedy` is the same for a token without any content.
fn is_independent_of_token(row: &Row, facts: &Facts<'_>, remedy: &str) -> bool {
    let (token, failure) = (Decoded::read("", facts.now), facts.failure.clone().without_got());
    let cause = row.cause(&Facts { pasted: &Pasted::default(), token: &token, failure: &failure, ..*facts });
    cause.remedies().first().is_some_and(|blank| blank.text() == remedy)
}

impl Verifier {
    /// The cause and the first remedy of a rejection. It runs the checks again, so that it is only for what is shown.
    pub(crate) fn explain(&self, rejection: &Rejection, presented: Presented<'_>) -> Explanation {
        let state = self.snapshot();
        match presented {
            Presented::Request(headers, uri) => Explanation::of_input(rejection, &without_token(headers, uri)),
            Presented::Token(token) => self.explain_token(&state, rejection, &String::from_utf8_lossy(token)),
            Presented::Operation { claims, requirement } => {
                let recording = Recording::of_operation(claims.facts().number, rejection.clone());
                let token = Decoded::of_claims(claims, self.clock().now());
                self.explain_facts(&state, rejection, &Pasted::default(), &token, &recording, Some(requirement))
            }
        }
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
