//! The checks `key`, `signature` and `key_authorization`.

use std::sync::Arc;

use super::{
    choose_authority::Chosen,
    recorder::{Recorder, Step, Stop},
    run::{Run, without_key_id},
};
use crate::{
    claims::payload::Payload,
    jwt::Compact,
    keys::store::{CandidateKey, Next},
    rejection::{Detail, Rejection, RejectionKind},
    signature::PublicKey,
    tenant::TenantId,
};

/// The key that verified a token.
pub(super) struct Verified {
    pub(super) key: Arc<PublicKey>,
    /// The key was found without an id, whatever the header says.
    pub(super) is_key_without_id: bool,
}

impl<'a, R: Recorder> Run<'a, R> {
    /// The keys that may have signed the token, with the id under which they were found.
    #[inline]
    pub(super) fn find_keys(
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
        self.check_algorithm_among(&authority.resolved.algorithms)?;

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
            if !self.recorder.may_wait() {
                return Ok(None);
            }
            let next = keys.refresh_for_unknown_key(tenant, self.revision, self.attempts.of(chosen.index));
            if let Next::Wait(waiter) = next {
                return Err(Stop::Wait(waiter));
            }
            if state.revision.current() != self.revision {
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
    #[inline]
    pub(super) fn check_signature(
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
                    state.authorities[index].keys.refresh_main_once(run.revision, run.attempts.of(index))
                })?;
            }
            self.note(Step::Signature, Err::<(), _>(Rejection::new(RejectionKind::BadSignature)))?;
            self.recorder.signature_failed(compact, header.algorithm, signature, keys);
            return Ok(None);
        }
        self.note(Step::Signature, Ok(()))?;

        let (mut key, mut mismatch) = (None, None);
        for candidate in verifying {
            match candidate.authorization {
                Ok(()) => {
                    key = Some(Arc::clone(&candidate.key));
                    break;
                }
                Err(found) => mismatch = Some(found),
            }
        }
        let authorized = key.ok_or_else(|| {
            let rejection = Rejection::new(RejectionKind::WrongIssuer);
            match mismatch {
                Some(mismatch) => rejection.because(Detail::KeyNotAuthorized(mismatch)),
                None => rejection,
            }
        });
        let key = self.note(Step::KeyAuthorization, authorized)?;
        self.is_verified = key.is_some();
        Ok(key.map(|key| Verified { key, is_key_without_id: key_id.is_empty() }))
    }
}
