//! Real clients of Entra that get tokens and call `examples/server.rs`, and other validators that judge our tokens.
//!
//! They are Python's. `tests/clients/install` installs them and prints the value of `TOWER_ENTRA_PYTHON`; `just clients` runs
//! these tests. The same for Node is in [`providers`].

mod opinions;
mod providers;
mod tokens;

use std::{env, path::PathBuf, process::Stdio};

use mock_entra::MockEntra;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{
    program::{Program, example},
    support::certificate,
};

/// A Python with the clients.
fn python() -> PathBuf {
    env::var_os("TOWER_ENTRA_PYTHON").expect("TOWER_ENTRA_PYTHON is what tests/clients/install prints").into()
}

/// How variables begin that would change what the clients trust, or whom they ask.
const OTHERS: [&str; 8] = ["AZURE", "ENTRA_", "MSAL_", "PYTHON", "NODE_", "SSL_CERT", "REQUESTS_CA", "CURL_CA"];

/// A script of `tests/clients`, with nothing in its environment that would lead it elsewhere.
fn command(program: &PathBuf, script: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        let is_in_the_way = |start: &&str| text.starts_with(*start);
        if text.ends_with("_PROXY") || OTHERS.iter().any(is_in_the_way) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a script of `tests/clients`; its answer is one JSON value.
async fn script(python: &PathBuf, name: &str, input: &Value) -> Value {
    let mut command = command(python, name);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    // If it ended before it read everything, it says why.
    let _ = child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).await;
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Microsoft's libraries over HTTPS; our own server fetches its keys over HTTPS too, trusting the same authority.
#[tokio::test]
#[ignore = "needs Python clients: just clients"]
async fn msal_and_azure_identity_get_tokens_and_call() {
    const WRITER: &str = "99999999-0000-1111-2222-333333333333";
    let python = python();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let (ca, certificate, key) = certificate();
    std::fs::write(&ca_file, ca).unwrap();
    let entra = MockEntra::serve_https("127.0.0.1:0", certificate, key).await.unwrap();
    entra.entra().register_app(WRITER, "a secret", ["Files.Write.All"]);

    let mut command = example("server");
    command
        .env("ENTRA_AUTHORITY_HOST", entra.url())
        .env("ENTRA_TENANT_ID", MockEntra::TENANT)
        .env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID)
        .env("ENTRA_DETAILED_ERRORS", "true")
        .env("SSL_CERT_FILE", &ca_file)
        .env_remove("SSL_CERT_DIR");
    let server = Program::start(command).await;
    server.until_ready().await;

    let api = format!("api://{}/.default", MockEntra::CLIENT_ID);
    let graph = "https://graph.microsoft.com/.default";
    for (who, client_id, scope, status, code) in [
        ("with the role", MockEntra::CALLER, api.as_str(), 200, None),
        ("with another role", WRITER, &api, 403, Some("insufficient_role")),
        ("without a role", MockEntra::OTHER_CALLER, &api, 401, Some("not_an_access_token")),
        ("for Graph", MockEntra::CALLER, graph, 401, Some("microsoft_api_token")),
    ] {
        let ask = json!({
            "authority": entra.url(),
            "ca": ca_file,
            "tenant": MockEntra::TENANT,
            "client_id": client_id,
            "secret": "a secret",
            "scope": scope,
            "api": format!("{}/files", server.url()),
        });
        let answers = script(&python, "client_credentials.py", &ask).await;
        let answers = answers.as_object().unwrap();
        assert_eq!(answers.len(), 4, "{who}: each library in two ways");
        for (way, answer) in answers {
            assert_eq!(answer["status"], status, "{way}, {who}: {answer}");
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(body["code"].as_str(), code, "{way}, {who}: {answer}");
        }
    }
}
