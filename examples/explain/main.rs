//! Why was my token refused? Decodes a token, runs every check on it with your configuration, and says what to mend.
//!
//! ```sh
//! pbpaste | cargo run --example explain -- appsettings.json
//! ENTRA_TENANT_ID=… ENTRA_CLIENT_ID=… cargo run --example explain
//! cargo run --example explain -- --help
//! ```

mod arguments;
mod configuration;
mod hide;
mod input;
mod json;
mod page;
mod report;
mod unconfigured;

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    time::SystemTime,
};

use arguments::{Arguments, USAGE};
use configuration::Configuration;
use hide::Secrets;
use page::Page;
use tower_entra::{
    RejectionKind,
    diagnosis::{Decoded, Diagnosis},
};

/// What came out: the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted = 0,
    Refused = 1,
    NotConfigured = 2,
    Unchecked = 3,
}

impl Verdict {
    fn of(diagnosis: &Diagnosis) -> Self {
        let cause = diagnosis.cause().map(|cause| cause.kind().rejection());
        match cause {
            _ if diagnosis.is_accepted() => Self::Accepted,
            Some(RejectionKind::KeysUnavailable) => Self::Unchecked,
            _ => Self::Refused,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::NotConfigured => "not_configured",
            Self::Unchecked => "unchecked",
        }
    }
}

/// All that there is to show.
struct Explained {
    decoded: Decoded,
    configuration: Configuration,
    diagnosis: Option<Diagnosis>,
    verdict: Verdict,
    is_offline: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::parse(env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => return refuse(&format!("{message}\n\n{USAGE}")),
    };
    if arguments.help {
        return print(USAGE, ExitCode::SUCCESS);
    }
    let text = match input::read(arguments.file.as_deref()) {
        Ok(text) => text,
        Err(message) if arguments.policy.is_some() && !arguments.json => {
            // What the policy means can be seen without one.
            let mut page = Page::default();
            report::configuration(&mut page, &Configuration::read(&arguments));
            print(&page.into_text(arguments.color.is_on()), ExitCode::SUCCESS);
            return refuse(&message);
        }
        Err(message) => return refuse(&message),
    };

    let configuration = Configuration::read(&arguments);
    let diagnosis = match &configuration {
        Configuration::Ready { verifier, .. } => Some(verifier.diagnose(&text).await),
        Configuration::None | Configuration::Mistakes(_) => None,
    };
    let decoded = match &diagnosis {
        Some(diagnosis) => diagnosis.token().clone(),
        None => Decoded::read(&text, SystemTime::now()),
    };
    let verdict = diagnosis.as_ref().map_or(Verdict::NotConfigured, Verdict::of);
    let secrets = Secrets::of(&text, &decoded);
    let explained = Explained { decoded, configuration, diagnosis, verdict, is_offline: arguments.offline };
    let output = match arguments.json {
        true => json::document(&explained),
        false => report::page(&explained).into_text(arguments.color.is_on()),
    };
    print(&secrets.hide(&output), ExitCode::from(verdict as u8))
}

/// Prints, and passes over a reader that has gone away.
fn print(text: &str, code: ExitCode) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush());
    code
}

fn refuse(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "{message}");
    ExitCode::from(2)
}
