use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    claims::json,
    jwt::{self, Algorithm, Compact},
    keys::{store::CandidateKey, waiter::Waiter},
    rejection::Rejection,
};

/// Why a run of the checks ends early.
pub(super) enum Stop {
    /// A check failed, and the recorder does not go on.
    Rejected(Rejection),
    /// A refresh is in flight that may bring the key or the issuer.
    Wait(Waiter),
}

/// Receives the outcome of each check, and decides whether the checks go on after a failure.
pub(super) trait Recorder {
    /// Whether the checks go on after a failure.
    const GOES_ON: bool;

    fn passed(&mut self, step: Step);

    /// `Err` ends the run.
    fn failed(&mut self, step: Step, rejection: Rejection) -> Result<(), Rejection>;

    /// Whether a check has failed.
    fn has_failed(&self) -> bool;

    /// Whether the run may start a refresh and wait for it.
    fn may_wait(&self) -> bool {
        !self.has_failed()
    }

    /// The authority whose rules apply, by its number.
    fn authority(&mut self, index: usize);

    /// None of these keys verifies the signature.
    fn signature_failed(&mut self, token: &Compact<'_>, algorithm: Algorithm, signature: &[u8], keys: &[CandidateKey]);

    /// Records an outcome. `None` if the check failed and the run goes on.
    fn note<T>(&mut self, step: Step, result: Result<T, Rejection>) -> Result<Option<T>, Stop> {
        match result {
            Ok(value) => {
                self.passed(step);
                Ok(Some(value))
            }
            Err(rejection) => self.failed(step, rejection).map(|()| None).map_err(Stop::Rejected),
        }
    }
}

/// For verification: stops at the first failure and records nothing.
pub(super) struct FirstFailure;

impl Recorder for FirstFailure {
    const GOES_ON: bool = false;

    fn passed(&mut self, _: Step) {}

    fn failed(&mut self, _: Step, rejection: Rejection) -> Result<(), Rejection> {
        Err(rejection)
    }

    fn has_failed(&self) -> bool {
        false
    }

    fn authority(&mut self, _: usize) {}

    fn signature_failed(&mut self, _: &Compact<'_>, _: Algorithm, _: &[u8], _: &[CandidateKey]) {}
}

/// For a diagnosis: the outcome of every check that was reached.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    outcomes: Vec<(Step, Result<(), Rejection>)>,
    first_failure: Option<Rejection>,
    /// The authority whose rules were applied.
    pub(super) authority: Option<usize>,
    /// The signature verifies if the nonce in the header is hashed (`docs/entra.md`, "Nonce in the token header"): the
    /// token is a genuine one for a Microsoft API.
    pub(crate) is_genuine_for_microsoft: bool,
    /// The run uses the keys there are, and starts no refresh.
    is_immediate: bool,
}

impl Recording {
    /// For a run that uses the keys there are, and starts no refresh.
    pub(super) fn immediate() -> Self {
        Self { is_immediate: true, ..Self::default() }
    }

    /// Of an accepted token that does not meet the requirement of an operation.
    pub(crate) fn of_operation(authority: usize, rejection: Rejection) -> Self {
        let outcomes = vec![(Step::KeyAuthorization, Ok(())), (Step::Requirement, Err(rejection.clone()))];
        Self { outcomes, first_failure: Some(rejection), authority: Some(authority), ..Self::default() }
    }

    /// Whether every check passed, also those after the pipeline.
    pub(crate) fn is_accepted(&self) -> bool {
        // The last check, which runs only if all others passed.
        self.first_failure.is_none() && matches!(self.outcome(Step::Application), Some(Ok(())))
    }

    /// The first failure: the rejection that a verification returns.
    pub(crate) fn rejection(&self) -> Option<&Rejection> {
        self.first_failure.as_ref()
    }

    /// The outcome of a check; `None` if it was not reached.
    pub(crate) fn outcome(&self, step: Step) -> Option<&Result<(), Rejection>> {
        self.outcomes.iter().find_map(|(known, outcome)| (*known == step).then_some(outcome))
    }

    /// The rejection of a check that failed.
    pub(crate) fn failure(&self, step: Step) -> Option<&Rejection> {
        self.outcome(step)?.as_ref().err()
    }

    /// The rejections of all checks that failed, in the order of [`Step::ALL`].
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Rejection> {
        Step::ALL.into_iter().filter_map(|step| self.failure(step))
    }

    /// Whether signature and key are good, so that the claims are authentic.
    pub(crate) fn is_verified(&self) -> bool {
        matches!(self.outcome(Step::KeyAuthorization), Some(Ok(())))
    }

    /// Records the outcome of a check that runs after the pipeline. Returns whether it passed.
    pub(super) fn record(&mut self, step: Step, outcome: Result<(), Rejection>) -> bool {
        matches!(self.note(step, outcome), Ok(Some(())))
    }

