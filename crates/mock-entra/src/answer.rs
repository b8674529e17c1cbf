use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::fault::{self, Fault};

/// A request, in process or over HTTP.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) method: &'a Method,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) if_none_match: Option<&'a str>,
    pub(super) authorization: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The response to a [`Question`].
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
    pub(super) etag: Option<String>,
    pub(super) max_age: Option<Duration>,
    pub(super) location: Option<String>,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            content_type: "application/json; charset=utf-8",
            body: body.to_string().into(),
            etag: None,
            max_age: None,
            location: None,
        }
    }

    pub(super) fn text(status: u16, text: &'static str) -> Self {
        Self { content_type: "text/plain; charset=utf-8", body: text.into(), ..Self::json(status, &Value::Null) }
    }

    /// A document with its caching headers; 304 without a body if `if_none_match` is its `ETag`.
    pub(super) fn document(body: Bytes, etags: bool, max_age: Option<Duration>, if_none_match: Option<&str>) -> Self {
        let mut answer = Self { body, max_age, ..Self::json(200, &Value::Null) };
        if etags {
            let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest(&SHA256, &answer.body).as_ref()[..12]));
            if if_none_match == Some(etag.as_str()) {
                answer.status = 304;
                answer.body = Bytes::new();
            }
            answer.etag = Some(etag);
        }
        answer
    }

    /// An error in Entra's form, with its number (`AADSTS…`). `base` is the address of the provider.
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

    /// Applies a `fault` that changes the response itself; delays and broken connections are the caller's.
    pub(super) fn after(mut self, fault: &Fault) -> Self {
        match fault {
            Fault::Status(status) => Self { status: *status, etag: None, max_age: None, ..self },
            Fault::Garbage => {
                Self { body: fault::GARBAGE.into(), content_type: "text/html", ..Self::json(200, &Value::Null) }
            }
            Fault::Redirect(to) => {
                Self { body: Bytes::new(), location: Some(to.clone()), ..Self::json(302, &Value::Null) }
            }
            Fault::TooLarge => {
                self.body = fault::drawn_out(&self.body).into();
                self
            }
            _ => self,
        }
    }
}
