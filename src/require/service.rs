use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::future::ResponseFuture;
use crate::{
    claims::Claims,
    diagnosis::Presented,
    policy::Requirement,
    rejection::Rejection,
    response::{LayerMarker, ResponseBody, caller, marker_of},
};

/// Lets requests whose [`Claims`](crate::Claims) meet a [`Requirement`] through to `S`, and answers the others.
///
/// Of `S` and its bodies it needs what [`Authenticate`](crate::authenticate::Authenticate) does. Made by
/// [`RequireLayer`](super::RequireLayer).
#[derive(Clone)]
pub struct Require<S> {
    inner: S,
    requirement: Arc<Requirement>,
}

impl<S> Require<S> {
    pub(super) fn new(inner: S, requirement: Arc<Requirement>) -> Self {
        Self { inner, requirement }
    }
}

impl<S, B, R> Service<Request<B>> for Require<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body,
    R::Data: From<Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match decide(&self.requirement, request.extensions()) {
            Ok(()) => ResponseFuture::calling(self.inner.call(request)),
            Err((rejection, mark)) => {
                // As in `Authenticate`: what the ready service holds is given back.
                self.inner = self.inner.clone();
                let claims = request.extensions().get::<Claims>();
                let presented = claims.map(|claims| Presented::Operation { claims, requirement: &self.requirement });
                ResponseFuture::refused(mark.refuse(&rejection, presented))
            }
        }
    }
}

/// Whether the request's claims are enough, and if not, how that is answered.
fn decide(requirement: &Requirement, extensions: &Extensions) -> Result<(), (Rejection, LayerMarker)> {
    requirement.check(caller(extensions)?).map_err(|rejection| (rejection, marker_of(extensions)))
}

impl<S: fmt::Debug> fmt::Debug for Require<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Require").field("inner", &self.inner).field("requirement", &self.requirement).finish()
    }
}
