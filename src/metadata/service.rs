use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use tower_service::Service;

use super::{ProtectedResource, ResponseFuture};
use crate::response::ResponseBody;

/// Serves the document of a [`ProtectedResource`], and passes all other requests to `S`.
///
/// Of `S` and its bodies it needs what [`Authenticate`](crate::authenticate::Authenticate) does. Made by
/// [`MetadataLayer`](super::MetadataLayer).
#[derive(Clone, Debug)]
pub struct Metadata<S> {
    inner: S,
    resource: ProtectedResource,
}

impl<S> Metadata<S> {
    pub(super) fn new(inner: S, resource: ProtectedResource) -> Self {
        Self { inner, resource }
    }
}

impl<S, B, R> Service<Request<B>> for Metadata<S>
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
        if !self.resource.is_at(request.uri().path()) {
            return ResponseFuture::calling(self.inner.call(request));
        }
        // As in `Authenticate`: what the ready service holds is given back.
        self.inner = self.inner.clone();
        ResponseFuture::answered(answer(request.method(), self.resource.json()))
    }
}

/// The answer to a request for the document.
fn answer(method: &Method, json: Bytes) -> Response<Bytes> {
    const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
    const ANY: HeaderValue = HeaderValue::from_static("*");

    let mut response = Response::new(Bytes::new());
    // Nothing in it is secret, and clients in a browser are of any origin.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    match *method {
        Method::GET | Method::HEAD => {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CONTENT_LENGTH, json.len().into());
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
            if method == Method::GET {
                *response.body_mut() = json;
            }
        }
        // MCP clients send MCP-Protocol-Version, so that browsers ask first.
        Method::OPTIONS => {
            *response.status_mut() = StatusCode::NO_CONTENT;
            let headers = response.headers_mut();
            headers.insert(header::ALLOW, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ANY);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        }
        _ => {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(header::ALLOW, METHODS);
        }
    }
    response
}
