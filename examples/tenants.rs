//! Several tenants, and a check of one's own that may wait: a tenant that was put out gets in no more, from the next
//! request on, though its tokens are still good.
//!
//! ```sh
//! cargo run --example tenants
//! ```

use std::{collections::HashSet, env, error::Error, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get},
};
use mock_entra::MockEntra;
use tokio::{net::TcpListener, sync::RwLock};
use tower_entra::{AuthenticateLayer, Claims, Rejection, RejectionKind, RequireLayer, Requirement, TenantId, Verifier};

/// The tenants that were put out. In earnest a table in a database.
#[derive(Clone, Default)]
struct PutOut(Arc<RwLock<HashSet<TenantId>>>);

impl PutOut {
    /// Runs on every request, after all other checks, also for a token that is known already.
    async fn check(self, claims: Claims) -> Result<(), Rejection> {
        match claims.tenant_id() {
            Some(tenant) if self.0.read().await.contains(&tenant) => {
                Err(Rejection::new(RejectionKind::WrongTenant).detail("its contract has ended").got(tenant.to_string()))
            }
            _ => Ok(()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entra = MockEntra::serve("127.0.0.1:0").await?;
    let put_out = PutOut::default();
    let verifier = Verifier::builder()
        .instance(entra.url()) // not needed for the real Entra
        .tenant(MockEntra::TENANT)
        .tenant(MockEntra::OTHER_TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .detailed_errors(true)
        .check({
            let put_out = put_out.clone();
            move |claims| put_out.clone().check(claims)
        })
        .build()?;

    let owners_alone =
        Requirement::tenant(MockEntra::TENANT.parse()?).and(Requirement::app_permission("Tenants.Manage"));
    let app = Router::new()
        .route("/", get(greet))
        .route("/tenants/{tenant}", delete(end).layer(RequireLayer::new(owners_alone)))
        .with_state(put_out)
        .layer(AuthenticateLayer::new(verifier));

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let api = format!("http://{}", listener.local_addr()?);
    let owner = entra.entra().token().app().roles(["Tenants.Manage"]).build();
    let customer = entra.entra().token().tenant(MockEntra::OTHER_TENANT).build();
    println!("The customer gets in, until the owner puts its tenant out; then it answers 401:\n");
    println!("    curl -i -H 'Authorization: Bearer {customer}' {api}/\n");
    println!("    curl -i -X DELETE -H 'Authorization: Bearer {owner}' {api}/tenants/{}\n", MockEntra::OTHER_TENANT);
    println!("listening on {api}");
    Ok(axum::serve(listener, app).await?)
}

async fn greet(claims: Claims) -> String {
    match claims.tenant_id() {
        Some(tenant) => format!("hello, tenant {tenant}"),
        None => "hello".to_owned(),
    }
}

async fn end(State(put_out): State<PutOut>, Path(tenant): Path<String>) -> StatusCode {
    match tenant.parse() {
        Ok(tenant) => {
            put_out.0.write().await.insert(tenant);
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::NOT_FOUND,
    }
}
