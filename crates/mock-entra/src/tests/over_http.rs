use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::*;

/// A response, with the head in lower case.
struct Reply {
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Option<Reply> {
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
    Some(Reply { head, body: bytes[end + 4..].to_vec() })
}

async fn get_from(server: &MockServer, path: &str, headers: &str) -> Option<Reply> {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    exchange(
        stream,
        &format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", server.address()),
    )
    .await
}

async fn post(server: &MockServer, path: &str, headers: &str, form: &str) -> Reply {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}", server.address());
    exchange(stream, &format!("{head}content-length: {}\r\n\r\n{form}", form.len())).await.unwrap()
}

async fn token(server: &MockServer, form: &str) -> Reply {
    let form = format!("grant_type=client_credentials&{form}");
    post(server, &format!("/{}/oauth2/v2.0/token", MockEntra::TENANT), "", &form).await
}

const CALLER: &str = "client_id=77777777-8888-9999-0000-111111111111&client_secret=s";

#[tokio::test]
async fn documents_are_served_with_caching_headers() {
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let url = server.url();
    let reply = get_from(&server, "/common/v2.0/.well-known/openid-configuration", "").await.unwrap();
    assert_eq!(reply.status(), 200);
    assert!(reply.head.contains("content-type: application/json"));
    assert!(!reply.head.contains("cache-control"));
    assert_eq!(reply.json()["issuer"], format!("{url}/{{tenantid}}/v2.0"));
    assert_eq!(reply.json()["jwks_uri"], format!("{url}/common/discovery/v2.0/keys"));
    assert!(reply.json().get("cloud_instance_name").is_none());

    server.entra().set_etags(true);
    server.entra().set_max_age(Some(Duration::from_secs(60)));
    let first = get_from(&server, "/common/discovery/v2.0/keys", "").await.unwrap();
    assert!(first.head.contains("cache-control: max-age=60, private"));
    let etag = get(server.entra(), "/common/discovery/v2.0/keys").await.unwrap().etag.unwrap();
    let again = get_from(&server, "/common/discovery/v2.0/keys", &format!("if-none-match: {etag}\r\n")).await.unwrap();
    assert_eq!((again.status(), again.body.len()), (304, 0));
    assert_eq!(server.entra().fetches_of(&url), 4, "one of them in process");
    assert_eq!(post(&server, "/common/discovery/keys", "", "").await.status(), 405);
}

#[tokio::test]
async fn token_endpoint_issues_tokens_for_each_kind_of_api() {
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let entra = server.entra();
    let api = format!("{CALLER}&scope=api%3A%2F%2F{}%2F.default", MockEntra::CLIENT_ID);
    let reply = token(&server, &api).await;
    assert_eq!(reply.status(), 200);
    let response = reply.json();
    assert_eq!((&response["token_type"], &response["expires_in"]), (&json!("Bearer"), &json!(3599)));
    let jwt = response["access_token"].as_str().unwrap();
    assert!(verifies_now(entra, jwt));
    let granted = claims(jwt);
    assert_eq!(granted["aud"], MockEntra::CLIENT_ID);
    assert_eq!(granted["azp"], MockEntra::CALLER);
    assert_eq!(granted["roles"], json!(["Files.Read.All"]));
    assert_eq!(granted["oid"], granted["sub"]);

    entra.register_api("api://files.example", MockEntra::CLIENT_ID);
    entra.register_v1_api("api://old.example");
    let other = format!("client_id={}&client_assertion=x", MockEntra::OTHER_CALLER);
    let guid = MockEntra::CLIENT_ID;
    for (form, audience, version, roles) in [
        (format!("{CALLER}&scope={guid}/.default"), guid, "2.0", Some(json!(["Files.Read.All"]))),
        (
            format!("{CALLER}&scope=api://{}/{guid}/.default", MockEntra::TENANT),
            guid,
            "2.0",
            Some(json!(["Files.Read.All"])),
        ),
        (format!("{other}&scope=api://files.example/.default"), guid, "2.0", None),
        (format!("{other}&scope=api://old.example/.default"), "api://old.example", "1.0", None),
        (
            format!("{CALLER}&scope=https://management.azure.com//.default"),
            "https://management.azure.com/",
            "1.0",
            Some(json!(["Files.Read.All"])),
        ),
        (
            format!("{CALLER}&scope=https://graph.microsoft.com/.default"),
            "https://graph.microsoft.com",
            "1.0",
            Some(json!(["User.Read.All"])),
        ),
    ] {
        let response = token(&server, &form).await.json();
        let jwt = response["access_token"].as_str().unwrap_or_else(|| panic!("{form}: {response}"));
        let claims = claims(jwt);
        assert_eq!((&claims["aud"], &claims["ver"]), (&json!(audience), &json!(version)), "{form}");
        assert_eq!(claims.get("roles"), roles.as_ref(), "{form}");
        assert_eq!(verifies_now(entra, jwt), !audience.contains("graph"), "{form}");
        assert_eq!(header(jwt).contains_key("nonce"), audience.contains("graph"), "{form}");
    }
}

