//! `examples/server.rs`: every route with every kind of token, and what is around our layers.

use std::time::Duration;

use http::Method;
use mock_entra::{Fault, MockEntra, MockServer};
use serde_json::Value;
use tokio::process::Command;

use crate::program::{Program, example};

async fn entra() -> MockServer {
    MockEntra::serve("127.0.0.1:0").await.unwrap()
}

fn command(entra: &MockServer) -> Command {
    let mut command = example("server");
    command
        .env("ENTRA_AUTHORITY_HOST", entra.url())
        .env("ENTRA_TENANT_ID", MockEntra::TENANT)
        .env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID);
    command
}

async fn server(entra: &MockServer, settings: &[(&str, &str)]) -> Program {
    let mut command = command(entra);
    command.envs(settings.iter().copied());
    let server = Program::start(command).await;
    // Until its keys are there it refuses some tokens for other reasons.
    server.until_ready().await;
    server
}

/// What it is, its token, the statuses of `/me`, `/files` and `/optional`, and the code where one refuses.
type Row = (&'static str, String, [u16; 3], &'static str);

fn table(entra: &MockEntra) -> Vec<Row> {
    let token = || entra.token();
    let none = Vec::<String>::new();
    vec![
        ("no token", String::new(), [401, 401, 200], "missing_token"),
        ("user with the scope", token().scopes("Files.Read").build(), [200; 3], ""),
        ("user, v1", token().v1().scopes("Files.Write Files.Read").build(), [200; 3], ""),
        ("user without the scope", token().scopes("Mail.Read").build(), [200, 403, 200], "insufficient_scope"),
        (
            "user with the role",
            token().scopes("Mail.Read").roles(["Files.Read.All"]).build(),
            [200, 403, 200],
            "insufficient_scope",
        ),
        ("application with the role", token().app().roles(["Files.Read.All"]).build(), [200; 3], ""),
        (
            "application without the role",
            token().app().roles(["Mail.Read.All"]).build(),
            [200, 403, 200],
            "insufficient_role",
        ),
        ("application without a role", token().app().roles(none).build(), [401; 3], "not_an_access_token"),
        ("Graph", token().graph().build(), [401; 3], "microsoft_api_token"),
        ("expired", token().expired().build(), [401; 3], "expired"),
        ("another tenant", token().tenant(MockEntra::OTHER_TENANT).build(), [401; 3], "wrong_tenant"),
        ("another API", token().audience("api://another").build(), [401; 3], "wrong_audience"),
        ("forged", token().wrong_key().build(), [401; 3], "bad_signature"),
        ("no JWT", "abc".to_owned(), [401; 3], "malformed_token"),
    ]
}

#[tokio::test]
async fn every_route_with_every_kind_of_token() {
    let entra = entra().await;
    let silent = server(&entra, &[]).await;
    let detailed = server(&entra, &[("ENTRA_DETAILED_ERRORS", "true")]).await;
    for (who, token, statuses, code) in table(entra.entra()) {
        for server in [&silent, &detailed] {
            let open = server.get("/healthz", &token).await;
            assert_eq!((open.status, open.body.as_str()), (200, "ok"), "{who}");
        }
        for (path, status) in ["/me", "/files", "/optional"].into_iter().zip(statuses) {
            let answer = silent.get(path, &token).await;
            assert_eq!(answer.status, status, "{who} {path}: {answer:?}");
            let sentence = match status {
                401 => r#"{"statusCode":401,"message":"Unauthorized. Access token is missing or invalid."}"#,
                403 => r#"{"statusCode":403,"message":"Forbidden. The access token lacks a required permission."}"#,
                _ => &answer.body,
            };
            assert_eq!(answer.body, sentence, "{who} {path}");
            assert_eq!(answer.header("content-type"), "application/json", "{who} {path}");
            assert_eq!(answer.headers.contains_key("www-authenticate"), status != 200, "{who} {path}");

            let answer = detailed.get(path, &token).await;
            assert_eq!(answer.status, status, "{who} {path}: {answer:?}");
            if status != 200 {
                let body: Value = serde_json::from_str(&answer.body).unwrap();
                assert_eq!(body["code"], code, "{who} {path}");
                assert!(body["hint"].as_str().is_some_and(|hint| hint.contains("To fix: ")), "{who} {path}");
            }
        }
        let log = silent.stderr() + &detailed.stderr();
        let signature = token.rsplit('.').next().filter(|part| part.len() > 10);
        assert!(!signature.is_some_and(|signature| log.contains(signature)), "{who}: its token is in the log");
        assert!(token.is_empty() || log.contains(code), "{who}: {code} is not in the log");
    }
}

