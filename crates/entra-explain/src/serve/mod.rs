//! The page: everything that the command says, at an address of this machine.
//!
//! What is pasted goes to this process and no further.

mod guard;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use guard::Guard;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{arguments::Api, configuration::Configuration, explanation::Explanation, requirement};

/// The longest request that is read, in bytes. A token of more than 16 KiB is rejected anyway, and a request may be around it.
const MAX_REQUEST: usize = 512 * 1024;

/// Serves the page until the process ends. The message says why it cannot.
pub(crate) async fn serve(api: Api, port: u16) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot listen on 127.0.0.1:{port}: {error}");
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let configuration = Configuration::read(&api);
    if let Configuration::Mistakes(problems) = &configuration {
        return Err(problems.join("\n"));
    }
    // The output may be closed; the page is served all the same.
    let mut stdout = io::stdout();
    let _ = writeln!(
        stdout,
        "Open this address in a browser. What you paste there stays on this machine.\n\nlistening on http://{address}"
    );
    axum::serve(listener, app(api, configuration, Guard::new(address))).await.map_err(|error| failed(&error))
}

/// What the handlers have.
struct Page {
    api: Api,
    /// That of the command line.
    configured: Configuration,
    /// The one that was pasted last, so that its keys are fetched once.
    pasted: Mutex<Option<(String, Configuration)>>,
}

fn app(api: Api, configured: Configuration, guard: Guard) -> Router {
    let page = Arc::new(Page { api, configured, pasted: Mutex::default() });
    Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("page.html")))
        .route("/theme.css", file("text/css; charset=utf-8", include_str!("theme.css")))
        .route("/page.css", file("text/css; charset=utf-8", include_str!("page.css")))
        .route("/page.js", file("text/javascript; charset=utf-8", include_str!("page.js")))
        .route("/claims.js", file("text/javascript; charset=utf-8", include_str!("claims.js")))
        .route("/api", get(configured_api))
        .route("/explain", post(explain))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(page)
        .layer(middleware::from_fn_with_state(guard, guard::only_own_page))
        .layer(middleware::map_response(guard::page_headers))
}

fn file<S: Clone + Send + Sync + 'static>(kind: &'static str, text: &'static str) -> MethodRouter<S> {
    get(async move || ([(CONTENT_TYPE, kind)], text))
}

/// The API of the command line.
async fn configured_api(State(page): State<Arc<Page>>) -> Json<Value> {
    Json(json!({
        "configuration": page.configured.to_json(),
        "requirement": page.api.rules.join("\n"),
        "offline": page.api.is_offline,
    }))
}

/// What the page sends: the token and, if it was changed, the API.
#[derive(Deserialize)]
struct Question {
    token: String,
    /// Settings or a policy, instead of those of the command line.
    configuration: Option<String>,
    /// As `--require` has them, one per line, instead of those of the command line.
    requirement: Option<String>,
}

async fn explain(State(page): State<Arc<Page>>, Json(question): Json<Question>) -> impl IntoResponse {
    let mut api = page.api.clone();
    if let Some(lines) = &question.requirement {
        let rules = lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(requirement::parse);
        match rules.collect::<Result<Vec<_>, _>>() {
            Ok(rules) => api.requirement = rules.into_iter().reduce(tower_entra::Requirement::and),
            Err(error) => return Err((StatusCode::BAD_REQUEST, error)),
        }
    }
    let configuration = match &question.configuration {
        Some(text) => page.read(text, &api),
        None => page.configured.clone(),
    };
    let explanation = Explanation::of(&question.token, configuration, &api).await;
    Ok(([(CONTENT_TYPE, "application/json")], explanation.to_json()))
}

impl Page {
    fn read(&self, text: &str, api: &Api) -> Configuration {
        let mut last = self.pasted.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, configuration)) if known == text => configuration.clone(),
            _ => last.insert((text.to_owned(), Configuration::from_text(text, api))).1.clone(),
        }
    }
}
