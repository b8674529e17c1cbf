//! The program `mock-entra`, started and asked over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{env, fs, path::Path, process::Stdio, time::Duration};

use mock_entra::MockEntra;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

/// A running program, stopped when this is dropped.
struct Program {
    url: String,
    printed: String,
    _child: Child,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-entra"));
    command.args(arguments).env("PORT", "0").kill_on_drop(true);
    command
}

impl Program {
    /// Starts it and waits until it listens.
    async fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = String::new();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(url) = line.strip_prefix("listening on ") {
                    return url.to_owned();
                }
                printed.push_str(&line);
                printed.push('\n');
            }
            panic!("it ended:\n{printed}");
        };
        let url = timeout(Duration::from_secs(60), listening).await.expect("a line: listening on …");
        Self { url, printed, _child: child }
    }

    /// Status and body of the response.
    async fn ask(&self, request: &str, body: &str) -> (u16, String) {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

#[tokio::test]
async fn it_serves_metadata_and_issues_tokens() {
    let mock = Program::start(&[]).await;
    assert!(
        mock.printed.contains(MockEntra::TENANT) && mock.printed.contains(MockEntra::CLIENT_ID),
        "{}",
        mock.printed
    );
    let tenant = MockEntra::TENANT;
    let (status, metadata) = mock.ask(&format!("GET /{tenant}/v2.0/.well-known/openid-configuration"), "").await;
    assert_eq!(status, 200);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    assert_eq!(metadata["issuer"], format!("{}/{tenant}/v2.0", mock.url));

    // The command that it prints, without curl.
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret=any&scope=api://{}/.default",
        MockEntra::CALLER,
        MockEntra::CLIENT_ID
    );
    assert!(mock.printed.contains("-d grant_type=client_credentials"), "{}", mock.printed);
    let (status, response) = mock.ask(&format!("POST /{tenant}/oauth2/v2.0/token"), &form).await;
    assert_eq!(status, 200, "{response}");
    let response: Value = serde_json::from_str(&response).unwrap();
    assert_eq!(response["access_token"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn with_https_it_writes_the_certificate_to_trust() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ca.pem");
    let mock = Program::start(&["--https", "--ca", file.to_str().unwrap()]).await;
    assert!(mock.url.starts_with("https://127.0.0.1:"));
    let ca = fs::read_to_string(file).unwrap();
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----") && !ca.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn it_plays_each_provider() {
    for (provider, path) in [
        ("b2c", format!("/{}/B2C_1_susi/v2.0", MockEntra::TENANT)),
        ("external-id", format!("/{}/v2.0", MockEntra::TENANT)),
        ("okta", "/oauth2/default".to_owned()),
        ("auth0", String::new()),
        ("keycloak", "/realms/main".to_owned()),
        ("cognito", "/eu-west-1_Example1".to_owned()),
    ] {
        let mock = Program::start(&["--as", provider]).await;
        let path = format!("{path}/.well-known/openid-configuration");
        assert_eq!(mock.ask(&format!("GET {path}"), "").await.0, 200, "{provider}");
        assert!(mock.printed.contains(&format!("metadata  {}{path}\n", mock.url)), "{provider}: {}", mock.printed);
        assert_eq!(mock.printed.lines().filter(|line| line.starts_with("eyJ")).count(), 2, "{provider}");
    }
}

#[tokio::test]
async fn unknown_option_is_an_error_with_the_usage() {
    let output = command(&["--htps"]).output().await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains("--htps") && stderr.contains("usage: mock-entra"), "{stderr}");
}
