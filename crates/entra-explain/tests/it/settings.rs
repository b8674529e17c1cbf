//! `check` and `import`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Ended, Run};

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

/// `command FILE`.
fn of_file(command: &str, file: &Path) -> Run {
    Run::of("").with(&[command, file.to_str().unwrap()])
}

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{ended:?}");
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
    let mut run = of_file("check", &file);
    run.command.env("AzureAd__AllowedClients__0", OTHER);
    let ended = run.end().await;
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
    let ended = of_file("check", &file).with(&["--section", "Api:Entra"]).end().await;
    assert_eq!(json(&ended)["configuration"]["ClientId"], CLIENT);
    let ended = of_file("check", &file).end().await;
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("Api:Entra"), "{ended:?}");
}

#[tokio::test]
async fn check_reports_every_mistake_in_a_line_of_its_own() {
    let folder = Folder::new();
    let text = r#"{ "AzureAd": { "TenantId": "x y", "CleintId": "z", "ClockSkewSeconds": 301 } }"#;
    let ended = of_file("check", &folder.write("appsettings.json", text)).end().await;
    assert_eq!((ended.code, &*ended.stdout), (2, ""), "{ended:?}");
    for setting in ["AzureAd:TenantId", "AzureAd:CleintId", "AzureAd:ClockSkewSeconds"] {
        let lines = ended.stderr.lines().filter(|line| line.starts_with(&format!("{setting}: "))).count();
        assert_eq!(lines, 1, "{setting}: {ended:?}");
    }
    let ended = of_file("check", &folder.0.path().join("missing.json")).end().await;
    assert!(ended.code == 2 && ended.stderr.contains("missing.json: "), "{ended:?}");
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
    let ended = of_file("import", &folder.write("policy.xml", &policy)).end().await;
    assert_eq!(json(&ended)["AzureAd"]["TenantId"], TENANT);
    assert!(ended.stderr.contains("validate-jwt"), "{ended:?}");
    let ended = of_file("check", &folder.write("appsettings.json", &ended.stdout)).end().await;
    assert_eq!(json(&ended)["configuration"]["TenantId"], TENANT);

    let wrong = policy.replace(CLIENT, "{{audience}}");
    let ended = of_file("import", &folder.write("wrong.xml", &wrong)).end().await;
    assert_eq!((ended.code, &*ended.stdout), (2, ""), "{ended:?}");
    assert!(ended.stderr.lines().all(|line| line.starts_with("validate-jwt")), "{ended:?}");
}
