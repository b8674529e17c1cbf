//! `examples/entra-explain`: configurations are checked, and policies imported.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::program::{Ended, example, run};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
const OTHER: &str = "77777777-7777-8888-9999-000000000000";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn entra_explain(command: &str) -> Command {
    let mut program = example("entra-explain");
    program.arg(command);
    program
}

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[tokio::test]
async fn check_prints_the_settings_their_sources_and_warnings() {
    let folder = Folder::new();
    let text = format!(
        r#"{{ "AzureAd": {{ "TenantId": "{TENANT}", "ClientId": "{CLIENT}", "ClientSecret": "hunter2",
            "AllowedClients": ["{CLIENT}"] }} }}"#
    );
    let file = folder.write("appsettings.json", &text);
    let mut command = entra_explain("check");
    command.arg(&file).env("AzureAd__AllowedClients__0", OTHER);
    let ended = run(command).await;
    let report = json(&ended);
    assert_eq!(report["configuration"]["TenantId"], TENANT);
    assert_eq!(report["configuration"]["AllowedClients"], serde_json::json!([OTHER]));
    assert_eq!(report["sources"]["TenantId"], "file");
    assert_eq!(report["sources"]["AllowedClients"], "environment");
    assert_eq!(report["sources"]["ClockSkewSeconds"], "default");
    assert!(report["warnings"].to_string().contains("ClientSecret"), "{report}");
    assert!(!ended.stdout.contains("hunter2") && !ended.stderr.contains("hunter2"), "{ended:?}");
}

#[tokio::test]
async fn check_reads_a_section_by_its_name() {
    let folder = Folder::new();
    let text = format!(r#"{{ "Api": {{ "Entra": {{ "TenantId": "{TENANT}", "ClientId": "{CLIENT}" }} }} }}"#);
    let file = folder.write("appsettings.json", &text);
    let mut command = entra_explain("check");
    command.arg(&file).args(["--section", "Api:Entra"]);
    assert_eq!(json(&run(command).await)["configuration"]["ClientId"], CLIENT);
    let mut command = entra_explain("check");
    command.arg(&file);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("Api:Entra"), "{ended:?}");
}

#[tokio::test]
async fn check_reports_every_mistake_in_a_line_of_its_own() {
    let folder = Folder::new();
    let text = r#"{ "AzureAd": { "TenantId": "x y", "CleintId": "z", "ClockSkewSeconds": 301 } }"#;
    let mut command = entra_explain("check");
    command.arg(folder.write("appsettings.json", text));
    let ended = run(command).await;
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
    for setting in ["AzureAd:TenantId", "AzureAd:CleintId", "AzureAd:ClockSkewSeconds"] {
        let lines = ended.stderr.lines().filter(|line| line.starts_with(&format!("{setting}: "))).count();
        assert_eq!(lines, 1, "{setting}: {ended:?}");
    }
    let mut command = entra_explain("check");
    command.arg(folder.0.path().join("missing.json"));
    let ended = run(command).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("missing.json: "), "{ended:?}");
}

#[tokio::test]
async fn import_prints_json_that_check_accepts() {
    let folder = Folder::new();
    let policy = format!(
        r#"<policies><inbound><base />
            <validate-jwt header-name="Authorization" failed-validation-error-message="@(context.Response.Body.As<string>())">
                <openid-config url="https://login.microsoftonline.com/{TENANT}/v2.0/.well-known/openid-configuration" />
                <audiences><audience>{CLIENT}</audience></audiences>
            </validate-jwt></inbound></policies>"#
    );
    let mut command = entra_explain("import");
    command.arg(folder.write("policy.xml", &policy));
    let ended = run(command).await;
    assert_eq!(json(&ended)["AzureAd"]["TenantId"], TENANT);
    assert!(ended.stderr.contains("validate-jwt"), "{ended:?}");
    let mut command = entra_explain("check");
    command.arg(folder.write("appsettings.json", &ended.stdout));
    assert_eq!(json(&run(command).await)["configuration"]["TenantId"], TENANT);

    let wrong = policy.replace(CLIENT, "{{audience}}");
    let mut command = entra_explain("import");
    command.arg(folder.write("wrong.xml", &wrong));
    let ended = run(command).await;
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
    assert!(ended.stderr.lines().all(|line| line.starts_with("validate-jwt")), "{ended:?}");
}

#[tokio::test]
async fn wrong_arguments_print_the_usage() {
    for arguments in [&[][..], &["check"], &["check", "a", "b"], &["import", "a", "--section", "b"], &["look", "a"]] {
        let mut command = example("entra-explain");
        command.args(arguments);
        let ended = run(command).await;
        assert!(ended.code == Some(2) && ended.stderr.starts_with("usage: "), "{arguments:?}: {ended:?}");
    }
    let ended = run(entra_explain("--help")).await;
    assert!(ended.code == Some(0) && ended.stdout.starts_with("usage: "), "{ended:?}");
}
