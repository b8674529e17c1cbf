//! A record: the outcome of each input, as it is made and as it is written.

use std::{
    collections::HashMap,
    fmt::Write,
    hash::Hash,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{
    configurations::Configuration,
    generate::Generator,
    object::string,
    outcome::{FIELDS, Outcome, Subject},
    vectors,
};

/// To be raised when the generator changes: records of different generators cannot be compared.
pub const GENERATOR: u64 = 2;
pub const SEED: u64 = 15;

const TITLE: &str = "tower-entra record";

/// Values by number, each one once.
#[derive(Clone, Debug)]
pub struct Interned<T> {
    values: Vec<T>,
    numbers: HashMap<T, usize>,
}

impl<T: Clone + Eq + Hash> Default for Interned<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Interned<T> {
    pub fn number(&mut self, value: T) -> usize {
        let next = self.values.len();
        *self.numbers.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        })
    }

    pub fn values(&self) -> &[T] {
        &self.values
    }
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    pub seed: u64,
    /// Of all inputs.
    pub digest: u64,
    pub configurations: usize,
    pub outcomes: Interned<Outcome>,
    /// The outcome of each input.
    pub inputs: Vec<usize>,
    pub vectors: Vec<(String, usize)>,
}

/// FNV-1a.
fn digest(before: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(before, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// The outcomes of one configuration's inputs.
#[derive(Default)]
struct Part {
    digest: u64,
    outcomes: Interned<Outcome>,
    inputs: Vec<(usize, usize)>,
}

impl Record {
    /// Generates the inputs and records their outcomes, on all cores. One thread has all inputs of a configuration, in
    /// their order, so that what its verifier has cached or fetched before is the same each time.
    pub fn make(seed: u64, count: usize, configurations: &[Configuration]) -> Self {
        let generator = Generator { seed, configurations };
        let mut numbers = vec![Vec::new(); configurations.len()];
        for number in 0..count {
            numbers[generator.configuration_of(number as u64)].push(number);
        }
        let parts: Mutex<Vec<Option<Part>>> = Mutex::new(configurations.iter().map(|_| None).collect());
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    while let Some(numbers) = numbers.get(next.fetch_add(1, Relaxed)).map(Vec::as_slice) {
                        let Some(at) = numbers.first().map(|first| generator.configuration_of(*first as u64)) else {
                            continue;
                        };
                        let part = Part::make(&generator, at, numbers);
                        parts.lock().expect("no thread has panicked")[at] = Some(part);
                    }
                });
            }
        });
        let parts = parts.into_inner().expect("no thread has panicked");
        let mut record = Self { seed, inputs: vec![0; count], ..Self::default() };
        let mut found = HashMap::new();
        for (at, part) in parts.iter().enumerate().filter_map(|(at, part)| Some((at, part.as_ref()?))) {
            record.configurations += 1;
            record.digest = digest(record.digest, &part.digest.to_le_bytes());
            found.extend(part.inputs.iter().map(|(number, outcome)| (*number, (at, *outcome))));
        }
        for number in 0..count {
            let (at, outcome) = found[&number];
            let part = parts[at].as_ref().expect("it has this input");
            record.inputs[number] = record.outcomes.number(part.outcomes.values()[outcome].clone());
        }
        record
    }

    pub fn with_vectors(mut self) -> Self {
        for (name, outcome) in vectors::all() {
            let outcome = self.outcomes.number(outcome);
            self.vectors.push((name, outcome));
        }
        self
    }

    pub fn outcome(&self, number: usize) -> &Outcome {
        &self.outcomes.values()[number]
    }

    /// The same record with these parts of its outcomes empty.
    pub fn without(mut self, parts: &[String]) -> Self {
        for outcome in &mut self.outcomes.values {
            for (value, name) in outcome.iter_mut().zip(FIELDS) {
                if parts.iter().any(|part| part == name) {
                    value.clear();
                }
            }
        }
        self
    }
}

