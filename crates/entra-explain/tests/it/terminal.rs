//! At a terminal: the token is asked for and not shown, the page has colours.

use std::process::Stdio;

use mock_entra::{MockEntra, MockServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use crate::program::{PROGRAM, entra};

/// What a terminal shows while this is typed once it has asked. `None` where there is no `script` of util-linux.
async fn typed(entra: &MockServer, no_color: &str, keys: &str) -> Option<(i32, String)> {
    let version = Command::new("script").arg("--version").output().await.ok()?;
    if !String::from_utf8_lossy(&version.stdout).contains("util-linux") {
        return None;
    }
    let mut child = Command::new("script")
        .args(["-qec", PROGRAM, "/dev/null"])
        .env("ENTRA_AUTHORITY_HOST", entra.url())
        .env("ENTRA_TENANT_ID", MockEntra::TENANT)
        .env("ENTRA_CLIENT_ID", MockEntra::CLIENT_ID)
        .env("NO_COLOR", no_color)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).contains("Enter twice: ") {
        assert_ne!(stdout.read_buf(&mut shown).await.unwrap(), 0, "{}", String::from_utf8_lossy(&shown));
    }
    // It asks, and then it switches the echo off.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    stdin.write_all(keys.as_bytes()).await.unwrap();
    stdin.flush().await.unwrap();
    stdout.read_to_end(&mut shown).await.unwrap();
    let code = child.wait().await.unwrap().code().unwrap();
    Some((code, String::from_utf8(shown).unwrap()))
}

#[tokio::test]
async fn token_is_asked_for_without_being_shown() {
    let entra = entra().await;
    // Longer than the 4,095 bytes of a line that a terminal keeps.
    let groups: Vec<String> = (0..120).map(|at| format!("11111111-0000-0000-0000-{at:012}")).collect();
    let token = entra.entra().token().claim("groups", groups).build();
    assert!(token.len() > 4096);
    let (start, end) = token.split_at(2_000);
    for (no_color, keys, code, in_colors) in [
        ("", format!("{token}\r\r"), 0, true),
        ("1", format!("{token}\r\r"), 0, false),
        // Bracketed paste, as terminals send it.
        ("1", format!("\u{1b}[200~{token}\u{1b}[201~\r\r"), 0, false),
        ("1", format!("{start}\r{end}\r\r"), 1, false),
        ("1", "\r".to_owned(), 2, false),
    ] {
        let Some((ended, shown)) = typed(&entra, no_color, &keys).await else { return };
        assert_eq!(ended, code, "{shown}");
        assert!(!shown.contains(&token[..40]) && !shown.contains(&token[token.len() - 40..]), "{shown}");
        assert_eq!(shown.contains("\u{1b}[1m"), in_colors, "{shown}");
    }
}
