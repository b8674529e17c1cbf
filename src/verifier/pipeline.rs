//! The checks of one token, in order. This is the only list of them.
//!
//! A verification stops at the first failure. A diagnosis records every outcome and goes on; where the token names no
//! configured authority, the rules of the one that fits best apply. [`Recorder`] is the difference between the two.
//!
//! Nothing here waits. Where a refresh may bring the key or the issuer, the run ends with [`Stop::Wait`], and starts again
//! after the refresh.

use std::{sync::Arc, time::Duration};

use super::{
    ConfiguredAuthority, VerifierState,
    header_cache::CachedHeader,
    issuer_index::IssuerMatch,
    public_cause::{is_long_expired, public_cause},
    recorder::{Recorder, Step, Stop},
    refresh_attempts::RefreshAttempts,
};
use crate::{
    bearer,
    claims::{
        Claims, Facts, TokenVersion,
        payload::{Payload, StringClaim},
    },
    jwt::{Compact, Header},
    keys::{
        store::{CandidateKey, Next},
        waiter::Waiter,
    },
    policy::TokenClassification,
    rejection::{Detail, Malformed, PublicCause, Rejection, RejectionKind},
    signature::PublicKey,
    tenant::TenantId,
};

/// A token that passed every check.
pub(super) struct Accepted<'t> {
    pub(super) claims: Claims,
    pub(super) authority: usize,
    pub(super) key: Arc<PublicKey>,
    /// The key was found without an id, whatever the header says.
    pub(super) is_key_without_id: bool,
    pub(super) encoded_header: &'t [u8],
    pub(super) header: CachedHeader,
}

/// The decoded parts of a token. Header and signature are absent only in a diagnosis, if they cannot be decoded.
struct Token<'t> {
    compact: Compact<'t>,
    header: Option<CachedHeader>,
    payload: Box<Payload>,
    signature: Option<Vec<u8>>,
}

/// The authority whose rules apply to a token.
struct Chosen {
    index: usize,
    /// Version and tenant of the issuer; `None` in a diagnosis, if the issuer is not accepted.
    issuer: Option<(TokenVersion, Option<TenantId>)>,
}

/// The key that verified a token.
struct Verified {
    key: Arc<PublicKey>,
    is_key_without_id: bool,
}

impl VerifierState {
    /// Runs the checks. `None` if one failed and the recorder goes on after failures.
    ///
    /// Clock and keys are read once; `now` is the time since the Unix epoch.
    pub(super) fn run<'t, R: Recorder>(
        &self,
        token: &'t [u8],
        now: Duration,
        attempts: &mut RefreshAttempts,
        recorder: &mut R,
    ) -> Result<Option<Accepted<'t>>, Stop> {
        recorder.note(Step::Size, self.check_size(token))?;
        let Some(token) = self.decode(token, recorder)? else { return Ok(None) };
        let Token { compact, header, payload, signature } = token;

        let mut run = Run::new(self, header.as_deref(), &payload, now, attempts, recorder);
        run.check_algorithm()?;
        run.check_key_id()?;
        run.check_not_for_microsoft(&payload)?;
        let Some(chosen) = run.choose_authority(&payload)? else { return Ok(None) };
        let authority = &self.authorities[chosen.index];
        run.set_authority(chosen.index);

        let mut verified = None;
        if let Some((version, tenant)) = chosen.issuer {
            if let Some((key_id, keys)) = run.find_keys(&chosen, tenant, &payload)? {
                let signature = signature.as_deref();
                verified = run.check_signature(&chosen, &compact, signature, key_id, &keys)?;
            }
            run.note(Step::Origin, authority.check_origin(&payload, version, tenant))?;
        }

        let policy = &authority.policy;
        let version = chosen.issuer.map_or(TokenVersion::V2, |(version, _)| version);
        let is_rfc9068 = header.as_deref().is_some_and(|header| header.is_rfc9068);
        run.note(Step::Types, policy.check_types(&payload))?;
        run.note(Step::Dates, policy.check_dates(&payload, now))?;
        run.note(Step::Audience, policy.check_audience(&payload))?;
        let classified = run.note(Step::Kind, policy.classify(&payload, version, is_rfc9068))?;
        run.note(Step::Binding, policy.check_binding(&payload))?;
        if let Some(token) = &classified {
            run.note(Step::Client, policy.check_client(&payload, version, token))?;
        }
        run.note(Step::Claims, policy.check_required_claims(&payload))?;

        let (Some(TokenClassification { app_only, mapped }), Some((version, tenant))) = (classified, chosen.issuer)
        else {
            return Ok(None);
        };
        let facts =
            Facts { authority: Arc::clone(&authority.facts), tenant, version, app_only, number: chosen.index, mapped };
        let claims = Claims::new(payload, facts);
        run.note(Step::Requirement, authority.check_requirement(&claims))?;
        match (verified, header) {
            (Some(Verified { key, is_key_without_id }), Some(header)) if !recorder.has_failed() => {
                let (authority, encoded_header) = (chosen.index, compact.header);
                Ok(Some(Accepted { claims, authority, key, is_key_without_id, encoded_header, header }))
            }
            _ => Ok(None),
        }
    }

    fn check_size(&self, token: &[u8]) -> Result<(), Rejection> {
        if token.len() > self.max_token_bytes {
            return Err(bearer::too_large(token.len(), self.max_token_bytes));
        }
        Ok(())
    }

    /// Decodes a token: compact form, header, payload, signature.
    fn decode<'t, R: Recorder>(&self, token: &'t [u8], recorder: &mut R) -> Result<Option<Token<'t>>, Stop> {
        // What can be decoded has the right characters. Of what cannot, a wrong character is the root cause.
        let explained = |rejection: Rejection| bearer::text(token).err().unwrap_or(rejection);
        let characters = if R::GOES_ON { bearer::text(token).map(drop) } else { Ok(()) };
        let form = characters.and_then(|()| Compact::split(token)).map_err(explained);
        let Some(compact) = recorder.note(Step::Form, form)? else { return Ok(None) };

        let header = recorder.note(Step::Header, self.headers.read(&compact).map_err(explained))?;
        let payload = recorder.note(Step::Payload, compact.read_payload().map_err(explained))?;
        // Before a key is looked up: otherwise the response would reveal whether there is one.
        let signature = recorder.note(Step::SignatureEncoding, compact.read_signature().map_err(explained))?;
        Ok(payload.map(|payload| Token { compact, header, payload, signature }))
    }
}

