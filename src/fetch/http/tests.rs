use std::{
    io::Write as _,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

fn failure_of(result: &Result<FetchResponse, FetchError>) -> &FetchFailure {
    result.as_ref().unwrap_err().failure()
}

fn connection_cause(result: Result<FetchResponse, FetchError>) -> String {
    match failure_of(&result) {
        FetchFailure::Connection { cause } => cause.clone(),
        other => panic!("{other:?}"),
    }
}

const CAP: usize = 1 << 20;
/// A timeout that no test reaches.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on loopback that reads one request per connection, and responds as configured.
struct Server {
    address: String,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
    written: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum Part {
    Send(Vec<u8>),
    /// The same bytes, this many times.
    Repeat(Vec<u8>, usize),
    Wait(Duration),
}

fn send(text: impl Into<Vec<u8>>) -> Part {
    Part::Send(text.into())
}

impl Server {
    async fn start(parts: Vec<Part>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Self { address, requests: Arc::default(), written: Arc::default() };
        let (requests, written) = (Arc::clone(&server.requests), Arc::clone(&server.written));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (parts, requests, written) = (parts.clone(), Arc::clone(&requests), Arc::clone(&written));
                tokio::spawn(async move {
                    requests.lock().unwrap().push(String::new());
                    let request = read_head(&mut stream).await;
                    *requests.lock().unwrap().last_mut().unwrap() = request;
                    play(&mut stream, parts, &written).await;
                });
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("http://{}/doc", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn play(stream: &mut (impl AsyncWrite + Unpin), parts: Vec<Part>, written: &AtomicUsize) {
    for part in parts {
        let (bytes, times) = match part {
            Part::Send(bytes) => (bytes, 1),
            Part::Repeat(bytes, times) => (bytes, times),
            Part::Wait(time) => {
                tokio::time::sleep(time).await;
                continue;
            }
        };
        for _ in 0..times {
            if stream.write_all(&bytes).await.is_err() {
                return;
            }
            written.fetch_add(bytes.len(), Ordering::Relaxed);
        }
    }
    let _ = stream.shutdown().await;
}

fn quick() -> HttpFetch {
    HttpFetch::builder().timeout(Duration::from_millis(300)).build().unwrap()
}

async fn get(fetch: &HttpFetch, url: &str) -> Result<FetchResponse, FetchError> {
    let request = FetchRequest::new(url, CAP);
    tokio::time::timeout(PATIENCE, fetch.fetch(request)).await.expect("bounded")
}

#[tokio::test]
async fn document_is_returned_with_its_headers() {
    let server = Server::start(vec![send(
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nCache-Control: public, Max-Age=\"86400\"\r\nDate: Mon, 23 Nov 2026 20:00:00 \
         GMT\r\nContent-Length: 2\r\n\r\n{}",
    )])
    .await;
    let answer = get(&HttpFetch::new(), &server.url()).await.unwrap();
    assert_eq!(
        answer,
        FetchResponse {
            status: 200,
            body: "{}".into(),
            etag: Some("\"v1\"".into()),
            max_age: Some(Duration::from_secs(86400)),
            date: Some("Mon, 23 Nov 2026 20:00:00 GMT".into()),
        }
    );
    let request = server.requests()[0].to_ascii_lowercase();
    for header in [
        "get /doc http/1.1\r\n",
        "\r\naccept: application/json, application/jwk-set+json\r\n",
        "\r\naccept-encoding: identity\r\n",
        &format!("\r\nuser-agent: tower-entra/{}\r\n", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(request.contains(header), "{request}");
    }
    assert!(!request.contains("if-none-match"));
}

#[tokio::test]
async fn unchanged_document_is_a_304_for_its_etag() {
    let server = Server::start(vec![send("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n")]).await;
    let request = FetchRequest::new(server.url(), CAP).with_etag(Some("\"v1\"".into()));
    let answer = HttpFetch::new().fetch(request).await.unwrap();
    assert_eq!((answer.status, answer.etag.as_deref()), (304, Some("\"v1\"")));
    assert!(server.requests()[0].to_ascii_lowercase().contains("if-none-match: \"v1\"\r\n"));
    // An `ETag` that is not a valid header value is not sent.
    let request = FetchRequest::new(server.url(), CAP).with_etag(Some("a\r\nb".into()));
    assert!(HttpFetch::new().fetch(request).await.is_ok());
    assert!(!server.requests()[1].to_ascii_lowercase().contains("if-none-match"));
}

#[tokio::test]
async fn other_status_is_returned_without_a_body() {
    let elsewhere = Server::start(vec![send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]).await;
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", elsewhere.url());
    let error = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}";
    // The body of this one never ends.
    let endless = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 99999999999\r\n\r\nx";
    for (text, status) in [(redirect.as_str(), 302), (error, 500), (endless, 503)] {
        let server = Server::start(vec![send(text), Part::Wait(PATIENCE)]).await;
        assert_eq!(get(&HttpFetch::new(), &server.url()).await, Ok(FetchResponse::new(status, "")));
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn slow_server_times_out() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    let drip = std::iter::repeat_n([send("x"), Part::Wait(Duration::from_millis(50))], 2000).flatten();
    for parts in [
        vec![Part::Wait(PATIENCE)],
        vec![send("HTTP/1.1 200"), Part::Wait(PATIENCE)],
        vec![send(head), Part::Wait(PATIENCE)],
        std::iter::once(send(head)).chain(drip).collect(),
    ] {
        let server = Server::start(parts).await;
        let timeout = FetchError::new(server.url(), FetchFailure::Timeout { after: Duration::from_millis(300) });
        assert_eq!(get(&quick(), &server.url()).await, Err(timeout));
    }
}

#[tokio::test]
async fn broken_connection_is_an_error() {
    for text in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"keys\":",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        let server = Server::start(vec![send(text)]).await;
        let result = get(&HttpFetch::new(), &server.url()).await;
        assert!(matches!(failure_of(&result), FetchFailure::Connection { .. }), "{text:?}: {result:?}");
    }
    // No more than `Content-Length`.
    let server = Server::start(vec![send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{\"more\":1}")]).await;
    assert_eq!(get(&HttpFetch::new(), &server.url()).await, Ok(FetchResponse::new(200, "{}")));
}

#[tokio::test]
async fn long_document_is_refused() {
    const LENGTH: usize = 64 << 20;
    let block = vec![b' '; 1 << 16];
    for head in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(),
    ] {
        let server = Server::start(vec![send(head), Part::Repeat(block.clone(), LENGTH / block.len())]).await;
        let too_large = FetchError::new(server.url(), FetchFailure::TooLarge { max_bytes: CAP });
        assert_eq!(get(&HttpFetch::new(), &server.url()).await, Err(too_large));
        // The buffers of the kernel hold more.
        assert!(server.written.load(Ordering::Relaxed) < LENGTH / 2);
    }
    for (length, fits) in [(CAP, true), (CAP + 1, false)] {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        let server = Server::start(vec![send(head), send(vec![b' '; length])]).await;
        assert_eq!(get(&HttpFetch::new(), &server.url()).await.is_ok(), fits);
    }
}

#[tokio::test]
async fn compressed_document_is_refused() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", gzip.len());
    let server = Server::start(vec![send([head.as_bytes(), gzip].concat())]).await;
    let reason = "it is compressed (gzip), which was not requested";
    let invalid = FetchFailure::InvalidDocument(InvalidDocument::new(reason));
    assert_eq!(get(&HttpFetch::new(), &server.url()).await, Err(FetchError::new(server.url(), invalid)));
}

#[tokio::test]
async fn forbidden_url_is_never_requested() {
    let server = Server::start(vec![send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]).await;
    // A request would reach the test server.
    let client =
        Client::builder().no_proxy().resolve("entra.example", server.address.parse().unwrap()).build().unwrap();
    let port = server.address.rsplit_once(':').unwrap().1;
    for url in [
        format!("http://entra.example:{port}/doc"),
        "file:///etc/passwd".to_owned(),
        format!("http://user:secret@127.0.0.1:{port}/doc"),
        "/doc".to_owned(),
    ] {
        let result = get(&HttpFetch::with_client(client.clone()), &url).await;
        assert!(matches!(failure_of(&result), FetchFailure::Forbidden { .. }), "{url}: {result:?}");
    }
    assert!(server.requests().is_empty());
    // A custom client may be redirected to one: the document is refused.
    let away = format!("HTTP/1.1 302 Found\r\nLocation: http://entra.example:{port}/doc\r\nContent-Length: 0\r\n\r\n");
    let first = Server::start(vec![send(away)]).await;
    let result = get(&HttpFetch::with_client(client), &first.url()).await;
    assert!(matches!(failure_of(&result), FetchFailure::Forbidden { .. }), "{result:?}");
}

#[tokio::test]
async fn error_names_its_cause() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = connection_cause(get(&HttpFetch::new(), &format!("http://{free}/doc?appid=x")).await);
    assert!(refused.contains("refused") && !refused.contains("appid"), "{refused}");
    // A server without TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let plain = connection_cause(get(&HttpFetch::new(), &format!("https://{address}/doc")).await);
    assert!(plain.contains("InvalidContentType"), "{plain}");
}

#[test]
fn max_age_is_read_from_cache_control() {
    let of = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CACHE_CONTROL, HeaderValue::from_static(value));
        }
        max_age(&headers).map(|age| age.as_secs())
    };
    for (values, seconds) in [
        (&["max-age=60"][..], Some(60)),
        (&["private", "no-transform, MAX-AGE = 60"], Some(60)),
        (&["max-age=1, max-age=2"], Some(1)),
        (&["s-maxage=60"], None),
        (&["max-age=-1"], None),
        (&["max-age=99999999999999999999"], None),
        (&["max-age"], None),
        (&[], None),
    ] {
        assert_eq!(of(values), seconds, "{values:?}");
    }
}

