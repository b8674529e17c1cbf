//! A layer that decides nothing: it puts something into the request's extensions and a body of its own around that of the
//! answer, which is the least that a layer of this kind can do.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    response::Response,
};
use http_body::{Frame, SizeHint};
use tower::{Service, ServiceExt, layer::layer_fn};

pub struct Wrapped(Body);

impl HttpBody for Wrapped {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

pub fn layer<S>() -> impl tower::Layer<
    S,
    Service = impl Service<Request, Response = axum::http::Response<Wrapped>, Error = S::Error, Future: Send>
              + Clone
              + Send
              + Sync,
> + Clone
where
    S: Service<Request, Response = Response, Future: Send> + Clone + Send + Sync,
{
    let caller: Arc<str> = "nobody in particular".into();
    layer_fn(move |service: S| {
        let caller = Arc::clone(&caller);
        service
            .map_request(move |mut request: Request| {
                request.extensions_mut().insert(Arc::clone(&caller));
                request
            })
            .map_response(|response| response.map(Wrapped))
    })
}
