use std::sync::Arc;

use http::{HeaderMap, Uri, header::AUTHORIZATION};

use crate::{
    bearer,
    diagnosis::instead,
    rejection::{Rejection, RejectionKind},
    response::{LayerMarker, LayerMarkers},
    verifier::{Verdict, Verifier},
};

pub(super) type TokenSource = dyn Fn(&HeaderMap, &Uri) -> Option<String> + Send + Sync;

/// Decides whether a request may pass. A layer and all services it creates share the parts of one.
pub(super) struct Gate {
    pub(super) verifier: Verifier,
    pub(super) source: Option<Arc<TokenSource>>,
    pub(super) optional: bool,
    /// For error responses without details, and with them: a reload may switch.
    pub(super) plain: LayerMarkers,
    pub(super) detailed: LayerMarkers,
}

impl Gate {
    /// The token that the configured source finds, empty if it finds none; `None` if no source is configured.
    pub(super) fn token_from_source(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        self.source.as_ref().map(|source| source(headers, uri).unwrap_or_default())
    }

    /// Verifies the token `from_source` or, if no source is configured, the token in the `Authorization` header. Marks the
    /// headers that contain it as sensitive. `None` if the request passes without a token. Also returns whether error
    /// responses have details, by the same configuration.
    pub(super) fn decide(&self, from_source: Option<&str>, headers: &mut HeaderMap) -> (Option<Verdict>, bool) {
        hide_token(from_source, headers);
        let state = self.verifier.state();
        let cap = state.max_token_bytes();
        let token = match from_source {
            Some(token) => bearer::bounded(token.as_bytes(), cap),
            None => bearer::from_headers(headers, cap),
        };
        let verdict = match token {
            Ok(token) => Some(state.start(token)),
            Err(rejection) if self.optional && rejection.kind() == RejectionKind::MissingToken => None,
            Err(rejection) => Some(Verdict::Rejected(rejection)),
        };
        (verdict, state.detailed_errors())
    }

    /// Adds the place where the request has a token instead.
    pub(super) fn with_place(&self, rejection: Rejection, headers: &HeaderMap, uri: &Uri) -> Rejection {
        if rejection.kind() != RejectionKind::MissingToken || self.source.is_some() {
            return rejection;
        }
        match instead(headers, uri) {
            Some(cause) => rejection.detail(cause.title()),
            None => rejection,
        }
    }

    pub(super) fn mark(&self, detailed: bool) -> &LayerMarker {
        if detailed { self.detailed.get() } else { self.plain.get() }
    }
}

/// Marks `Authorization` as sensitive, and every header that contains the token `from_source`.
fn hide_token(from_source: Option<&str>, headers: &mut HeaderMap) {
    let Some(token) = from_source.map(str::trim) else {
        // A second one is rejected anyway.
        headers.get_mut(AUTHORIZATION).into_iter().for_each(|value| value.set_sensitive(true));
        return;
    };
    for (name, value) in headers.iter_mut() {
        let contains_token = !token.is_empty() && value.to_str().is_ok_and(|value| value.contains(token));
        if contains_token || name == AUTHORIZATION {
            value.set_sensitive(true);
        }
    }
}
