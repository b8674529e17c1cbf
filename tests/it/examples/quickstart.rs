//! `examples/quickstart.rs`: the commands that it prints, pasted into a shell.

use std::process::Stdio;

use tokio::process::Command;

use crate::program::{Program, example, run};

/// What is said before a command, and the command.
fn commands(stdout: &str) -> Vec<(String, String)> {
    let mut said = "";
    let mut commands = Vec::new();
    for line in stdout.lines() {
        match line.strip_prefix("    ") {
            Some(command) => commands.push((said.to_owned(), command.to_owned())),
            None if !line.is_empty() => said = line,
            None => {}
        }
    }
    commands
}

#[tokio::test]
async fn its_commands_answer_what_it_promises() {
    let has_curl = Command::new("bash").args(["-c", "command -v curl sed"]).stdout(Stdio::null()).status().await;
    if !has_curl.is_ok_and(|status| status.success()) {
        println!("skipped: there is no bash, curl or sed");
        return;
    }
    let quickstart = Program::start(example("quickstart")).await;
    let commands = commands(&quickstart.stdout());
    assert!(commands.len() >= 4, "{commands:?}");

    let promises = [
        ("Get a token for this API. It answers nothing.", vec![]),
        ("It answers 200 and \"app_only\":true", vec!["HTTP/1.1 200 OK", "\"app_only\":true", "Files.Read.All"]),
        ("It answers 401 and \"code\":\"missing_token\"", vec!["HTTP/1.1 401", "\"code\":\"missing_token\""]),
        ("Get a token for Microsoft Graph", vec![]),
        (
            "It answers 401 and \"code\":\"microsoft_api_token\"",
            vec![
                "HTTP/1.1 401",
                "\"code\":\"microsoft_api_token\"",
                "ask for a scope of this API",
                "www-authenticate: ",
            ],
        ),
    ];
    assert_eq!(commands.len(), promises.len(), "{commands:?}");
    let mut typed = String::new();
    let mut before = String::new();
    for ((said, command), (promise, texts)) in commands.iter().zip(promises) {
        assert!(said.contains(promise), "{promise:?} is not in {said:?}");
        // One shell for all, as in a terminal.
        typed.push_str(command);
        typed.push('\n');
        let mut bash = Command::new("bash");
        bash.args(["-c", &typed]).env_remove("BASH_ENV");
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            bash.env_remove(proxy);
        }
        let ended = run(bash).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{command}");
        let answer = last_answer(&ended.stdout);
        assert_eq!(texts.is_empty(), answer == before, "{command}: {answer}");
        for text in texts {
            assert!(answer.contains(text), "{command}: {text:?} is not in {answer:?}");
        }
        before = answer;
    }
}

/// The last of the HTTP responses that curl showed, without what differs from run to run.
fn last_answer(stdout: &str) -> String {
    let start = stdout.rfind("HTTP/1.1 ").unwrap_or_default();
    stdout[start..].lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn two_at_once_take_two_ports() {
    let start = || async {
        let mut command = example("quickstart");
        command.env_remove("PORT");
        Program::start(command).await
    };
    let (one, other) = (start().await, start().await);
    assert_ne!(one.url(), other.url());
    assert_eq!(other.get("/me", "").await.status, 401);
}
