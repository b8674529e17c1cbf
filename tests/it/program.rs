//! Programs that are started, asked over HTTP, and stopped.

#[path = "../support/process.rs"]
mod process;

use std::{collections::BTreeMap, env, path::PathBuf, process::Stdio, time::Duration};

use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, process::Command, time::timeout};

pub(crate) use process::collect;
use process::{PATIENCE, Running};

/// A server that is stopped when this is dropped.
pub(crate) struct Program(Running);

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// An example that `cargo test` has built, with nothing in its environment that would configure it.
pub(crate) fn example(name: &str) -> Command {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path: PathBuf = profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is missing: run cargo build --examples, or the whole of cargo test", path.display());
    let mut command = Command::new(path);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if ["ENTRA_", "AZURE", "RUST_LOG", "PORT", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(name);
        }
    }
    command.env("PORT", "0").stdin(Stdio::null()).kill_on_drop(true);
    command
}

impl Program {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(mut command: Command) -> Self {
        Self(Running::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).await)
    }

    /// Where it listens, such as `http://127.0.0.1:3000`.
    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// What it has printed so far.
    pub(crate) fn stdout(&self) -> String {
        self.0.stdout()
    }

    /// What it has logged so far.
    pub(crate) fn stderr(&self) -> String {
        self.0.stderr()
    }

    /// Waits until `/readyz` says yes.
    pub(crate) async fn until_ready(&self) {
        let ready = async {
            while self.get("/readyz", "").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, ready).await.unwrap_or_else(|_| panic!("it is not ready:\n{}", self.stderr()));
    }

    /// Asks with this token, or without any if it is empty.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers: &[(&str, &str)] = if token.is_empty() { &[] } else { &[("authorization", &authorization)] };
        self.ask(Method::GET, path, headers).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let host = self.0.url.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let asked = sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap());
        let response = timeout(PATIENCE, asked).await.expect("an answer").unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

/// Runs a program that ends by itself.
pub(crate) async fn run(mut command: Command) -> Ended {
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
