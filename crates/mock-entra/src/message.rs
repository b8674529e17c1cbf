//! Requests and responses, independent of how they arrive: as a [`Fetch`](tower_entra::fetch::Fetch) or over HTTP.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::fault::{self, Fault};

/// A request for a document or for a token.
#[derive(Debug)]
pub(super) struct MockRequest<'a> {
    pub(super) method: &'a Method,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) if_none_match: Option<&'a str>,
    pub(super) authorization: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The response to a [`MockRequest`].
#[derive(Clone, Debug)]
pub(super) struct MockResponse {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
    pub(super) etag: Option<String>,
    pub(super) max_age: Option<Duration>,
    pub(super) location: Option<String>,
}

impl MockResponse {
    fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type, body: body.into(), etag: None, max_age: None, location: None }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    pub(super) fn text(status: u16, text: &'static str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text)
    }

    /// A JSON document with its caching headers. Status 304 without a body if `if_none_match` is its `ETag`.
    pub(super) fn document(body: Bytes, etags: bool, max_age: Option<Duration>, if_none_match: Option<&str>) -> Self {
        let mut response = Self { max_age, ..Self::new(200, "application/json; charset=utf-8", body) };
        if etags {
            let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest(&SHA256, &response.body).as_ref()[..12]));
            if if_none_match == Some(etag.as_str()) {
                response.status = 304;
                response.body = Bytes::new();
            }
            response.etag = Some(etag);
        }
        response
    }

    /// An error response in Entra's format, with its error number (`AADSTS…`). `base` is the provider's base address.
    pub(super) fn error(base: &str, timestamp: &str, status: u16, error: &str, number: u32, text: &str) -> Self {
        const ID: &str = "00000000-aaaa-bbbb-cccc-dddddddddddd";
        Self::json(
            status,
            &json!({
                "error": error,
                "error_description":
                    format!("AADSTS{number}: {text} Trace ID: {ID} Correlation ID: {ID} Timestamp: {timestamp}"),
                "error_codes": [number],
                "timestamp": timestamp,
                "trace_id": ID,
                "correlation_id": ID,
                "error_uri": format!("{base}/error?code={number}"),
            }),
        )
    }

    /// Applies the faults that change the response itself. The caller applies delays and broken connections.
    pub(super) fn with_fault(mut self, fault: &Fault) -> Self {
        match fault {
            Fault::Status(status) => Self { status: *status, etag: None, max_age: None, ..self },
            Fault::Garbage => Self::new(200, "text/html", fault::GARBAGE),
            Fault::Redirect(to) => {
                Self { location: Some(to.clone()), ..Self::new(302, "application/json; charset=utf-8", Bytes::new()) }
            }
            Fault::TooLarge => {
                self.body = fault::padded(&self.body).into();
                self
            }
            _ => self,
        }
    }
}
