//! Real identity providers, of npm packages, on 127.0.0.1; and jose, which judges their tokens as well.
//!
//! `tests/clients/install-node` installs them and prints the value of `TOWER_ENTRA_NODE`; `just clients` runs these tests.

mod validated;

use std::{
    collections::BTreeSet,
    env,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, DecodingKey, crypto::aws_lc::DEFAULT_PROVIDER, jwk::Jwk};
use mock_entra::{MockEntra, SigningAlgorithm};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

use super::command;
use crate::{
    program::collect,
    support::{decode, parts},
};

/// The longest time that a script may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

const OIDC_PROVIDER: &str = "oidc_provider.mjs";
const OAUTH2_MOCK_SERVER: &str = "oauth2_mock_server.mjs";

/// Node, where its packages are installed.
fn node() -> PathBuf {
    env::var_os("TOWER_ENTRA_NODE").expect("TOWER_ENTRA_NODE is what tests/clients/install-node prints").into()
}

/// A script that answers lines with lines of JSON. It ends when this is dropped.
struct Script {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: Arc<Mutex<String>>,
}

impl Script {
    fn start(node: &PathBuf, name: &str, arguments: &[&str]) -> Self {
        let mut command = command(node, name);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        Self { child, stdin, stdout: BufReader::new(stdout).lines(), stderr }
    }

    async fn answer(&mut self) -> Value {
        let line = timeout(PATIENCE, self.stdout.next_line()).await.expect("an answer").unwrap();
        let Some(line) = line else {
            // What it had to say is collected by a task of its own.
            tokio::time::sleep(Duration::from_millis(500)).await;
            panic!("the script has ended:\n{}", self.stderr.lock().unwrap());
        };
        serde_json::from_str(&line).unwrap()
    }

    async fn ask(&mut self, question: &str) -> Value {
        self.stdin.write_all(format!("{question}\n").as_bytes()).await.unwrap();
        self.answer().await
    }

    /// Closes its standard input; whether it ended well.
    async fn end(mut self) -> bool {
        drop(self.stdin);
        timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap().success()
    }
}

/// A provider that runs.
struct Provider {
    script: Script,
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    client_id: String,
    client_secret: String,
    audience: String,
}

impl Provider {
    async fn start(node: &PathBuf, name: &str, algorithm: &str) -> Self {
        let mut script = Script::start(node, name, &[algorithm]);
        let facts = script.answer().await;
        let text = |name: &str| facts[name].as_str().unwrap().to_owned();
        Self {
            issuer: text("issuer"),
            token_endpoint: text("token_endpoint"),
            jwks_uri: text("jwks_uri"),
            client_id: text("client_id"),
            client_secret: text("client_secret"),
            audience: text("audience"),
            script,
        }
    }

    /// A new key signs; its id.
    async fn rotate(&mut self) -> String {
        self.script.ask("rotate").await["kid"].as_str().unwrap().to_owned()
    }

    /// No key but the present one is published any more. Only oidc-provider can do that.
    async fn drop_old_keys(&mut self) {
        self.script.ask("drop").await["kid"].as_str().unwrap();
    }

    async fn keys(&self) -> Value {
        http(Method::GET, &self.jwks_uri, &[]).await
    }

    /// What jose is asked about a token that is to be good.
    fn question(&self, token: &str, algorithm: &str) -> Value {
        json!({ "token": token, "issuer": self.issuer, "audience": self.audience, "algorithms": [algorithm] })
    }
}

/// An access token by client credentials, with the scope `files.read`.
async fn token_of(provider: &Provider) -> String {
    tokens_of(provider, "client_credentials", &[]).await["access_token"].as_str().unwrap().to_owned()
}

/// An access token of a user. Only oidc-provider has one that is for an API.
async fn user_token_of(provider: &mut Provider) -> String {
    provider.script.ask("user").await["token"].as_str().unwrap().to_owned()
}

/// An id token. Only oauth2-mock-server gives one without a browser.
async fn id_token_of(provider: &Provider) -> String {
    tokens_of(provider, "password", &[("username", "ada"), ("password", "any")]).await["id_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What the token endpoint answers.
async fn tokens_of(provider: &Provider, grant_type: &str, more: &[(&str, &str)]) -> Value {
    let mut form = vec![
        ("grant_type", grant_type),
        ("client_id", &provider.client_id),
        ("client_secret", &provider.client_secret),
        ("scope", "files.read"),
        // The one package goes by RFC 8707, the other by a name of its own.
        ("resource", &provider.audience),
        ("aud", &provider.audience),
    ];
    form.extend(more);
    http(Method::POST, &provider.token_endpoint, &form).await
}

/// Asks for JSON at `http://127.0.0.1:…`.
async fn http(method: Method, url: &str, form: &[(&str, &str)]) -> Value {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let form: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(format!("/{path}"))
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form.join("&"))))
        .unwrap();
    let response = timeout(PATIENCE, sender.send_request(request)).await.expect("an answer").unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status.as_u16(), 200, "{url}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&decode(parts(token)[index])).unwrap()
}

/// Whether the token is signed by the key of the set that its header names.
fn verifies(token: &str, keys: &Value) -> bool {
    let header = part(token, 0);
    let Some(key) = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]) else {
        return false;
    };
    let key = DecodingKey::from_jwk(&serde_json::from_value::<Jwk>(key.clone()).unwrap()).unwrap();
    let algorithm: Algorithm = header["alg"].as_str().unwrap().parse().unwrap();
    let [head, payload, signature] = parts(token);
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).unwrap();
    verifier.verify(format!("{head}.{payload}").as_bytes(), &decode(signature)).is_ok()
}

