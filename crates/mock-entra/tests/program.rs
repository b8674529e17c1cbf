//! Starts the program `mock-entra` as a separate process.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use mock_entra::MockEntra;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-entra"));
    command.args(arguments).env("PORT", "0");
    command
}

fn output(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// A running program, stopped when dropped.
struct Running {
    child: Child,
    printed: String,
    /// Host and port.
    authority: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = program(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(url) = line.strip_prefix("listening on ") {
                let authority = url.split_once("://").unwrap().1.to_owned();
                return Self { child, printed, authority };
            }
            printed.push_str(&line);
            printed.push('\n');
        }
        let _ = child.wait();
        panic!("the program ended:\n{printed}");
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.authority).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The response at `path`.
fn get(running: &Running, path: &str) -> String {
    let mut stream = running.connect();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", running.authority).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// The access token from the token endpoint, for requests with this `Host`.
fn request_token(mut stream: impl Read + Write, host: &str) -> Option<String> {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret=any&scope=api://{}/.default",
        MockEntra::CALLER,
        MockEntra::CLIENT_ID
    );
    let target = format!("/{}/oauth2/v2.0/token", MockEntra::TENANT);
    let length = form.len();
    write!(
        stream,
        "POST {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{form}"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let body: serde_json::Value = serde_json::from_str(response.split_once("\r\n\r\n")?.1).ok()?;
    body["access_token"].as_str().map(str::to_owned)
}

/// Connects with TLS, trusting only the certificate authority in `ca_file`.
fn tls(running: &Running, ca_file: &PathBuf, name: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), running.connect())
}

#[test]
fn tokens_are_issued_over_http() {
    let running = Running::start(&[]);
    assert!(running.printed.contains(MockEntra::TENANT) && running.printed.contains("curl -s http://"));
    let token = request_token(running.connect(), &running.authority).unwrap();
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(request_token(running.connect(), "evil.example"), None);
}

#[test]
fn tokens_are_issued_over_https_with_the_written_certificate_authority() {
    let ca_file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mock-entra-ca.pem");
    let _ = fs::remove_file(&ca_file);
    let running = Running::start(&["--https", "--ca", ca_file.to_str().unwrap(), "--allow-host", "mock-entra:8443"]);
    for (name, host) in [("127.0.0.1", running.authority.as_str()), ("mock-entra", "mock-entra:8443")] {
        let token = request_token(tls(&running, &ca_file, name), host).unwrap();
        assert_eq!(token.split('.').count(), 3, "{name}");
    }
}

#[test]
fn other_providers_print_tokens() {
    for (provider, issuer) in [
        ("b2c", format!("/{}/v2.0/", MockEntra::TENANT)),
        ("external-id", format!("https://{0}.ciamlogin.com/{0}/v2.0", MockEntra::TENANT)),
        ("okta", "/oauth2/default".to_owned()),
        ("auth0", "/".to_owned()),
        ("keycloak", "/realms/main".to_owned()),
        ("cognito", "/eu-west-1_Example1".to_owned()),
    ] {
        let running = Running::start(&["--as", provider]);
        let printed = &running.printed;
        assert!(printed.lines().next().unwrap().ends_with(&issuer), "{provider}: {printed}");
        assert_eq!(printed.lines().filter(|line| line.starts_with("eyJ")).count(), 2, "{provider}: {printed}");
        let metadata = printed.lines().find_map(|line| line.strip_prefix("metadata")).unwrap().trim();
        let path = metadata.split_once(&running.authority).unwrap().1;
        assert!(get(&running, path).starts_with("HTTP/1.1 200 "), "{provider}: {metadata}");
    }
}

#[test]
fn help_and_version_exit_with_0() {
    for flag in ["--help", "-h"] {
        let output = output(&[flag]);
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stdout).contains("Usage: mock-entra"));
    }
    for flag in ["--version", "-V"] {
        let output = output(&[flag]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("mock-entra {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn invalid_arguments_exit_with_2() {
    for (arguments, error) in [
        (&["--htps"][..], "unknown argument '--htps'"),
        (&["keycloak"], "unknown argument 'keycloak'"),
        (&["--as"], "option '--as' requires a provider"),
        (&["--as", "--https"], "option '--as' requires a provider"),
        (&["--as", "google"], "unknown provider 'google'"),
        (&["--https", "--ca"], "option '--ca' requires a file name"),
        (&["--allow-host"], "option '--allow-host' requires a host name"),
        (&["--ca", "ca.pem"], "option '--ca' requires '--https'"),
    ] {
        let output = output(arguments);
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && printed.starts_with(&format!("mock-entra: {error}\n")), "{printed}");
    }
    let output = program(&[]).env("PORT", "70000").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("PORT: invalid port '70000'"));
}

#[test]
fn an_unavailable_port_or_file_exits_with_1() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = program(&[]).env("PORT", &port).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("cannot listen on 127.0.0.1:{port}: ")));

    let output = program(&["--https", "--ca", "/no/such/folder/ca.pem"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write /no/such/folder/ca.pem: "));
}
