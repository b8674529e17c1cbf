use axum::body::Body;
use tower::Layer;

fn main() {
    harness::compare::<Body, _, _>(async |nothing| with::layer().await.layer(nothing));
}