fn kids(keys: &Value) -> BTreeSet<&str> {
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect()
}

#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn their_tokens_are_what_we_take_them_for() {
    let node = node();
    let mut jose = Script::start(&node, "opinions.mjs", &[]);
    for (name, typ, algorithms) in [
        (OIDC_PROVIDER, "at+jwt", ["RS256", "PS256", "ES256", "ES384", "EdDSA"].as_slice()),
        (OAUTH2_MOCK_SERVER, "JWT", ["RS256", "RS384", "RS512", "ES256"].as_slice()),
    ] {
        for algorithm in algorithms {
            let provider = Provider::start(&node, name, algorithm).await;
            let name = format!("{name}, {algorithm}");
            let token = token_of(&provider).await;
            let (header, claims) = (part(&token, 0), part(&token, 1));
            assert_eq!((&header["typ"], &header["alg"]), (&json!(typ), &json!(algorithm)), "{name}");
            assert_eq!(
                (&claims["iss"], &claims["aud"]),
                (&json!(provider.issuer), &json!(provider.audience)),
                "{name}"
            );
            assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("a-service"), &json!("a-service")), "{name}");
            assert_eq!(claims["scope"], "files.read", "{name}");
            assert!(verifies(&token, &provider.keys().await), "{name}");
            let verdict = jose.ask(&provider.question(&token, algorithm).to_string()).await;
            assert_eq!(verdict, json!({ "accepted": true }), "{name}");
            assert!(provider.script.end().await, "{name}: it ends with its standard input");
        }
    }
    assert!(jose.end().await);
}

#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn their_other_tokens() {
    let node = node();
    let mut provider = Provider::start(&node, OIDC_PROVIDER, "RS256").await;
    let token = user_token_of(&mut provider).await;
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!((&header["typ"], &claims["sub"]), (&json!("at+jwt"), &json!("ada")));
    assert_eq!((&claims["client_id"], &claims["scope"]), (&json!("a-service"), &json!("files.read")));
    assert!(verifies(&token, &provider.keys().await));

    let provider = Provider::start(&node, OAUTH2_MOCK_SERVER, "RS256").await;
    let token = id_token_of(&provider).await;
    assert_eq!(part(&token, 1)["aud"], "a-service", "it is for the client");
    assert!(verifies(&token, &provider.keys().await));
}

#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn they_rotate_their_keys() {
    let node = node();
    for name in [OIDC_PROVIDER, OAUTH2_MOCK_SERVER] {
        let mut provider = Provider::start(&node, name, "RS256").await;
        let old = token_of(&provider).await;
        let kid = provider.rotate().await;
        let new = token_of(&provider).await;
        assert_eq!(part(&new, 0)["kid"], kid, "{name}");
        let keys = provider.keys().await;
        assert_eq!(kids(&keys).len(), 2, "{name}");
        assert!(verifies(&old, &keys) && verifies(&new, &keys), "{name}");
        if name == OIDC_PROVIDER {
            provider.drop_old_keys().await;
            let keys = provider.keys().await;
            assert_eq!(kids(&keys), [kid.as_str()].into());
            assert!(!verifies(&old, &keys) && verifies(&new, &keys));
        }
    }
}

/// jose fetches the documents of our look-alikes over HTTP and judges their tokens as we mean them.
#[tokio::test]
#[ignore = "needs Node packages: just clients"]
async fn jose_agrees_with_our_look_alikes() {
    let node = node();
    let mut jose = Script::start(&node, "opinions.mjs", &[]);
    for (name, mock) in [
        ("Okta", MockEntra::okta()),
        ("Auth0", MockEntra::auth0()),
        ("Keycloak", MockEntra::keycloak()),
        ("Cognito", MockEntra::cognito()),
    ] {
        let server = mock.serve_at("127.0.0.1:0").await.unwrap();
        let entra = server.entra();
        for (algorithm, alg) in [
            (SigningAlgorithm::Rs256, "RS256"),
            (SigningAlgorithm::Ps384, "PS384"),
            (SigningAlgorithm::Es256, "ES256"),
            (SigningAlgorithm::Es384, "ES384"),
            (SigningAlgorithm::EdDsa, "EdDSA"),
        ] {
            entra.rotate_to(algorithm);
            for (token, code) in [
                (entra.token(), None),
                (entra.token().app(), None),
                (entra.token().id_token(), None),
                (entra.token().expired(), Some("ERR_JWT_EXPIRED")),
                (entra.token().wrong_key(), Some("ERR_JWS_SIGNATURE_VERIFICATION_FAILED")),
                (entra.token().kid("unknown"), Some("ERR_JWKS_NO_MATCHING_KEY")),
                (entra.token().claim("iss", "https://other.example"), Some("ERR_JWT_CLAIM_VALIDATION_FAILED")),
            ] {
                let question = json!({ "token": token.build(), "issuer": entra.issuer(), "algorithms": [alg] });
                let verdict = jose.ask(&question.to_string()).await;
                assert_eq!(verdict["code"].as_str(), code, "{name}, {alg}: {verdict}");
                assert_eq!(verdict["accepted"], code.is_none(), "{name}, {alg}");
            }
        }
    }
}
