//! The checks of one token, in order. This is the only list of them.
//!
//! A verification stops at the first failure. A diagnosis records every outcome and goes on; where the token names no
//! configured authority, the rules of the one that fits best apply. [`Recorder`] is the difference between the two.
//!
//! Nothing here waits. Where a refresh may bring the key or the issuer, the run ends with [`Stop::Wait`], and starts again
//! after the refresh.

use std::{sync::Arc, time::Duration};

use super::{
    check_signature::Verified,
    header_cache::CachedHeader,
    recorder::{Recorder, Step, Stop},
    run::{RefreshAttempts, Run},
    state::VerifierState,
};
use crate::{
    bearer,
    claims::{Claims, Facts, TokenVersion, payload::Payload},
    jwt::Compact,
    policy::TokenClassification,
    rejection::Rejection,
    signature::PublicKey,
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
        run.check_key_id(self.accepts_keys_without_id)?;
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

        let policy = &authority.resolved.policy;
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
