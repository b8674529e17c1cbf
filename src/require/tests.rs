#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    convert::Infallible,
    task::{Context, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, limit::GlobalConcurrencyLimitLayer, service_fn};

use super::*;
use crate::{AuthenticateLayer, Rejection, RejectionKind, Requirement, response::Problem, verifier::stub};

async fn hello(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

fn require() -> RequireLayer {
    RequireLayer::new(Requirement::scope("Files.Read"))
}

fn request(token: &str) -> Request<()> {
    Request::builder().header("authorization", format!("Bearer {token}")).body(()).unwrap()
}

/// Status, content type, body, code of the rejection.
async fn ask(layer: AuthenticateLayer, request: Request<()>) -> (u16, String, String, Option<RejectionKind>) {
    let service = ServiceBuilder::new().layer(layer).layer(require()).service(service_fn(hello));
    told(service.oneshot(request).await.unwrap()).await
}

async fn told<B: http_body::Body<Error: std::fmt::Debug>>(
    response: Response<B>,
) -> (u16, String, String, Option<RejectionKind>) {
    let kind = response.extensions().get::<Rejection>().map(Rejection::kind);
    let content_type = response.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, content_type, String::from_utf8(body.to_vec()).unwrap(), kind)
}

fn layer() -> AuthenticateLayer {
    AuthenticateLayer::new(stub::verifier())
}

#[tokio::test]
async fn met_or_not() {
    assert_eq!(ask(layer(), request("good")).await, (200, String::new(), "hello".to_owned(), None));
    assert_eq!(ask(layer(), request("slow")).await.0, 200);
    let (status, content_type, body, kind) = ask(layer(), request("poor")).await;
    assert_eq!((status, content_type.as_str()), (403, "application/json"));
    assert_eq!(body, r#"{"statusCode":403,"message":"Forbidden. The access token lacks a required permission."}"#);
    assert_eq!(kind, Some(RejectionKind::InsufficientScope));
}

#[tokio::test]
async fn the_challenge_names_the_scope() {
    let service = layer().realm("files").layer(require().layer(service_fn(hello)));
    let response = service.oneshot(request("poor")).await.unwrap();
    assert_eq!(
        response.headers()["www-authenticate"],
        "Bearer realm=\"files\", error=\"insufficient_scope\", \
         error_description=\"the token lacks the scope that this operation needs\", scope=\"Files.Read\""
    );
}

#[tokio::test]
async fn it_answers_through_the_responder_outside() {
    let (status, content_type, ..) = ask(layer().responder(Problem::new()), request("poor")).await;
    assert_eq!((status, content_type.as_str()), (403, "application/problem+json"));
    let detailed = AuthenticateLayer::new(stub::verifier().detailed());
    assert!(ask(detailed, request("poor")).await.2.contains("insufficient_scope"));
}

#[tokio::test]
async fn without_claims_behind_an_optional_layer() {
    let (status, content_type, _, kind) = ask(layer().optional().responder(Problem::new()), Request::new(())).await;
    assert_eq!((status, content_type.as_str()), (401, "application/problem+json"));
    assert_eq!(kind, Some(RejectionKind::MissingToken));
}

#[tokio::test]
async fn without_a_layer_it_fails_closed() {
    let response = require().layer(service_fn(hello)).oneshot(request("good")).await.unwrap();
    let (status, _, body, kind) = told(response).await;
    assert_eq!((status, kind), (500, Some(RejectionKind::LayerMissing)));
    assert_eq!(body, r#"{"statusCode":500,"message":"Internal server error."}"#);

    let mut forged = request("good");
    forged.extensions_mut().insert(stub::claims("Files.Read"));
    let response = require().layer(service_fn(hello)).oneshot(forged).await.unwrap();
    assert_eq!(response.status(), 500, "claims without the mark of the layer count for nothing");

    let wrong_way_round = require().layer(layer().layer(service_fn(hello)));
    assert_eq!(wrong_way_round.oneshot(request("good")).await.unwrap().status(), 500);
}

#[tokio::test]
async fn a_refused_caller_holds_no_place_in_a_limit() {
    let mut alice = ServiceBuilder::new()
        .layer(layer())
        .layer(require())
        .layer(GlobalConcurrencyLimitLayer::new(1))
        .service_fn(hello);
    let mut bob = alice.clone();
    assert_eq!(alice.ready().await.unwrap().call(request("poor")).await.unwrap().status(), 403);
    assert!(bob.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[tokio::test]
async fn several_requirements_one_within_another() {
    let mail = RequireLayer::new(Requirement::scope("Mail.Read"));
    let service = ServiceBuilder::new().layer(layer()).layer(mail).layer(require()).service(service_fn(hello));
    assert_eq!(service.clone().oneshot(request("good")).await.unwrap().status(), 403);
    assert_eq!(service.oneshot(request("poor")).await.unwrap().status(), 403);
}
