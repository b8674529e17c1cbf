//! The differences between two records of the same inputs.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use crate::{
    configurations::Configuration,
    generate::Generator,
    outcome::{CAUSE, CODE, FIELDS, Outcome, STATUS},
    record::Record,
};

/// Of each group in the report.
const EXAMPLES: usize = 3;

/// Inputs and vectors whose outcomes differ in the same way.
#[derive(Default)]
struct Group {
    count: usize,
    examples: Vec<String>,
}

pub struct Differences {
    groups: BTreeMap<String, Group>,
    pub count: usize,
}

impl Differences {
    /// # Errors
    ///
    /// If the records are not of the same inputs, or a vector of the old one is missing.
    pub fn between(old: &Record, new: &Record, configurations: &[Configuration]) -> Result<Self, String> {
        if (old.digest, old.configurations) != (new.digest, new.configurations) {
            return Err(
                "the inputs or the names of configurations are not those of the record: after a change of the \
                        generator, raise GENERATOR and make a new record"
                    .to_owned(),
            );
        }
        let generator = Generator { seed: new.seed, configurations };
        let mut differences = Self { groups: BTreeMap::new(), count: 0 };
        for (number, (old_outcome, new_outcome)) in old.inputs.iter().zip(&new.inputs).enumerate() {
            let describe = || {
                let input = generator.input(number as u64);
                let name = &configurations[input.configuration].name;
                format!("input {number}, configuration \"{name}\", {:?}\n    {}", input.mutations, input.sent)
            };
            differences.compare(old.outcome(*old_outcome), new.outcome(*new_outcome), describe);
        }
        let vectors: BTreeMap<&str, usize> = new.vectors.iter().map(|(name, outcome)| (&**name, *outcome)).collect();
        for (name, outcome) in &old.vectors {
            let found = vectors.get(&**name).ok_or_else(|| {
                format!("the record has the vector {name}, which is not here: set TOWER_ENTRA_VECTORS as it was then")
            })?;
            differences.compare(old.outcome(*outcome), new.outcome(*found), || format!("vector {name}"));
        }
        Ok(differences)
    }

    fn compare(&mut self, old: &Outcome, new: &Outcome, describe: impl FnOnce() -> String) {
        if old == new {
            return;
        }
        self.count += 1;
        let group = self.groups.entry(change(old, new)).or_default();
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            let mut example = describe();
            for (name, (old, new)) in FIELDS.iter().zip(old.iter().zip(new)).filter(|(_, (old, new))| old != new) {
                let _ = write!(example, "\n    {name}\n      old {old}\n      new {new}");
            }
            group.examples.push(example);
        }
    }
}

/// What the summary calls a difference: both verdicts, or else the parts that differ.
fn change(old: &Outcome, new: &Outcome) -> String {
    let verdict = |outcome: &Outcome| {
        let [status, code, cause] = [STATUS, CODE, CAUSE].map(|field| outcome[field].as_str());
        format!("{status} {code} ({cause})")
    };
    let (from, to) = (verdict(old), verdict(new));
    if from != to {
        return format!("{from} -> {to}");
    }
    let parts: Vec<&str> =
        FIELDS.iter().zip(old.iter().zip(new)).filter(|(_, (old, new))| old != new).map(|(name, _)| *name).collect();
    format!("{from}: {}", parts.join(", "))
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
        for (change, group) in &groups {
            writeln!(f, "{} × {change}", group.count)?;
            for example in &group.examples {
                writeln!(f, "  {example}")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "{} differences in {} groups", self.count, groups.len())?;
        groups.iter().try_for_each(|(change, group)| writeln!(f, "{:>8} {change}", group.count))
    }
}
