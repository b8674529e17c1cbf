//! What the checks of one run share, and those that need nothing else.

use std::{sync::Arc, time::Duration};

use super::{
    recorder::{Recorder, Step, Stop},
    state::VerifierState,
};
use crate::{
    claims::payload::{ListClaim, Payload},
    jwt::{Algorithm, Header},
    keys::{store::AuthorityAttempts, waiter::Waiter},
    policy::{MAX_LEEWAY, microsoft_api},
    rejection::{Malformed, PublicCause, Rejection, RejectionKind},
};

/// One run of the checks that depend on configuration and keys: what they share.
pub(super) struct Run<'a, R> {
    pub(super) state: &'a VerifierState,
    pub(super) header: Option<&'a Header>,
    pub(super) attempts: &'a mut RefreshAttempts,
    pub(super) recorder: &'a mut R,
    public: PublicCause,
    /// It expired so long ago that nothing is fetched for it.
    pub(super) is_long_expired: bool,
    authority: Option<&'a Arc<str>>,
    /// Loaded before any issuer or key is read.
    pub(super) revision: u64,
    /// Signature and key are good, so the claims are authentic.
    pub(super) is_verified: bool,
}

impl<'a, R: Recorder> Run<'a, R> {
    #[inline]
    pub(super) fn new(
        state: &'a VerifierState,
        header: Option<&'a Header>,
        payload: &Payload,
        now: Duration,
        attempts: &'a mut RefreshAttempts,
        recorder: &'a mut R,
    ) -> Self {
        let public = public_cause(header, payload, now);
        let is_long_expired = is_long_expired(payload, now);
        let revision = state.revision.current();
        Self {
            state,
            header,
            attempts,
            recorder,
            public,
            is_long_expired,
            authority: None,
            revision,
            is_verified: false,
        }
    }

    pub(super) fn set_authority(&mut self, index: usize) {
        self.authority = Some(self.state.authorities[index].name());
        self.recorder.authority(index);
    }

    /// Records the outcome of a check.
    #[inline]
    pub(super) fn note<T>(&mut self, step: Step, result: Result<T, Rejection>) -> Result<Option<T>, Stop> {
        let result = result.map_err(|rejection| self.described(rejection));
        self.recorder.note(step, result)
    }

    /// Adds what is known of the token by now.
    #[cold]
    fn described(&self, rejection: Rejection) -> Rejection {
        let mut rejection = rejection.with_public_cause(self.public);
        if let Some(key_id) = self.header.and_then(|header| header.key_id.as_deref()) {
            rejection = rejection.with_key_id(key_id);
        }
        if let Some(authority) = self.authority {
            rejection = rejection.at_authority(authority);
        }
        if self.is_verified { rejection.verified() } else { rejection }
    }

    pub(super) fn key_id(&self) -> Option<&'a str> {
        self.header?.key_id.as_deref()
    }

    /// An authority accepts the algorithm. After the public cause is known: otherwise the response would reveal which
    /// algorithms are accepted.
    #[inline]
    pub(super) fn check_algorithm(&mut self) -> Result<(), Stop> {
        self.check_algorithm_among(&self.state.algorithms)
    }

    /// The algorithm is one of these.
    pub(super) fn check_algorithm_among(&mut self, accepted: &[Algorithm]) -> Result<(), Stop> {
        let Some(header) = self.header else { return Ok(()) };
        let result = match accepted.contains(&header.algorithm) {
            true => Ok(()),
            false => Err(Rejection::new(RejectionKind::UnsupportedAlgorithm).got(header.algorithm.as_str())),
        };
        self.note(Step::Algorithm, result).map(drop)
    }

    /// There is a `kid`, unless keys without one are accepted.
    #[inline]
    pub(super) fn check_key_id(&mut self, accepts_none: bool) -> Result<(), Stop> {
        let Some(header) = self.header else { return Ok(()) };
        let result = if header.key_id.is_some() || accepts_none { Ok(()) } else { Err(without_key_id()) };
        self.note(Step::KeyId, result).map(drop)
    }

    #[inline]
    pub(super) fn check_not_for_microsoft(&mut self, payload: &Payload) -> Result<(), Stop> {
        let is_microsofts = matches!(self.public, PublicCause::MicrosoftApi(_));
        let result = match is_microsofts && !self.state.is_configured_audience(payload) {
            true => Err(self.state.for_microsoft(payload)),
            false => Ok(()),
        };
        self.note(Step::NotMicrosoft, result).map(drop)
    }

    /// Ends the run until the refreshes have ended that `ask` starts or joins. A token that failed a check causes none.
    pub(super) fn wait_for(
        &mut self,
        authorities: &[usize],
        mut ask: impl FnMut(&mut Self, usize) -> Option<Waiter>,
    ) -> Result<(), Stop> {
        if !self.recorder.may_wait() {
            return Ok(());
        }
        let waiters = authorities.iter().filter_map(|&index| ask(self, index)).collect();
        Waiter::all(waiters).map_or(Ok(()), |waiter| Err(Stop::Wait(waiter)))
    }
}

