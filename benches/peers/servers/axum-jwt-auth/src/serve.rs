use axum::{Router, routing::get};
use axum_jwt_auth::Claims;
use settings::EntraClaims;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let app = Router::new().route("/", get(|_: Claims<EntraClaims>| async { "ok" })).with_state(with::state().await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}
