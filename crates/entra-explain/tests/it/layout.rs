//! The order of the output, and what is shown on request.

use crate::program::{Run, entra};

#[tokio::test]
async fn cause_and_remedy_come_first_then_failed_checks_then_claims() {
    let entra = entra().await;
    let token = entra.entra().token().audience("api://another").build();
    let ended = Run::token(&token).configured(&entra).end().await;
    ended.says(
        "order",
        &["✗ Rejected", "To fix", "Failed checks", "✗ audience", "expected: ", "found: ", "(verified)", "Claims"],
    );
    assert!(ended.stdout.starts_with("✗ Rejected"), "{}", ended.stdout);
    // Nothing that was not asked for.
    for text in ["✓ signature", "\nHeader", "\"sources\""] {
        assert!(!ended.stdout.contains(text), "{text} is in\n{}", ended.stdout);
    }
    let all = Run::token(&token).configured(&entra).with(&["--all"]).end().await;
    all.says(
        "all",
        &["✗ Rejected", "To fix", "Checks", "✓ signature", "✗ audience", "Header", "kid", "Claims", "\"sources\""],
    );
}

#[tokio::test]
async fn lines_are_short_enough_to_read() {
    let entra = entra().await;
    for token in [entra.entra().token().graph(), entra.entra().token().expired(), entra.entra().token().id_token()] {
        let ended = Run::token(&token.build()).configured(&entra).end().await;
        let (sentences, _) = ended.stdout.split_once("\nClaims").unwrap();
        for line in sentences.lines() {
            assert!(line.chars().count() <= 100 || !line.trim().contains(' '), "{line}");
        }
    }
}

#[tokio::test]
async fn long_value_is_cut_unless_all_is_shown() {
    let entra = entra().await;
    let token = entra.entra().token().claim("name", "x".repeat(2_000)).build();
    let run = || Run::token(&token).configured(&entra);
    assert!(run().end().await.stdout.contains("xxx … (--all shows the rest)"));
    assert!(run().with(&["--all"]).end().await.stdout.contains(&"x".repeat(2_000)));
}
