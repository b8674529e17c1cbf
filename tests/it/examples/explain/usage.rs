//! How it is called, and what it refuses to read.

use mock_entra::MockEntra;

use super::{Run, entra};

#[tokio::test]
async fn a_token_as_an_argument_is_refused() {
    let token = MockEntra::new().token().build();
    let opaque = "1.AXoAopaque".repeat(20);
    for argument in [
        token.clone(),
        format!("--file={token}"),
        format!("Bearer {token}"),
        format!("https://contoso.example/#access_token={token}"),
        opaque.clone(),
    ] {
        let ended = Run::of("").hiding(&token).with(&[&argument]).end().await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.stderr.contains("history") && ended.stderr.contains("processes"), "{ended:?}");
        assert!(!ended.stderr.contains(&opaque) && !ended.stderr.contains(&token[..40]), "{ended:?}");
    }
}

#[tokio::test]
async fn wrong_usage() {
    for (arguments, text) in [
        (vec!["--tokn"], "argument 1 is not known"),
        (vec!["a.json", "b.json"], "argument 2 is one too many"),
        (vec!["a.json", "--policy", "b.xml"], "two configurations"),
        (vec!["--file"], "--file needs a value"),
        (vec!["--color", "blue"], "always, never or auto"),
        (vec!["--file", "missing.txt"], "missing.txt"),
        (vec![], "standard input is empty"),
    ] {
        let ended = Run::of("\n").with(&arguments).end().await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(text) && !ended.stderr.contains("--tokn"), "{arguments:?}: {ended:?}");
    }
    let help = Run::of("").with(&["--help"]).end().await;
    assert_eq!(help.code, Some(0));
    for text in ["exit code", "never leaves this machine", "--offline", "--json", "--policy", "--file", "--color"] {
        assert!(help.stdout.contains(text), "{text}");
    }
}

#[tokio::test]
async fn no_more_is_read_than_can_be_a_token() {
    let ended = Run::of(vec![b'a'; 10 << 20]).end().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("more than 1048576 bytes") && ended.stderr.len() < 200, "{}", ended.stderr);
    // As much as is read is judged.
    let entra = entra().await;
    let ended = Run::of(vec![b'a'; 1 << 20]).configured(&entra).end().await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stdout.contains("token_too_large") && ended.stdout.len() < 10_000, "{}", ended.stdout.len());
}

#[tokio::test]
async fn colours_where_they_are_wished() {
    let entra = entra().await;
    let token = entra.entra().token().build();
    for (arguments, no_color, in_colors) in [
        (&[][..], "", false),
        (&["--color", "auto"], "", false),
        (&["--color", "never"], "", false),
        (&["--color", "always"], "", true),
        (&["--color", "always"], "1", true),
    ] {
        let mut run = Run::token(&token).configured(&entra).with(arguments);
        run.command.env("NO_COLOR", no_color);
        let ended = run.end().await;
        assert_eq!(ended.stdout.contains("\u{1b}[32m"), in_colors, "{arguments:?}: {ended:?}");
    }
}