    /// Records that the requirement of the operation rejects an accepted token.
    pub(crate) fn reject_operation(&mut self, rejection: Rejection) {
        self.first_failure.get_or_insert_with(|| rejection.clone());
        if let Some(outcome) = self.outcome_mut(Step::Requirement) {
            *outcome = Err(rejection);
        }
    }

    fn outcome_mut(&mut self, step: Step) -> Option<&mut Result<(), Rejection>> {
        self.outcomes.iter_mut().find_map(|(known, outcome)| (*known == step).then_some(outcome))
    }
}

impl Recorder for Recording {
    const GOES_ON: bool = true;

    fn passed(&mut self, step: Step) {
        // A check in two parts passes only if both do.
        if self.outcome(step).is_none() {
            self.outcomes.push((step, Ok(())));
        }
    }

    fn failed(&mut self, step: Step, rejection: Rejection) -> Result<(), Rejection> {
        let is_later = |(known, outcome): &(Step, Result<_, _>)| *known > step && outcome.is_err();
        if self.outcome(step).is_some_and(Result::is_ok) && self.outcomes.iter().any(is_later) {
            // The second part of a check, after the failure of another one: the first failure stays the first to be shown.
            return Ok(());
        }
        self.first_failure.get_or_insert_with(|| rejection.clone());
        match self.outcome_mut(step) {
            Some(outcome) => *outcome = Err(rejection),
            None => self.outcomes.push((step, Err(rejection))),
        }
        Ok(())
    }

    fn has_failed(&self) -> bool {
        self.first_failure.is_some()
    }

    fn may_wait(&self) -> bool {
        !self.is_immediate && !self.has_failed()
    }

    fn authority(&mut self, index: usize) {
        self.authority = Some(index);
    }

    fn signature_failed(&mut self, token: &Compact<'_>, algorithm: Algorithm, signature: &[u8], keys: &[CandidateKey]) {
        let Some(message) = with_hashed_nonce(token) else { return };
        self.is_genuine_for_microsoft = keys.iter().any(|candidate| {
            candidate.authorization.is_ok() && candidate.key.verify(algorithm, message.as_bytes(), signature)
        });
    }
}

/// The signing input that Microsoft APIs verify instead of the one that was sent (`docs/entra.md`, "Nonce in the token
/// header").
fn with_hashed_nonce(token: &Compact<'_>) -> Option<String> {
    let header = jwt::decode(token.header)?;
    let text = str::from_utf8(&header).ok()?;
    let nonce = json::object(text).ok()?.into_iter().find(|(name, _)| name == "nonce")?.1;
    let value = json::string(nonce)?;
    let hashed = URL_SAFE_NO_PAD.encode(digest(&SHA256, value.as_bytes()));
    // Replaced in the text, so that the rest of the header stays byte for byte.
    let (before, after) = text.split_once(nonce)?;
    let header = format!("{before}\"{hashed}\"{after}");
    let payload = str::from_utf8(token.payload).ok()?;
    Some(format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header)))
}

macro_rules! steps {
    ($($variant:ident = $name:literal, $title:literal;)+) => {
        /// A check, in the order in which they run and a diagnosis shows them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Step {
            $($variant,)+
        }

        impl Step {
            pub(crate) const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

            /// The stable name.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What is checked, in a few words.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

steps! {
    Size = "size", "the token is not too long";
    Form = "form", "it has three parts and only characters of a token";
    Header = "header", "the header is that of an access token";
    Payload = "payload", "the payload is a JSON object without duplicate members, with exp";
    SignatureEncoding = "signature_encoding", "the signature is base64url";
    Algorithm = "algorithm", "the signature algorithm is accepted";
    KeyId = "key_id", "the header has a kid";
    NotMicrosoft = "not_microsoft", "the audience is not a Microsoft API";
    Issuer = "issuer", "a configured authority has the issuer";
    Tenant = "tenant", "the tenant, or the policy, is accepted";
    Key = "key", "the issuer has the key";
    Signature = "signature", "the signature is valid";
    KeyAuthorization = "key_authorization", "the key is authorized for the issuer";
    Origin = "origin", "iss, tid and ver are consistent";
    Types = "types", "the claims have the right types";
    Dates = "dates", "the token is valid already, and has not expired";
    Audience = "audience", "the audience is this API";
    Kind = "kind", "it is an access token: it has a scope, or an application's role";
    Binding = "binding", "it is not bound to a key";
    Client = "client", "the client application is allowed";
    Claims = "claims", "it has the required claims";
    Requirement = "requirement", "it meets the requirement of its authority";
    TenantLookup = "tenant_lookup", "the operator accepts the tenant";
    Application = "application", "the application's own checks accept it";
}
