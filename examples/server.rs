//! An API for tokens of one tenant, as in production, with the layers of tower-http around ours.
//!
//! ```sh
//! cargo run --example server -- appsettings.json
//! ENTRA_TENANT_ID=… ENTRA_CLIENT_ID=… cargo run --example server
//! ```

use std::{env, error::Error, io::IsTerminal, process::ExitCode, time::Duration};

use axum::{
    Json, Router,
    http::{
        Method, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    routing::get,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::sleep};
use tower::ServiceBuilder;
use tower_entra::{AuthenticateLayer, Claims, Config, RequireLayer, Requirement, Verifier, VerifierBuilder};
use tower_http::{
    cors::{Any, CorsLayer},
    trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer},
};
use tracing::Level;
use tracing_subscriber::EnvFilter;

const USAGE: &str = "\
usage: server [FILE]

FILE is a JSON file with a section AzureAd; the environment (ENTRA_TENANT_ID, ENTRA_CLIENT_ID, AzureAd__TenantId, …) replaces
its settings. Without FILE, all settings are read from the environment. GET /readyz succeeds once the keys of all authorities are loaded, except those
with \"RequiredForReadiness\": false. PORT is the port on 127.0.0.1, 3000 by default. RUST_LOG is what is logged.";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let file = match arguments.as_slice() {
        [] => None,
        [flag] if flag == "--help" || flag == "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [file] if !file.starts_with('-') => Some(file.as_str()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(file).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn serve(file: Option<&str>) -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();

    let config = match file {
        Some(file) => Config::from_file(file)?.with_env()?,
        None => Config::from_env()?,
    };
    let verifier = VerifierBuilder::from(config).build()?;
    let port = port()?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("PORT = {port}: cannot listen on 127.0.0.1:{port}: {error}"))?;
    tokio::spawn(warm_up(verifier.clone()));
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app(verifier)).await?)
}

fn port() -> Result<u16, String> {
    let text = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    text.trim().parse().map_err(|_| format!("PORT = {text:?}: a number from 0 to 65535 is needed"))
}

/// Gets the keys before the first request needs them. Until then `/readyz` fails. It counts all authorities except those with
/// `"RequiredForReadiness": false`: a partner's outage then does not take this service out of rotation.
async fn warm_up(verifier: Verifier) {
    while let Err(unavailable) = verifier.warm_up().await {
        sleep(unavailable.retry_after_time().unwrap_or(Duration::from_secs(5))).await;
    }
}

fn app(verifier: Verifier) -> Router {
    let authenticate = AuthenticateLayer::new(verifier.clone());
    let may_read = Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"));
    let closed = Router::new()
        .route("/me", get(me))
        .route("/files", get(files).layer(RequireLayer::new(may_read)))
        .route_layer(authenticate.clone());
    let half_open = Router::new().route("/optional", get(optional)).route_layer(authenticate.optional());

    // Outside of ours: a browser's preflight has no token, and its script may read a refusal too.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET])
        .allow_headers([AUTHORIZATION])
        .expose_headers([WWW_AUTHENTICATE]);
    let trace = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(move || ready(verifier)))
        .merge(closed)
        .merge(half_open)
        .layer(ServiceBuilder::new().layer(trace).layer(cors))
}

async fn ready(verifier: Verifier) -> StatusCode {
    if verifier.ready().is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

#[derive(Serialize)]
struct Me {
    tenant_id: Option<String>,
    object_id: Option<String>,
    subject: Option<String>,
    client_id: Option<String>,
    version: String,
    scopes: Vec<String>,
    roles: Vec<String>,
    app_only: bool,
}

async fn me(claims: Claims) -> Json<Me> {
    Json(Me {
        tenant_id: claims.tenant_id().map(|id| id.to_string()),
        object_id: claims.object_id().map(str::to_owned),
        subject: claims.subject().map(str::to_owned),
        client_id: claims.client_id().map(str::to_owned),
        version: claims.version().to_string(),
        scopes: claims.scopes().map(str::to_owned).collect(),
        roles: claims.roles().map(str::to_owned).collect(),
        app_only: claims.is_app_only(),
    })
}

async fn files() -> Json<Value> {
    Json(json!({ "files": ["one.txt", "two.txt"] }))
}

async fn optional(claims: Option<Claims>) -> Json<Value> {
    Json(json!({ "authenticated": claims.is_some() }))
}
