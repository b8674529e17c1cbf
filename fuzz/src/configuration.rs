use std::panic::{AssertUnwindSafe, catch_unwind};

use tower_entra::{Config, ConfigError, VerifierBuilder};

use crate::fixtures::Documents;

/// A configuration file.
pub fn configuration(data: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(data) else { return "not UTF-8".to_owned() };
    // A file of keys would be read: of devices, for instance, without an end.
    let folded = text.to_ascii_lowercase().replace('_', "");
    if (folded.contains("keyfile") || folded.contains("cafile")) && (folded.contains('/') || folded.contains('\\')) {
        return "names a file".to_owned();
    }
    let label = outcome(Config::from_json(text));
    // The way through serde has the same limits, whatever it makes of comments and duplicates.
    let through_serde = catch_unwind(AssertUnwindSafe(|| serde_json::from_str::<Config>(text).is_ok()));
    assert!(through_serde.is_ok(), "panics through serde");
    label
}

/// A policy of API Management.
pub fn policy(data: &[u8]) -> String {
    let Ok(xml) = std::str::from_utf8(data) else { return "not UTF-8".to_owned() };
    match Config::from_apim_policy(xml) {
        Err(error) => outcome(Err(error)),
        Ok(policy) => {
            let again = Config::from_json(policy.to_json()).expect("the JSON of a policy is read");
            again.validate().expect("the JSON of a policy is a configuration");
            for note in policy.notes() {
                assert!(!note.place().is_empty() && !note.advice().is_empty(), "{note:?}");
                report!("note: {}", note.advice());
            }
            let notes = policy.notes().len();
            let _ = policy.to_string();
            format!("{}, {notes} notes", outcome(Ok(policy.into_config())))
        }
    }
}

/// Builds; a label that tells one error from another: the advice, without what is quoted of the input.
fn outcome(config: Result<Config, ConfigError>) -> String {
    let result = config.and_then(|config| {
        let is_valid = config.validate().is_ok();
        let built = VerifierBuilder::from(config).fetch(Documents::default()).build();
        assert_eq!(is_valid, built.is_ok(), "validate and build disagree");
        built.map(drop)
    });
    let Err(error) = result else {
        report!("accepted");
        return "accepted".to_owned();
    };
    assert!(!error.problems().is_empty() && error.problems().len() <= 100);
    let shown = error.to_string();
    assert!(shown.len() < 300_000, "an error of {} bytes", shown.len());
    for problem in error.problems() {
        assert!(!problem.setting().is_empty(), "a problem without a setting: {problem:?}");
        assert!(!problem.advice().is_empty(), "a problem without advice: {problem:?}");
        report!("problem: {}", problem.advice());
    }
    let mut labels: Vec<String> = error.problems().iter().map(|problem| words(problem.advice())).collect();
    labels.sort_unstable();
    labels.dedup();
    labels.join(" | ")
}

/// The first words of the advice, up to what may be quoted input.
fn words(advice: &str) -> String {
    let end = advice.find(['"', ':', '{', '=', '(', '`', '0']).unwrap_or(advice.len());
    advice[..end].split_whitespace().take(6).collect::<Vec<_>>().join(" ")
}
