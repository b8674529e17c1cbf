//! A page that shows why a token is refused: choose one of twenty made-up tokens, or paste your own.
//!
//! ```sh
//! cargo run --example playground
//! ```
//!
//! It listens on 127.0.0.1 alone. What is pasted goes to this process and no further; the page asks no other host.

mod guard;
mod samples;

use std::{env, error::Error};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware,
    response::IntoResponse,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use mock_entra::MockEntra;
use tower_entra::{AuthenticateLayer, Authority, Diagnosis, RequireLayer, Requirement, TenantId, Verifier};

use crate::{guard::Guard, samples::SAMPLES};

/// The longest request that is read, in bytes. A token of more than 16 KiB is refused anyway, and it may be wrapped.
const LONGEST: usize = 256 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let address = listener.local_addr()?;
    let app = app(MockEntra::new(), Guard::new(address))?;
    println!("Open this address in a browser. What you paste there stays on this machine.\n");
    println!("listening on http://{address}");
    Ok(axum::serve(listener, app).await?)
}

/// What the handlers have.
#[derive(Clone)]
struct Playground {
    entra: MockEntra,
    verifier: Verifier,
}

fn app(entra: MockEntra, guard: Guard) -> Result<Router, Box<dyn Error>> {
    let tenant: TenantId = MockEntra::TENANT.parse()?;
    let api = Authority::tenant(tenant).client_id(MockEntra::CLIENT_ID);
    let may_read = Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"));

    // The API itself, as anybody would write it.
    let verifier = Verifier::builder().authority(api.clone()).fetch(entra.clone()).build()?;
    let files = Router::new()
        .route("/files", get(async || Json(json!({ "files": ["one.txt", "two.txt"] }))))
        .route_layer(RequireLayer::new(may_read.clone()))
        .route_layer(AuthenticateLayer::new(verifier));

    // The one that diagnoses knows the requirement of the route too.
    let verifier = Verifier::builder().authority(api.require(may_read)).fetch(entra.clone()).build()?;
    let page = Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("page.html")))
        .route("/page.css", file("text/css; charset=utf-8", include_str!("page.css")))
        .route("/page.js", file("text/javascript; charset=utf-8", include_str!("page.js")))
        .route("/claims.js", file("text/javascript; charset=utf-8", include_str!("claims.js")))
        .route("/samples", get(samples))
        .route("/samples/{id}", get(sample))
        .route("/diagnose", post(diagnose))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(Playground { entra, verifier })
        .layer(middleware::map_response(guard::page_headers));
    // Only the answers of /files are left as they are: it is they that are to be seen.
    Ok(page.merge(files).layer(middleware::from_fn_with_state(guard, guard::only_own)))
}

fn file<S: Clone + Send + Sync + 'static>(kind: &'static str, text: &'static str) -> axum::routing::MethodRouter<S> {
    get(async move || ([(CONTENT_TYPE, kind)], text))
}

/// The names of the made-up tokens.
async fn samples() -> Json<Value> {
    SAMPLES.iter().map(|sample| json!({ "id": sample.id, "title": sample.title })).collect::<Value>().into()
}

/// One of them, fresh.
async fn sample(State(playground): State<Playground>, Path(id): Path<String>) -> impl IntoResponse {
    let sample = SAMPLES.iter().find(|sample| sample.id == id).ok_or(StatusCode::NOT_FOUND)?;
    Ok::<_, StatusCode>(sample.text(&playground.entra))
}

#[derive(Deserialize)]
struct Question {
    token: String,
}

async fn diagnose(State(playground): State<Playground>, Json(question): Json<Question>) -> Json<Diagnosis> {
    Json(playground.verifier.diagnose(&question.token).await)
}
