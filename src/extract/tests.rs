#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use axum::{Router, body::to_bytes, routing::get};
use http::Request;
use tower::ServiceExt;

use super::*;
use crate::{AuthenticateLayer, RequireLayer, Requirement, response::Problem, verifier::stub};

fn routes() -> Router {
    Router::new()
        .route("/me", get(async |claims: Claims| claims.object_id().unwrap_or("no id").to_owned()))
        .route("/maybe", get(async |claims: Option<Claims>| claims.is_some().to_string()))
        .route("/files", get(async || "files").layer(RequireLayer::new(Requirement::scope("Files.Read"))))
        .route(
            "/strict",
            get(async |_: Claims| Err::<(), _>(Rejection::new(RejectionKind::InsufficientRole).verified())),
        )
}

fn layer() -> AuthenticateLayer {
    AuthenticateLayer::new(stub::verifier())
}

async fn ask(app: Router, path: &str, token: Option<&str>) -> (u16, String, String) {
    let mut request = Request::builder().uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = app.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
    let refused = status >= 400;
    assert_eq!(response.extensions().get::<Rejection>().is_some(), refused, "{path} {token:?}");
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, content_type, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_router() {
    let app = routes().layer(layer());
    let unauthorized = r#"{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}"#;
    #[rustfmt::skip]
    let table = [
        ("/me",     Some("good"), 200, "object"),
        ("/me",     Some("slow"), 200, "object"),
        ("/me",     Some("bad"),  401, unauthorized),
        ("/me",     None,         401, unauthorized),
        ("/maybe",  Some("good"), 200, "true"),
        ("/maybe",  None,         401, unauthorized),
        ("/files",  Some("good"), 200, "files"),
        ("/files",  Some("poor"), 403, r#"{"statusCode":403,"message":"Forbidden. The access token lacks a required permission."}"#),
        ("/files",  None,         401, unauthorized),
        ("/strict", Some("good"), 403, r#"{"statusCode":403,"message":"Forbidden. The access token lacks a required permission."}"#),
    ];
    for (path, token, status, body) in table {
        let answer = ask(app.clone(), path, token).await;
        assert_eq!((answer.0, answer.2.as_str()), (status, body), "{path} {token:?}");
    }
}

#[tokio::test]
async fn behind_an_optional_layer() {
    let app = routes().layer(layer().optional().responder(Problem::new()));
    assert_eq!(ask(app.clone(), "/maybe", None).await.2, "false");
    assert_eq!(ask(app.clone(), "/maybe", Some("good")).await.2, "true");
    assert_eq!(ask(app.clone(), "/maybe", Some("bad")).await.0, 401);
    let (status, content_type, body) = ask(app, "/me", None).await;
    assert_eq!((status, content_type.as_str()), (401, "application/problem+json"));
    assert_eq!(body, r#"{"type":"about:blank","title":"Unauthorized","status":401}"#);
}

#[tokio::test]
async fn without_a_layer_it_fails_closed() {
    for path in ["/me", "/maybe", "/files", "/strict"] {
        let answer = ask(routes(), path, Some("good")).await;
        assert_eq!(
            (answer.0, answer.2.as_str()),
            (500, r#"{"statusCode":500,"message":"Internal server error."}"#),
            "{path}"
        );
    }
}

#[tokio::test]
async fn under_route_layer() {
    let app = routes().route_layer(layer());
    assert_eq!(ask(app, "/me", Some("good")).await.0, 200);
}
