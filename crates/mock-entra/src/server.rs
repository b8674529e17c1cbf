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
    answer::{Answer, Question},
    clock::http_date,
    slow_body::SlowBody,
};

/// Longest request body that is read.
const LONGEST_BODY: usize = 64 * 1024;

/// A [`MockEntra`] behind a socket. When it is dropped, it stops listening and closes its connections.
#[derive(Debug)]
pub struct MockServer {
    mock: MockEntra,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl MockServer {
    /// The base address of the look-alike, such as `http://127.0.0.1:4000`.
    #[must_use]
    pub fn url(&self) -> String {
        self.mock.base()
    }

    /// The address that is listened on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The look-alike, for making tokens and for changing what it answers.
    #[must_use]
    pub fn entra(&self) -> &MockEntra {
        &self.mock
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        // The connections belong to this task and end with it.
        self.accepting.abort();
    }
}

impl MockEntra {
    /// A new look-alike that listens on `address`; `127.0.0.1:0` lets the system choose a port. Its base address and its
    /// issuers are that address.
    ///
    /// # Errors
    ///
    /// If it cannot listen there.
    pub async fn serve(address: impl ToSocketAddrs) -> io::Result<MockServer> {
        let listener = TcpListener::bind(address).await?;
        Self::at(format!("http://{}", listener.local_addr()?)).listen(listener)
    }

    /// The same over HTTPS, with a chain of certificates and a private key in PEM. The base address has the IP address in
    /// it; where the certificate names a host, [`listen_https`](Self::listen_https) on [`at`](Self::at) of that host.
    ///
    /// # Errors
    ///
    /// If it cannot listen there, or certificate and key are not readable or do not fit.
    pub async fn serve_https(
        address: impl ToSocketAddrs,
        certificates: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> io::Result<MockServer> {
        let listener = TcpListener::bind(address).await?;
        Self::at(format!("https://{}", listener.local_addr()?)).listen_https(listener, certificates, key)
    }

    /// Serves this look-alike, as it is, on a socket that listens already.
    ///
    /// Of the address nothing is taken over: one that was made with [`at`](Self::at) should name it, and one that stands for
    /// a cloud still says so in its documents.
    ///
    /// # Errors
    ///
    /// If the listener has no address.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn listen(self, listener: TcpListener) -> io::Result<MockServer> {
        self.accept(listener, None)
    }

    /// The same over HTTPS, with a chain of certificates and a private key in PEM.
    ///
    /// # Errors
    ///
    /// If the listener has no address, or certificate and key are not readable or do not fit.
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
                    // Out of descriptors, say: it gets better when connections end.
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
        let service = service_fn(|request| self.respond(request, local));
        let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        // A client that goes away, or one that was sent away, is no error here.
        let _ = served.await;
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        local: Option<SocketAddr>,
    ) -> io::Result<Response<UnsyncBoxBody<Bytes, Infallible>>> {
        let (parts, body) = request.into_parts();
        if let Some(refusal) = self.refuse(local, &parts.uri, &parts.headers) {
            let date = http_date(self.lock().clock.now());
            return response(refusal, &Fault::None, &date).map_err(io::Error::other);
        }
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let fault = {
            let mut state = self.lock();
            let url = format!("{}{target}", state.base_url.url);
            let fault = state.faults.take(&url);
            state.requested.push(url);
            fault
        };
        match &fault {
            Fault::Down => return Err(io::ErrorKind::ConnectionAborted.into()),
            Fault::Stall => pending().await,
            Fault::Slow(delay) => tokio::time::sleep(*delay).await,
            _ => {}
        }
        let answer = match Limited::new(body, LONGEST_BODY).collect().await {
            Ok(body) => {
                let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
                let question = Question {
                    method: &parts.method,
                    target,
                    if_none_match: text(header::IF_NONE_MATCH),
                    authorization: text(header::AUTHORIZATION),
                    body: &body.to_bytes(),
                };
                self.answer(&question, &fault)
            }
            Err(_) => Answer::json(413, &serde_json::json!({ "error": "invalid_request" })),
        };
        let date = http_date(self.lock().clock.now());
        response(answer, &fault, &date).map_err(io::Error::other)
    }
}

fn response(
    answer: Answer,
    fault: &Fault,
    date: &str,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, http::Error> {
    let mut response = Response::builder().status(answer.status).header(header::DATE, date);
    if !answer.body.is_empty() {
        response = response.header(header::CONTENT_TYPE, answer.content_type);
    }
    if let Some(age) = answer.max_age {
        response = response.header(header::CACHE_CONTROL, format!("max-age={}, private", age.as_secs()));
    }
    if let Some(etag) = answer.etag {
        response = response.header(header::ETAG, etag);
    }
    if let Some(location) = answer.location {
        response = response.header(header::LOCATION, location);
    }
    response.body(match fault {
        Fault::Drip(pause) => SlowBody::new(answer.body, *pause).boxed_unsync(),
        _ => Full::new(answer.body).boxed_unsync(),
    })
}

/// The back end is named: nothing is installed for the whole process.
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
