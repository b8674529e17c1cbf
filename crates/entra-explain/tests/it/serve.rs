//! The page, without a browser.

use http::Method;
use mock_entra::MockEntra;
use serde_json::{Value, json};

use crate::program::{Run, entra};

#[tokio::test]
async fn page_explains_with_the_configuration_of_the_command_line() {
    let entra = entra().await;
    let page = Run::of("").configured(&entra).serve(&["--require", "scope Files.Read or app_permission All"]).await;
    let api = page.get("/api").await.json();
    assert_eq!(api["configuration"]["settings"]["ClientId"], MockEntra::CLIENT_ID);
    assert_eq!(api["requirement"], "scope Files.Read or app_permission All");
    let token = entra.entra().token().scopes("Files.Read").build();
    let other = entra.entra().token().scopes("Mail.Read").build();
    for (text, verdict, code) in [
        (token.clone(), "accepted", Value::Null),
        (format!("Authorization: Bearer {token}"), "accepted", Value::Null),
        (other, "rejected", json!("insufficient_scope")),
        (entra.entra().token().graph().build(), "rejected", json!("microsoft_api_token")),
        (String::new(), "rejected", json!("missing_token")),
    ] {
        let answer = page.explain(json!({ "token": text })).await;
        let explanation = answer.json();
        assert_eq!((&explanation["verdict"], &explanation["code"]), (&json!(verdict), &code), "{explanation}");
    }
}

