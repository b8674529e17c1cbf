//! Configurations and their outcomes, as data in `tests/data/config`: one file per subject, one case per configuration.
//!
//! `tests/data/README.md` describes the members of a case. `tests/data/config/known_failures.txt` lists the cases that do not
//! hold yet; a case that holds must not be listed. After a change of behavior
//!
//!     TOWER_ENTRA_UPDATE_KNOWN_FAILURES=1 cargo test --test it config_cases
//!
//! rewrites that list; review its diff. A new failure in it is a decision that somebody must defend.

mod api;
mod attacks;
mod providers;
mod reference;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::Deserialize;
use serde_json::value::RawValue;
use tower_entra::Verifier;

use api::{Input, Outcome};
use providers::{Providers, TokenSpec};

use crate::log::Lines;

const FOLDER: &str = "tests/data/config";
const KNOWN_FAILURES: &str = "known_failures.txt";
const UPDATE: &str = "TOWER_ENTRA_UPDATE_KNOWN_FAILURES";

/// A configuration and its outcome.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Subject, condition and result. Unique within its file.
    name: String,
    /// The document.
    file: Option<Box<RawValue>>,
    /// The document where its syntax matters.
    text: Option<String>,
    /// A policy of API Management instead of a document.
    policy: Option<String>,
    /// The section to read; `AzureAd` without one.
    section: Option<String>,
    /// Environment variables: over the document, or alone if there is none.
    env: Option<BTreeMap<String, String>>,
    outcome: Expected,
    /// Settings of the problems, ignoring case.
    #[serde(default)]
    settings: Vec<String>,
    /// The number of problems.
    problems: Option<usize>,
    /// Parts of the error's text, ignoring case.
    #[serde(default)]
    says: Vec<Phrase>,
    /// What neither the error nor a warning contains.
    #[serde(default)]
    not_says: Vec<String>,
    /// Parts of the warnings, settings included, ignoring case.
    #[serde(default)]
    warns: Vec<Phrase>,
    /// The number of warnings.
    warnings: Option<usize>,
    /// Parts of the events at level INFO.
    #[serde(default)]
    informs: Vec<Phrase>,
    /// Parts of the notes on a policy.
    #[serde(default)]
    notes: Vec<Phrase>,
    #[serde(default)]
    admits: Vec<TokenSpec>,
    #[serde(default)]
    rejects: Vec<TokenSpec>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Loads,
    Refused,
    /// Both are right: what is said of a refusal holds if it is refused, the rest if it loads.
    Either,
}

/// A part of a text, or several of which one is enough.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Phrase {
    One(String),
    Any(Vec<String>),
}

impl Phrase {
    fn is_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let has = |part: &String| text.contains(&part.to_lowercase());
        match self {
            Self::One(part) => has(part),
            Self::Any(parts) => parts.iter().any(has),
        }
    }
}

impl Case {
    fn input(&self) -> Input {
        let text = self.text.clone().or_else(|| self.file.as_ref().map(|file| file.get().to_owned()));
        let env = self.env.as_ref().map(|env| env.clone().into_iter().collect());
        Input { text, section: self.section.clone(), env }
    }

