//! Records what the library makes of generated requests, and compares it with an older record. See README.md.

mod compare;
mod configurations;
mod coverage;
mod documents;
mod generate;
mod header;
mod keys;
mod mutations;
mod names;
mod object;
mod outcome;
mod random;
mod record;
mod special;
mod tokens;
mod transport;
mod vectors;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use compare::Differences;
use record::{GENERATOR, Head, Record, SEED};

/// How many inputs in a million each code and each cause must have.
const LEAST: usize = 1000;

const USAGE: &str = "usage: record [--inputs N] [FILE] | compare [--inputs N] [--ignore PART]… FILE";

fn main() -> ExitCode {
    let result = Arguments::read(env::args().skip(1)).and_then(|arguments| match arguments.compares {
        false => record(&arguments),
        true => compare(&arguments),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

struct Arguments {
    compares: bool,
    inputs: usize,
    /// Parts of outcomes that are not compared.
    ignored: Vec<String>,
    file: Option<PathBuf>,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let compares = match words.next().as_deref() {
            Some("record") => false,
            Some("compare") => true,
            _ => return Err(USAGE.to_owned()),
        };
        let mut arguments = Self { compares, inputs: 1_000_000, ignored: Vec::new(), file: None };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--inputs" => {
                    let count = words.next().and_then(|count| count.replace('_', "").parse().ok());
                    arguments.inputs = count.ok_or(USAGE)?;
                }
                "--ignore" => {
                    let part = words.next().filter(|part| outcome::FIELDS.contains(&&**part));
                    arguments.ignored.push(part.ok_or_else(|| format!("a part is one of {:?}", outcome::FIELDS))?);
                }
                _ if word.starts_with('-') || arguments.file.is_some() => return Err(USAGE.to_owned()),
                _ => arguments.file = Some(word.into()),
            }
        }
        Ok(arguments)
    }
}

fn make(inputs: usize) -> Record {
    let start = Instant::now();
    let record = Record::make(SEED, inputs, &configurations::all()).with_vectors();
    eprintln!("{} s", start.elapsed().as_secs());
    record
}

/// Whether the inputs reach enough.
fn record(arguments: &Arguments) -> Result<bool, String> {
    let path = match &arguments.file {
        Some(file) => file.clone(),
        None => default_path()?,
    };
    let record = make(arguments.inputs);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::write(&path, record.to_text()).map_err(|error| format!("{}: {error}", path.display()))?;
    let (table, lacks) = coverage::table(&record, LEAST * arguments.inputs / 1_000_000);
    print!("{table}");
    println!("written to {}", path.display());
    lacks.iter().for_each(|lack| println!("too little: {lack}"));
    Ok(lacks.is_empty())
}

/// `$TOWER_ENTRA_RECORD`, or a file beside the repository named after its commit.
fn default_path() -> Result<PathBuf, String> {
    if let Some(path) = env::var_os("TOWER_ENTRA_RECORD") {
        return Ok(path.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(&root).output();
    let commit = output.ok().filter(|output| output.status.success());
    let commit = commit.ok_or("git does not tell the commit: name a file")?;
    let name = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    Ok(root.join(format!("../record/{name}.txt")))
}

/// Whether nothing differs.
fn compare(arguments: &Arguments) -> Result<bool, String> {
    let path = arguments.file.as_ref().ok_or(USAGE)?;
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let old = Record::read(&text, &Head { generator: GENERATOR, seed: SEED, inputs: arguments.inputs })?;
    let (old, new) = (old.without(&arguments.ignored), make(arguments.inputs).without(&arguments.ignored));
    let differences = Differences::between(&old, &new, &configurations::all())?;
    if differences.count == 0 {
        println!("no difference in {} inputs and {} vectors", old.inputs.len(), old.vectors.len());
        return Ok(true);
    }
    print!("{differences}");
    Ok(false)
}

#[cfg(test)]
mod tests;
