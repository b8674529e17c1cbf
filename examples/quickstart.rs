//! Everything in one process, without any configuration: a mock of Entra that issues tokens, and an API that checks
//! them. It prints commands to paste into another terminal.
//!
//! ```sh
//! cargo run --example quickstart
//! ```

use std::{
    env,
    error::Error,
    io::{self, IsTerminal},
};

use axum::{Json, Router, routing::get};
use mock_entra::MockEntra;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_entra::{AuthenticateLayer, Claims, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Refusals are events.
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).init();

    // Stands for https://login.microsoftonline.com, and gives tokens to whoever asks.
    let entra = MockEntra::serve("127.0.0.1:0").await?;

    let verifier = Verifier::builder()
        .instance(entra.url()) // not needed for the real Entra
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .detailed_errors(true) // code and hint in the answer's body
        .build()?;
    let app = Router::new().route("/me", get(me)).layer(AuthenticateLayer::new(verifier));

    let listener = listen().await?;
    let api = format!("http://{}", listener.local_addr()?);
    print_commands(&entra.url(), &api);
    println!("listening on {api}");
    Ok(axum::serve(listener, app).await?)
}

async fn me(claims: Claims) -> Json<Value> {
    Json(json!({
        "tenant_id": claims.tenant_id().map(|id| id.to_string()),
        "client_id": claims.client_id(),
        "app_only": claims.is_app_only(),
        "roles": claims.roles().collect::<Vec<_>>(),
    }))
}

/// Port 3000 if it is free, else any; `PORT` if it is set.
async fn listen() -> io::Result<TcpListener> {
    match env::var("PORT") {
        Ok(port) => TcpListener::bind(format!("127.0.0.1:{port}")).await,
        Err(_) => match TcpListener::bind("127.0.0.1:3000").await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => TcpListener::bind("127.0.0.1:0").await,
            result => result,
        },
    }
}

fn print_commands(entra: &str, api: &str) {
    let (tenant, caller, client_id) = (MockEntra::TENANT, MockEntra::CALLER, MockEntra::CLIENT_ID);
    let get_token = |scope: &str| {
        format!(
            "$(curl -s {entra}/{tenant}/oauth2/v2.0/token -d grant_type=client_credentials -d client_id={caller} \
             -d client_secret=any -d scope={scope}/.default | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
        )
    };
    let token = get_token(&format!("api://{client_id}"));
    let graph = get_token("https://graph.microsoft.com");
    println!(
        r#"
Paste these into another terminal, one after the other.

1. Get a token for this API. It answers nothing.

    TOKEN={token}

2. Call the API with it. It answers 200 and "app_only":true, with the tenant, the client and its roles.

    curl -i -s -w '\n' -H "Authorization: Bearer $TOKEN" {api}/me

3. Call it without. It answers 401 and "code":"missing_token".

    curl -i -s -w '\n' {api}/me

4. Get a token for Microsoft Graph, as so many do by mistake. It answers nothing.

    GRAPH={graph}

5. Call the API with that. It answers 401 and "code":"microsoft_api_token", and the hint says what to ask for instead.

    curl -i -s -w '\n' -H "Authorization: Bearer $GRAPH" {api}/me

Ctrl-C ends it.
"#
    );
}