/// The checks that depend on configuration and keys.
struct Run<'a, R> {
    state: &'a VerifierState,
    header: Option<&'a Header>,
    attempts: &'a mut RefreshAttempts,
    recorder: &'a mut R,
    public: PublicCause,
    /// It expired so long ago that nothing is fetched for it.
    is_long_expired: bool,
    authority: Option<&'a Arc<str>>,
    /// Signature and key are good, so the claims are authentic.
    is_verified: bool,
}

impl<'a, R: Recorder> Run<'a, R> {
    fn new(
        state: &'a VerifierState,
        header: Option<&'a Header>,
        payload: &Payload,
        now: Duration,
        attempts: &'a mut RefreshAttempts,
        recorder: &'a mut R,
    ) -> Self {
        let public = public_cause(header, payload, now);
        let is_long_expired = is_long_expired(payload, now);
        Self { state, header, attempts, recorder, public, is_long_expired, authority: None, is_verified: false }
    }

    fn set_authority(&mut self, index: usize) {
        self.authority = Some(&self.state.authorities[index].name);
        self.recorder.authority(index);
    }

    /// Records the outcome of a check.
    fn note<T>(&mut self, step: Step, result: Result<T, Rejection>) -> Result<Option<T>, Stop> {
        let result = result.map_err(|rejection| self.described(rejection));
        self.recorder.note(step, result)
    }

    /// Adds what is known of the token by now.
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

