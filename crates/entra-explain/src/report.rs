//! The explanation as text: cause and remedy first, then the failed checks, then the claims.

use serde_json::{Map, Value};
use tower_entra::diagnosis::{Check, Date, Outcome};

use crate::{
    configuration::{Configuration, Ready},
    explanation::{Explanation, Problem, Step, Verdict},
    terminal::{Page, Style},
    unconfigured,
};

/// The most characters of a value that are shown, unless everything is.
const MAX_VALUE: usize = 500;

/// The claims that matter most; the others follow by name.
const FIRST_MEMBERS: [&str; 15] = [
    "aud",
    "iss",
    "iat",
    "nbf",
    "exp",
    "ver",
    "tid",
    "oid",
    "sub",
    "scp",
    "scope",
    "roles",
    "azp",
    "appid",
    "client_id",
];

/// The explanation; with `shows_all`, passed checks, the header and the configuration too.
pub(crate) fn page(explanation: &Explanation, shows_all: bool) -> Page {
    let mut page = Page::default();
    headline(&mut page, explanation);
    for (at, problem) in explanation.causes.iter().enumerate() {
        if at > 0 {
            page.heading(&format!("Also: {}", problem.title));
        }
        causes(&mut page, problem);
    }
    certain(&mut page, explanation);
    pasted(&mut page, explanation);
    checks(&mut page, explanation, shows_all);
    token(&mut page, explanation, shows_all);
    configuration(&mut page, explanation, shows_all);
    page
}

fn headline(page: &mut Page, explanation: &Explanation) {
    let (mark, style) = match explanation.verdict {
        Verdict::Accepted => ("✓", Style::Good),
        Verdict::Rejected => ("✗", Style::Bad),
        Verdict::NoKeys => ("–", Style::Bad),
        Verdict::NotConfigured if explanation.faults.is_empty() && explanation.causes.is_empty() => ("–", Style::Title),
        Verdict::NotConfigured => ("✗", Style::Bad),
    };
    page.add(style, format!("{mark} {}", explanation.headline));
    if let (Some(status), Some(code)) = (explanation.status, explanation.code) {
        page.add(Style::Dim, format!(" ({status} {code})"));
    }
    page.add(Style::Plain, "\n");
    if explanation.verdict == Verdict::Accepted
        && let Some(requirement) = &explanation.requirement
    {
        page.line(Style::Plain, format!("  It meets the requirement: {requirement}."));
    }
    if explanation.verdict == Verdict::NoKeys && explanation.is_offline {
        page.line(Style::Plain, "");
        page.paragraph(
            Style::Plain,
            "  ",
            "Without the issuer's keys the signature cannot be checked. Run it again without --offline: that fetches the \
             issuer's metadata and keys, and sends nothing of the token.",
        );
    }
}

fn causes(page: &mut Page, problem: &Problem) {
    page.line(Style::Plain, "").paragraph(Style::Plain, "  ", &problem.explanation);
    page.heading("To fix");
    match problem.remedies.as_slice() {
        [one] => step(page, "  ", one),
        several => several.iter().enumerate().for_each(|(at, one)| step(page, &format!("  {}. ", at + 1), one)),
    }
    if !problem.known_as.is_empty() {
        page.line(Style::Dim, format!("  Known elsewhere as {}.", problem.known_as.join(", ")));
    }
}

fn step(page: &mut Page, first: &str, step: &Step) {
    let condition = step.condition.as_ref().map(|condition| format!("{condition}: ")).unwrap_or_default();
    page.paragraph(Style::Plain, first, &format!("{condition}{}", step.text));
    let indent = " ".repeat(first.chars().count());
    if let Some(settings) = &step.settings {
        for line in format!("{settings:#}").lines() {
            page.line(Style::Title, format!("{indent}  {line}"));
        }
        if !step.delete.is_empty() {
            page.paragraph(Style::Plain, &indent, &format!("and delete {}.", step.delete.join(" and ")));
        }
    }
    if let Some(note) = &step.note {
        page.paragraph(Style::Plain, &indent, note);
    }
}

/// What is certain without a configuration, and how to have one.
fn certain(page: &mut Page, explanation: &Explanation) {
    if let Configuration::Mistakes(problems) = &explanation.configuration {
        page.line(Style::Plain, "");
        problems.iter().for_each(|problem| {
            page.paragraph(Style::Plain, "  - ", problem);
        });
        page.heading("Certain all the same");
    } else if !explanation.faults.is_empty() || !explanation.facts.is_empty() {
        page.line(Style::Plain, "");
    }
    for fault in &explanation.faults {
        page.paragraph(Style::Plain, "  ✗ ", fault);
    }
    for fact in &explanation.facts {
        page.paragraph(Style::Plain, "  - ", fact);
    }
    if matches!(explanation.configuration, Configuration::None) {
        page.line(Style::Plain, "").line(Style::Plain, unconfigured::HOW);
    }
}

fn pasted(page: &mut Page, explanation: &Explanation) {
    if explanation.pasted.is_empty() && explanation.notes.is_empty() {
        return;
    }
    page.heading("How it was pasted");
    for problem in &explanation.pasted {
        let remedies = problem.remedies.iter().map(|remedy| remedy.text.as_str());
        let text: Vec<&str> = [problem.explanation.as_str()].into_iter().chain(remedies).collect();
        page.paragraph(Style::Plain, "  ", &text.join(" "));
    }
    for note in &explanation.notes {
        page.paragraph(Style::Plain, "  ", note);
    }
    if explanation.is_accepted_alone {
        page.line(Style::Good, "  The token alone is accepted.");
    } else if !explanation.pasted.is_empty() {
        page.line(Style::Dim, "  Everything else is about the token alone.");
    }
}