#[tokio::test]
async fn token_endpoint_rejects_with_the_errors_of_entra() {
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let client = "99999999-0000-1111-2222-333333333333";
    server.entra().register_app(client, "right +&", ["Files.Read.All"]);
    let scope = format!("scope=api://{}/.default", MockEntra::CLIENT_ID);
    for (form, status, error, number) in [
        (format!("client_id={client}&client_secret=wrong&{scope}"), 401, "invalid_client", 7_000_215),
        (format!("client_id={client}&{scope}"), 401, "invalid_client", 7_000_216),
        (format!("client_id=nobody&client_secret=s&{scope}"), 400, "unauthorized_client", 700_016),
        (format!("client_secret=s&{scope}"), 400, "invalid_request", 900_144),
        (CALLER.to_owned(), 400, "invalid_request", 900_144),
        (format!("{CALLER}&scope=User.Read"), 400, "invalid_scope", 1_002_012),
        (format!("{CALLER}&scope=api://nothing/.default"), 400, "invalid_resource", 500_011),
    ] {
        let reply = token(&server, &form).await;
        let body = reply.json();
        assert_eq!((reply.status(), &body["error"]), (status, &json!(error)), "{form}");
        assert_eq!(body["error_codes"], json!([number]), "{form}");
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")), "{form}");
    }
    let right = token(&server, &format!("client_id={client}&client_secret=right+%2B%26&{scope}")).await;
    assert_eq!(right.status(), 200);

    let path = |tenant: &str| format!("/{tenant}/oauth2/v2.0/token");
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{client}:right%20%2B%26"));
    let basic = format!("authorization: Basic {credentials}\r\n");
    let form = format!("grant_type=client_credentials&{scope}");
    assert_eq!(post(&server, &path(MockEntra::TENANT), &basic, &form).await.status(), 200);
    for (tenant, form, number) in [
        ("common", format!("grant_type=client_credentials&{CALLER}&{scope}"), 50_059),
        ("nothing.example", String::new(), 90_002),
        (MockEntra::TENANT, "grant_type=password".to_owned(), 70_003),
    ] {
        assert_eq!(post(&server, &path(tenant), "", &form).await.json()["error_codes"], json!([number]));
    }
    assert_eq!(get_from(&server, &path(MockEntra::TENANT), "").await.unwrap().status(), 405);
    assert_eq!(post(&server, &path(MockEntra::TENANT), "", &"x".repeat(70_000)).await.status(), 413);
}

#[tokio::test]
async fn faults_apply_over_http() {
    const KEYS: &str = "/common/discovery/v2.0/keys";
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let entra = server.entra();
    let good = get_from(&server, KEYS, "").await.unwrap().body;
    entra.fail_next(1);
    assert!(get_from(&server, KEYS, "").await.is_none(), "the connection is closed");
    entra.set_fault(Fault::Status(503));
    let reply = get_from(&server, KEYS, "").await.unwrap();
    assert_eq!((reply.status(), &reply.body), (503, &good));
    entra.set_fault(Fault::Redirect("https://evil.example/keys".into()));
    let reply = get_from(&server, KEYS, "").await.unwrap();
    assert_eq!(reply.status(), 302);
    assert!(reply.head.contains("location: https://evil.example/keys"));
    entra.set_fault(Fault::Garbage);
    assert!(get_from(&server, KEYS, "").await.unwrap().head.contains("text/html"));
    entra.set_fault(Fault::TooLarge);
    assert_eq!(get_from(&server, KEYS, "").await.unwrap().body.len(), 16 * 1024 * 1024);
    entra.set_fault(Fault::Drip(Duration::from_micros(1)));
    entra.replace_document(KEYS, "[1,2,3]");
    assert_eq!(get_from(&server, KEYS, "").await.unwrap().body, b"[1,2,3]");
    entra.set_fault(Fault::Slow(Duration::from_millis(30)));
    let start = std::time::Instant::now();
    assert_eq!(get_from(&server, KEYS, "").await.unwrap().status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(30));
    entra.set_fault(Fault::Stall);
    assert!(timeout(Duration::from_millis(100), get_from(&server, KEYS, "")).await.is_err());
}

