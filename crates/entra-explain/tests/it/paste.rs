//! What people paste, and garbage.

use std::time::{Duration, Instant};

use mock_entra::MockEntra;

use crate::program::{Run, entra};

#[tokio::test]
async fn token_is_found_in_what_is_pasted() {
    let entra = entra().await;
    let token = entra.entra().token().build();
    let (start, end) = token.split_at(token.len() - 100);
    let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(token.bytes().flat_map(|byte| [byte, 0])).collect();
    let response = format!(r#"{{"token_type":"Bearer","access_token":"{token}"}}"#);
    let har = format!(r#"{{"name":"Authorization","value":"Bearer {token}"}},{{"name":"Accept","value":"*/*"}}"#);
    for (name, input, code, text) in [
        ("alone", format!("{token}\n").into_bytes(), 0, ""),
        ("UTF-16", wide, 0, ""),
        ("scheme", format!("Bearer {token}").into_bytes(), 0, "taken out of the header"),
        ("header", format!("authorization: bearer {token}").into_bytes(), 0, "taken out of the header"),
        (
            "request",
            format!("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes(),
            0,
            "taken out",
        ),
        ("curl", format!("curl -H 'Authorization: Bearer {token}' https://api.example").into_bytes(), 0, "taken out"),
        ("HAR", har.into_bytes(), 0, "taken out"),
        ("lines", format!("{start}\n{end}\n").into_bytes(), 1, "line break"),
        ("quotes", format!("\"{token}\"").into_bytes(), 1, "in quotes"),
        ("response", response.into_bytes(), 1, "jq -r .access_token"),
        ("URL", token.replace('.', "%2E").into_bytes(), 1, "URL-encoded"),
        ("twice", format!("{token}\n{token}\n").into_bytes(), 1, "Two tokens"),
    ] {
        let ended = Run::of(input).hiding(&token).configured(&entra).end().await;
        assert_eq!(ended.code, code, "{name}: {ended:?}");
        assert_eq!(ended.stdout.contains("How it was pasted"), !text.is_empty(), "{name}:\n{}", ended.stdout);
        ended.says(name, &[text, MockEntra::USER]);
        assert_eq!(ended.stdout.contains("The token alone is accepted"), code == 1, "{name}:\n{}", ended.stdout);
    }
}

#[tokio::test]
async fn how_it_was_pasted_is_apart_from_why_the_api_rejects_it() {
    let entra = entra().await;
    let token = entra.entra().token().graph().build();
    let run = |arguments: &[&str]| Run::of(format!("\"{token}\"")).hiding(&token).configured(&entra).with(arguments);
    let ended = run(&[]).end().await;
    let texts =
        ["Rejected: the token is for Microsoft Graph", "To fix", "How it was pasted", "in quotes", "Failed checks"];
    ended.says("text", &texts);
    let document = run(&["--json"]).end().await.json();
    assert_eq!(
        (&document["causes"][0]["kind"], &document["pasted"][0]["kind"]),
        (&"graph_token".into(), &"quoted".into())
    );
    assert_eq!(document["code"], "microsoft_api_token");
}

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
        (r#"{"error":"invalid_scope","error_description":"AADSTS70011: no"}"#.to_owned(), "AADSTS70011: no."),
    ] {
        for arguments in [&[][..], &["--json"]] {
            let ended = Run::of(input.clone()).hiding(&token).with(arguments).end().await;
            assert_eq!(ended.code, 2, "{ended:?}");
            // In JSON, explanation and remedy are apart.
            let first = text.split_once(". ").map_or(text, |(first, _)| first);
            ended.says(&input, &[if arguments.is_empty() { text } else { first }]);
        }
    }
}

#[tokio::test]
async fn opaque_token_and_token_within_a_token_are_hidden() {
    let entra = entra().await;
    let opaque = format!("1.AXoA{}", "opaqueToken".repeat(20));
    let ended = Run::of(opaque.clone()).configured(&entra).end().await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("opaque") && !ended.stdout.contains(&opaque), "{}", ended.stdout);

    let inner = entra.entra().token().audience("api://another").build();
    let outer = entra.entra().token().claim("idp_access_token", inner.as_str()).build();
    for arguments in [&[][..], &["--all"], &["--json"]] {
        let ended = Run::of(outer.clone()).hiding(&inner).configured(&entra).with(arguments).end().await;
        assert!(ended.stdout.contains("idp_access_token"), "{ended:?}");
    }

    // Neither a part of a signature where a value is shortened, nor a token that is not a JWT.
    let inner = format!("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0.{}", "madeUpSignature".repeat(50));
    let outer = entra.entra().token().claim("assertion", &*inner).claim("idp_access_token", "ya29.madeUpOpaqueToken");
    for arguments in [&[][..], &["--all"], &["--json"]] {
        let ended = Run::token(&outer.build()).configured(&entra).with(arguments).end().await;
        assert!(ended.stdout.contains("assertion") && !ended.stdout.contains("madeUp"), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn token_cannot_control_the_terminal() {
    let entra = entra().await;
    let token = entra.entra().token().claim("name", "\u{1b}[2J\u{9b}1m\u{202e}x");
    let token = token.claim("z\n✓ Accepted: an API token", 1).build();
    for arguments in [&[][..], &["--all"], &["--json"]] {
        let ended = Run::token(&token).configured(&entra).with(arguments).end().await;
        let forged = |line: &str| line.starts_with("✓ Accepted: an API token");
        assert!(!ended.stdout.lines().any(forged), "{}", ended.stdout);
        assert!(!ended.stdout.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{ended:?}");
        assert!(ended.stdout.contains("\\u202e"), "{ended:?}");
    }
}

#[tokio::test]
async fn more_than_a_megabyte_is_refused() {
    let ended = Run::of(vec![b'a'; 10 << 20]).end().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("more than 1048576 bytes") && ended.stderr.len() < 200, "{}", ended.stderr);
}

/// Recognised in under a second, with a short output and nothing on standard error.
#[tokio::test]
async fn garbage_is_recognised_in_under_a_second() {
    const LENGTH: usize = 1 << 20;
    let entra = entra().await;
    let token = entra.entra().token().build();
    let binary: Vec<u8> = (0..LENGTH).map(|at| (at * 31 % 251) as u8).collect();
    // Without optimization, and with other tests at the same time, everything takes longer; quadratic time takes minutes.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
    // The time to start and to fetch keys does not count.
    let start = Instant::now();
    Run::token(&token).configured(&entra).end().await;
    let least = start.elapsed();
    for (name, input) in [
        ("letters", vec![b'a'; LENGTH]),
        ("beginnings of tokens", "eyJ".repeat(LENGTH / 3).into_bytes()),
        ("dots", vec![b'.'; LENGTH]),
        ("braces", vec![b'{'; LENGTH]),
        ("binary", binary),
        ("many tokens", format!("{token} ").repeat(LENGTH / (token.len() + 1)).into_bytes()),
        ("three tokens", format!("{token}\n{token}\n{token}").into_bytes()),
        ("many signatures", format!("eyJhIjoxfQ.e30{}", ".AAAAAAAAAAAAAAAAx".repeat(LENGTH / 20)).into_bytes()),
    ] {
        for arguments in [&[][..], &["--json"]] {
            let start = Instant::now();
            let ended = Run::of(input.clone()).hiding(&token).configured(&entra).with(arguments).end().await;
            let taken = start.elapsed().saturating_sub(least);
            assert_eq!(ended.code, 1, "{name}");
            assert_eq!(ended.stderr, "", "{name}");
            assert!(ended.stdout.len() < 20_000, "{name}: {} bytes", ended.stdout.len());
            assert!(taken < limit, "{name}: {taken:?}");
        }
    }
}