    /// The differences from the expected outcome.
    async fn differences(&self, log: &Lines, providers: &Providers) -> Vec<String> {
        log.take_all();
        let (outcome, notes) = match &self.policy {
            Some(policy) => api::policy_outcome(policy, providers),
            None => (api::outcome(&self.input(), providers), Vec::new()),
        };
        let notes = notes.join("\n");
        let lines = log.take_all();
        let level = |level: &str| -> Vec<&str> {
            let is_ours =
                |line: &&str| line.trim_start().starts_with(level) && line.contains("event=\"configuration\"");
            lines.lines().filter(is_ours).collect()
        };
        let (warnings, infos) = (level("WARN"), level("INFO"));
        let mut wrong = Vec::new();
        match (&outcome, self.outcome) {
            (Outcome::Refused(error), Expected::Loads) => wrong.push(format!("is refused: {error}")),
            (Outcome::Loads(_), Expected::Refused) => wrong.push(format!("loads, with the warnings {warnings:#?}")),
            (Outcome::Refused(error), Expected::Refused | Expected::Either) => {
                let text = error.to_string();
                let found: Vec<&str> = error.problems().iter().map(|problem| problem.setting()).collect();
                for setting in &self.settings {
                    if !found.iter().any(|found| found.eq_ignore_ascii_case(setting)) {
                        wrong.push(format!("no problem with {setting}"));
                    }
                }
                for phrase in self.says.iter().filter(|phrase| !phrase.is_in(&text)) {
                    wrong.push(format!("the error does not say {phrase:?}"));
                }
                for part in self.not_says.iter().filter(|part| text.contains(&**part)) {
                    wrong.push(format!("the error says {part:?}"));
                }
                let count = error.problems().len() + error.omitted();
                if let Some(expected) = self.problems.filter(|expected| *expected != count) {
                    wrong.push(format!("{count} problems instead of {expected}"));
                }
                if !wrong.is_empty() {
                    wrong.push(format!("the error: {text}"));
                }
            }
            (Outcome::Loads(verifier), Expected::Loads | Expected::Either) => {
                let text = warnings.join("\n");
                for phrase in self.warns.iter().filter(|phrase| !phrase.is_in(&text)) {
                    wrong.push(format!("no warning says {phrase:?}"));
                }
                for part in self.not_says.iter().filter(|part| text.contains(&**part)) {
                    wrong.push(format!("a warning says {part:?}"));
                }
                for phrase in self.notes.iter().filter(|phrase| !phrase.is_in(&notes)) {
                    wrong.push(format!("no note says {phrase:?}: {notes}"));
                }
                for part in self.not_says.iter().filter(|part| notes.contains(&**part)) {
                    wrong.push(format!("a note says {part:?}: {notes}"));
                }
                if let Some(expected) = self.warnings.filter(|expected| *expected != warnings.len()) {
                    wrong.push(format!("{} warnings instead of {expected}", warnings.len()));
                }
                for phrase in self.informs.iter().filter(|phrase| !phrase.is_in(&infos.join("\n"))) {
                    wrong.push(format!("no event at level INFO says {phrase:?}: {infos:?}"));
                }
                if !wrong.is_empty() {
                    wrong.push(format!("the warnings: {text}"));
                }
                wrong.extend(self.wrong_verdicts(verifier, providers).await);
                // What is written down from a policy means the same.
                if let Some(text) = self.policy.as_deref().and_then(api::policy_json) {
                    match api::outcome(&Input { text: Some(text), section: None, env: None }, providers) {
                        Outcome::Loads(verifier) => {
                            let verdicts = self.wrong_verdicts(&verifier, providers).await;
                            wrong.extend(verdicts.into_iter().map(|verdict| format!("as JSON: {verdict}")));
                        }
                        Outcome::Refused(error) => wrong.push(format!("as JSON: {error}")),
                    }
                }
            }
        }
        wrong
    }
}

