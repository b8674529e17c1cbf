use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{future::ResponseFuture, gate::Gate};
use crate::{claims::Claims, diagnosis::Presented, response::ResponseBody, verifier::Verdict};

/// Passes requests with a valid token on to `S`, with its [`Claims`] in their extensions, and rejects all
/// others.
///
/// `S` is any service of [`http`] requests that returns an [`http`] response. The response's body needs
/// `Data: From<Bytes>`, the request's needs nothing; neither has to be `Send`. Created by
/// [`AuthenticateLayer`](super::AuthenticateLayer).
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
        let from_source = self.gate.token_from_source(request.headers(), request.uri());
        let (verdict, detailed) = self.gate.decide(from_source.as_deref(), request.headers_mut());
        match verdict {
            None => self.admit(request, None, detailed),
            Some(Verdict::Accepted(claims)) => self.admit(request, Some(claims), detailed),
            Some(Verdict::Rejected(rejection)) => {
                drop(self.swap_ready_service());
                let rejection = self.gate.with_place(rejection, request.headers(), request.uri());
                let presented = Presented::Request {
                    from_source: from_source.as_deref(),
                    headers: request.headers(),
                    uri: request.uri(),
                };
                ResponseFuture::refused(self.gate.mark(detailed).refuse(&rejection, Some(presented)))
            }
            Some(Verdict::Pending(verdict)) => {
                drop(self.swap_ready_service());
                let from_source = from_source.map(String::into_boxed_str);
                let mark = self.gate.mark(detailed).clone();
                ResponseFuture::waiting(verdict, request, from_source, self.inner.clone(), mark)
            }
        }
    }
}

impl<S> Authenticate<S> {
    fn admit<B>(&mut self, mut request: Request<B>, claims: Option<Claims>, detailed: bool) -> ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        self.gate.mark(detailed).admit(request.extensions_mut(), claims);
        ResponseFuture::calling(self.inner.call(request))
    }
}

impl<S: Clone> Authenticate<S> {
    /// Replaces the service that was polled ready with a fresh clone, and returns it.
    ///
    /// A rejected request drops it. Otherwise its permit in a concurrency limit would stay taken until the next request on
    /// this connection, and callers without a token could exhaust the limit.
    fn swap_ready_service(&mut self) -> S {
        let fresh = self.inner.clone();
        mem::replace(&mut self.inner, fresh)
    }
}

impl<S: fmt::Debug> fmt::Debug for Authenticate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate").field("inner", &self.inner).finish_non_exhaustive()
    }
}