    fn key_id(&self) -> Option<&'a str> {
        self.header?.key_id.as_deref()
    }

    /// An authority accepts the algorithm. After the public cause is known: otherwise the response would reveal which
    /// algorithms are accepted.
    fn check_algorithm(&mut self) -> Result<(), Stop> {
        let Some(header) = self.header else { return Ok(()) };
        let result = match self.state.algorithms.contains(&header.algorithm) {
            true => Ok(()),
            false => Err(Rejection::new(RejectionKind::UnsupportedAlgorithm).got(header.algorithm.as_str())),
        };
        self.note(Step::Algorithm, result).map(drop)
    }

    /// There is a `kid`, or an authority may have a key without one.
    fn check_key_id(&mut self) -> Result<(), Stop> {
        if self.header.is_some() && self.key_id().is_none() && !self.state.accepts_keys_without_id {
            self.note(Step::KeyId, Err::<(), _>(without_key_id()))?;
        }
        Ok(())
    }

    fn check_not_for_microsoft(&mut self, payload: &Payload) -> Result<(), Stop> {
        let is_microsofts = matches!(self.public, PublicCause::MicrosoftApi(_));
        let result = match is_microsofts && !self.state.is_configured_audience(payload) {
            true => Err(self.state.for_microsoft(payload)),
            false => Ok(()),
        };
        self.note(Step::NotMicrosoft, result).map(drop)
    }

    /// The authority that the unverified `iss` and `tid` name. It decides only which keys and rules apply.
    fn choose_authority(&mut self, payload: &Payload) -> Result<Option<Chosen>, Stop> {
        let state = self.state;
        let all = &state.authorities;
        let unaccepted = |index: usize| Ok(Some(Chosen { index, issuer: None }));
        let index = match state.issuers.find(all, payload) {
            IssuerMatch::Authority { authority, version, tenant } => {
                return self.chosen(authority, version, tenant);
            }
            IssuerMatch::OneOf { authorities, version, tenant } => {
                let authority = self.one_of(&authorities, payload, tenant)?;
                return self.chosen(authority, version, tenant);
            }
            IssuerMatch::Unknown => {
                self.check_key_id_exists()?;
                self.note(Step::Issuer, Err::<(), _>(state.unknown_issuer(payload)))?;
                return Ok(state.closest_authority(payload).map(|index| Chosen { index, issuer: None }));
            }
            IssuerMatch::NotLoaded { authorities } => {
                self.check_key_id_exists()?;
                if self.is_long_expired {
                    self.note(Step::Dates, Err::<(), _>(Rejection::new(RejectionKind::Expired)))?;
                } else {
                    self.wait_for(&authorities, |run, index| all[index].keys.ask_main(run.attempts.of(index)))?;
                    self.note(Step::Issuer, Err::<(), _>(all[authorities[0]].unavailable()))?;
                }
                return unaccepted(authorities[0]);
            }
            IssuerMatch::Ambiguous { authorities } => {
                self.check_key_id_exists()?;
                self.note(Step::Issuer, Err::<(), _>(state.ambiguous_issuer(authorities)))?;
                return unaccepted(authorities[0]);
            }
            IssuerMatch::Unresolved { authorities, tenant } => {
                self.note(Step::Issuer, Ok(()))?;
                self.check_key_id_exists()?;
                self.check_unresolved(&authorities, tenant, payload)?;
                authorities[0]
            }
            IssuerMatch::OtherTenant { authority, tenant } => {
                self.note(Step::Issuer, Ok(()))?;
                self.check_key_id_exists()?;
                self.note(Step::Tenant, Err::<(), _>(all[authority].other_tenant(payload, tenant)))?;
                authority
            }
            IssuerMatch::OtherPolicy { authority } => {
                self.note(Step::Issuer, Ok(()))?;
                self.check_key_id_exists()?;
                self.note(Step::Tenant, Err::<(), _>(all[authority].other_policy(payload)))?;
                authority
            }
        };
        unaccepted(index)
    }

    fn chosen(
        &mut self,
        index: usize,
        version: TokenVersion,
        tenant: Option<TenantId>,
    ) -> Result<Option<Chosen>, Stop> {
        self.note(Step::Issuer, Ok(()))?;
        self.note(Step::Tenant, Ok(()))?;
        Ok(Some(Chosen { index, issuer: Some((version, tenant)) }))
    }

    /// Only OpenID Connect issuers, which are known from the start, may have a key without an id.
    fn check_key_id_exists(&mut self) -> Result<(), Stop> {
        if self.header.is_some() && self.key_id().is_none() {
            self.note(Step::KeyId, Err::<(), _>(without_key_id()))?;
        }
        Ok(())
    }

    /// Of several policies of Azure AD B2C that accept a token, the one that has its key.
    fn one_of(&mut self, authorities: &[usize], payload: &Payload, tenant: Option<TenantId>) -> Result<usize, Stop> {
        let issuer = payload.string(StringClaim::Issuer).unwrap_or_default();
        if let Some(authority) = self.state.with_key(authorities, issuer, self.key_id(), tenant) {
            return Ok(authority);
        }
        let all = &self.state.authorities;
        let is_of_tenant = all[authorities[0]].check_tenant(payload, tenant).is_ok();
        if self.key_id().is_some() && is_of_tenant && !self.is_long_expired {
            // Each of them may have got the key by now.
            self.wait_for(authorities, |run, index| all[index].keys.ask_main(run.attempts.of(index)))?;
        }
        Ok(authorities[0])
    }

    /// A domain that is not resolved yet may be the tenant of the token.
    fn check_unresolved(&mut self, authorities: &[usize], tenant: TenantId, payload: &Payload) -> Result<(), Stop> {
        let all = &self.state.authorities;
        let first = &all[authorities[0]];
        if self.is_long_expired {
            return self.note(Step::Dates, Err::<(), _>(Rejection::new(RejectionKind::Expired))).map(drop);
        }
        if first.check_tenant(payload, Some(tenant)).is_ok() {
            self.wait_for(authorities, |run, index| all[index].keys.ask_domains(run.attempts.of(index)))?;
            // If there are keys, the response is that for any other tenant: it must not reveal which tenants are listed.
            if let Some(&without_keys) = authorities.iter().find(|&&index| !all[index].keys.has_keys()) {
                return self.note(Step::Tenant, Err::<(), _>(all[without_keys].unavailable())).map(drop);
            }
        }
        self.note(Step::Tenant, Err::<(), _>(first.other_tenant(payload, tenant))).map(drop)
    }

    /// Ends the run until the refreshes have ended that `ask` starts or joins. A token that failed a check causes none.
    fn wait_for(
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

    /// The keys that may have signed the token, with the id under which they were found.
    fn find_keys(
        &mut self,
        chosen: &Chosen,
        tenant: Option<TenantId>,
        payload: &Payload,
    ) -> Result<Option<(&'a str, Vec<CandidateKey>)>, Stop> {
        let Some(header) = self.header else { return Ok(None) };
        let state = self.state;
        let authority = &state.authorities[chosen.index];
        let keys = &authority.keys;
        let key_id = keys.key_id(header.key_id.as_deref()).ok_or_else(without_key_id);
        let Some(key_id) = self.note(Step::KeyId, key_id)? else { return Ok(None) };
        self.note(Step::Algorithm, authority.check_algorithm(header))?;

        // Before the keys are read, so that a refresh that ends in between is noticed.
        let epoch = state.epoch.current();
        let mut found = keys.find(key_id, tenant);
        if found.is_empty() {
            // Nothing is fetched for a token that no authority can have issued, or that expired long ago.
            if let Err(rejection) = authority.check_tenant(payload, tenant) {
                self.note(Step::Origin, Err::<(), _>(rejection))?;
                return Ok(None);
            }
            if self.is_long_expired {
                self.note(Step::Dates, Err::<(), _>(Rejection::new(RejectionKind::Expired)))?;
                return Ok(None);
            }
            if self.recorder.has_failed() {
                return Ok(None);
            }
            let next = keys.ask(tenant, self.attempts.of(chosen.index));
            if let Next::Wait(waiter) = next {
                return Err(Stop::Wait(waiter));
            }
            if state.epoch.current() != epoch {
                found = keys.find(key_id, tenant);
            }
            if found.is_empty() {
                keys.count_unknown_key();
                let rejection = match next {
                    Next::TenantUnavailable { retry_after, cause } => authority.tenant_unavailable(retry_after, cause),
                    _ if keys.has_keys() => Rejection::new(RejectionKind::UnknownKey),
                    _ => authority.unavailable(),
                };
                self.note(Step::Key, Err::<(), _>(rejection))?;
                return Ok(None);
            }
        }
        self.note(Step::Key, Ok(()))?;
        Ok(Some((key_id, found)))
    }

    /// A key verifies the signature, and is authorized for the tenant.
    fn check_signature(
        &mut self,
        chosen: &Chosen,
        compact: &Compact<'_>,
        signature: Option<&[u8]>,
        key_id: &str,
        keys: &[CandidateKey],
    ) -> Result<Option<Verified>, Stop> {
        let (Some(header), Some(signature)) = (self.header, signature) else { return Ok(None) };
        let mut verifying = keys
            .iter()
            .filter(|candidate| candidate.key.verify(header.algorithm, compact.signing_input, signature))
            .peekable();
        if verifying.peek().is_none() {
            // Without an id, nothing but the signature tells a new key from its predecessor.
            if key_id.is_empty() && !self.is_long_expired {
                let state = self.state;
                self.wait_for(&[chosen.index], |run, index| {
                    state.authorities[index].keys.ask_main(run.attempts.of(index))
                })?;
            }
            self.note(Step::Signature, Err::<(), _>(Rejection::new(RejectionKind::BadSignature)))?;
            self.recorder.signature_failed(compact, header.algorithm, signature, keys);
            return Ok(None);
        }
        self.note(Step::Signature, Ok(()))?;

        let mut authorized = Err(Rejection::new(RejectionKind::BadSignature));
        for candidate in verifying {
            match candidate.authorization {
                Ok(()) => {
                    authorized = Ok(Arc::clone(&candidate.key));
                    break;
                }
                Err(mismatch) => {
                    let detail = Detail::KeyNotAuthorized(mismatch);
                    authorized = Err(Rejection::new(RejectionKind::WrongIssuer).because(detail));
                }
            }
        }
        let key = self.note(Step::KeyAuthorization, authorized)?;
        self.is_verified = key.is_some();
        Ok(key.map(|key| Verified { key, is_key_without_id: key_id.is_empty() }))
    }
}

impl ConfiguredAuthority {
    fn check_algorithm(&self, header: &Header) -> Result<(), Rejection> {
        if self.algorithms.contains(&header.algorithm) {
            return Ok(());
        }
        Err(Rejection::new(RejectionKind::UnsupportedAlgorithm).got(header.algorithm.as_str()))
    }

    fn check_requirement(&self, claims: &Claims) -> Result<(), Rejection> {
        self.requirement.as_ref().map_or(Ok(()), |requirement| requirement.check(claims))
    }
}

fn without_key_id() -> Rejection {
    Rejection::new(RejectionKind::MalformedToken).because(Malformed::NoKeyId)
}
