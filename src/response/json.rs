use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use super::{Responder, ResponseContext};
use crate::rejection::Rejection;

/// [The answer of Azure API Management](crate::guide::entra#api-management-error-response), and the default:
/// `{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}`.
///
/// With detailed errors the object has `code` and `hint` too and, where the token's signature had verified, `expected` and
/// `got`. Other statuses than 401 have a sentence of their own.
///
/// ```
/// use tower_entra::response::ApiManagement;
///
/// let responder = ApiManagement::new().message("Please sign in.");
/// ```
#[derive(Clone, Debug)]
pub struct ApiManagement {
    status: StatusCode,
    message: String,
    /// The body without details, made once.
    body: Bytes,
}

impl ApiManagement {
    /// With status 401 and API Management's sentence.
    #[must_use]
    pub fn new() -> Self {
        let message = sentence(StatusCode::UNAUTHORIZED).to_owned();
        Self { status: StatusCode::UNAUTHORIZED, message, body: Bytes::new() }.prepared()
    }

    /// Answers with `status` where it would be 401.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self.prepared()
    }

    /// Answers with `message` where the status would be 401.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self.prepared()
    }

    fn prepared(mut self) -> Self {
        let body = ApiManagementBody { status_code: self.status.as_u16(), message: &self.message, details: None };
        self.body = encode(&body).into();
        self
    }
}

impl Default for ApiManagement {
    fn default() -> Self {
        Self::new()
    }
}

/// The members in the order in which they are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApiManagementBody<'a> {
    status_code: u16,
    message: &'a str,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

#[derive(Serialize)]
struct Details<'a> {
    code: &'static str,
    hint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<&'a str>,
}

impl<'a> Details<'a> {
    /// What may be shown with detailed errors: the values only once the signature has verified.
    fn of(rejection: &'a Rejection, context: &ResponseContext) -> Option<Self> {
        context.detailed().then(|| Self {
            code: rejection.code(),
            hint: rejection.hint(),
            expected: rejection.expected_value().filter(|_| rejection.is_verified()),
            got: rejection.got_value().filter(|_| rejection.is_verified()),
        })
    }
}

impl Responder for ApiManagement {
    fn respond(&self, rejection: &Rejection, context: &ResponseContext) -> Response<Bytes> {
        if rejection.status() == StatusCode::UNAUTHORIZED && !context.detailed() {
            return json(context.response(rejection, self.status, self.body.clone()), "application/json");
        }
        let (status, message) = match rejection.status() {
            StatusCode::UNAUTHORIZED => (self.status, self.message.as_str()),
            other => (other, sentence(other)),
        };
        let details = Details::of(rejection, context);
        let body = ApiManagementBody { status_code: status.as_u16(), message, details };
        json(context.response(rejection, status, encode(&body)), "application/json")
    }
}

fn sentence(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "Unauthorized. Access token is missing or invalid.",
        StatusCode::FORBIDDEN => "Forbidden. The access token lacks a required permission.",
        StatusCode::BAD_REQUEST => "Bad request. There is more than one Authorization header.",
        StatusCode::SERVICE_UNAVAILABLE => "Service unavailable. Access tokens cannot be checked at the moment.",
        _ => "Internal server error.",
    }
}

/// `application/problem+json` (RFC 9457): `type`, `title`, `status`.
///
/// Without detailed errors `type` is `about:blank`. With them it is the address of the code's section in the [guide], and
/// there are `detail` (the hint), `code` and, where the token's signature had verified, `expected` and `got`.
///
/// [guide]: crate::guide::troubleshooting
///
/// ```
/// use tower_entra::{Rejection, RejectionKind};
/// use tower_entra::response::{Challenge, Problem, Responder, ResponseContext};
///
/// let problem = Problem::new().guide("https://api.contoso.example/refused");
/// let context = ResponseContext::new(Challenge::new(), true);
/// let response = problem.respond(&Rejection::new(RejectionKind::Expired).verified(), &context);
/// let body = std::str::from_utf8(response.body()).unwrap();
/// assert!(body.starts_with(r#"{"type":"https://api.contoso.example/refused#expired","title":"the token has expired""#));
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    guide: Cow<'static, str>,
}

/// The guide of the latest version: codes are stable.
const GUIDE: &str = "https://docs.rs/tower-entra/latest/tower_entra/guide/troubleshooting/index.html";

impl Problem {
    /// With types in the guide on docs.rs.
    #[must_use]
    pub fn new() -> Self {
        Self { guide: GUIDE.into() }
    }

    /// The page that the types are sections of: `type` is this, `#` and the code.
    #[must_use]
    pub fn guide(mut self, url: impl Into<Cow<'static, str>>) -> Self {
        self.guide = url.into();
        self
    }
}

impl Default for Problem {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Serialize)]
struct ProblemBody<'a> {
    #[serde(rename = "type")]
    kind: Cow<'static, str>,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(flatten)]
    details: Option<ProblemDetails<'a>>,
}

#[derive(Serialize)]
struct ProblemDetails<'a> {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<&'a str>,
}

impl Responder for Problem {
    fn respond(&self, rejection: &Rejection, context: &ResponseContext) -> Response<Bytes> {
        let status = rejection.status();
        let details = Details::of(rejection, context);
        let body = ProblemBody {
            // RFC 9457 §4.2.1: about:blank goes with the status's own phrase as title.
            kind: match &details {
                Some(details) => format!("{}#{}", self.guide, details.code).into(),
                None => "about:blank".into(),
            },
            title: match &details {
                Some(_) => rejection.kind().summary(),
                None => status.canonical_reason().unwrap_or_default(),
            },
            status: status.as_u16(),
            detail: details.as_ref().map(|details| details.hint.as_str()),
            details: details.as_ref().map(|&Details { code, expected, got, .. }| ProblemDetails {
                code,
                expected,
                got,
            }),
        };
        json(context.response(rejection, status, encode(&body)), "application/problem+json")
    }
}

fn encode(body: &impl Serialize) -> Vec<u8> {
    // Strings and numbers alone: it cannot fail.
    serde_json::to_vec(body).unwrap_or_default()
}

fn json(mut response: Response<Bytes>, content_type: &'static str) -> Response<Bytes> {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
