use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    rejection::Rejection,
    response::{LayerMarker, ResponseBody},
    verifier::VerdictFuture,
};

pin_project! {
    /// Response future of [`Authenticate`](super::Authenticate). `Send` if `S`, its future and `B` are.
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        // Keys have to be fetched first. The service is not polled ready yet: a request that waits for keys must hold no
        // permit of a concurrency limit, or callers with unknown `kid`s could exhaust it.
        Waiting { verdict: VerdictFuture, held: Option<(Request<B>, S)>, mark: LayerMarker },
        // The claims are in the request.
        Readying { held: Option<(Request<B>, S)> },
        Calling { #[pin] future: S::Future },
        Refused { rejection: Rejection, mark: LayerMarker },
    }
}

impl<S: Service<Request<B>>, B> ResponseFuture<S, B> {
    pub(super) fn calling(future: S::Future) -> Self {
        Self { state: State::Calling { future } }
    }

    pub(super) fn refused(rejection: Rejection, mark: LayerMarker) -> Self {
        Self { state: State::Refused { rejection, mark } }
    }

    pub(super) fn waiting(verdict: VerdictFuture, request: Request<B>, service: S, mark: LayerMarker) -> Self {
        Self { state: State::Waiting { verdict, held: Some((request, service)), mark } }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
    R::Data: From<Bytes>,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Calling { future } => {
                    return future.poll(cx).map_ok(|response| response.map(ResponseBody::inner));
                }
                StateProjection::Readying { held } => {
                    if let Some((_, service)) = held {
                        ready!(service.poll_ready(cx))?;
                    }
                    let Some((request, mut service)) = held.take() else { return Poll::Pending };
                    State::Calling { future: service.call(request) }
                }
                StateProjection::Refused { rejection, mark } => return Poll::Ready(Ok(mark.refuse(rejection))),
                StateProjection::Waiting { verdict, held, mark } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    // Taken once: the state changes right after.
                    let Some((mut request, service)) = held.take() else { return Poll::Pending };
                    match verdict {
                        Ok(claims) => {
                            mark.admit(request.extensions_mut(), Some(claims));
                            State::Readying { held: Some((request, service)) }
                        }
                        Err(rejection) => State::Refused { rejection, mark: mark.clone() },
                    }
                }
            };
            this.state.set(next);
        }
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for ResponseFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Waiting { .. } => "waiting",
            State::Readying { .. } => "readying",
            State::Calling { .. } => "calling",
            State::Refused { .. } => "refused",
        };
        f.debug_struct("ResponseFuture").field("state", &state).finish_non_exhaustive()
    }
}
