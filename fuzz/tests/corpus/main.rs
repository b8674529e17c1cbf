//! Replays the corpora without libFuzzer. `TOWER_ENTRA_SHOW_LABELS=1` prints the outcome of each input, and
//! `TOWER_ENTRA_UPDATE_REASONS=1` regenerates the tables of reasons from the seeds.

mod forms;
mod reasons;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use tower_entra_fuzz::{TARGETS, Target};

/// Runs the inputs of one target, each once.
struct Replay {
    target: &'static str,
    run: Target,
    outcomes: HashMap<Vec<u8>, (String, BTreeSet<String>)>,
}

/// The outcomes of several inputs.
#[derive(Default)]
struct Reached {
    labels: BTreeMap<String, usize>,
    /// Each with an input that reaches it.
    reasons: BTreeMap<String, String>,
}

impl Replay {
    fn new((target, run): (&'static str, Target)) -> Self {
        Self { target, run, outcomes: HashMap::new() }
    }

    fn reach(&mut self, inputs: impl IntoIterator<Item = Vec<u8>>) -> Reached {
        let mut reached = Reached::default();
        for input in inputs {
            let outcome = self.outcomes.entry(input.clone()).or_insert_with(|| outcome(self.target, self.run, &input));
            let (label, reasons) = outcome;
            *reached.labels.entry(label.clone()).or_default() += 1;
            for reason in &*reasons {
                reached.reasons.entry(reason.clone()).or_insert_with(|| shown(&input));
            }
        }
        reached
    }

    fn seeds(&mut self) -> Reached {
        let mut all = tower_entra_fuzz::seeds::all().into_iter();
        let seeds = all.find(|(name, _)| *name == self.target).map(|(_, seeds)| seeds);
        self.reach(seeds.unwrap())
    }

    fn corpus(&mut self, root: &Path) -> Reached {
        self.reach(corpus(root, self.target))
    }
}

/// The label and the reasons of an input.
fn outcome(target: &str, run: Target, input: &[u8]) -> (String, BTreeSet<String>) {
    let (label, mut reasons) = reasons::of(|| run(input));
    // All inputs share one verifier, so its refreshes depend on the order of the inputs.
    reasons.retain(|reason| !matches!(target, "token" | "header") || !reason.contains("keys_refresh"));
    // It lists the settings that are given.
    reasons.retain(|reason| !reason.starts_with("DEBUG configuration_sources"));
    reasons.extend(forms::of(target, input, &reasons));
    (label, reasons)
}

fn shown(input: &[u8]) -> String {
    String::from_utf8_lossy(&input[..input.len().min(300)]).into_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn own_corpus() -> PathBuf {
    root().join("corpus")
}

fn corpus(root: &Path, target: &str) -> Vec<Vec<u8>> {
    let folder = root.join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// A fuzz run truncates longer inputs (`-max_len`).
#[test]
fn seeds_have_at_most_4096_bytes() {
    for (target, seeds) in tower_entra_fuzz::seeds::all() {
        let long = seeds.iter().find(|seed| seed.len() > 4_096);
        assert!(long.is_none(), "{target}: a seed has {} bytes", long.map_or(0, Vec::len));
    }
}

#[test]
fn corpora_have_at_most_one_mebibyte() {
    let size: usize =
        TARGETS.iter().flat_map(|(target, _)| corpus(&own_corpus(), target)).map(|input| input.len()).sum();
    assert!(size <= 1 << 20, "the corpora have {size} bytes");
}

/// Minimising a corpus loses no outcome, and no error, warning or accepted form of the library lacks an input.
#[test]
fn corpora_reach_every_outcome() {
    let faults: Vec<String> = TARGETS.into_iter().flat_map(|target| faults(Replay::new(target))).collect();
    assert!(
        faults.is_empty(),
        "{} faults; put a seed for each reason into src/seeds, and update the tables (README.md):\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// The differences between table, seeds and corpus.
fn faults(mut replay: Replay) -> Vec<String> {
    let target = replay.target;
    let seeds = replay.seeds();
    let table = root().join("tests/expected").join(target).with_extension("txt");
    let corpus = replay.corpus(&own_corpus());
    if std::env::var_os("TOWER_ENTRA_UPDATE_REASONS").is_some() {
        let is_new = |reason: &&String| !seeds.reasons.keys().any(|known| reasons::is_same(known, reason));
        let all: BTreeSet<&String> = seeds.reasons.keys().chain(corpus.reasons.keys().filter(is_new)).collect();
        let text: String = all.into_iter().map(|reason| format!("{reason}\n")).collect();
        fs::write(&table, text).unwrap();
    }
    let table = fs::read_to_string(&table).unwrap();
    let expected: BTreeSet<&str> = table.lines().collect();
    if std::env::var_os("TOWER_ENTRA_SHOW_LABELS").is_some() {
        println!("{target}: {:#?}", corpus.labels);
    }
    let mut faults = Vec::new();
    for label in seeds.labels.keys().filter(|label| !corpus.labels.contains_key(*label)) {
        faults.push(format!("{target}: no input of the corpus ends as {label:?}, as a seed does"));
    }
    for reason in expected {
        if !corpus.reasons.contains_key(reason) && !seeds.reasons.contains_key(reason) {
            faults.push(format!("{target}: no input reaches {reason:?}"));
        }
    }
    let reached: BTreeMap<&String, &String> = corpus.reasons.iter().chain(&seeds.reasons).collect();
    for (reason, input) in reached {
        // A document causes ten warnings at most; further ones are logged at the level DEBUG.
        let demoted = reason.strip_prefix("DEBUG key_skipped").map(|rest| format!("WARN key_skipped{rest}"));
        let is_known = |expected: &str| reasons::is_same(expected, reason) || demoted.as_deref() == Some(expected);
        if !table.lines().any(is_known) {
            faults.push(format!("{target}: {reason:?} is not in the table; it is reached by {input:?}"));
        }
    }
    faults
}

/// Prints the reasons that another corpus reaches, such as that of a fuzz run, and no seed does.
#[test]
#[ignore = "needs TOWER_ENTRA_CORPUS, a folder with a corpus for each target"]
fn another_corpus() {
    let folder = std::env::var_os("TOWER_ENTRA_CORPUS").unwrap();
    for target in TARGETS {
        let mut replay = Replay::new(target);
        let seeds = replay.seeds();
        let corpus = replay.corpus(Path::new(&folder));
        let target = replay.target;
        for (reason, input) in corpus.reasons {
            if !seeds.reasons.keys().any(|known| reasons::is_same(known, &reason)) {
                println!("{target}: no seed reaches {reason:?}, as this input does: {input:?}");
            }
        }
    }
}

/// The JSON Schema lists the settings, so that a new one needs a seed.
#[test]
fn seeds_have_every_setting() {
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root().join("../docs/appsettings.schema.json")).unwrap()).unwrap();
    let of = |section: &str| schema["$defs"][section]["properties"].as_object().unwrap().keys();
    // The file could be any file of the machine: the target does not read one beside the address of an issuer.
    let names_no_file = |setting: &&str| !matches!(*setting, "KeyFile" | "CaFile");
    let settings: BTreeSet<&str> =
        of("section").chain(of("authority")).map(String::as_str).filter(names_no_file).collect();
    assert_eq!(settings, BTreeSet::from(tower_entra_fuzz::seeds::SETTINGS), "put a new setting into seeds::SETTINGS");
    let reached = Replay::new(("configuration", tower_entra_fuzz::configuration)).seeds();
    for setting in settings {
        let form = forms::setting(setting);
        assert!(reached.reasons.contains_key(&form), "no seed with {setting} is accepted");
    }
}

#[test]
fn seeds_reach_every_code_of_a_token() {
    // These need an `Authorization` header or a layer, and the target has neither.
    const ELSEWHERE: [&str; 3] = ["missing_token", "malformed_header", "layer_missing"];
    let labels = Replay::new(("token", tower_entra_fuzz::token)).seeds().labels;
    for kind in tower_entra::RejectionKind::ALL.iter().map(|kind| kind.code()) {
        assert_ne!(labels.contains_key(kind), ELSEWHERE.contains(&kind), "a seed must be refused as {kind}");
    }
}