#[tokio::test]
async fn bodies_of_a_server_that_tells() {
    let entra = entra().await;
    let server = server(&entra, &[("ENTRA_DETAILED_ERRORS", "true")]).await;
    let token = || entra.entra().token();
    let sentence = "Unauthorized. Access token is missing or invalid.";
    for (path, token, body) in [
        (
            "/me",
            String::new(),
            format!(
                r#"{{"statusCode":401,"message":"{sentence}","code":"missing_token","hint":"there is no token. To fix: Send the value of access_token exactly as the token response has it, after \"Authorization: Bearer \"."}}"#
            ),
        ),
        (
            "/me",
            token().wrong_key().build(),
            format!(
                r#"{{"statusCode":401,"message":"{sentence}","code":"bad_signature","hint":"the signature does not fit. To fix: Get a new token and send it unchanged: no change by a proxy or a script."}}"#
            ),
        ),
        (
            "/optional",
            token().graph().build(),
            format!(
                r#"{{"statusCode":401,"message":"{sentence}","code":"microsoft_api_token","hint":"the token is for Microsoft Graph (expected {0} or api://{0} or api://{1}/{0}). To fix: Let the client request a token for this API: the scope {0}/.default, and scopes of one API only in each request. The field scope of the token response says what its access token is for."}}"#,
                MockEntra::CLIENT_ID,
                MockEntra::TENANT,
            ),
        ),
        (
            "/files",
            token().scopes("Mail.Read").build(),
            format!(
                r#"{{"statusCode":403,"message":"Forbidden. The access token lacks a required permission.","code":"insufficient_scope","hint":"the scope is missing (expected scope Files.Read or app permission Files.Read.All). To fix: Let the client request the scope api://{0}/Files.Read, and get consent to it; the API's registration has it under Expose an API.","expected":"scope Files.Read or app permission Files.Read.All"}}"#,
                MockEntra::CLIENT_ID,
            ),
        ),
    ] {
        assert_eq!(server.get(path, &token).await.body, body);
    }
}

#[tokio::test]
async fn who_the_caller_is() {
    let entra = entra().await;
    let server = server(&entra, &[]).await;
    let claims = |token: &mock_entra::TokenBuilder, name: &str| token.claims()[name].as_str().unwrap().to_owned();
    let user = entra.entra().token().v1().scopes("Files.Read Files.Write");
    let expected = format!(
        r#"{{"tenant_id":"{}","object_id":"{}","subject":"{}","client_id":"{}","version":"1.0","scopes":["Files.Read","Files.Write"],"roles":[],"app_only":false}}"#,
        MockEntra::TENANT,
        MockEntra::USER,
        claims(&user, "sub"),
        MockEntra::CALLER,
    );
    assert_eq!(server.get("/me", &user.build()).await.body, expected);

    let app = entra.entra().token().app().roles(["Files.Read.All"]);
    let expected = format!(
        r#"{{"tenant_id":"{}","object_id":"{}","subject":"{}","client_id":"{}","version":"2.0","scopes":[],"roles":["Files.Read.All"],"app_only":true}}"#,
        MockEntra::TENANT,
        claims(&app, "oid"),
        claims(&app, "sub"),
        MockEntra::CALLER,
    );
    assert_eq!(server.get("/me", &app.build()).await.body, expected);
    for (token, body) in [(String::new(), r#"{"authenticated":false}"#), (app.build(), r#"{"authenticated":true}"#)] {
        assert_eq!(server.get("/optional", &token).await.body, body);
    }
    assert_eq!(server.get("/nothing/here", "").await.status, 404);
}

#[tokio::test]
async fn a_browser_may_ask_and_read_refusals() {
    let entra = entra().await;
    let server = server(&entra, &[]).await;
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    for path in ["/me", "/files", "/optional", "/healthz"] {
        let answer = server.ask(Method::OPTIONS, path, &preflight).await;
        assert!(matches!(answer.status, 200 | 204), "{path}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.header("access-control-allow-headers"), "authorization", "{path}");
        assert!(answer.header("access-control-allow-methods").contains("GET"), "{path}");
    }
    let refused = server.ask(Method::GET, "/me", &[("origin", "https://app.example")]).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert_eq!(refused.header("access-control-expose-headers"), "www-authenticate");
}

#[tokio::test]
async fn ready_when_the_keys_are_there() {
    let entra = entra().await;
    entra.entra().set_fault_at("/v2.0/.well-known/", Fault::Slow(Duration::from_secs(3)));
    let server = Program::start(command(&entra)).await;
    assert_eq!(server.get("/readyz", "").await.status, 503);
    assert_eq!(server.get("/healthz", "").await.status, 200);
    server.until_ready().await;
    assert_eq!(server.get("/me", &entra.entra().token().build()).await.status, 200);
    assert_eq!(entra.entra().fetches_of("/v2.0/.well-known/"), 1);
}

/// Readiness counts the authorities that the operator wants it to.
#[tokio::test]
async fn ready_while_an_authority_is_down_that_is_not_required() {
    let entra = entra().await;
    // Nobody listens at a port that was just free.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let partner = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    for (required, is_ready) in [("false", true), ("true", false)] {
        let file = folder.path().join(format!("{required}.json"));
        let settings = format!(
            r#"{{
                "AzureAd": {{
                    "Instance": "{}/",
                    "TenantId": "{}",
                    "ClientId": "{}",
                    "Authorities": [
                        {{ "Name": "partner", "Authority": "{partner}", "Audience": "api://orders", "RequiredForReadiness": {required} }}
                    ]
                }}
            }}"#,
            entra.url(),
            MockEntra::TENANT,
            MockEntra::CLIENT_ID,
        );
        std::fs::write(&file, settings).unwrap();
        let mut command = example("server");
        command.arg(&file);
        let server = Program::start(command).await;
        if is_ready {
            server.until_ready().await;
        } else {
            assert_eq!(server.get("/me", &entra.entra().token().build()).await.status, 200, "its keys are there");
        }
        assert_eq!(server.get("/readyz", "").await.status, if is_ready { 200 } else { 503 }, "{required}");
        assert_eq!(server.get("/me", &entra.entra().token().build()).await.status, 200, "{required}");
        assert!(server.stderr().contains("keys_refresh_failed"), "{required}: it is in the log");
    }
}

