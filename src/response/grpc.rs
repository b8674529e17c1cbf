use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};

use super::{Responder, ResponseContext, error_info};
use crate::rejection::{Public, Rejection, RejectionKind};

/// A gRPC answer without a message ("trailers-only"): HTTP 200 with `grpc-status` and `grpc-message` in the headers.
///
/// `grpc-status` is 16 (unauthenticated) for 401, 7 (permission denied) for 403, 14 (unavailable) for 503, 3 (invalid
/// argument: no new token would help) for 400, and 13 (internal) for 500. `grpc-message` is the
/// [public description](Rejection::public_description), with detailed errors code and hint.
///
/// For programs there is a [`google.rpc.ErrorInfo`][info] in `grpc-status-details-bin`: domain `tower-entra`; as reason the
/// code in upper case, such as `EXPIRED`, or `INVALID_TOKEN` for everything that the caller may not tell apart; as metadata
/// `scope` where one is missing. With detailed errors the reason is the code always, and the metadata has `expected` and
/// `got` too if the token's signature had verified.
///
/// [info]: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
///
/// ```
/// use tower_entra::{AuthenticateLayer, Verifier, response::Grpc};
///
/// fn layer(verifier: Verifier) -> AuthenticateLayer {
///     AuthenticateLayer::new(verifier).responder(Grpc::new())
/// }
/// ```
///
/// Only for services that speak nothing but gRPC: to anything that judges by the HTTP status, a forward-auth proxy for
/// one, a refusal with 200 is a pass.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Grpc;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
/// The longest text in a header, in bytes: clients and proxies refuse more than 8 KiB of headers.
const LONGEST: usize = 800;

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
        let message = cut(&message);
        let status = code(rejection.status());
        let scope = context.challenge().scope_for(rejection).filter(|_| rejection.status() == StatusCode::FORBIDDEN);
        let metadata = metadata(rejection, context, scope.as_deref());
        let details = error_info::status(status, message, &reason(rejection, context), &metadata);
        let mut response = context.response(rejection, StatusCode::OK, Bytes::new());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(GRPC_STATUS, status.into());
        if let Ok(message) = HeaderValue::try_from(percent_encode(message)) {
            headers.insert(GRPC_MESSAGE, message);
        }
        // Without padding, as gRPC's "HTTP/2 protocol mapping" would have it.
        if let Ok(details) = HeaderValue::try_from(STANDARD_NO_PAD.encode(details)) {
            headers.insert(GRPC_DETAILS, details);
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

/// The code, in upper case, as far as the caller may know it: it tells what `grpc-message` tells and no more.
fn reason(rejection: &Rejection, context: &ResponseContext) -> String {
    let code = match rejection.public() {
        _ if context.detailed() => rejection.code(),
        _ if rejection.status() == StatusCode::INTERNAL_SERVER_ERROR => "internal",
        Public::Summary(kind) => kind.code(),
        Public::Microsoft(_) => RejectionKind::MicrosoftApiToken.code(),
        Public::NotOurs => "invalid_token",
    };
    code.to_ascii_uppercase()
}

fn metadata<'a>(
    rejection: &'a Rejection,
    context: &ResponseContext,
    scope: Option<&'a str>,
) -> Vec<(&'static str, &'a str)> {
    let expected = rejection.expected_value().filter(|_| context.detailed() && rejection.is_verified());
    let got = rejection.got_value().filter(|_| context.detailed() && rejection.is_verified());
    let all = [("scope", scope), ("expected", expected), ("got", got)];
    all.into_iter().filter_map(|(name, value)| Some((name, cut(value?)))).collect()
}

fn cut(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or_default()]
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