/// The status of a token request with these header lines. `{port}` is replaced by the port of the server.
async fn status_of(server: &MockServer, target: &str, headers: &str) -> u16 {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let form = format!("grant_type=client_credentials&{CALLER}&scope=api://{}/.default", MockEntra::CLIENT_ID);
    let head = format!("POST {target} HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: {}", form.len());
    let head = head.replace("{port}", &server.address().port().to_string());
    let reply = exchange(stream, &format!("{head}\r\n\r\n{form}")).await.unwrap();
    assert!(!reply.head.contains("access-control-"), "{}", reply.head);
    let is_token = String::from_utf8_lossy(&reply.body).contains("access_token");
    assert_eq!(is_token, reply.status() == 200, "{headers}");
    if reply.status() == 421 || reply.status() == 403 {
        assert!(String::from_utf8_lossy(&reply.body).contains("MockEntra::allow_host"), "the body contains the fix");
    }
    reply.status()
}

#[tokio::test]
async fn host_and_origin_of_other_sites_are_rejected() {
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let path = format!("/{}/oauth2/v2.0/token", MockEntra::TENANT);
    let local_host = "host: 127.0.0.1:{port}\r\n";
    for (headers, status) in [
        (local_host.to_owned(), 200),
        ("host: localhost:{port}\r\n".to_owned(), 200),
        ("host: LOCALHOST:{port}\r\n".to_owned(), 200),
        ("host: [::1]:{port}\r\n".to_owned(), 200),
        // DNS rebinding: the names resolve to this machine.
        ("host: evil.example:{port}\r\n".to_owned(), 421),
        ("host: evil.example\r\n".to_owned(), 421),
        ("host: 127.0.0.1.evil.example:{port}\r\n".to_owned(), 421),
        ("host: localhost.evil.example:{port}\r\n".to_owned(), 421),
        ("host: localhost@evil.example:{port}\r\n".to_owned(), 421),
        ("host: localhost:x@evil.example:{port}\r\n".to_owned(), 421),
        ("host: mock-entra:{port}\r\n".to_owned(), 421),
        ("host: localhost:1\r\n".to_owned(), 421),
        ("host: localhost\r\n".to_owned(), 421),
        ("host: 192.0.2.1:{port}\r\n".to_owned(), 421),
        ("host: \r\n".to_owned(), 421),
        (String::new(), 421),
        (format!("{local_host}host: evil.example\r\n"), 421),
        (format!("{local_host}origin: http://localhost:3000\r\n"), 200),
        (format!("{local_host}origin: https://127.0.0.1\r\n"), 200),
        (format!("{local_host}origin: http://evil.example\r\n"), 403),
        (format!("{local_host}origin: http://localhost.evil.example:{{port}}\r\n"), 403),
        (format!("{local_host}origin: null\r\n"), 403),
        (format!("{local_host}origin: http://localhost\r\norigin: http://evil.example\r\n"), 403),
    ] {
        assert_eq!(status_of(&server, &path, &headers).await, status, "{headers}");
    }
    let absolute = format!("http://evil.example{path}");
    assert_eq!(status_of(&server, &absolute, local_host).await, 421, "another host in the target");
    // Rejected requests are not logged.
    assert_eq!(server.entra().fetches_of("oauth2"), 6);

    server.entra().allow_host("mock-entra");
    server.entra().allow_host("entra.test:{port}".replace("{port}", &server.address().port().to_string()));
    for (headers, status) in [
        ("host: Mock-Entra:{port}\r\n", 200),
        ("host: mock-entra\r\n", 200),
        ("host: entra.test:{port}\r\norigin: http://entra.test:{port}\r\n", 200),
        ("host: entra.test:1\r\n", 421),
        ("host: evil.example:{port}\r\n", 421),
    ] {
        assert_eq!(status_of(&server, &path, headers).await, status, "{headers}");
    }

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let named = MockEntra::at("http://login.test:8080").listen(listener).unwrap();
    for (headers, status) in
        [("host: login.test:8080\r\n", 200), ("host: 127.0.0.1:{port}\r\n", 200), ("host: login.test:81\r\n", 421)]
    {
        assert_eq!(status_of(&named, &path, headers).await, status, "{headers}");
    }
}

#[tokio::test]
async fn dropping_the_server_closes_its_connections() {
    let server = MockEntra::serve("127.0.0.1:0").await.unwrap();
    let address = server.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let _ = idle.read(&mut [0; 64]).await.unwrap();
    drop(server);
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(5), idle.read_to_end(&mut rest)).await.expect("the connection is closed");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn https_uses_the_given_certificate() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = MockEntra::at(&base).listen_https(listener, &certificate, &key).unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let host = base.trim_start_matches("https://");
    let request = format!(
        "GET /common/v2.0/.well-known/openid-configuration HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    );
    let reply = exchange(stream, &request).await.unwrap();
    assert_eq!(reply.json()["jwks_uri"], format!("{base}/common/discovery/v2.0/keys"));

    assert!(MockEntra::serve_https("127.0.0.1:0", "not PEM", &key).await.is_err());
    let ip = MockEntra::serve_https("127.0.0.1:0", &certificate, &key).await.unwrap();
    assert!(ip.url().starts_with("https://127.0.0.1:"));
}