#[tokio::test]
async fn without_keys_it_asks_to_come_again() {
    let entra = entra().await;
    entra.entra().set_fault(Fault::Down);
    let server = Program::start(command(&entra)).await;
    let unavailable = server.get("/me", &entra.entra().token().build()).await;
    assert_eq!(unavailable.status, 503);
    assert!(unavailable.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{unavailable:?}");
    let sentence = "Service unavailable. Access tokens cannot be checked at the moment.";
    assert_eq!(unavailable.body, format!(r#"{{"statusCode":503,"message":"{sentence}"}}"#));
    assert_eq!(server.get("/readyz", "").await.status, 503);
    // What anybody can see from the token itself needs no keys.
    assert_eq!(server.get("/me", "").await.status, 401);
    assert_eq!(server.get("/me", &entra.entra().token().graph().build()).await.status, 401);
}

#[tokio::test]
async fn settings_from_a_file() {
    let entra = entra().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("appsettings.json");
    let settings = format!(
        r#"{{
            "Logging": {{ "LogLevel": {{ "Default": "Information" }} }},
            "AzureAd": {{
                "Instance": "{}/", // comments are allowed, as in .NET
                "TenantId": "{}",
                "ClientId": "00000000-1111-2222-3333-444444444444",
                "CallbackPath": "/signin-oidc",
                "DetailedErrors": true,
            }}
        }}"#,
        entra.url(),
        MockEntra::TENANT,
    );
    std::fs::write(&file, settings).unwrap();
    let mut command = example("server");
    // The environment over the file.
    command.arg(&file).env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID);
    let server = Program::start(command).await;
    assert_eq!(server.get("/me", &entra.entra().token().build()).await.status, 200);
    assert!(server.get("/me", "").await.body.contains(r#""code":"missing_token""#));
    assert!(server.stderr().contains("CallbackPath"), "it says what it passes over:\n{}", server.stderr());
}

#[tokio::test]
async fn settings_as_dotnet_spells_them() {
    let entra = entra().await;
    let mut command = example("server");
    command
        .env("AzureAd__Instance", entra.url())
        .env("AzureAd__TenantId", MockEntra::TENANT)
        .env("AzureAd__ClientId", MockEntra::CLIENT_ID)
        .env("AzureAd__AllowedClients__0", MockEntra::CALLER);
    let server = Program::start(command).await;
    assert_eq!(server.get("/me", &entra.entra().token().build()).await.status, 200);
    let other = entra.entra().token().client(MockEntra::OTHER_CALLER).build();
    assert_eq!(server.get("/me", &other).await.status, 401);
}
