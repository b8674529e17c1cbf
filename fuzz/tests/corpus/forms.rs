//! The forms in which inputs are accepted, by what is in the input: each needs one that is accepted.

use std::collections::BTreeSet;

/// The forms of an accepted input; those of an input that is not accepted are none.
pub fn of(_target: &str, _input: &[u8], _label: &str, _reasons: &BTreeSet<String>) -> BTreeSet<String> {
    BTreeSet::new()
}

pub fn setting(name: &str) -> String {
    format!("accepted: {name}")
}
