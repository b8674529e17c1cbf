//! Explains why an API rejects an access token: a command, and a local web page.
//!
//! `arguments` says what was asked for, `configuration` reads the settings of the API, `explanation` has everything that is said
//! about a token; `report` (text), JSON and `serve` (the page) only show it.

mod arguments;
mod configuration;
mod explanation;
mod hide;
mod input;
mod report;
mod requirement;
mod serve;
mod settings;
mod terminal;
mod unconfigured;

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use crate::{
    arguments::{Api, Command, Output, USAGE},
    configuration::Configuration,
    explanation::Explanation,
    settings::Printed,
};

const NOT_IN_ARGUMENTS: &str = "note: an argument stays in the shell's history and in the list of processes. Without it, \
                                entra-explain asks for the token.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match arguments::parse(env::args_os().skip(1)) {
        Ok(Command::Help) => print(USAGE),
        Ok(Command::Version) => print(concat!("entra-explain ", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Explain { api, token, output }) => explain(&api, token, &output).await,
        Ok(Command::Check { file, section }) => print_settings(settings::check(&file, section.as_deref())),
        Ok(Command::Import { policy }) => print_settings(settings::import(&policy)),
        Ok(Command::Serve { api, port }) => match serve::serve(api, port).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => fail(&message),
        },
        Err(message) => fail(&format!("{message}\n\n{}", short_usage())),
    }
}

async fn explain(api: &Api, token: Option<OsString>, output: &Output) -> ExitCode {
    if token.as_ref().is_some_and(|token| token != "-") {
        let _ = writeln!(io::stderr(), "{NOT_IN_ARGUMENTS}");
    }
    let text = match input::read(token) {
        Ok(text) => text,
        Err(message) => return fail(&message),
    };
    let explanation = Explanation::of(&text, Configuration::read(api), api).await;
    let shown = match output.is_json {
        true => explanation.to_json(),
        false => explanation.hide(&report::page(&explanation, output.shows_all).into_text(output.color.is_on())),
    };
    print(&shown);
    ExitCode::from(explanation.verdict as u8)
}

fn print_settings((output, lines): Printed) -> ExitCode {
    for line in lines {
        // Scripts read lines, and no file can control the terminal.
        let line: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let _ = writeln!(io::stderr(), "{line}");
    }
    match output {
        Some(output) => print(&output),
        None => ExitCode::from(2),
    }
}

/// Prints, and ignores a reader that has closed the pipe.
fn print(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush());
    ExitCode::SUCCESS
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{}", terminal::escape(message));
    ExitCode::from(2)
}

/// The first paragraphs of the help.
fn short_usage() -> String {
    let lines = USAGE.lines().skip_while(|line| !line.starts_with("usage")).take_while(|line| !line.is_empty());
    format!("{}\n       entra-explain --help", lines.collect::<Vec<_>>().join("\n"))
}
