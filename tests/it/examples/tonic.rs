//! `examples/tonic.rs`, called with a client of tonic's.

use bytes::{Buf, BufMut, Bytes};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};
use tonic_types::StatusExt;

use crate::program::{Program, example};

/// Messages as they are.
#[derive(Clone, Copy)]
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

async fn greet(url: &str, token: &str) -> Result<String, Status> {
    let mut client = Grpc::new(Channel::from_shared(url.to_owned()).unwrap().connect().await.unwrap());
    client.ready().await.unwrap();
    let mut request = Request::new(Bytes::from_static(b"Ada"));
    if !token.is_empty() {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let path = PathAndQuery::from_static("/greeter.Greeter/Greet");
    let answer = client.unary(request, path, RawCodec).await?;
    Ok(String::from_utf8(answer.into_inner().to_vec()).unwrap())
}

#[tokio::test]
async fn a_client_gets_codes_of_grpc() {
    let server = Program::start(example("tonic")).await;
    let stdout = server.stdout();
    let token = |code: &str| {
        let (_, behind) = stdout.split_once(&format!("grpc-status {code}:")).unwrap();
        let (_, behind) = behind.split_once("Bearer ").unwrap();
        behind.split('\'').next().unwrap().to_owned()
    };
    let greeting = greet(server.url(), &token("0")).await.unwrap();
    assert_eq!(greeting, format!("hello Ada, you are {}", mock_entra::MockEntra::USER));
    for (token, code, message, reason) in [
        (
            token("7"),
            Code::PermissionDenied,
            "the token lacks the scope that this operation needs",
            "INSUFFICIENT_SCOPE",
        ),
        (token("16"), Code::Unauthenticated, "the token has expired", "EXPIRED"),
        (String::new(), Code::Unauthenticated, "the request has no bearer token", "MISSING_TOKEN"),
    ] {
        let status = greet(server.url(), &token).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, message));
        assert_eq!(status.get_details_error_info().unwrap().reason, reason);
    }
}
