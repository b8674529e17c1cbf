use std::{pin::Pin, sync::Arc};

use http::{HeaderMap, Uri, header::AUTHORIZATION};

use crate::{
    bearer,
    claims::Claims,
    diagnosis::instead,
    rejection::{Rejection, RejectionKind},
    response::{Mark, Marks},
    verifier::{Verdict, Verifier},
};

pub(super) type TokenSource = dyn Fn(&HeaderMap, &Uri) -> Option<String> + Send + Sync;

/// The verification of a token that has to wait.
pub(super) type VerdictFuture = Pin<Box<dyn Future<Output = Result<Claims, Rejection>> + Send>>;

/// Decides whether a request may pass. A layer and all services it creates share the parts of one.
pub(super) struct Gate {
    pub(super) verifier: Verifier,
    pub(super) source: Option<Arc<TokenSource>>,
    pub(super) optional: bool,
    pub(super) marks: Marks,
}

/// The outcome for a request.
pub(super) enum Decision {
    /// With the claims of its token; `None` where a token is optional and absent.
    Pass(Option<Claims>),
    Refuse(Rejection),
    /// Not known until keys are fetched or an asynchronous check completes.
    Wait(VerdictFuture),
}

impl Gate {
    /// The token that the configured source finds, empty if it finds none; `None` if no source is configured.
    pub(super) fn token_from_source(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        self.source.as_ref().map(|source| source(headers, uri).unwrap_or_default())
    }

    /// Decides by the token `from_source`, or by that of the `Authorization` header if there is no source. Marks the headers
    /// that contain it as sensitive.
    pub(super) fn decide(&self, from_source: Option<String>, headers: &mut HeaderMap) -> Decision {
        hide_token(from_source.as_deref(), headers);
        let cap = self.verifier.max_token_bytes();
        let token = match &from_source {
            Some(token) => bearer::bounded(token.as_bytes(), cap),
            None => bearer::from_headers(headers, cap),
        };
        match token.map(|token| self.verifier.start(token)) {
            Ok(Verdict::Ready(Ok(claims))) => Decision::Pass(Some(claims)),
            Ok(Verdict::Ready(Err(rejection))) => Decision::Refuse(rejection),
            Ok(Verdict::Wait(verdict)) => Decision::Wait(verdict),
            Err(rejection) if self.optional && rejection.kind() == RejectionKind::MissingToken => Decision::Pass(None),
            Err(rejection) => Decision::Refuse(rejection),
        }
    }

    /// Adds a hint where no token was found, but the request has one in another place.
    pub(super) fn with_hint(&self, rejection: Rejection, headers: &HeaderMap, uri: &Uri) -> Rejection {
        if rejection.kind() != RejectionKind::MissingToken || self.source.is_some() {
            return rejection;
        }
        match instead(headers, uri) {
            Some(cause) => rejection.detail(cause.title()),
            None => rejection,
        }
    }

    pub(super) fn mark(&self) -> &Mark {
        self.marks.mark()
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
