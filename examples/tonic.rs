//! gRPC: refused calls get `grpc-status` 16 (unauthenticated) or 7 (permission denied).
//!
//! The service is written by hand, so that no protocol compiler is needed; one that tonic generated goes to
//! `add_service` just so.
//!
//! ```sh
//! cargo run --example tonic
//! ```

use std::{
    convert::Infallible,
    env,
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, BufMut, Bytes};
use mock_entra::MockEntra;
use tonic::{
    Request, Response, Status,
    body::Body,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, NamedService, UnaryService},
    transport::{Server, server::TcpIncoming},
};
use tower_entra::{AuthenticateLayer, Claims, RequireLayer, Requirement, Verifier, response};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entra = MockEntra::serve("127.0.0.1:0").await?;
    let verifier = Verifier::builder()
        .instance(entra.url()) // not needed for the real Entra
        .tenant(MockEntra::TENANT)
        .client_id(MockEntra::CLIENT_ID)
        .build()?;

    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let incoming = TcpIncoming::bind(format!("127.0.0.1:{port}").parse()?)?;
    let api = format!("http://{}", incoming.local_addr()?);
    for (answer, token) in [
        ("0", entra.entra().token().scopes("Greet").build()),
        ("7", entra.entra().token().scopes("Other").build()),
        ("16", entra.entra().token().expired().build()),
    ] {
        println!(
            "grpc-status {answer}:\n\n    printf '\\0\\0\\0\\0\\003Ada' | curl -sv -o - --http2-prior-knowledge \
             --data-binary @- -H 'content-type: application/grpc' -H 'te: trailers' \
             -H 'authorization: Bearer {token}' {api}/greeter.Greeter/Greet\n"
        );
    }
    println!("listening on {api}");
    Server::builder()
        .layer(AuthenticateLayer::new(verifier).responder(response::Grpc::new()))
        .layer(RequireLayer::new(Requirement::scope("Greet")))
        .add_service(Greeter)
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

async fn greet(request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
    let claims = request.extensions().get::<Claims>().ok_or_else(|| Status::internal("no claims"))?;
    let caller = claims.object_id().unwrap_or("nobody");
    Ok(Response::new(format!("hello {}, you are {caller}", String::from_utf8_lossy(request.get_ref())).into()))
}

/// What tonic would generate for `service Greeter { rpc Greet(…) returns (…); }`.
#[derive(Clone)]
struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "greeter.Greeter";
}

type Answer<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl tower::Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/greeter.Greeter/Greet" => Grpc::new(RawCodec).unary(Greeter, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

impl UnaryService<Bytes> for Greeter {
    type Response = Bytes;
    type Future = Answer<Response<Bytes>, Status>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        Box::pin(greet(request))
    }
}

/// Messages as they are, without Protocol Buffers.
#[derive(Clone, Copy, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