impl Case {
    /// The tokens on which the verifier decides otherwise.
    async fn wrong_verdicts(&self, verifier: &Verifier, providers: &Providers) -> Vec<String> {
        let mut wrong = Vec::new();
        for spec in &self.admits {
            if let Err(rejection) = verifier.verify(&providers.token(spec)).await {
                wrong.push(format!("rejects {spec:?}: {} ({})", rejection.code(), rejection.hint()));
            }
        }
        for spec in &self.rejects {
            match verifier.verify(&providers.token(spec)).await {
                Ok(_) => wrong.push(format!("accepts {spec:?}")),
                Err(rejection) => {
                    if let Some(code) = spec.code().filter(|code| *code != rejection.code()) {
                        wrong.push(format!("rejects {spec:?} as {} instead of {code}", rejection.code()));
                    }
                }
            }
        }
        wrong
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(name)
}

fn cases(subject: &str) -> Vec<Case> {
    let text = fs::read_to_string(path(&format!("{subject}.json"))).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{subject}: {error}"));
    let mut names = HashSet::new();
    for case in &cases {
        assert!(names.insert(&*case.name), "{subject}: {} is there twice", case.name);
        let name = &case.name;
        let documents =
            usize::from(case.file.is_some()) + usize::from(case.text.is_some()) + usize::from(case.policy.is_some());
        assert!(documents <= 1, "{subject}: {name} has two documents");
        let (says, tokens) = (case.settings.len() + case.says.len(), case.admits.len() + case.rejects.len());
        match case.outcome {
            Expected::Loads => assert_eq!(says, 0, "{subject}: {name} loads, and says something of a refusal"),
            Expected::Refused => assert_eq!(tokens, 0, "{subject}: {name} is refused, and has tokens"),
            Expected::Either => {}
        }
        let is_loads = case.outcome == Expected::Loads;
        assert!(is_loads || says > 0, "{subject}: {name} is refused for any reason at all");
        let is_refused = case.outcome == Expected::Refused;
        assert!(is_refused || !case.admits.is_empty(), "{subject}: {name} loads, and no token proves it");
    }
    cases
}

/// The names of the cases of a subject that are known not to hold.
fn known_failures() -> BTreeSet<String> {
    let text = fs::read_to_string(path(KNOWN_FAILURES)).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Holds all cases of a subject against their outcomes.
async fn check(subject: &str) {
    let log = Lines::default();
    let _guard = log.listen();
    let providers = Providers::new();
    let cases = cases(subject);
    let mut failures = BTreeMap::new();
    for case in &cases {
        let differences = case.differences(&log, &providers).await;
        if !differences.is_empty() {
            failures.insert(format!("{subject}: {}", case.name), differences);
        }
    }
    report(subject, &failures);
}

/// Fails if others fail than those that are known to.
fn report(subject: &str, failures: &BTreeMap<String, Vec<String>>) {
    /// The list is rewritten by one test at a time.
    static LIST: Mutex<()> = Mutex::new(());
    let _one = LIST.lock().unwrap_or_else(PoisonError::into_inner);
    let prefix = format!("{subject}: ");
    let (known, others): (BTreeSet<_>, BTreeSet<_>) =
        known_failures().into_iter().partition(|name| name.starts_with(&prefix));
    if std::env::var_os(UPDATE).is_some() {
        let all: BTreeSet<&String> = others.iter().chain(failures.keys()).collect();
        let text = all.into_iter().fold(String::new(), |text, name| text + name + "\n");
        fs::write(path(KNOWN_FAILURES), text).unwrap();
        return;
    }
    let mut text = String::new();
    for (name, differences) in failures.iter().filter(|(name, _)| !known.contains(*name)) {
        writeln!(text, "\n{name}\n    {}", differences.join("\n    ")).unwrap();
    }
    for (name, differences) in failures.iter().filter(|(name, _)| known.contains(*name)) {
        println!("\nknown: {name}\n    {}", differences.join("\n    "));
    }
    for name in known.iter().filter(|name| !failures.contains_key(*name)) {
        writeln!(text, "\n{name}\n    holds now: remove it from {KNOWN_FAILURES} (with {UPDATE}=1)").unwrap();
    }
    assert!(text.is_empty(), "{text}");
}

/// One test per file of cases.
macro_rules! subjects {
    ($($subject:ident),* $(,)?) => {
        const SUBJECTS: &[&str] = &[$(stringify!($subject)),*];
        $(
            #[tokio::test]
            async fn $subject() {
                check(stringify!($subject)).await;
            }
        )*
    };
}

subjects![
    microsoft,
    text,
    empties,
    sections,
    environment,
    names,
    token_validation_parameters,
    identifiers,
    authority,
    rules,
    messages,
    policies,
    tried,
];

#[test]
fn every_file_of_cases_is_tried_and_every_known_failure_is_a_case() {
    let files: BTreeSet<String> = fs::read_dir(path(""))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().unwrap().strip_suffix(".json").map(str::to_owned))
        .collect();
    assert_eq!(files, SUBJECTS.iter().map(|subject| (*subject).to_owned()).collect());
    let mut names = BTreeSet::new();
    for subject in SUBJECTS {
        names.extend(cases(subject).iter().map(|case| format!("{subject}: {}", case.name)));
    }
    names.extend(reference::FILES.iter().map(|file| format!("reference: {file}")));
    names.extend(attacks::RESTRICTIONS.iter().map(|(name, _)| format!("attacks: {name}")));
    let unknown: Vec<String> = known_failures().into_iter().filter(|name| !names.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(names.len() >= 900, "{} cases", names.len());
}
