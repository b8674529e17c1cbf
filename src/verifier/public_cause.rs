//! What anybody can see from a token alone, without our configuration and keys: the response may tell it before the
//! signature has verified.

use std::time::Duration;

use crate::{
    claims::payload::{ListClaim, Payload},
    jwt::Header,
    policy::{MAX_LEEWAY, microsoft_api},
    rejection::PublicCause,
};

pub(super) fn public_cause(header: &Header, payload: &Payload, now: Duration) -> PublicCause {
    match for_microsoft(payload) {
        Some(name) => PublicCause::MicrosoftApi(name),
        None if header.key_id.is_none() => PublicCause::WithoutKeyId,
        None if is_long_expired(payload, now) => PublicCause::Expired,
        None => PublicCause::None,
    }
}

/// Whether it expired longer ago than any leeway, so that nothing is fetched for it.
pub(super) fn is_long_expired(payload: &Payload, now: Duration) -> bool {
    now >= payload.expires_at.saturating_add(MAX_LEEWAY)
}

/// Whether its audience is one of Microsoft's own APIs.
pub(super) fn is_for_microsoft(payload: &Payload) -> bool {
    for_microsoft(payload).is_some()
}

/// The name of the Microsoft API that is its audience.
fn for_microsoft(payload: &Payload) -> Option<&'static str> {
    payload.list(ListClaim::Audience).and_then(|mut audiences| audiences.find_map(microsoft_api))
}
