use std::sync::{Arc, LazyLock};

use super::*;
use crate::configurations::Configuration;

const INPUTS: usize = 20_000;

static RECORD: LazyLock<Record> = LazyLock::new(|| Record::make(SEED, INPUTS, &configurations::all()));

fn differences(old: &Record, new: &Record) -> Differences {
    Differences::between(old, new, &configurations::all()).expect("the inputs are the same")
}

#[test]
fn two_runs_give_the_same_outcomes_and_the_same_file() {
    let second = Record::make(SEED, INPUTS, &configurations::all());
    let differences = differences(&RECORD, &second);
    assert_eq!(differences.count, 0, "{differences}");
    assert!(RECORD.to_text() == second.to_text());
}

#[test]
fn accepted_bound_tokens_are_reported() {
    let mut changed = configurations::all();
    for configuration in changed.iter_mut().filter(|configuration| configuration.name.ends_with(", plain")) {
        let before = Arc::clone(&configuration.build);
        configuration.build = Arc::new(move |builder| before(builder).danger_accept_bound_tokens(true));
    }
    let differences = differences(&RECORD, &Record::make(SEED, INPUTS, &changed));
    assert!((1..INPUTS / 50).contains(&differences.count), "{}", differences.count);
    let report = differences.to_string();
    assert!(report.contains("401 proof_required (bound_token) -> 200 accepted (accepted)"), "{report}");
    for told in [", plain\", [", "\"bound to a key\"", "Bearer eyJ", "old proof_required", "new accepted"] {
        assert!(report.contains(told), "{told} is not in {report}");
    }
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let head = || Head { generator: GENERATOR, seed: SEED, inputs: INPUTS };
    let text = RECORD.to_text();
    let read = Record::read(&text, &head()).expect("it is a record");
    assert_eq!(differences(&RECORD, &read).count, 0);
    for (head, told) in [
        (Head { generator: GENERATOR + 1, ..head() }, "generator"),
        (Head { seed: SEED + 1, ..head() }, "seed"),
        (Head { inputs: INPUTS + 1, ..head() }, "inputs"),
    ] {
        let error = Record::read(&text, &head).expect_err("another head");
        assert!(error.contains(told) && error.contains("make a new one"), "{error}");
    }
    assert!(Record::read("x", &head()).is_err());
    let cut = &text[..text.len() - 100];
    assert!(Record::read(cut, &head()).is_err(), "a file that was cut");
}

#[test]
fn records_of_other_inputs_are_not_compared() {
    let mut renamed = configurations::all();
    renamed[7].name.push('x');
    let other = Record::make(SEED, 1000, &renamed);
    let same = Record::make(SEED, 1000, &configurations::all());
    assert!(Differences::between(&same, &other, &renamed).is_err());
}

#[test]
fn vectors_are_compared_by_their_names() {
    let all = configurations::all();
    let [accepted, refused] = ["accepted", "expired"].map(outcome::of_code);
    let of = |vectors: &[(&str, &outcome::Outcome)]| {
        let mut record = Record::default();
        for (name, outcome) in vectors {
            let outcome = record.outcomes.number((*outcome).clone());
            record.vectors.push(((*name).to_owned(), outcome));
        }
        record
    };
    let old = of(&[("a", &accepted), ("b", &refused)]);
    let count = |new| Differences::between(&old, &new, &all).map(|differences| differences.count);
    assert_eq!(count(of(&[("c", &refused), ("b", &refused), ("a", &accepted)])), Ok(0));
    assert_eq!(count(of(&[("a", &refused), ("b", &refused)])), Ok(1));
    assert!(count(of(&[("a", &accepted)])).is_err_and(|error| error.contains("TOWER_ENTRA_VECTORS")));
}

#[test]
fn too_little_coverage_is_told() {
    let (table, lacks) = coverage::table(&RECORD, 5);
    assert!(lacks.is_empty(), "{table}\n{lacks:?}");
    let alone: Vec<Configuration> = configurations::all().into_iter().take(1).collect();
    let (_, lacks) = coverage::table(&Record::make(SEED, 2000, &alone), 1);
    assert!(lacks.iter().any(|lack| lack.contains("1 configurations")), "{lacks:?}");
    assert!(lacks.iter().any(|lack| lack.contains("cause disputed_issuer has 0 inputs; 1 are needed")), "{lacks:?}");
}

#[test]
fn names_of_configurations_are_unique() {
    let all = configurations::all();
    let mut names: Vec<&str> = all.iter().map(|configuration| configuration.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
}
