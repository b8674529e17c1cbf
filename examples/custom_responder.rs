//! Another answer to refused requests: one of those that are here already, or a closure.
//!
//! ```sh
//! cargo run --example custom_responder
//! ```

use std::{env, error::Error};

use axum::{
    Router,
    http::{Response, StatusCode, header},
    routing::get,
};
use mock_entra::MockEntra;
use tokio::net::TcpListener;
use tower_entra::{AuthenticateLayer, Claims, Rejection, Verifier, response::Problem};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entra = MockEntra::serve("127.0.0.1:0").await?;
    let verifier = Verifier::builder()
        .instance(entra.url()) // not needed for the real Entra
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .build()?;
    let problem = AuthenticateLayer::new(verifier.clone()).responder(Problem::new());
    let page = AuthenticateLayer::new(verifier).responder(page);
    let app = Router::new()
        .route("/problem", get(greet).layer(problem)) // application/problem+json, RFC 9457
        .route("/page", get(greet).layer(page));

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let api = format!("http://{}", listener.local_addr()?);
    let token = entra.entra().token().build();
    println!("    curl -i {api}/problem\n    curl -i {api}/page");
    println!("    curl -i -H 'Authorization: Bearer {token}' {api}/page\n");
    println!("listening on {api}");
    Ok(axum::serve(listener, app).await?)
}

async fn greet(claims: Claims) -> String {
    format!("hello {}", claims.object_id().unwrap_or("nobody"))
}

/// The answer for somebody in a browser. It tells what anybody may know who sent this token, and no more; the log has
/// the rest. The layer adds `WWW-Authenticate`.
fn page(rejection: &Rejection) -> Response<String> {
    let title = match rejection.status() {
        StatusCode::SERVICE_UNAVAILABLE => "Please come back in a moment",
        _ => "Please sign in",
    };
    let page = format!("<!doctype html><title>{title}</title><h1>{title}</h1><p>{}\n", rejection.public_description());
    let mut response = Response::new(page);
    *response.status_mut() = rejection.status();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
