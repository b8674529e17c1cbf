//! What keeps other pages of the same browser away from this server: it holds tokens for as long as it judges them.

use std::net::SocketAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The names under which this server may be asked.
#[derive(Clone)]
pub(crate) struct Guard {
    hosts: Vec<String>,
}

impl Guard {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string(), format!("localhost:{port}")];
        if port == 80 {
            hosts.extend([address.ip().to_string(), "localhost".to_owned()]);
        }
        Self { hosts }
    }

    /// Why a request is not for us, or not from our own page.
    fn refuses(&self, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
        let only = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            let first = values.next();
            first.filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
        };
        // A name that somebody else points at 127.0.0.1 (DNS rebinding) would make his page one of the same origin.
        let Some(host) = only(header::HOST).filter(|host| self.hosts.iter().any(|own| own == host)) else {
            return Some((StatusCode::MISDIRECTED_REQUEST, "This server answers at its own loopback address alone.\n"));
        };
        let site = HeaderName::from_static("sec-fetch-site");
        let is_elsewhere = headers.contains_key(header::ORIGIN)
            && only(header::ORIGIN) != Some(&format!("http://{host}"))
            || headers.contains_key(&site) && only(site) != Some("same-origin");
        // A link from elsewhere may open the page; that is all.
        (is_elsewhere && method != Method::GET)
            .then_some((StatusCode::FORBIDDEN, "Only the page of this server may ask that.\n"))
    }
}

/// Lets a request through that is for us, and from our own page or no page at all.
pub(crate) async fn only_own(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.refuses(request.method(), request.headers()) {
        Some(refusal) => page_headers(refusal.into_response()).await,
        None => next.run(request).await,
    }
}

/// The page loads nothing but its own files, speaks with nobody else, and is not shown inside another.
pub(crate) async fn page_headers(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
