//! The page in a browser, used as a person would.
//!
//! `tests/browser/install` installs the driver and prints the value of `TOWER_ENTRA_BROWSER`; `just clients` runs the test.
//! With `TOWER_ENTRA_SCREENSHOTS=1` it writes the screenshots in `docs`.

use std::{env, path::PathBuf, process::Stdio, time::Duration};

use mock_entra::MockEntra;
use serde_json::json;
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use crate::program::{Run, entra, root};

/// The longest time that everything in the browser may take.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test]
#[ignore = "needs a browser: just clients"]
async fn page_is_usable_in_a_browser() {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let browser = set("TOWER_ENTRA_BROWSER").expect("TOWER_ENTRA_BROWSER is what tests/browser/install prints");
    let node = set("TOWER_ENTRA_NODE").unwrap_or_else(|| "node".into());
    let entra = entra().await;
    let token = || entra.entra().token().claim("name", "Ada Example").scopes("Files.Read");
    let page = Run::of("").configured(&entra).serve(&["--require", "scope Files.Read"]).await;
    let unconfigured = Run::of("").serve(&[]).await;
    let markup = r#"<img src=x onerror="window.hit=1">"#;
    let hostile = token()
        .audience(markup)
        .header("typ", markup)
        .header("kid", "<script>window.hit=2</script>")
        .claim("name", markup)
        .claim("groups", json!([markup, { markup: markup }]))
        .claim(markup, "<svg onload=window.hit=3>")
        .claim("constructor", "javascript:window.hit=4")
        .claim("__proto__", json!({ "toString": markup }));
    let settings = |client_id: &str| json!({ "AzureAd": { "Instance": entra.url(), "TenantId": MockEntra::TENANT, "ClientId": client_id } });
    let input = json!({
        "url": page.url,
        "unconfigured": unconfigured.url,
        "browser": PathBuf::from(browser),
        "good": token().build(),
        "graph": token().graph().build(),
        "audience": token().audience("api://another").build(),
        "client": MockEntra::CLIENT_ID,
        "settings": settings(MockEntra::CLIENT_ID).to_string(),
        "otherSettings": settings(MockEntra::CALLER).to_string(),
        "settingsWithClients": json!({ "AzureAd": {
            "Instance": entra.url(), "TenantId": MockEntra::TENANT, "ClientId": MockEntra::CLIENT_ID,
            "AllowedClients": [MockEntra::OTHER_CALLER],
        } }).to_string(),
        "hostile": hostile.build(),
        "long": token().claim("name", "x".repeat(2000)).claim("y".repeat(500), 1).build(),
        "screenshots": set("TOWER_ENTRA_SCREENSHOTS").map(|_| root().join("docs")),
    });
    let mut command = Command::new(node);
    command.arg(root().join("tests/browser/page.mjs")).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // If it ended before it read everything, it says why.
    let _ = child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).await;
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.trim() == "passed", "{said}\n{errors}");
}
