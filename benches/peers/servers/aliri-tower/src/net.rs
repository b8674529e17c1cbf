use axum::body::Body;
use tower::Layer;

fn main() {
    harness::compare::<Body, _, _>(async |nothing| {
        with::authorizer::<Body>().jwt_layer::<Body>(with::authority().await).layer(nothing)
    });
}
