//! Verdicts and exit codes, with each kind of configuration.

use std::sync::{Arc, Mutex};

use mock_entra::{Fault, MockEntra};
use serde_json::Value;
use tokio::{io::AsyncReadExt, net::TcpListener};

use crate::program::{Run, entra};

#[tokio::test]
async fn token_is_accepted_or_rejected_with_cause_and_failed_check() {
    let entra = entra().await;
    let token = || entra.entra().token();
    let id = MockEntra::CLIENT_ID;
    // What it is, the token, the exit code, the check that fails, texts in their order.
    let rows: Vec<(&str, String, i32, &str, Vec<&str>)> = vec![
        ("good", token().build(), 0, "", vec!["✓ Accepted: an access token", "(verified)", "Z, in "]),
        (
            "Graph",
            token().graph().build(),
            1,
            "not_microsoft",
            vec![
                "✗ Rejected: the token is for Microsoft Graph (401 microsoft_api_token)",
                "To fix",
                "IDX10511",
                id,
                "(not verified)",
            ],
        ),
        ("expired", token().expired().build(), 1, "dates", vec!["the token has expired (401 expired)", " ago"]),
        (
            "another API",
            token().audience("api://another").build(),
            1,
            "audience",
            vec!["401 wrong_audience", "api://another"],
        ),
        (
            "another tenant",
            token().tenant(MockEntra::OTHER_TENANT).build(),
            1,
            "tenant",
            vec!["401 wrong_tenant", MockEntra::OTHER_TENANT],
        ),
        ("forged", token().wrong_key().build(), 1, "signature", vec!["401 bad_signature", "not verified: anybody may"]),
    ];
    for (name, token, code, failed, texts) in rows {
        let ended = Run::token(&token).configured(&entra).end().await;
        assert_eq!(ended.code, code, "{name}: {ended:?}");
        ended.says(name, &texts);
        let is_failed = ended.stdout.lines().any(|line| line.trim_start().starts_with(&format!("✗ {failed} ")));
        assert_eq!(is_failed, code == 1, "{name}:\n{}", ended.stdout);
        assert!(!ended.stdout.contains('\u{1b}'), "{name}: colours in a pipe");
        assert_eq!(ended.stderr, "", "{name}");
    }
}

#[tokio::test]
async fn without_a_configuration_what_is_certain_is_said() {
    let entra = MockEntra::new();
    let token = || entra.token();
    for (name, token, texts) in [
        (
            "good",
            token().build(),
            vec!["no API is configured", MockEntra::CLIENT_ID, "It expires ", "a v2 access token of a user"],
        ),
        ("v1", token().v1().build(), vec!["a v1 access token of a user"]),
        (
            "Graph",
            token().graph().build(),
            vec!["No API of yours accepts it", "It is for Microsoft Graph", "/.default"],
        ),
        ("expired", token().expired().build(), vec!["No API of yours", "It has expired: "]),
        ("ID token", token().id_token().build(), vec!["No API of yours", "It is an ID token"]),
        (
            "opaque",
            "0.opaque-refresh-token-of-nobody".to_owned(),
            vec!["No API accepts it", "an opaque token", "not refresh_token"],
        ),
        ("cut", token().build()[..200].to_owned(), vec!["No API accepts it", "A piece of the token is missing"]),
    ] {
        let ended = Run::of(token).end().await;
        assert_eq!((ended.code, &*ended.stderr), (2, ""), "{name}: {ended:?}");
        ended.says(name, &texts);
        for text in ["--config appsettings.json", "ENTRA_CLIENT_ID="] {
            assert!(ended.stdout.contains(text), "{name}: {text}");
        }
    }
}

