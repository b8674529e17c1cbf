//! Causes in a request that has no bearer token.

use http::{HeaderMap, Uri, header};

use super::{
    Cause, CauseKind, Diagnosis, input,
    pasted::Pasted,
    remedy::{change_client, change_code, change_surroundings},
};
use crate::{bearer, verifier::Verifier};

impl Verifier {
    /// The same for a request: for the token in its `Authorization` header or, if it has none, for where it is instead.
    ///
    /// ```
    /// use http::{HeaderMap, Uri};
    /// use tower_entra::Verifier;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let verifier = Verifier::builder()
    /// #     .tenant("11111111-2222-3333-4444-555555555555").client_id("66666666-7777-8888-9999-000000000000")
    /// #     .fetch(mock_entra::MockEntra::new()).build()?;
    /// let uri = Uri::from_static("/files?access_token=x");
    /// let diagnosis = verifier.diagnose_request(&HeaderMap::new(), &uri).await;
    /// assert_eq!(diagnosis.cause().map(|cause| cause.kind().code()), Some("token_in_query"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn diagnose_request(&self, headers: &HeaderMap, uri: &Uri) -> Diagnosis {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let only = values.next().filter(|_| values.next().is_none());
        // As the layer takes it out.
        let bearer = only.and_then(|value| bearer::behind_scheme(bearer::trim(value.as_bytes())));
        let bearer = bearer.map(String::from_utf8_lossy).filter(|token| !token.trim().is_empty());
        let without = bearer.is_none().then(|| without_token(headers, uri));
        let diagnosis = self.diagnose_pasted(Pasted::of_credentials(&bearer.unwrap_or_default()), None).await;
        match without {
            Some(cause) => Diagnosis {
                accepted: false,
                code: Some(cause.kind().rejection().code()),
                cause: Some(cause),
                further: Vec::new(),
                ..diagnosis
            },
            None => diagnosis,
        }
    }
}

/// Why no token was found, and what the request has instead.
pub(super) fn without_token(headers: &HeaderMap, uri: &Uri) -> Cause {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    let text = first.map(|value| String::from_utf8_lossy(bearer::trim(value.as_bytes())));
    match text {
        Some(_) if second.is_some() => input::cause(CauseKind::TwoHeaders, &Pasted::default()),
        Some(text) if !text.trim_ascii().is_empty() && bearer::behind_scheme(text.as_bytes()).is_none() => {
            input::other_scheme(&text)
        }
        _ => without_header(headers, uri),
    }
}

/// Headers in which gateways and platforms pass an access token on.
const FORWARDED: [&str; 4] =
    ["x-ms-token-aad-access-token", "x-forwarded-access-token", "x-amzn-oidc-accesstoken", "x-access-token"];

/// Where the token is instead, of a request that has none after `Bearer`.
pub(crate) fn instead(headers: &HeaderMap, uri: &Uri) -> Option<CauseKind> {
    // An empty value is as good as none.
    let value = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes().trim_ascii());
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        let is_bearer = bearer::behind_scheme(value).is_some();
        return (!is_bearer).then_some(CauseKind::OtherScheme);
    }
    let query = uri.query().unwrap_or_default();
    let in_query = ["access_token=", "token=", "id_token="].iter().any(|name| {
        query.split('&').any(|pair| pair.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
    });
    if headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return Some(CauseKind::CorsPreflight);
    }
    if FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        return Some(CauseKind::TokenInOtherHeader);
    }
    let has_cookie = headers.contains_key(header::COOKIE);
    in_query.then_some(CauseKind::TokenInQuery).or(has_cookie.then_some(CauseKind::TokenInCookie))
}

/// No header at all: what the request has instead.
fn without_header(headers: &HeaderMap, uri: &Uri) -> Cause {
    match instead(headers, uri) {
        Some(kind @ CauseKind::CorsPreflight) => Cause::new(
            kind,
            "The request is a CORS preflight (OPTIONS with Access-Control-Request-Method): browsers send it without a token.",
            vec![change_code(
                "Put the CORS layer outside of AuthenticateLayer, so that it responds first: with axum, add it after.",
            )],
        ),
        Some(kind @ CauseKind::TokenInOtherHeader) => {
            let name = FORWARDED.iter().find(|name| headers.contains_key(**name)).unwrap_or(&"another header");
            Cause::new(
                kind,
                format!(
                    "The request has no Authorization header; its token is in {name}, where a gateway or platform put it."
                ),
                vec![
                    change_surroundings("Let the gateway pass it on as Authorization: Bearer.")
                        .on_condition("If the gateway can be configured"),
                    change_code("Read it by token_from(); only if nobody can reach the API past the gateway.")
                        .on_condition("Otherwise"),
                ],
            )
        }
        Some(kind @ CauseKind::TokenInQuery) => Cause::new(
            kind,
            "The request has no Authorization header; its URL has a token in the query, where logs and browsers keep it.",
            vec![
                change_client("Send the token in the header.").on_condition("If the client can set headers"),
                change_code("Let token_from() take it from elsewhere.")
                    .on_condition("If the client cannot set headers, as with WebSockets"),
            ],
        ),
        Some(kind @ CauseKind::TokenInCookie) => Cause::new(
            kind,
            "The request has no Authorization header, and a cookie: it seems to come from a browser that is signed in to a web \
             page. No API accepts the cookie of a session.",
            input::cause(kind, &Pasted::default()).remedies().to_vec(),
        ),
        _ => input::cause(CauseKind::NoToken, &Pasted::default()),
    }
}
