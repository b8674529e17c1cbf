use std::{convert::Infallible, future::pending, io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, ToSocketAddrs},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::{
    Fault, MockEntra,
    clock::http_date,
    message::{MockRequest, MockResponse},
    slow_body::SlowBody,
};

/// Longer request bodies are rejected with status 413.
const MAX_BODY: usize = 64 * 1024;

/// A [`MockEntra`] that listens on a socket. Dropping it stops listening and closes all connections.
///
/// ```
/// use mock_entra::MockEntra;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = MockEntra::serve("127.0.0.1:0").await?;
/// assert_eq!(server.url(), format!("http://{}", server.address()));
///
/// let token = server.entra().token().build();
/// # assert_eq!(token.split('.').count(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MockServer {
    mock: MockEntra,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl MockServer {
    /// The base address of the mock, such as `http://127.0.0.1:4000`.
    #[must_use]
    pub fn url(&self) -> String {
        self.mock.base()
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mock, to build tokens and to change its responses.
    #[must_use]
    pub fn entra(&self) -> &MockEntra {
        &self.mock
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        // The task owns the connections, which end with it.
        self.accepting.abort();
    }
}

/// HTTP and HTTPS.
impl MockEntra {
    /// A new emulator of Entra that listens on `address`, which is also its base address and part of its issuers. With
    /// `127.0.0.1:0` the system chooses a port.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn serve(address: impl ToSocketAddrs) -> io::Result<MockServer> {
        let listener = TcpListener::bind(address).await?;
        Self::at(format!("http://{}", listener.local_addr()?)).listen(listener)
    }

    /// Like [`serve`](Self::serve) over HTTPS, with a certificate chain and its private key in PEM format.
    ///
    /// The base address contains the IP address. For a certificate of a host name, use [`at`](Self::at) with that host
    /// name and [`listen_https`](Self::listen_https).
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, or if the certificate or key is invalid or they do not match.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub async fn serve_https(
        address: impl ToSocketAddrs,
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> io::Result<MockServer> {
        let listener = TcpListener::bind(address).await?;
        Self::at(format!("https://{}", listener.local_addr()?)).listen_https(listener, certificates, key)
    }

    /// Serves this mock on a listening socket.
    ///
    /// The base address does not change to the address of the socket. Create the mock with [`at`](Self::at) and a base
    /// address at which clients reach the socket.
    ///
    /// # Errors
    ///
    /// If the local address of the listener is not available.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn listen(self, listener: TcpListener) -> io::Result<MockServer> {
        self.accept(listener, None)
    }

    /// Like [`listen`](Self::listen) over HTTPS, with a certificate chain and its private key in PEM format.
    ///
    /// # Errors
    ///
    /// If the local address of the listener is not available, or if the certificate or key is invalid or they do not
    /// match.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn listen_https(
        self,
        listener: TcpListener,
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> io::Result<MockServer> {
        let tls = tls(certificates.as_ref(), key.as_ref())?;
        self.accept(listener, Some(tls))
    }

    fn accept(self, listener: TcpListener, tls: Option<TlsAcceptor>) -> io::Result<MockServer> {
        let address = listener.local_addr()?;
        let mock = self.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                let Ok((stream, _)) = listener.accept().await else {
                    // For example, out of file descriptors: closing connections frees some.
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                    continue;
                };
                let (mock, tls, local) = (mock.clone(), tls.clone(), stream.local_addr().ok());
                connections.spawn(async move {
                    match tls {
                        None => mock.connection(stream, local).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                mock.connection(stream, local).await;
                            }
                        }
                    }
                });
            }
        });
        Ok(MockServer { mock: self, address, accepting })
    }

    async fn connection(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, local: Option<SocketAddr>) {
        let service = service_fn(|request| self.serve_request(request, local));
        let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        // The client may disconnect, and `Fault::Down` ends in an error as well.
        let _ = served.await;
    }

    async fn serve_request(
        &self,
        request: Request<Incoming>,
        local: Option<SocketAddr>,
    ) -> io::Result<Response<UnsyncBoxBody<Bytes, Infallible>>> {
        let (parts, body) = request.into_parts();
        if let Some(rejection) = self.reject_other_site(local, &parts.uri, &parts.headers) {
            let date = http_date(self.lock().clock.now());
            return http_response(rejection, &Fault::None, &date).map_err(io::Error::other);
        }
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let fault = {
            let mut state = self.lock();
            let url = format!("{}{target}", state.base_url.url);
            state.record(url)
        };
        match &fault {
            Fault::Down => return Err(io::ErrorKind::ConnectionAborted.into()),
            Fault::Stall => pending().await,
            Fault::Slow(delay) => tokio::time::sleep(*delay).await,
            _ => {}
        }
        let response = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => {
                let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
                let request = MockRequest {
                    method: &parts.method,
                    target,
                    if_none_match: header(header::IF_NONE_MATCH),
                    authorization: header(header::AUTHORIZATION),
                    body: &body.to_bytes(),
                };
                self.respond(&request, &fault)
            }
            Err(_) => MockResponse::json(413, &serde_json::json!({ "error": "invalid_request" })),
        };
        let date = http_date(self.lock().clock.now());
        http_response(response, &fault, &date).map_err(io::Error::other)
    }
}

fn http_response(
    response: MockResponse,
    fault: &Fault,
    date: &str,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, http::Error> {
    let mut builder = Response::builder().status(response.status).header(header::DATE, date);
    if !response.body.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, response.content_type);
    }
    if let Some(age) = response.max_age {
        builder = builder.header(header::CACHE_CONTROL, format!("max-age={}, private", age.as_secs()));
    }
    if let Some(etag) = response.etag {
        builder = builder.header(header::ETAG, etag);
    }
    if let Some(location) = response.location {
        builder = builder.header(header::LOCATION, location);
    }
    builder.body(match fault {
        Fault::Drip(pause) => SlowBody::new(response.body, *pause).boxed_unsync(),
        _ => Full::new(response.body).boxed_unsync(),
    })
}

/// The crypto provider is passed explicitly, because installing one would affect the whole process.
fn tls(certificates: &[u8], key: &[u8]) -> io::Result<TlsAcceptor> {
    let invalid = |error: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidInput, error.to_string());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(certificates).collect::<Result<_, _>>().map_err(|error| invalid(&error))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| invalid(&error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| invalid(&error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