#[tokio::test]
async fn mistakes_in_the_configuration_are_listed_and_the_token_is_decoded() {
    let token = MockEntra::new().token().build();
    let mut run = Run::token(&token);
    run.command.env("ENTRA_TENANT_ID", "contoso").env("ENTRA_ALOWED_CLIENTS", "x");
    let ended = run.end().await;
    assert_eq!(ended.code, 2, "{ended:?}");
    ended.says("environment", &["the configuration has mistakes"]);
    for text in
        ["ENTRA_TENANT_ID", "ENTRA_CLIENT_ID", "ENTRA_ALLOWED_CLIENTS", "access token of a user", MockEntra::USER]
    {
        assert!(ended.flat().contains(text), "{text} is not in\n{}", ended.stdout);
    }
    let ended = Run::token(&token).with(&["--config", "missing.json"]).end().await;
    assert_eq!(ended.code, 2, "{ended:?}");
    ended.says("file", &["missing.json", MockEntra::USER]);
}

#[tokio::test]
async fn configuration_is_a_file_a_section_or_a_policy() {
    let entra = entra().await;
    let section = format!(
        r#"{{"Instance":"{}","TenantId":"{}","ClientId":"{}"}}"#,
        entra.url(),
        MockEntra::TENANT,
        MockEntra::CLIENT_ID
    );
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
    let token = entra.entra().token().build();
    for (text, arguments, code, says) in [
        (format!(r#"{{"AzureAd":{section}}}"#), &["--config", "f"][..], 0, "Accepted"),
        (section.clone(), &["--config", "f"], 0, "Accepted"),
        (format!(r#"{{"AzureAdApi":{section}}}"#), &["--config", "f"], 2, "--section NAME"),
        (format!(r#"{{"Auth":{{"Api":{section}}}}}"#), &["--config=f", "--section", "Auth:Api"], 0, "Accepted"),
        (policy(MockEntra::CLIENT_ID), &["--config", "f"], 0, "Accepted"),
        (policy("api://another"), &["--config", "f"], 1, "wrong_audience"),
        ("<validate-jwt>".to_owned(), &["--config", "f"], 2, "has mistakes"),
    ] {
        let ended = Run::token(&token).file("f", &text).with(arguments).end().await;
        assert_eq!(ended.code, code, "{text}: {ended:?}");
        ended.says(&text, &[says]);
    }
    // As in a server, the environment is over the file.
    let mut run = Run::token(&token).file("f", &format!(r#"{{"AzureAd":{section}}}"#)).with(&["--config", "f"]);
    run.command.env("ENTRA_CLIENT_ID", MockEntra::CALLER);
    let ended = run.end().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    ended.says("environment", &["the configuration of f, with ClientId from the environment"]);
}

#[tokio::test]
async fn settings_to_paste_are_in_the_section_that_was_read() {
    let entra = entra().await;
    let settings = format!(
        r#"{{"AzureAdApi":{{"Instance":"{}","TenantId":"{}","ClientId":"{}","AllowedClients":["{}"]}}}}"#,
        entra.url(),
        MockEntra::TENANT,
        MockEntra::CLIENT_ID,
        MockEntra::CALLER
    );
    let token = entra.entra().token().client(MockEntra::OTHER_CALLER).build();
    let run = || Run::token(&token).file("f", &settings).with(&["--config", "f", "--section", "AzureAdApi"]);
    let ended = run().end().await;
    let (_, json) = ended.stdout.split_once("\n  1. ").or(ended.stdout.split_once("To fix")).unwrap();
    let json = &json[json.find('{').unwrap()..];
    let json: Value = serde_json::Deserializer::from_str(json).into_iter().next().unwrap().unwrap();
    let clients = json["AzureAdApi"]["AllowedClients"].to_string();
    assert!(clients.contains(MockEntra::OTHER_CALLER) && clients.contains(MockEntra::CALLER), "{ended:?}");
}

#[tokio::test]
async fn without_keys_the_token_is_not_checked() {
    let entra = entra().await;
    let good = entra.entra().token().build();
    let ended = Run::token(&good).configured(&entra).with(&["--offline"]).end().await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(entra.entra().fetches(), 0);
    ended.says("offline", &["Not checked: no keys were fetched", "without --offline", "Not reached: ", "signature"]);

    // What anybody can compute needs no keys.
    let graph = entra.entra().token().graph().build();
    let ended = Run::token(&graph).configured(&entra).with(&["--offline"]).end().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    ended.says("offline", &["Microsoft Graph"]);

    entra.entra().set_fault(Fault::Down);
    let ended = Run::token(&good).configured(&entra).end().await;
    assert_eq!(ended.code, 3, "{ended:?}");
    ended.says("down", &["Not checked: ", "503 keys_unavailable", "To fix"]);
}

#[tokio::test]
async fn issuer_is_sent_nothing_of_the_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let instance = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            heard.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    });
    let entra = MockEntra::at(&instance);
    for token in [
        entra.token().header("kid", "made-up-kid").build(),
        entra.token().tenant(MockEntra::OTHER_TENANT).build(),
        entra.token().claim("iss", "https://elsewhere.example/").build(),
    ] {
        asked.lock().unwrap().clear();
        let mut run = Run::token(&token);
        run.command.env("ENTRA_AUTHORITY_HOST", &instance).env("ENTRA_TENANT_ID", MockEntra::TENANT);
        run.command.env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID);
        // Whatever it would fetch elsewhere, it would fetch there.
        for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            run.command.env(proxy, &instance);
        }
        let ended = run.end().await;
        assert!(matches!(ended.code, 1 | 3), "{ended:?}");
        let asked = asked.lock().unwrap().clone();
        assert!(asked.contains(MockEntra::TENANT), "it fetches keys: {asked}");
        let parts = token.split('.').flat_map(|part| part.as_bytes().chunks_exact(16));
        let mut parts = parts.map(|piece| str::from_utf8(piece).unwrap());
        assert_eq!(parts.find(|piece| asked.contains(piece)), None, "{asked}");
        for text in ["made-up-kid", MockEntra::OTHER_TENANT, MockEntra::USER, MockEntra::CALLER, "elsewhere"] {
            assert!(!asked.contains(text), "{text} in {asked}");
        }
    }
}

#[tokio::test]
async fn json_document_has_the_same() {
    let entra = entra().await;
    let graph = entra.entra().token().graph().build();
    let ended = Run::token(&graph).configured(&entra).with(&["--json", "--color", "always"]).end().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    let document = ended.json();
    assert_eq!((&document["verdict"], &document["exit_code"]), (&"rejected".into(), &1.into()));
    assert_eq!((&document["code"], &document["status"]), (&"microsoft_api_token".into(), &401.into()));
    assert_eq!((&document["is_offline"], &document["is_verified"]), (&false.into(), &false.into()));
    let cause = &document["causes"][0];
    assert_eq!(cause["kind"], "graph_token");
    assert!(cause["remedies"].to_string().contains(MockEntra::CLIENT_ID), "{cause}");
    assert!(document["checks"].as_array().unwrap().iter().any(|check| check["name"] == "signature"));
    assert_eq!(document["audience"], "Microsoft Graph");
    assert!(document["issuer"].as_str().unwrap().contains(MockEntra::TENANT));
    assert_eq!(document["token"]["claims"]["tid"], MockEntra::TENANT);
    assert_eq!(document["configuration"]["settings"]["ClientId"], MockEntra::CLIENT_ID);
    assert_eq!(document["configuration"]["sources"]["ClientId"], "environment");

    let ended = Run::token(&graph).with(&["--json"]).end().await;
    let document = ended.json();
    assert_eq!((&document["verdict"], ended.code), (&"not_configured".into(), 2));
    assert_eq!(document["configuration"], Value::Null);
    assert!(document["faults"].to_string().contains("Microsoft Graph"), "{document}");

    let mut run = Run::token(&graph).with(&["--json"]);
    run.command.env("ENTRA_TENANT_ID", "contoso");
    let document = run.end().await.json();
    assert_eq!(document["configuration"]["problems"].as_array().unwrap().len(), 2, "{document}");
}
