//! Claims of one's own, read with serde, as an extractor of one's own: handlers ask for an `Employee`.
//!
//! ```sh
//! cargo run --example custom_claims
//! ```

use std::{env, error::Error};

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
    routing::get,
};
use mock_entra::MockEntra;
use serde::Deserialize;
use tokio::net::TcpListener;
use tower_entra::{AuthenticateLayer, Claims, Rejection, RejectionKind, Verifier};

/// Optional claims that were added in the app registration (Token configuration).
#[derive(Deserialize)]
struct Employee {
    department: String,
    #[serde(default)]
    employee_number: Option<u32>,
}

impl<S: Send + Sync> FromRequestParts<S> for Employee {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let claims = Claims::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        claims.deserialize().map_err(|_| {
            // The cause could name values of the token: it is not told.
            let rejection = Rejection::new(RejectionKind::ClaimMissing).verified().forbidden();
            rejection.detail("department is needed").into_response()
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entra = MockEntra::serve("127.0.0.1:0").await?;
    let verifier = Verifier::builder()
        .instance(entra.url()) // not needed for the real Entra
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .build()?;
    let app = Router::new().route("/", get(greet)).layer(AuthenticateLayer::new(verifier));

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let api = format!("http://{}", listener.local_addr()?);
    let employee = entra.entra().token().claim("department", "Research").claim("employee_number", 7).build();
    let guest = entra.entra().token().build();
    println!("An employee, 200:\n\n    curl -i -H 'Authorization: Bearer {employee}' {api}/\n");
    println!("Somebody without a department, 403:\n\n    curl -i -H 'Authorization: Bearer {guest}' {api}/\n");
    println!("listening on {api}");
    Ok(axum::serve(listener, app).await?)
}

async fn greet(employee: Employee) -> String {
    match employee.employee_number {
        Some(number) => format!("hello, number {number} of {}", employee.department),
        None => format!("hello, {}", employee.department),
    }
}