#[tokio::test]
async fn configuration_and_requirement_are_changed_on_the_page() {
    let entra = entra().await;
    let page = Run::of("").serve(&[]).await;
    assert_eq!(page.get("/api").await.json()["configuration"], Value::Null);
    let token = entra.entra().token().scopes("Files.Read").build();
    let ask = async |configuration: Value, requirement: Value| {
        page.explain(json!({ "token": token, "configuration": configuration, "requirement": requirement })).await
    };
    let settings = json!({
        "AzureAd": { "Instance": entra.url(), "TenantId": MockEntra::TENANT, "ClientId": MockEntra::CLIENT_ID }
    })
    .to_string();
    let rows = [
        (Value::Null, Value::Null, "not_configured", Value::Null),
        (json!(settings), Value::Null, "accepted", Value::Null),
        (json!(settings), json!("scope Files.Read\n\n scope Files.Write"), "rejected", json!(403)),
        (json!(settings), json!("scope Files.Read"), "accepted", Value::Null),
        (json!(settings), json!(""), "accepted", Value::Null),
        (json!(settings.replace(MockEntra::CLIENT_ID, MockEntra::CALLER)), Value::Null, "rejected", json!(401)),
        (json!(r#"{"AzureAd":{"TenantId":"x"}}"#), Value::Null, "not_configured", Value::Null),
        // It would be read with the rights of whoever started the page.
        (json!(settings.replace("}}", r#","KeyFile":"Cargo.toml"}}"#)), Value::Null, "not_configured", Value::Null),
    ];
    for (configuration, requirement, verdict, status) in rows {
        let explanation = ask(configuration.clone(), requirement.clone()).await.json();
        let found = (&explanation["verdict"], &explanation["status"]);
        assert_eq!(found, (&json!(verdict), &status), "{configuration} {requirement}: {explanation}");
    }
    ask(json!(settings), Value::Null).await;
    let fetches = entra.entra().fetches();
    ask(json!(settings), Value::Null).await;
    assert_eq!(entra.entra().fetches(), fetches, "a configuration keeps its keys");
    let wrong = ask(json!(settings), json!("scop x")).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("\"scop\" is not a kind of rule"), "{}", wrong.body);
}

#[tokio::test]
async fn no_response_and_no_output_has_a_signature() {
    let entra = entra().await;
    let page = Run::of("").configured(&entra).serve(&[]).await;
    let token = entra.entra().token().build();
    let [header, payload, signature] = <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).unwrap();
    for text in [
        token.clone(),
        format!("Bearer {token}"),
        format!("'{token}'"),
        format!("{token} {token}"),
        format!("{header}.{payload}\n.{signature}"),
        format!("{header}.{payload}.{signature}.x"),
        format!("{header}.{signature}.{payload}"),
        format!("{signature}.{payload}.{header}"),
        signature.to_owned(),
        json!({ "access_token": token }).to_string(),
        json!({ "unknown": token }).to_string(),
        token.replace('.', "%2E"),
    ] {
        let answer = page.explain(json!({ "token": text })).await;
        assert_eq!(answer.status, 200, "{text}");
        assert!(!answer.body.contains(signature), "{text}: {}", answer.body);
    }
    let printed = page.printed();
    assert!(!printed.contains(signature) && !printed.contains(payload), "{printed}");
}

#[tokio::test]
async fn mistakes_in_the_configuration_and_a_port_in_use_are_exit_code_2() {
    let ended = Run::of("").file("f", r#"{"AzureAd":{"TenantId":"x"}}"#).with(&["serve", "--config", "f"]).end().await;
    assert_eq!((ended.code, &*ended.stdout), (2, ""), "{ended:?}");
    assert!(ended.stderr.contains("TenantId"), "{ended:?}");
    let page = Run::of("").serve(&[]).await;
    let port = page.url.rsplit(':').next().unwrap();
    let ended = Run::of("").with(&["serve", "--port", port]).end().await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("cannot listen"), "{ended:?}");
}

/// What it is, method, path and headers, and the status of the response.
type Asked<'a> = (&'a str, &'a Method, &'a str, Vec<(&'a str, &'a str)>, u16);

#[tokio::test]
async fn only_its_own_page_may_send_requests() {
    let page = Run::of("").serve(&[]).await;
    let own = page.url.clone();
    let host = own.strip_prefix("http://").unwrap();
    let port = host.rsplit(':').next().unwrap();
    let local = format!("localhost:{port}");
    let local_page = format!("http://{local}");
    let json = ("content-type", "application/json");
    let https = own.replace("http:", "https:");
    let rebound = format!("rebound.example:{port}");
    let rebound_page = format!("http://{rebound}");
    let (get, post) = (Method::GET, Method::POST);
    let table: Vec<Asked<'_>> = vec![
        ("the page", &get, "/", vec![], 200),
        ("its other name", &get, "/", vec![("host", &local)], 200),
        ("a link from elsewhere", &get, "/", vec![("sec-fetch-site", "cross-site")], 200),
        ("a name that resolves to 127.0.0.1", &get, "/", vec![("host", &rebound)], 421),
        ("the same with its script", &post, "/explain", vec![json, ("host", &rebound), ("origin", &rebound_page)], 421),
        ("the configuration", &get, "/api", vec![("host", &rebound)], 421),
        ("another port", &get, "/", vec![("host", "127.0.0.1:1")], 421),
        ("no port", &get, "/", vec![("host", "127.0.0.1")], 421),
        ("two names", &get, "/", vec![("host", host), ("host", host)], 421),
        ("its own script", &post, "/explain", vec![json, ("origin", &own), ("sec-fetch-site", "same-origin")], 200),
        ("by the other name", &post, "/explain", vec![json, ("host", &local), ("origin", &local_page)], 200),
        ("no browser", &post, "/explain", vec![json], 200),
        ("another page", &post, "/explain", vec![json, ("origin", "https://contoso.example")], 403),
        ("another page of this machine", &post, "/explain", vec![json, ("origin", "http://127.0.0.1:1")], 403),
        ("another scheme", &post, "/explain", vec![json, ("origin", &https)], 403),
        ("a page at its other name", &post, "/explain", vec![json, ("origin", &local_page)], 403),
        ("a page without an origin", &post, "/explain", vec![json, ("origin", "null")], 403),
        ("two origins", &post, "/explain", vec![json, ("origin", &own), ("origin", &own)], 403),
        ("one that hides its origin", &post, "/explain", vec![json, ("sec-fetch-site", "cross-site")], 403),
        ("another port's page", &post, "/explain", vec![json, ("sec-fetch-site", "same-site")], 403),
        ("a form", &post, "/explain", vec![("content-type", "text/plain")], 415),
        ("a preflight", &Method::OPTIONS, "/explain", vec![("origin", "https://contoso.example")], 403),
        ("a token in the address", &get, "/explain?token=x", vec![], 405),
        ("an unknown page", &get, "/none", vec![], 404),
    ];
    for (name, method, path, headers, status) in table {
        let answer = page.ask(method.clone(), path, &headers, r#"{"token":""}"#.to_owned()).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{name}");
    }
    assert_eq!(page.explain(json!({ "token": "x".repeat(600_000) })).await.status, 413);
}

#[tokio::test]
async fn page_loads_only_its_own_files() {
    let page = Run::of("").serve(&[]).await;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                  base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/theme.css", "text/css; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/claims.js", "text/javascript; charset=utf-8"),
        ("/api", "application/json"),
        ("/none", ""),
    ] {
        let answer = page.get(path).await;
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        // The script has an example of a token, with addresses.
        let hosts: Vec<_> = answer.body.split("//").skip(1).filter(|rest| !rest.starts_with(' ')).collect();
        assert!(path == "/page.js" || hosts.is_empty(), "{path} names another host: {hosts:?}");
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=", "onclick"] {
            assert!(!answer.body.contains(way), "{path}: {way}");
        }
    }
    let rejected = page.ask(Method::GET, "/", &[("host", "rebound.example")], String::new()).await;
    assert_eq!(rejected.header("content-security-policy"), policy);
}
