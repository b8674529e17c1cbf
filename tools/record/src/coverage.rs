//! Whether the inputs reach what the library can say.

use std::{collections::BTreeMap, fmt::Write};

use tower_entra::{RejectionKind, diagnosis::CauseKind};

use crate::{
    outcome::{CAUSE, CODE, NO_VERIFIER},
    record::Record,
};

/// Codes and causes that no generated input reaches, and why.
const EXEMPT: [(&str, &str); 1] =
    [("cause layer_missing", "a diagnosis does not see which layers the server has; as a code it is reached")];

/// Share of accepted inputs, in percent, that a record must have.
const ACCEPTED: usize = 25;
const CONFIGURATIONS: usize = 100;

/// A table of what was reached, and what of it is too little: each code and each cause must have `least` inputs.
pub fn table(record: &Record, least: usize) -> (String, Vec<String>) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for kind in RejectionKind::ALL {
        counts.insert(format!("code {}", kind.code()), 0);
    }
    for kind in CauseKind::ALL {
        counts.insert(format!("cause {}", kind.code()), 0);
    }
    let (mut accepted, mut refused) = (0, 0);
    for outcome in record.inputs.iter().map(|number| record.outcome(*number)) {
        accepted += usize::from(outcome[CODE] == "accepted");
        refused += usize::from(outcome[CODE] == NO_VERIFIER);
        for (name, value) in [("code", &outcome[CODE]), ("cause", &outcome[CAUSE])] {
            if let Some(count) = counts.get_mut(&format!("{name} {value}")) {
                *count += 1;
            }
        }
    }
    let count = record.inputs.len();
    let share = accepted * 100 / count.max(1);
    let mut lacks = Vec::new();
    let mut table = format!(
        "{count} inputs, {} configurations, {} vectors, {} distinct outcomes\n{accepted} accepted ({share} %), {refused} for \
         a configuration that is refused\n",
        record.configurations,
        record.vectors.len(),
        record.outcomes.values().len()
    );
    if share < ACCEPTED {
        lacks.push(format!("{share} % of the inputs are accepted; {ACCEPTED} % are needed"));
    }
    if record.configurations < CONFIGURATIONS {
        lacks.push(format!("{} configurations; {CONFIGURATIONS} are needed", record.configurations));
    }
    for (name, count) in &counts {
        let reason = EXEMPT.iter().find(|(exempt, _)| exempt == name).map(|(_, reason)| *reason);
        let _ = writeln!(table, "{count:>8} {name}{}", reason.map(|text| format!(" ({text})")).unwrap_or_default());
        if reason.is_none() && *count < least {
            lacks.push(format!("{name} has {count} inputs; {least} are needed"));
        }
    }
    (table, lacks)
}
