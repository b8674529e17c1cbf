//! What anybody can compute from a token alone, without our configuration and keys, so that the response may say it before
//! the signature is verified.

use std::time::Duration;

use crate::{
    claims::payload::{ListClaim, Payload},
    jwt::Header,
    policy::{MAX_LEEWAY, microsoft_api},
    rejection::PublicCause,
};

/// `header` is `None` if it cannot be decoded.
pub(super) fn public_cause(header: Option<&Header>, payload: &Payload, now: Duration) -> PublicCause {
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
pub(super) fn is_long_expired(payload: &Payload, now: Duration) -> bool {
    now >= payload.expires_at.saturating_add(MAX_LEEWAY)
}
