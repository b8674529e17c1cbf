//! Keeps other pages in the same browser away from this server, which reads tokens and configurations.

use std::net::SocketAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// The host names under which this server responds.
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

    /// Why a request is rejected: its host is not this server, or another page sent it.
    fn rejection(&self, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
        let only = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            let first = values.next();
            first.filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok())
        };
        // A name that resolves to 127.0.0.1 (DNS rebinding) would make another page one of the same origin.
        let Some(host) = only(header::HOST).filter(|host| self.hosts.iter().any(|own| own == host)) else {
            return Some((StatusCode::MISDIRECTED_REQUEST, "This server responds only at its loopback address.\n"));
        };
        let site = HeaderName::from_static("sec-fetch-site");
        let is_elsewhere = headers.contains_key(header::ORIGIN)
            && only(header::ORIGIN) != Some(&format!("http://{host}"))
            || headers.contains_key(&site) && only(site) != Some("same-origin");
        // A link from another page may open this one, and nothing else.
        (is_elsewhere && method != Method::GET)
            .then_some((StatusCode::FORBIDDEN, "Only the page of this server may send this request.\n"))
    }
}

/// Passes on a request that is for this server, and from its own page or from no page.
pub(crate) async fn only_own_page(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.rejection(request.method(), request.headers()) {
        Some(rejection) => rejection.into_response(),
        None => next.run(request).await,
    }
}

/// The page loads only its own files, connects only to this server, and is not shown inside another.
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