impl Part {
    fn make(generator: &Generator<'_>, at: usize, numbers: &[usize]) -> Self {
        let configuration = &generator.configurations[at];
        let mut part = Self { digest: digest(0xcbf2_9ce4_8422_2325, configuration.name.as_bytes()), ..Self::default() };
        // Every third one has fetched nothing when its first input comes.
        let is_warm = !at.is_multiple_of(3) || matches!(configuration.fault, crate::documents::Fault::LaterDown);
        let subject = Subject::new(configuration, is_warm);
        for &number in numbers {
            let input = generator.input(number as u64);
            part.digest = digest(part.digest, input.digested.as_bytes());
            let outcome = match &subject {
                Ok(subject) => subject.outcome(&input.sent),
                Err(outcome) => Outcome::clone(outcome),
            };
            let outcome = part.outcomes.number(outcome);
            part.inputs.push((number, outcome));
        }
        part
    }
}

/// What a file begins with.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub generator: u64,
    pub seed: u64,
    pub inputs: usize,
}

impl Record {
    pub fn to_text(&self) -> String {
        let mut texts = Interned::default();
        let outcomes: Vec<[usize; FIELDS.len()]> =
            self.outcomes.values().iter().map(|outcome| outcome.clone().map(|field| texts.number(field))).collect();
        let mut file = format!(
            "{TITLE}\ngenerator {GENERATOR}\nseed {}\ninputs {}\ndigest {}\nconfigurations {}\nstrings {}\n",
            self.seed,
            self.inputs.len(),
            self.digest,
            self.configurations,
            texts.values().len()
        );
        texts.values().iter().for_each(|text| file.push_str(&(string(text) + "\n")));
        let _ = writeln!(file, "outcomes {}", outcomes.len());
        for outcome in outcomes {
            let numbers: Vec<String> = outcome.iter().map(usize::to_string).collect();
            file.push_str(&(numbers.join(" ") + "\n"));
        }
        let _ = writeln!(file, "vectors {}", self.vectors.len());
        for (name, outcome) in &self.vectors {
            let _ = writeln!(file, "{outcome} {}", string(name));
        }
        for outcome in &self.inputs {
            let _ = writeln!(file, "{outcome}");
        }
        file
    }

    /// # Errors
    ///
    /// If the text is not a record, or one of another generator, seed or count.
    pub fn read(text: &str, expected: &Head) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err("this file is not a record".to_owned());
        }
        let mut number = |name: &str| -> Result<u64, String> { read_number(lines.next(), name) };
        let found = Head {
            generator: number("generator")?,
            seed: number("seed")?,
            inputs: usize::try_from(number("inputs")?).map_err(|error| error.to_string())?,
        };
        if found != *expected {
            return Err(format!("this file is a record with {found:?}, not {expected:?}: make a new one"));
        }
        let mut record = Self { seed: found.seed, digest: number("digest")?, ..Self::default() };
        record.configurations = number("configurations")? as usize;
        let count = number("strings")?;
        let texts: Vec<String> = (0..count)
            .map(|_| serde_json::from_str(lines.next().unwrap_or_default()).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        for _ in 0..read_number(lines.next(), "outcomes")? {
            let mut fields = lines.next().unwrap_or_default().split(' ');
            let mut outcome = Outcome::default();
            for field in &mut outcome {
                let number: usize = fields.next().and_then(|field| field.parse().ok()).ok_or("a broken outcome")?;
                *field = texts.get(number).ok_or("an outcome without its string")?.clone();
            }
            record.outcomes.number(outcome);
        }
        for _ in 0..read_number(lines.next(), "vectors")? {
            let (outcome, name) = lines.next().and_then(|line| line.split_once(' ')).ok_or("a broken vector")?;
            let name = serde_json::from_str(name).map_err(|error| error.to_string())?;
            record.vectors.push((name, outcome.parse().map_err(|_| "a broken vector")?));
        }
        record.inputs =
            lines.map(|line| line.parse().map_err(|_| "a broken input".to_owned())).collect::<Result<_, _>>()?;
        if record.inputs.len() != found.inputs {
            return Err(format!("the file ends after {} inputs", record.inputs.len()));
        }
        let outcomes = record.outcomes.values().len();
        let all = record.inputs.iter().chain(record.vectors.iter().map(|(_, outcome)| outcome));
        if all.into_iter().any(|outcome| *outcome >= outcomes) {
            return Err("an input without its outcome".to_owned());
        }
        Ok(record)
    }
}

fn read_number(line: Option<&str>, name: &str) -> Result<u64, String> {
    let value = line.and_then(|line| line.strip_prefix(name)).map(str::trim);
    value.and_then(|value| value.parse().ok()).ok_or_else(|| format!("the file has no {name}"))
}
