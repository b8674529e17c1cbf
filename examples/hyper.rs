//! Without axum: hyper, a tower stack, and a body type of one's own, which needs neither `Default` nor `From<Bytes>`.
//!
//! ```sh
//! cargo run --example hyper
//! ```

use std::{
    convert::Infallible,
    env,
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use mock_entra::MockEntra;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_entra::{AuthenticateLayer, Claims, RequireLayer, Requirement, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entra = MockEntra::serve("127.0.0.1:0").await?;
    let verifier = Verifier::builder()
        .instance(entra.url()) // not needed for the real Entra
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .build()?;
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(verifier).realm("lines"))
        .layer(RequireLayer::new(Requirement::scope("Files.Read").or(Requirement::app_permission("Files.Read.All"))))
        .service_fn(answer);
    let service = TowerToHyperService::new(service);

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let address = listener.local_addr()?;
    let token = entra.entra().token().scopes("Files.Read").build();
    println!("curl -i -H 'Authorization: Bearer {token}' http://{address}/\n");
    println!("listening on http://{address}");
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                eprintln!("connection: {error}");
            }
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Lines>, Infallible> {
    let claims = request.extensions().get::<Claims>();
    let caller = claims.and_then(Claims::object_id).unwrap_or("nobody");
    let lines = vec![format!("path {}\n", request.uri().path()), format!("caller {caller}\n")];
    Ok(Response::new(Lines(lines.into_iter())))
}

/// A body that is sent line by line.
struct Lines(std::vec::IntoIter<String>);

impl Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|line| Ok(Frame::data(line.into()))))
    }
}
