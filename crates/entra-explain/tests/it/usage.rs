//! How it is called.

use crate::program::{Run, entra};

#[tokio::test]
async fn token_is_an_argument_or_standard_input() {
    let entra = entra().await;
    let token = entra.entra().token().build();
    let header = format!("Authorization: Bearer {token}");
    for arguments in [&[token.as_str()][..], &[&header], &["Authorization:", "Bearer", &token]] {
        let ended = Run::of("").hiding(&token).configured(&entra).with(arguments).end().await;
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.stderr.contains("history") && ended.stderr.lines().count() == 1, "{ended:?}");
    }
    for arguments in [&["-"][..], &[]] {
        let ended = Run::token(&token).configured(&entra).with(arguments).end().await;
        assert_eq!((ended.code, &*ended.stderr), (0, ""), "{ended:?}");
    }
}

#[tokio::test]
async fn wrong_usage_is_exit_code_2_and_says_what_is_wrong() {
    let secret = "x1.AXoAmadeUpRefreshToken".repeat(8);
    let secret_option = format!("--{secret}");
    for (arguments, text) in [
        (vec!["--tokn"], "--tokn is not an option"),
        (vec![&*secret_option], "an argument is not an option"),
        (vec!["--port", "1"], "--port does not apply to a token"),
        (vec!["serve", "--json"], "--json does not apply to serve"),
        (vec!["serve", "eyJ"], "serve takes no token"),
        (vec!["check"], "check takes one FILE"),
        (vec!["check", "a", "b"], "check takes one FILE"),
        (vec!["import", "a", "--section", "b"], "--section does not apply to import"),
        (vec!["--config"], "--config needs a value"),
        (vec!["--config", "a", "--config", "b"], "--config is given twice"),
        (vec!["--color", "blue"], "always, never or auto"),
        (vec!["serve", "--port", "many"], "--port is a number"),
        (vec!["appsettings.json"], "use --config FILE"),
        (vec![&*secret, &*secret], "put quotes around"),
        (vec![], "standard input is empty"),
        (vec!["-"], "standard input is empty"),
    ] {
        let ended = Run::of("\n").with(&arguments).end().await;
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(text) && !ended.stderr.contains(&secret), "{arguments:?}: {ended:?}");
    }
}

#[tokio::test]
async fn help_and_version_are_printed() {
    for arguments in [&["--help"][..], &["-h"], &["help"], &["check", "--help"]] {
        let help = Run::of("").with(arguments).end().await;
        assert_eq!(help.code, 0);
        for text in
            ["exit code", "never leaves this machine", "--require", "--offline", "--json", "check", "import", "serve"]
        {
            assert!(help.stdout.contains(text), "{text}");
        }
        assert!(help.stdout.lines().all(|line| line.len() <= 130), "{}", help.stdout);
    }
    let version = Run::of("").with(&["--version"]).end().await;
    assert_eq!((version.code, &*version.stdout), (0, concat!("entra-explain ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[tokio::test]
async fn colours_are_used_where_they_are_wanted() {
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
        assert_eq!(ended.stdout.contains("\u{1b}[1;32m"), in_colors, "{arguments:?}: {ended:?}");
    }
}
