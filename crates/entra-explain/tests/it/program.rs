//! The binary in an empty folder, with nothing in its environment that configures it.

#[path = "../../../../tests/support/process.rs"]
mod process;

use std::{env, fs, path::PathBuf, process::Stdio};

use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mock_entra::{MockEntra, MockServer};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpStream, process::Command, time::timeout};

use process::{PATIENCE, Running};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_entra-explain");

/// One run of the binary.
pub(crate) struct Run {
    pub(crate) command: Command,
    folder: TempDir,
    /// The part of the token that must not be shown.
    signature: String,
    input: Vec<u8>,
    is_writing: bool,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The text with one space in place of line breaks and indentation.
    pub(crate) fn flat(&self) -> String {
        self.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The texts are in the output, in this order.
    pub(crate) fn says(&self, what: &str, texts: &[&str]) {
        let flat = self.flat();
        let mut rest = flat.as_str();
        for text in texts {
            let at = rest.find(text).unwrap_or_else(|| panic!("{what}: {text:?} is not in (the rest of)\n{self:?}"));
            rest = &rest[at + text.len()..];
        }
    }
}

fn command() -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if ["ENTRA_", "AZURE", "RUST_LOG", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_COLOR"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

impl Run {
    /// With this on standard input.
    pub(crate) fn of(input: impl Into<Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command();
        command.current_dir(folder.path());
        Self { command, folder, signature: String::new(), input: input.into(), is_writing: false }
    }

    /// With a token on standard input, whose signature must not be shown.
    pub(crate) fn token(token: &str) -> Self {
        Self::of(token).hiding(token)
    }

    pub(crate) fn hiding(mut self, token: &str) -> Self {
        self.signature = token.rsplit('.').next().unwrap().to_owned();
        self
    }

    /// Configured by the environment.
    pub(crate) fn configured(mut self, entra: &MockServer) -> Self {
        self.command
            .env("ENTRA_AUTHORITY_HOST", entra.url())
            .env("ENTRA_TENANT_ID", MockEntra::TENANT)
            .env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID);
        self
    }

    /// With a file in its folder.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.is_writing = true;
        self
    }

    pub(crate) fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it to its end. It writes no file and shows no signature.
    pub(crate) async fn end(mut self) -> Ended {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = std::mem::take(&mut self.input);
        // It need not read all of it.
        let writing = tokio::spawn(async move { drop(stdin.write_all(&input).await) });
        let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
        writing.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ended =
            Ended { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        let shown = format!("{}{}", ended.stdout, ended.stderr);
        assert!(self.signature.is_empty() || self.signature.len() > 40, "no signature: {}", self.signature);
        assert!(self.signature.is_empty() || !shown.contains(&self.signature), "{ended:?}");
        let files = fs::read_dir(self.folder.path()).unwrap().count();
        assert!(self.is_writing || files == 0, "it has written a file");
        ended
    }

    /// Starts it as a server.
    pub(crate) async fn serve(mut self, arguments: &[&str]) -> Served {
        self.command.args(["serve", "--port", "0"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let running = Running::new(self.command.spawn().unwrap()).await;
        Served { url: running.url.clone(), running, _folder: self.folder }
    }
}

/// A running page, stopped when this is dropped.
pub(crate) struct Served {
    pub(crate) url: String,
    running: Running,
    _folder: TempDir,
}

/// A response as text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Served {
    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        format!("{}{}", self.running.stdout(), self.running.stderr())
    }

    /// Sends exactly these headers; where `host` is not among them, the right one.
    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let host = self.url.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = sender.send_request(request.body(Full::new(bytes::Bytes::from(body))).unwrap());
        let (head, body) = timeout(PATIENCE, sent).await.expect("a response").unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], String::new()).await
    }

    pub(crate) async fn explain(&self, question: Value) -> Answer {
        self.ask(Method::POST, "/explain", &[("content-type", "application/json")], question.to_string()).await
    }
}

pub(crate) async fn entra() -> MockServer {
    MockEntra::serve("127.0.0.1:0").await.unwrap()
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