fn checks(page: &mut Page, explanation: &Explanation, shows_all: bool) {
    // What was pasted around the token has been said already.
    let is_said = |check: &Check| check.name == "form" && !explanation.pasted.is_empty();
    let is_shown = |check: &&Check| shows_all || (check.outcome == Outcome::Failed && !is_said(check));
    let shown: Vec<&Check> = explanation.checks.iter().filter(is_shown).collect();
    if shown.is_empty() {
        return;
    }
    page.heading(if shows_all { "Checks" } else { "Failed checks" });
    let width = shown.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for found in shown {
        check(page, found, width);
    }
    let not_reached = explanation.checks.iter().filter(|check| check.outcome == Outcome::NotReached);
    let names: Vec<&str> = not_reached.map(|check| check.name).collect();
    match names.len() {
        0 => {}
        _ if shows_all => {}
        // Nothing was read of the token.
        11.. => {
            page.line(Style::Dim, format!("  {} checks were not reached.", names.len()));
        }
        _ => {
            page.paragraph(Style::Dim, "  ", &format!("Not reached: {}.", names.join(", ")));
        }
    }
}

fn check(page: &mut Page, check: &Check, width: usize) {
    let (mark, style) = match (check.outcome, check.follows_from) {
        (Outcome::Passed, _) => ("✓", Style::Good),
        (Outcome::Failed, None) => ("✗", Style::Bad),
        (Outcome::Failed, Some(_)) => ("✗", Style::Dim),
        (Outcome::NotReached, _) => ("–", Style::Dim),
    };
    let text = if style == Style::Dim { Style::Dim } else { Style::Plain };
    let mut title = check.title.to_owned();
    if let Some(root) = check.follows_from {
        title.push_str(&format!(" (may follow from {root})"));
    }
    let found = check.found.as_ref().filter(|_| check.outcome == Outcome::Passed);
    if let Some(found) = found {
        title.push_str(&format!(": {found}"));
    }
    page.item(style, &format!("  {mark} {:<width$}  ", check.name), text, &title);
    if check.outcome == Outcome::Passed {
        return;
    }
    let indent = " ".repeat(width + 6);
    if let Some(expected) = &check.expected {
        page.paragraph(text, &format!("{indent}expected: "), expected);
    }
    if let Some(found) = &check.found {
        let source = if check.verified { "verified" } else { "not verified" };
        page.paragraph(text, &format!("{indent}found:    "), &format!("{found} ({source})"));
    }
}

fn token(page: &mut Page, explanation: &Explanation, shows_all: bool) {
    let token = &explanation.token;
    if let (Some(header), true) = (token.header(), shows_all) {
        page.heading("Header");
        members(page, explanation, header, &[], true);
    }
    if let Some(claims) = token.claims() {
        let source = if explanation.is_verified { "verified" } else { "not verified: anybody may have written them" };
        page.heading(&format!("Claims of {} ({source})", token.kind()));
        members(page, explanation, claims, token.dates(), shows_all);
    } else if explanation.causes.is_empty() {
        page.heading(&format!("It is {}.", token.kind()));
    }
}

fn members(page: &mut Page, explanation: &Explanation, members: &Map<String, Value>, dates: &[Date], shows_all: bool) {
    let width = members.keys().map(|name| name.chars().count()).max().unwrap_or(0).min(20);
    let order = |name: &str| FIRST_MEMBERS.iter().position(|first| *first == name).unwrap_or(FIRST_MEMBERS.len());
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by_key(|(name, _)| order(name));
    for (name, value) in sorted {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Secrets are hidden first: a part of one would not be recognised.
        let mut text = explanation.hide(&value).replace('\n', "\\n");
        let line = name.replace('\n', "\\n");
        if let Some((end, _)) = text.char_indices().nth(MAX_VALUE).filter(|_| !shows_all) {
            text.truncate(end);
            text.push_str(" … (--all shows the rest)");
        }
        page.add(Style::Dim, format!("  {line:<width$}  ")).add(Style::Plain, text);
        if let Some(date) = dates.iter().find(|date| date.claim == name) {
            page.add(Style::Plain, format!("  {}, {}", date.date, date.relative));
        }
        page.add(Style::Plain, "\n");
    }
}

/// For which API it was checked.
fn configuration(page: &mut Page, explanation: &Explanation, shows_all: bool) {
    let Configuration::Ready(ready) = &explanation.configuration else { return };
    page.heading(&format!("Checked with the configuration of {}", ready.origin));
    if shows_all {
        for line in format!("{:#}", ready.report).lines() {
            page.line(Style::Plain, format!("  {line}"));
        }
        for note in &ready.notes {
            page.paragraph(Style::Plain, "  ", note);
        }
    } else {
        page.paragraph(Style::Plain, "  ", &summary(ready));
    }
    if let Some(requirement) = &explanation.requirement {
        page.paragraph(Style::Plain, "  ", &format!("Required of the token: {requirement}."));
    }
    if !shows_all {
        page.line(Style::Plain, "").line(Style::Dim, "--all shows every check, the header and the configuration.");
    }
}

/// The settings that identify the API.
fn summary(ready: &Ready) -> String {
    let settings = ready.report["configuration"].as_object();
    let names = ["Authority", "Instance", "Domain", "TenantId", "TenantIds", "ClientId", "Audience", "Audiences"];
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap_or_default()).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    let given = names.into_iter().filter_map(|name| {
        let value = settings?.get(name)?;
        let source = &ready.report["sources"][name];
        // The audiences of the client ID are in the check of the audience.
        let is_given = source != "default" && source != "ClientId";
        is_given.then(|| format!("{name} {}", text(value)))
    });
    given.collect::<Vec<_>>().join("; ")
}
