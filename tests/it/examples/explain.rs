//! `examples/explain`: tokens as people paste them, with a configuration, with none and with a wrong one.

#[allow(dead_code)]
mod parts;
mod terminal;
mod usage;

use std::{
    fs,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
};
use mock_entra::{Fault, MockEntra, MockServer};

use crate::program::{Ended, example};

/// What a test gives to the program, and where it runs: in an empty folder, which stays so.
struct Run {
    command: Command,
    folder: TempDir,
    /// The part of the token that must never be seen.
    signature: String,
    input: Vec<u8>,
}

impl Run {
    fn of(input: impl Into<Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = example("explain");
        command.current_dir(folder.path()).env_remove("NO_COLOR");
        Self { command, folder, signature: String::new(), input: input.into() }
    }

    /// A token alone, whose signature must not be shown.
    fn token(token: &str) -> Self {
        Self::of(token).hiding(token)
    }

    fn hiding(mut self, token: &str) -> Self {
        self.signature = token.rsplit('.').next().unwrap().to_owned();
        self
    }

    fn configured(mut self, entra: &MockServer) -> Self {
        self.command
            .env("ENTRA_AUTHORITY_HOST", entra.url())
            .env("ENTRA_TENANT_ID", MockEntra::TENANT)
            .env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID);
        self
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it to its end. Nothing is written, and no signature is shown.
    async fn end(mut self) -> Ended {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = std::mem::take(&mut self.input);
        // It need not read all of it.
        let writing = tokio::spawn(async move { drop(stdin.write_all(&input).await) });
        let output = child.wait_with_output().await.unwrap();
        writing.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ended = Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        let shown = format!("{}{}", ended.stdout, ended.stderr);
        assert!(self.signature.is_empty() || self.signature.len() > 40, "no signature: {}", self.signature);
        assert!(self.signature.is_empty() || !shown.contains(&self.signature), "{ended:?}");
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 0, "it has written something");
        ended
    }
}

async fn entra() -> MockServer {
    MockEntra::serve("127.0.0.1:0").await.unwrap()
}

