use std::{sync::Arc, time::Duration};

use super::{
    public_cause::{is_long_expired, public_cause},
    recorder::{Recorder, Step, Stop},
    refresh_attempts::RefreshAttempts,
    state::VerifierState,
};
use crate::{
    claims::payload::Payload,
    jwt::{Algorithm, Header},
    keys::waiter::Waiter,
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
        self.authority = Some(&self.state.authorities[index].name);
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
        if self.recorder.has_failed() {
            return Ok(());
        }
        let waiters = authorities.iter().filter_map(|&index| ask(self, index)).collect();
        Waiter::all(waiters).map_or(Ok(()), |waiter| Err(Stop::Wait(waiter)))
    }
}

pub(super) fn without_key_id() -> Rejection {
    Rejection::new(RejectionKind::MalformedToken).because(Malformed::NoKeyId)
}
