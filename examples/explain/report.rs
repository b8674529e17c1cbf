//! The page for a person: what stands in the token, the checks, the cause.

use serde_json::{Map, Value};
use tower_entra::diagnosis::{Cause, Check, Date, Decoded, Diagnosis, Outcome};

use crate::{
    Explained, Verdict,
    configuration::Configuration,
    page::{Page, Style},
    unconfigured,
};

/// Under a check, where its title stands.
const INDENT: &str = "                       ";

/// All of it, the verdict last: that is where one looks on a terminal.
pub(crate) fn page(explained: &Explained) -> Page {
    let mut page = Page::default();
    decoded(&mut page, &explained.decoded);
    configuration(&mut page, &explained.configuration);
    match &explained.diagnosis {
        Some(diagnosis) => diagnosed(&mut page, diagnosis, explained),
        None => {
            page.heading("What is certain without a configuration");
            for sentence in unconfigured::sentences(&explained.decoded) {
                page.line(Style::Plain, format!("  {sentence}"));
            }
            if matches!(explained.configuration, Configuration::None) {
                page.add(Style::Plain, "\n").line(Style::Plain, unconfigured::HOW);
            }
            page.heading("Not checked: there is no configuration that works");
        }
    }
    page
}

/// What a policy means, or what is wrong with what was configured.
pub(crate) fn configuration(page: &mut Page, configuration: &Configuration) {
    if let Some(policy) = configuration.policy() {
        page.heading("The configuration that the policy means").line(Style::Plain, policy.to_json());
        page.heading("The policy, where it is otherwise here");
        for note in configuration.notes() {
            page.line(Style::Plain, format!("  {note}"));
        }
    }
    if let Configuration::Mistakes(error) = configuration {
        page.heading("The configuration has mistakes").line(Style::Bad, format!("  {error}"));
    }
}

fn decoded(page: &mut Page, token: &Decoded) {
    page.line(Style::Title, format!("The token: {}", token.kind()));
    for (name, value) in [("for", token.audience().map(str::to_owned)), ("from", token.issuer())] {
        if let Some(value) = value {
            page.add(Style::Dim, format!("  {name:<5}")).line(Style::Plain, value);
        }
    }
    for (name, members) in [("Header", token.header()), ("Claims", token.claims())] {
        if let Some(members) = members {
            page.heading(name);
            object(page, members, token.dates());
        }
    }
}

fn object(page: &mut Page, members: &Map<String, Value>, dates: &[Date]) {
    for (name, value) in members {
        let text = format!("{value:#}").replace('\n', "\n  ");
        page.add(Style::Plain, format!("  {}: {text}", Value::from(name.as_str())));
        if let Some(date) = dates.iter().find(|date| date.claim == name) {
            page.add(Style::Dim, format!("  {}, {}", date.date, date.relative));
        }
        page.add(Style::Plain, "\n");
    }
}

fn diagnosed(page: &mut Page, diagnosis: &Diagnosis, explained: &Explained) {
    page.heading("Checks");
    diagnosis.checks().iter().for_each(|found| check(page, found));
    if explained.is_offline {
        offline(page, diagnosis);
    }
    page.add(Style::Plain, "\n");
    let code = diagnosis.code().unwrap_or_default();
    let (style, verdict) = match explained.verdict {
        Verdict::Accepted => (Style::Good, "✓ accepted".to_owned()),
        Verdict::Unchecked => (Style::Bad, format!("– could not be checked ({code})")),
        Verdict::Refused | Verdict::NotConfigured => (Style::Bad, format!("✗ refused ({code})")),
    };
    page.line(style, verdict);
    if explained.is_offline && explained.verdict == Verdict::Unchecked {
        page.line(
            Style::Plain,
            "  Run it again without --offline: it fetches the issuer's metadata and keys, and sends nothing.",
        );
    } else if let Some(found) = diagnosis.cause() {
        cause(page, "Cause", found);
    }
    diagnosis.further().iter().for_each(|found| cause(page, "And then", found));
    for note in diagnosis.notes() {
        page.line(Style::Dim, format!("Note: {}", note.explanation()));
    }
    if !diagnosis.is_accepted() && diagnosis.rejection().is_none() && diagnosis.token().claims().is_some() {
        page.line(Style::Good, "Sent alone, without what stands around it, the token is accepted.");
    }
}

fn check(page: &mut Page, check: &Check) {
    let (mark, style) = match check.outcome {
        Outcome::Passed => ("✓", Style::Good),
        Outcome::Failed => ("✗", Style::Bad),
        Outcome::NotReached => ("–", Style::Dim),
    };
    let rest = if check.outcome == Outcome::NotReached { Style::Dim } else { Style::Plain };
    page.add(style, format!("  {mark} {:<18} ", check.name)).add(rest, check.title);
    if let (Outcome::Passed, Some(found)) = (check.outcome, &check.found) {
        page.line(Style::Dim, format!(": {found}"));
        return;
    }
    page.add(Style::Plain, "\n");
    if let Some(expected) = &check.expected {
        page.line(Style::Plain, format!("{INDENT}expected: {expected}"));
    }
    if let Some(found) = &check.found {
        let source = if check.verified { "verified" } else { "not verified" };
        page.line(Style::Plain, format!("{INDENT}found ({source}): {found}"));
    }
}

/// What could not be looked at for want of keys.
fn offline(page: &mut Page, diagnosis: &Diagnosis) {
    let unreached = diagnosis.checks().iter().filter(|check| check.outcome == Outcome::NotReached);
    let names: Vec<&str> = unreached.map(|check| check.name).collect();
    page.heading("Offline: nothing was fetched");
    page.line(
        Style::Plain,
        "  Without the issuer's keys nobody knows whether the signature fits, so all that is found rests on what the token \
         says.",
    );
    if !names.is_empty() {
        page.line(Style::Plain, format!("  Not checked: {}.", names.join(", ")));
    }
}

fn cause(page: &mut Page, name: &str, cause: &Cause) {
    page.heading(&format!("{name}: {}", cause.kind().title()));
    page.line(Style::Plain, format!("  {}", cause.explanation()));
    page.add(Style::Good, "  To fix: ").line(Style::Plain, cause.remedy().replace('\n', "\n          "));
    page.line(Style::Dim, format!("  ({})", [&[cause.kind().code()], cause.kind().known_as()].concat().join(", ")));
}