/// The mark of a check: `✓`, `✗`, `–`.
fn mark(page: &str, check: &str) -> String {
    let line = page.lines().find(|line| line.split_whitespace().nth(1) == Some(check));
    line.unwrap_or_else(|| panic!("no check {check}:\n{page}")).split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_good_token_and_bad_ones() {
    let entra = entra().await;
    let token = || entra.entra().token();
    let id = MockEntra::CLIENT_ID;
    // What it is, the token, the exit code, the check that fails, texts on the page.
    let rows: Vec<(&str, String, i32, &str, Vec<&str>)> = vec![
        ("good", token().build(), 0, "", vec!["✓ accepted", "\"aud\"", "Z, in ", "Z, "]),
        (
            "Graph",
            token().graph().build(),
            1,
            "not_microsoft",
            vec![
                "graph_token",
                "IDX10511",
                "TokenAudienceNotAllowed",
                "Microsoft Graph",
                "To fix:",
                "(not verified)",
                id,
            ],
        ),
        ("expired", token().expired().build(), 1, "dates", vec!["(expired)", " ago"]),
        (
            "another API",
            token().audience("api://another").build(),
            1,
            "audience",
            vec!["(wrong_audience)", "api://another"],
        ),
        (
            "another tenant",
            token().tenant(MockEntra::OTHER_TENANT).build(),
            1,
            "tenant",
            vec!["(wrong_tenant)", MockEntra::OTHER_TENANT],
        ),
        ("forged", token().wrong_key().build(), 1, "signature", vec!["(bad_signature)"]),
    ];
    for (who, token, code, failed, texts) in rows {
        let ended = Run::token(&token).configured(&entra).end().await;
        assert_eq!(ended.code, Some(code), "{who}: {ended:?}");
        for text in texts {
            assert!(ended.stdout.contains(text), "{who}: {text:?} is not in\n{}", ended.stdout);
        }
        if failed.is_empty() {
            assert!(!ended.stdout.contains('✗'), "{who}:\n{}", ended.stdout);
        } else {
            assert_eq!(mark(&ended.stdout, failed), "✗", "{who}:\n{}", ended.stdout);
        }
        assert!(!ended.stdout.contains('\u{1b}'), "{who}: colours in a pipe");
    }
}

#[tokio::test]
async fn as_people_paste_it() {
    let entra = entra().await;
    let token = entra.entra().token().build();
    let (start, end) = token.split_at(token.len() - 100);
    let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(token.bytes().flat_map(|byte| [byte, 0])).collect();
    for (input, code, cause) in [
        (format!("{token}\n").into_bytes(), 0, ""),
        (wide, 0, ""),
        (format!("Bearer {token}").into_bytes(), 0, ""),
        (format!("{start}\n{end}\n").into_bytes(), 1, "whitespace_in_token"),
        (format!("\"{token}\"").into_bytes(), 1, "quoted"),
        (format!(r#"{{"token_type":"Bearer","access_token":"{token}"}}"#).into_bytes(), 1, "token_response"),
        (token.replace('.', "%2E").into_bytes(), 1, "url_encoded"),
        (format!("{token}\n{token}\n").into_bytes(), 1, "two_tokens"),
        (format!("curl -H 'Authorization: Bearer {token}' https://api.example").into_bytes(), 0, ""),
    ] {
        let ended = Run::of(input).hiding(&token).configured(&entra).end().await;
        assert_eq!(ended.code, Some(code), "{cause}: {ended:?}");
        assert!(ended.stdout.contains(cause) && ended.stdout.contains(MockEntra::USER), "{cause}:\n{}", ended.stdout);
        // What is pasted around it is the only fault.
        assert_eq!(ended.stdout.contains("Sent alone"), code == 1, "{cause}:\n{}", ended.stdout);
    }
    let opaque = "1.AXoAopaque".repeat(20);
    let ended = Run::of(opaque.clone()).configured(&entra).end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("opaque") && !ended.stdout.contains(&opaque), "{}", ended.stdout);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token.txt");
    fs::write(&file, &token).unwrap();
    let ended = Run::of("").hiding(&token).configured(&entra).with(&["--file", file.to_str().unwrap()]).end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_token_within_a_token_is_not_shown_either() {
    let entra = entra().await;
    let inner = entra.entra().token().audience("api://another").build();
    let outer = entra.entra().token().claim("idp_access_token", inner.as_str()).build();
    for arguments in [&[][..], &["--json"]] {
        let run = Run::of(outer.clone()).hiding(&inner).configured(&entra).with(arguments);
        let ended = run.end().await;
        assert!(ended.stdout.contains("idp_access_token"), "{ended:?}");
    }
}

#[tokio::test]
async fn a_token_cannot_steer_the_terminal() {
    let entra = entra().await;
    let token = entra.entra().token().claim("name", "\u{1b}[2J\u{9b}1m\u{202e}x").build();
    for arguments in [&[][..], &["--json"]] {
        let ended = Run::token(&token).configured(&entra).with(arguments).end().await;
        assert!(!ended.stdout.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{ended:?}");
        assert!(ended.stdout.contains("\\u202e"), "{ended:?}");
    }
}

#[tokio::test]
async fn without_a_configuration() {
    let entra = MockEntra::new();
    let token = || entra.token();
    for (who, token, texts) in [
        ("good", token().build(), vec!["a v2 access token of a user", "It expires in ", MockEntra::CLIENT_ID]),
        ("v1", token().v1().build(), vec!["a v1 access token of a user"]),
        ("Graph", token().graph().build(), vec!["It is for Microsoft Graph", "/.default"]),
        ("expired", token().expired().build(), vec!["It has expired: "]),
        ("id token", token().id_token().build(), vec!["an ID token"]),
    ] {
        let ended = Run::token(&token).end().await;
        assert_eq!(ended.code, Some(2), "{who}: {ended:?}");
        for text in texts.iter().chain(&["ENTRA_CLIENT_ID=", "appsettings.json", "Not checked"]) {
            assert!(ended.stdout.contains(text), "{who}: {text:?} is not in\n{}", ended.stdout);
        }
    }
    let ended = Run::of("0.opaque-refresh-token").end().await;
    assert!(ended.code == Some(2) && ended.stdout.contains("opaque"), "{ended:?}");
}

#[tokio::test]
async fn with_mistakes_in_the_configuration() {
    let entra = entra().await;
    let mut run = Run::token(&entra.entra().token().build());
    run.command.env("ENTRA_TENANT_ID", "contoso").env("ENTRA_ALOWED_CLIENTS", "x");
    let ended = run.end().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let mistakes = ["ENTRA_TENANT_ID", "ENTRA_CLIENT_ID", "ENTRA_ALLOWED_CLIENTS"];
    for text in mistakes.iter().chain(&["an access token", MockEntra::USER]) {
        assert!(ended.stdout.contains(text), "{text} is not in\n{}", ended.stdout);
    }
    let ended = Run::token(&entra.entra().token().build()).with(&["missing.json"]).end().await;
    assert!(ended.code == Some(2) && ended.stdout.contains("missing.json"), "{ended:?}");
    assert!(ended.stdout.contains(MockEntra::USER), "{ended:?}");
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn configured_by_files() {
    let entra = entra().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        r#"{{"AzureAd":{{"Instance":"{}","TenantId":"{}","ClientId":"{}"}}}}"#,
        entra.url(),
        MockEntra::TENANT,
        MockEntra::CLIENT_ID
    );
    let settings = written(folder.path(), "appsettings.json", &settings);
    let policy = |audience: &str| {
        format!(
            r#"<validate-jwt header-name="Authorization">
                <openid-config url="{}/{}/v2.0/.well-known/openid-configuration" />
                <audiences><audience>{audience}</audience></audiences>
            </validate-jwt>"#,
            entra.url(),
            MockEntra::TENANT
        )
    };
    let right = written(folder.path(), "right.xml", &policy(MockEntra::CLIENT_ID));
    let other = written(folder.path(), "other.xml", &policy("api://another"));
    let broken = written(folder.path(), "broken.xml", "<validate-jwt>");
    let token = entra.entra().token().build();
    for (arguments, code, text) in [
        (vec![settings.as_str()], 0, "✓ accepted"),
        (vec!["--policy", &right], 0, "✓ accepted"),
        (vec!["--policy", &other], 1, "(wrong_audience)"),
        (vec!["--policy", &broken], 2, "The configuration has mistakes"),
        (vec!["--policy", "missing.xml"], 2, "--policy"),
    ] {
        let ended = Run::token(&token).with(&arguments).end().await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stdout.contains(text), "{arguments:?}: {ended:?}");
    }
}

/// What a policy means is shown, with a token or without one.
#[tokio::test]
async fn a_policy_is_shown_as_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let policy = |url: &str| {
        format!(
            r#"<validate-jwt header-name="Authorization" failed-validation-httpcode="401">
                <openid-config url="{url}" /><required-claims><claim name="aud" {} /></required-claims></validate-jwt>"#,
            if url.is_empty() { "" } else { "match=\"any\"><value>api://orders</value></claim><claim name=\"oid\"" }
        )
    };
    let tenant = MockEntra::TENANT;
    let address = format!("https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration");
    let right = written(folder.path(), "right.xml", &policy(&address));
    let questioned = written(folder.path(), "questioned.xml", &policy(""));
    let token = MockEntra::new().token().build();
    let meant =
        ["The configuration that the policy means", "\"AzureAd\": {", "\"TenantId\": \"11111111-", "api://orders"];
    let told = ["The configuration has mistakes", "openid-config/@url = \"\": is empty", "claim[aud]: has no value"];
    for (policy, texts) in [(&right, &meant[..]), (&questioned, &told[..])] {
        for (input, refused) in [(&*token, ""), ("", "standard input is empty")] {
            let ended = Run::of(input).with(&["--policy", policy, "--offline"]).end().await;
            assert_eq!(ended.code == Some(2), input.is_empty() || policy == &questioned, "{ended:?}");
            assert!(ended.stderr.contains(refused), "{ended:?}");
            for text in texts {
                assert!(ended.stdout.contains(text), "{text:?} is not in\n{}", ended.stdout);
            }
        }
    }
    let ended = Run::of(token).with(&["--policy", &right, "--offline", "--json"]).end().await;
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["configuration"]["AzureAd"]["TenantId"], tenant);
    assert!(document["notes"].to_string().contains("clock-skew"), "{document}");
}

/// What is wrong with how it was given is said without a configuration too.
#[tokio::test]
async fn what_is_pasted_is_recognised_without_a_configuration() {
    let token = MockEntra::new().token().build();
    for (input, text) in [
        (format!("\"{token}\""), "The token is in quotes. Remove the quotes"),
        (token.replacen('.', ".\n", 1), "a line break, a space"),
        (token.replace('.', "%2E"), "URL-encoded"),
        (format!("{token} {token}"), "Two tokens were given"),
        (format!(r#"{{"access_token":"{token}"}}"#), "jq -r .access_token"),
        (format!("access_token={token}&expires_in=3599"), "Other text is around the token"),
        ("0.AXoAmadeUpRefreshTokenOfNobody".to_owned(), "Send access_token, not refresh_token or code"),
        (token[..200].to_owned(), "A piece of the token is missing"),
        (
            r#"{"error":"invalid_scope","error_description":"AADSTS70011: no"}"#.to_owned(),
            "AADSTS70011: no. Fix the token",
        ),
    ] {
        for arguments in [&[][..], &["--json"]] {
            let ended = Run::of(input.clone()).hiding(&token).with(arguments).end().await;
            assert_eq!(ended.code, Some(2), "{ended:?}");
            assert!(ended.stdout.contains(text), "{text:?} is not in\n{}", ended.stdout);
        }
    }
}

#[tokio::test]
async fn without_keys() {
    let entra = entra().await;
    let good = entra.entra().token().build();
    let ended = Run::token(&good).configured(&entra).with(&["--offline"]).end().await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(entra.entra().fetches(), 0);
    assert!(ended.stdout.contains("Offline: nothing was fetched"), "{}", ended.stdout);
    assert_eq!(mark(&ended.stdout, "signature"), "–");
    let unchecked = ended.stdout.lines().find(|line| line.contains("Not checked: ")).unwrap();
    assert!(unchecked.contains("signature") && unchecked.contains("key"), "{unchecked}");

    // What anybody can see needs no keys.
    let graph = entra.entra().token().graph().build();
    let ended = Run::token(&graph).configured(&entra).with(&["--offline"]).end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("Microsoft Graph"), "{ended:?}");

    entra.entra().set_fault(Fault::Down);
    let ended = Run::token(&good).configured(&entra).end().await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("(keys_unavailable)") && ended.stdout.contains("no_metadata"), "{}", ended.stdout);
}

/// The issuer is asked for its documents, and is sent nothing of the token.
#[tokio::test]
async fn nothing_of_a_token_reaches_another_host() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let instance = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 10_000];
            let length = stream.read(&mut request).await.unwrap();
            *heard.lock().unwrap() += str::from_utf8(&request[..length]).unwrap();
            let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    let mock = MockEntra::at(&instance);
    let elsewhere = "https://elsewhere.contoso.example/";
    for token in [
        mock.token().kid("made-up-kid").build(),
        mock.token().tenant(MockEntra::OTHER_TENANT).build(),
        mock.token().claim("iss", elsewhere).header("jku", elsewhere).header("x5u", elsewhere).build(),
    ] {
        asked.lock().unwrap().clear();
        let mut run = Run::token(&token);
        run.command.env("ENTRA_AUTHORITY_HOST", &instance).env("ENTRA_TENANT_ID", MockEntra::TENANT);
        run.command.env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID);
        // Whatever it would ask, it would ask there.
        for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            run.command.env(proxy, &instance);
        }
        let ended = run.end().await;
        assert!(matches!(ended.code, Some(1 | 3)), "{ended:?}");
        let asked = asked.lock().unwrap().clone();
        assert!(asked.contains(MockEntra::TENANT), "it asks for keys: {asked}");
        let parts = token.split('.').flat_map(|part| part.as_bytes().chunks_exact(16));
        let mut parts = parts.map(|piece| str::from_utf8(piece).unwrap());
        assert_eq!(parts.find(|piece| asked.contains(piece)), None, "{asked}");
        for text in ["made-up-kid", MockEntra::OTHER_TENANT, MockEntra::USER, MockEntra::CALLER, "elsewhere"] {
            assert!(!asked.contains(text), "{text} in {asked}");
        }
    }
}

