use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};

use super::{Responder, ResponseContext};
use crate::rejection::Rejection;

/// A gRPC answer without a message ("trailers-only"): HTTP 200 with `grpc-status` and `grpc-message` in the headers.
///
/// `grpc-status` is 16 (unauthenticated) for 401, 7 (permission denied) for 403, 14 (unavailable) for 503, 3 (invalid
/// argument: no new token would help) for 400, and 13 (internal) for 500. `grpc-message` is the
/// [public description](Rejection::public_description), with detailed errors code and hint.
///
/// Only for services that speak nothing but gRPC: to anything that judges by the HTTP status, a forward-auth proxy for
/// one, a refusal with 200 is a pass.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Grpc;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

impl Grpc {
    /// The responder.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Responder for Grpc {
    fn respond(&self, rejection: &Rejection, context: &ResponseContext) -> Response<Bytes> {
        let message = match rejection.status() {
            _ if context.detailed() => format!("{}: {}", rejection.code(), rejection.hint()),
            StatusCode::INTERNAL_SERVER_ERROR => "internal error".to_owned(),
            _ => rejection.public_description(),
        };
        let mut response = context.response(rejection, StatusCode::OK, Bytes::new());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(GRPC_STATUS, code(rejection.status()).into());
        if let Ok(message) = HeaderValue::try_from(percent_encode(&message)) {
            headers.insert(GRPC_MESSAGE, message);
        }
        response
    }
}

fn code(status: StatusCode) -> u16 {
    match status {
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        StatusCode::BAD_REQUEST => 3,
        _ => 13,
    }
}

/// The `Percent-Encoded` of gRPC's "HTTP/2 protocol mapping": all but %x20-24 / %x26-7E, byte by byte.
fn percent_encode(message: &str) -> String {
    message.bytes().fold(String::with_capacity(message.len()), |mut encoded, byte| {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => {
                let _ = write!(encoded, "%{byte:02X}");
            }
            _ => encoded.push(char::from(byte)),
        }
        encoded
    })
}