pub(super) fn without_key_id() -> Rejection {
    Rejection::new(RejectionKind::MalformedToken).because(Malformed::NoKeyId)
}

impl VerifierState {
    fn is_configured_audience(&self, payload: &Payload) -> bool {
        payload.list(ListClaim::Audience).into_iter().flatten().any(|audience| self.audiences.contains(audience))
    }

    /// The audience is a Microsoft API.
    fn for_microsoft(&self, payload: &Payload) -> Rejection {
        let got = payload.list(ListClaim::Audience).and_then(|mut audiences| audiences.next().map(str::to_owned));
        let rejection = Rejection::new(RejectionKind::MicrosoftApiToken).got(got.unwrap_or_default());
        match self.authorities.first() {
            Some(authority) => rejection.expected_always(&authority.audiences),
            None => rejection,
        }
    }
}

/// What can be computed from a token alone, without our configuration and keys, so that the response may say it before the
/// signature is verified. `header` is `None` if it cannot be decoded.
fn public_cause(header: Option<&Header>, payload: &Payload, now: Duration) -> PublicCause {
    let microsoft_api = payload.list(ListClaim::Audience).and_then(|mut audiences| audiences.find_map(microsoft_api));
    match (microsoft_api, header) {
        (Some(name), _) => PublicCause::MicrosoftApi(name),
        (None, None) => PublicCause::None,
        (None, Some(header)) if header.key_id.is_none() => PublicCause::WithoutKeyId,
        (None, Some(_)) if is_long_expired(payload, now) => PublicCause::Expired,
        (None, Some(_)) => PublicCause::None,
    }
}

/// Whether it expired longer ago than the longest leeway, so that nothing is fetched for it.
fn is_long_expired(payload: &Payload, now: Duration) -> bool {
    now >= payload.expires_at.saturating_add(MAX_LEEWAY)
}

/// The refreshes that a request has waited for, by authority, so that it waits for each once.
#[derive(Debug, Default)]
pub(crate) struct RefreshAttempts {
    /// Most requests have no other.
    first: Option<(usize, AuthorityAttempts)>,
    others: Vec<AuthorityAttempts>,
}

impl RefreshAttempts {
    pub(super) fn of(&mut self, authority: usize) -> &mut AuthorityAttempts {
        let (first, attempts) = self.first.get_or_insert_with(|| (authority, AuthorityAttempts::default()));
        if *first == authority {
            return attempts;
        }
        if self.others.len() <= authority {
            self.others.resize(authority + 1, AuthorityAttempts::default());
        }
        &mut self.others[authority]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_separate_attempts() {
        let mut attempts = RefreshAttempts::default();
        let mut of = |authority| std::ptr::from_mut(attempts.of(authority));
        let (third, first, second) = (of(2), of(0), of(1));
        assert_eq!(of(2), third);
        assert!(third != first && first != second);
        assert_eq!(of(1), second);
    }
}
