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
    diagnosis::Presented,
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
        Waiting { verdict: VerdictFuture, held: Option<(Request<B>, S)>, from_source: Option<Box<str>>, mark: LayerMarker },
        // The claims are in the request.
        Readying { held: Option<(Request<B>, S)> },
        Calling { #[pin] future: S::Future },
        // Taken once, by the only poll.
        Refused { response: Option<Response<Bytes>> },
    }
}

impl<S: Service<Request<B>>, B> ResponseFuture<S, B> {
    pub(super) fn calling(future: S::Future) -> Self {
        Self { state: State::Calling { future } }
    }

    pub(super) fn refused(response: Response<Bytes>) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }

    pub(super) fn waiting(
        verdict: VerdictFuture,
        request: Request<B>,
        from_source: Option<Box<str>>,
        service: S,
        mark: LayerMarker,
    ) -> Self {
        Self { state: State::Waiting { verdict, held: Some((request, service)), from_source, mark } }
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
                StateProjection::Refused { response } => {
                    let Some(response) = response.take() else { return Poll::Pending };
                    return Poll::Ready(Ok(response.map(ResponseBody::own)));
                }
                StateProjection::Waiting { verdict, held, from_source, mark } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    // Taken once: the state changes right after.
                    let Some((mut request, service)) = held.take() else { return Poll::Pending };
                    match verdict {
                        Ok(claims) => {
                            mark.admit(request.extensions_mut(), Some(claims));
                            State::Readying { held: Some((request, service)) }
                        }
                        Err(rejection) => {
                            let (headers, uri) = (request.headers(), request.uri());
                            let presented = Presented::Request { from_source: from_source.as_deref(), headers, uri };
                            State::Refused { response: Some(mark.refuse(&rejection, Some(presented))) }
                        }
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
