//! It is an extractor: the smallest service around one, so that nothing is charged to it that is not its own.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use axum_jwt_auth::Claims;
use harness::Nothing;
use settings::EntraClaims;
use tower::Service;

#[derive(Clone)]
struct Extracting {
    inner: Nothing<Body>,
    state: with::State,
}

impl Service<Request> for Extracting {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Self { mut inner, state } = self.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match Claims::<EntraClaims>::from_request_parts(&mut parts, &state).await {
                Ok(claims) => {
                    std::hint::black_box(claims);
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(refused) => Ok(refused.into_response()),
            }
        })
    }
}

fn main() {
    harness::compare::<Body, _, _>(async |inner| Extracting { inner, state: with::state().await });
}