#[tokio::test]
async fn as_one_json_document() {
    let entra = entra().await;
    let graph = entra.entra().token().graph().build();
    let ended = Run::token(&graph).configured(&entra).with(&["--json", "--color", "always"]).end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["verdict"], "refused");
    assert_eq!(document["exit_code"], 1);
    assert_eq!(document["offline"], false);
    assert_eq!(document["problems"], Value::Array(Vec::new()));
    assert_eq!(document["for"], "Microsoft Graph");
    assert!(document["from"].as_str().unwrap().contains(MockEntra::TENANT));
    assert_eq!(document["decoded"]["claims"]["tid"], MockEntra::TENANT);
    let diagnosis = &document["diagnosis"];
    assert_eq!(diagnosis["code"], "microsoft_api_token");
    assert_eq!(diagnosis["cause"]["kind"], "graph_token");
    assert!(diagnosis["cause"]["remedy"].as_str().unwrap().contains(MockEntra::CLIENT_ID));
    assert!(diagnosis["checks"].as_array().unwrap().iter().any(|check| check["name"] == "signature"));
    assert!(diagnosis.get("token").is_none(), "it stands in decoded already");

    let ended = Run::token(&graph).with(&["--json"]).end().await;
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&document["verdict"], &document["exit_code"]), (&"not_configured".into(), &2.into()));
    assert_eq!((ended.code, &document["diagnosis"]), (Some(2), &Value::Null));
    assert!(document["notes"].to_string().contains("Microsoft Graph"), "{document}");
    let mut run = Run::token(&graph).with(&["--json"]);
    run.command.env("ENTRA_TENANT_ID", "contoso");
    let document: Value = serde_json::from_str(&run.end().await.stdout).unwrap();
    assert_eq!(document["problems"].as_array().unwrap().len(), 2, "{document}");
}
