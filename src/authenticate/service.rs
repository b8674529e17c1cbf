use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri, header::AUTHORIZATION};
use http_body::Body;
use tower_service::Service;

use super::future::{ResponseFuture, VerdictFuture};
use crate::{
    bearer,
    claims::Claims,
    diagnosis::instead,
    rejection::{Rejection, RejectionKind},
    response::{Mark, Marks, ResponseBody},
    verifier::{Verdict, Verifier},
};

pub(super) type TokenSource = dyn Fn(&HeaderMap, &Uri) -> Option<String> + Send + Sync;

/// Lets requests with a valid token through to `S`, with its [`Claims`], and answers the others.
///
/// `S` is any service of [`http`] requests with an [`http`] response. Of the response's body it needs `Data: From<Bytes>`,
/// of the request's nothing; neither has to be `Send`. Made by [`AuthenticateLayer`](super::AuthenticateLayer).
#[derive(Clone)]
pub struct Authenticate<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S> Authenticate<S> {
    pub(super) fn new(inner: S, gate: Arc<Gate>) -> Self {
        Self { inner, gate }
    }
}

impl<S, B, R> Service<Request<B>> for Authenticate<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body,
    R::Data: From<Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let own = self.gate.own_token(request.headers(), request.uri());
        match self.gate.decide(own, request.headers_mut()) {
            Decision::Pass(claims) => {
                self.gate.mark().admit(request.extensions_mut(), claims);
                ResponseFuture::calling(self.inner.call(request))
            }
            Decision::Refuse(rejection) => {
                drop(self.take_ready());
                let rejection = self.gate.with_hint(rejection, request.headers(), request.uri());
                ResponseFuture::refused(rejection, self.gate.mark().clone())
            }
            Decision::Wait(verdict) => {
                drop(self.take_ready());
                ResponseFuture::waiting(verdict, request, self.inner.clone(), Arc::clone(&self.gate))
            }
        }
    }
}

impl<S: Clone> Authenticate<S> {
    /// The service that was polled ready, with another in its place.
    ///
    /// A refused request drops it: a place that it holds in a concurrency limit would else stay taken until the next
    /// request on this connection, and callers without a token could shut everybody out.
    fn take_ready(&mut self) -> S {
        let fresh = self.inner.clone();
        mem::replace(&mut self.inner, fresh)
    }
}

impl<S: fmt::Debug> fmt::Debug for Authenticate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// What decides about requests.
pub(super) struct Gate {
    pub(super) verifier: Verifier,
    pub(super) source: Option<Arc<TokenSource>>,
    pub(super) optional: bool,
    pub(super) marks: Marks,
}

/// What becomes of a request.
enum Decision {
    Pass(Option<Claims>),
    Refuse(Rejection),
    Wait(VerdictFuture),
}

impl Gate {
    /// What the owner's source finds, empty if nothing; `None` if there is no such source.
    fn own_token(&self, headers: &HeaderMap, uri: &Uri) -> Option<String> {
        self.source.as_ref().map(|source| source(headers, uri).unwrap_or_default())
    }

    /// Decides by `own` token, or by that of the `Authorization` header. Marks the headers that hold it.
    fn decide(&self, own: Option<String>, headers: &mut HeaderMap) -> Decision {
        hide_token(own.as_deref(), headers);
        let cap = self.verifier.max_token_bytes();
        let token = match &own {
            Some(own) => bearer::bounded(own.as_bytes(), cap),
            None => bearer::from_headers(headers, cap),
        };
        match token.map(|token| self.verifier.start(token)) {
            Ok(Verdict::Accepted(claims)) => Decision::Pass(Some(claims)),
            Ok(Verdict::Rejected(rejection)) => Decision::Refuse(rejection),
            Ok(Verdict::Pending(verdict)) => Decision::Wait(verdict),
            Err(rejection) if self.optional && rejection.kind() == RejectionKind::MissingToken => Decision::Pass(None),
            Err(rejection) => Decision::Refuse(rejection),
        }
    }

    /// Where no token was found, with where one is instead.
    fn with_hint(&self, rejection: Rejection, headers: &HeaderMap, uri: &Uri) -> Rejection {
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

/// Marks `Authorization` as sensitive, and whichever header has the `own` token in it.
fn hide_token(own: Option<&str>, headers: &mut HeaderMap) {
    let Some(own) = own.map(str::trim) else {
        // A second one is refused anyway.
        headers.get_mut(AUTHORIZATION).into_iter().for_each(|value| value.set_sensitive(true));
        return;
    };
    for (name, value) in headers.iter_mut() {
        let holds = !own.is_empty() && value.to_str().is_ok_and(|value| value.contains(own));
        if holds || name == AUTHORIZATION {
            value.set_sensitive(true);
        }
    }
}
