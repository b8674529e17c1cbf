//! An API that clients find their way into by themselves, as MCP clients do: a refusal points to the protected-resource
//! metadata (RFC 9728), which names the authorization server and the scopes.
//!
//! ```sh
//! cargo run --example metadata
//! ```

use std::{env, error::Error};

use axum::{Json, Router, routing::post};
use mock_entra::MockEntra;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_entra::{
    AuthenticateLayer, Claims, RequireLayer, Requirement, Verifier,
    metadata::{MetadataLayer, ProtectedResource},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let api = format!("http://{}", listener.local_addr()?);
    // Of the real API it is the App ID URI in its registration, such as https://mcp.contoso.example/mcp.
    let app_id_uri = format!("{api}/mcp");

    // Stands for https://login.microsoftonline.com, and gives tokens to whoever asks.
    let entra = MockEntra::serve("127.0.0.1:0").await?;
    entra.entra().register_api(&app_id_uri, MockEntra::CLIENT_ID);
    entra.entra().register_app(MockEntra::CALLER, "a secret", ["Tools.Call.All"]);

    let verifier = Verifier::builder()
        .instance(entra.url()) // not needed for the real Entra
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID) // the audience, whatever the resource is called
        .resource(&app_id_uri)
        .build()?;
    let resource = ProtectedResource::of(&verifier)
        // Of the real Entra: .tenant(Cloud::Public, tenant)
        .authorization_server(entra.entra().v2_issuer(MockEntra::TENANT))
        .scope(format!("{app_id_uri}/Tools.Call"))
        .name("Tools")
        .build()?;

    let may_call = Requirement::scope("Tools.Call").or(Requirement::app_permission("Tools.Call.All"));
    let app = Router::new()
        .route("/mcp", post(call).layer(RequireLayer::new(may_call)))
        .layer(AuthenticateLayer::new(verifier).protected_resource(&resource))
        // Outside: whoever reads the metadata has no token yet.
        .layer(MetadataLayer::new(resource));

    println!("A refusal names the metadata:\n\n    curl -i -s -w '\\n' -X POST {api}/mcp\n");
    println!(
        "The metadata name who issues tokens:\n\n    curl -s -w '\\n' {api}/.well-known/oauth-protected-resource/mcp\n"
    );
    println!("listening on {api}");
    Ok(axum::serve(listener, app).await?)
}

async fn call(claims: Claims) -> Json<Value> {
    Json(json!({ "jsonrpc": "2.0", "id": 1, "result": { "caller": claims.client_id() } }))
}