/// A TLS server for `localhost`, and the certificate of its CA.
async fn tls_server() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let chain = vec![leaf.der().clone()];
    let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(Arc::new(
        tokio_rustls::rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(chain, key)
    .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/doc", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                read_head(&mut stream).await;
                let answer = send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
                play(&mut stream, vec![answer], &AtomicUsize::new(0)).await;
            });
        }
    });
    (url, authority.pem())
}

#[tokio::test]
async fn custom_root_certificate_is_trusted() {
    let (url, pem) = tls_server().await;
    let cause = connection_cause(get(&HttpFetch::new(), &url).await);
    assert!(cause.contains("UnknownIssuer"), "{cause}");
    let fetch = HttpFetch::builder().with_root_certificate_pem(pem.as_bytes()).build().unwrap();
    assert_eq!(get(&fetch, &url).await, Ok(FetchResponse::new(200, "{}")));
    let wrong_name = url.replace("localhost", "127.0.0.1");
    let cause = connection_cause(get(&fetch, &wrong_name).await);
    assert!(cause.contains("not valid for name"), "{cause}");
}

const CHILD: &str = "TOWER_ENTRA_TEST_CHILD";

/// The environment cannot be changed within a process: the test below runs this one in another.
#[tokio::test]
async fn in_another_environment() {
    let Ok(urls) = std::env::var(CHILD) else { return };
    let (local, remote) = urls.split_once(' ').unwrap();
    assert_eq!(get(&HttpFetch::new(), local).await, Ok(FetchResponse::new(200, "{}")));
    let cause = connection_cause(get(&HttpFetch::new(), remote).await);
    assert!(!cause.contains("secret"), "{cause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_and_proxies_of_the_environment() {
    let (url, pem) = tls_server().await;
    let path = std::env::temp_dir().join(format!("tower-entra-{}.pem", std::process::id()));
    std::fs::File::create(&path).unwrap().write_all(pem.as_bytes()).unwrap();
    let proxy = Server::start(vec![send("HTTP/1.1 403 Forbidden\r\n\r\n")]).await;
    let proxy_url = format!("http://user:secret@{}", proxy.address);
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "fetch::http::tests::in_another_environment"]);
    child.env(CHILD, format!("{url} https://entra.example/doc")).env("SSL_CERT_FILE", &path);
    for name in ["NO_PROXY", "no_proxy", "SSL_CERT_DIR", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &proxy_url);
    }
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let requests = proxy.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(requests[0].starts_with("CONNECT entra.example:443 "), "{requests:?}");
}
