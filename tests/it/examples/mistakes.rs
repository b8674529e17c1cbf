//! `examples/server.rs` with mistakes in its configuration: it says each in one line, and ends.

use std::fs;

use mock_entra::MockEntra;

use crate::program::{Ended, example, run};

const RIGHT: [(&str, &str); 2] = [("ENTRA_TENANT_ID", MockEntra::TENANT), ("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID)];

type Settings<'a> = &'a [(&'a str, &'a str)];
/// For each line, texts that are in it.
type Lines<'a> = &'a [&'a [&'a str]];

async fn with_environment(settings: Settings<'_>) -> Ended {
    let mut command = example("server");
    command.envs(settings.iter().copied());
    run(command).await
}

/// It ended, with these texts in one line each, and nothing else.
#[track_caller]
fn assert_told(ended: &Ended, lines: Lines<'_>) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    assert!(!ended.stderr.contains("panicked") && !ended.stderr.contains("RUST_BACKTRACE"), "{ended:?}");
    let told: Vec<&str> = ended.stderr.lines().filter(|line| !line.ends_with("problems:")).collect();
    assert_eq!(told.len(), lines.len(), "{ended:?}");
    for (line, texts) in told.iter().zip(lines) {
        for text in *texts {
            assert!(line.contains(text), "{text:?} is not in {line:?}");
        }
    }
}

#[tokio::test]
async fn in_the_environment() {
    let [tenant, client] = RIGHT;
    let port = ("PORT", "0");
    let rows: [(Settings<'_>, Lines<'_>); 12] = [
        (&[port], &[&["ENTRA_TENANT_ID", "is missing"], &["ENTRA_CLIENT_ID", "is missing"]]),
        (&[client], &[&["ENTRA_TENANT_ID", "is missing"]]),
        (&[tenant], &[&["ENTRA_CLIENT_ID", "is missing", "audience"]]),
        (&[tenant, ("ENTRA_CLIENT_ID", " ")], &[&["ENTRA_CLIENT_ID", "is missing", "set, but empty"]]),
        (
            &[tenant, ("AZURE_CLIENT_ID", MockEntra::CLIENT_ID)],
            &[&["ENTRA_CLIENT_ID", "is missing", "AZURE_CLIENT_ID", "workload"]],
        ),
        (&[("ENTRA_TENANT_ID", "contoso"), client], &[&["ENTRA_TENANT_ID", "\"contoso\"", "GUID", "domain"]]),
        (
            &[tenant, client, ("ENTRA_AUTHORITY_HOST", "http://login.example.com")],
            &[&["ENTRA_AUTHORITY_HOST", "http://login.example.com", "https://"]],
        ),
        (&[tenant, client, ("ENTRA_ALOWED_CLIENTS", "x")], &[&["ENTRA_ALOWED_CLIENTS", "`ENTRA_ALLOWED_CLIENTS`"]]),
        (
            &[tenant, client, ("AzureAd__Authorities__0__Authority", "https://partner.example/?x")],
            &[
                &["AzureAd__Authorities__0 =", "no audience", "Audience"],
                &["AzureAd__Authorities__0__Authority", "https://partner.example/?x", "no query"],
            ],
        ),
        (
            &[tenant, client, ("AzureAd__Authorities__0__Instance", "https://contoso.b2clogin.com")],
            &[&["AzureAd__Authorities__0 =", "https://contoso.b2clogin.com", "has no policy", "SignUpSignInPolicyId"]],
        ),
        (&[tenant, client, ("PORT", "many")], &[&["PORT", "\"many\"", "number"]]),
        (
            &[("ENTRA_TENANT_ID", "contoso"), client, ("ENTRA_DETAILED_ERRORS", "perhaps")],
            &[&["ENTRA_DETAILED_ERRORS", "perhaps"], &["ENTRA_TENANT_ID", "contoso"]],
        ),
    ];
    for (settings, lines) in rows {
        assert_told(&with_environment(settings).await, lines);
    }
}

#[tokio::test]
async fn in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (tenant, client) = (MockEntra::TENANT, MockEntra::CLIENT_ID);
    let rows: [(String, Lines<'_>); 10] = [
        (format!(r#"{{ "AzureAd": {{ "ClientId": "{client}" }} }}"#), &[&["TenantId", "is missing"]]),
        (
            format!(
                r#"{{ "AzureAd": {{ "TenantId": "{tenant}", "ClientId": "{client}", "Audiance": "api://files" }} }}"#
            ),
            &[&["Audiance", "`Audience`"]],
        ),
        (format!(r#"{{ "TenantId": "not a tenant", "ClientId": "{client}" }}"#), &[&["TenantId", "\"not a tenant\""]]),
        (
            format!(r#"{{ "Instance": "http://entra.example", "TenantId": "{tenant}", "ClientId": "{client}" }}"#),
            &[&["Instance", "http://entra.example", "https://"]],
        ),
        (
            format!(
                r#"{{ "TenantId": "{tenant}", "ClientId": "{client}", "Authorities": [{{ "TenantId": "{tenant}" }},
                    {{ "Authority": "https://contoso.ciamlogin.com/", "Audiance": "x" }}] }}"#
            ),
            &[
                &["Authorities:1:Audiance", "`Audience`"],
                &["Authorities:0 =", tenant, "(TenantId) accepts too", "leave one out"],
            ],
        ),
        (
            format!(
                r#"{{ "Instance": "https://login.microsoftonline.com", "TenantId": "{tenant}", "ClientId": "{client}",
                    "SignUpSignInPolicyId": "B2C_1_susi" }}"#
            ),
            &[&[
                "SignUpSignInPolicyId",
                "\"B2C_1_susi\"",
                "Azure AD B2C",
                "Instance = \"https://login.microsoftonline.com\"",
            ]],
        ),
        (
            format!(r#"{{ "TenantId": "{tenant}", "ClientId": "{client}", "Algorithms": ["HS256"] }}"#),
            &[&["Algorithms:0", "\"HS256\"", "RS256"]],
        ),
        ("{ \"AzureAd\": ".to_owned(), &[&["appsettings.json", "JSON"]]),
        ("{}".to_owned(), &[&["AzureAd", "is missing"]]),
        (r#"{ "AzureAd": {} }"#.to_owned(), &[&["TenantId", "is missing"], &["ClientId", "is missing"]]),
    ];
    let file = folder.path().join("appsettings.json");
    for (text, lines) in rows {
        fs::write(&file, text).unwrap();
        let mut command = example("server");
        command.arg(&file);
        let ended = run(command).await;
        assert!(ended.stderr.contains("appsettings.json"), "{ended:?}");
        assert_told(&ended, lines);
    }
    for path in [folder.path().join("nowhere.json"), folder.path().to_owned()] {
        let mut command = example("server");
        command.arg(&path);
        assert_told(&run(command).await, &[&[path.to_str().unwrap()]]);
    }
}

#[tokio::test]
async fn on_the_command_line() {
    let mut command = example("server");
    command.args(["one.json", "two.json"]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.starts_with("usage: server [FILE]"), "{ended:?}");

    let mut command = example("server");
    command.arg("--help");
    let ended = run(command).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.starts_with("usage: server [FILE]"), "{ended:?}");
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let [tenant, client] = RIGHT;
    let ended = with_environment(&[tenant, client, ("PORT", &port)]).await;
    assert_told(&ended, &[&["PORT", &port, "cannot listen"]]);
}
