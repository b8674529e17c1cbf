//! Enforces the structure of `src`: each module imports only those above it in `lib.rs`, files do not import each other in
//! a cycle, and files stay small.

#![allow(clippy::expect_used, clippy::panic)]

#[path = "layering/graph.rs"]
mod graph;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// From the ground up. A module may use those before it, never those after it.
const ORDER: [&str; 27] = [
    "sync",
    "tenant",
    "error",
    "clock",
    "claims",
    "rejection",
    "bearer",
    "jwt",
    "signature",
    "jwk",
    "policy",
    "authority",
    "fetch",
    "keys",
    "cache",
    "config",
    "verifier",
    "diagnosis",
    "response",
    "authenticate",
    "require",
    "extract",
    "metadata",
    "guide",
    "tests",
    "readme",
    "lib",
];

/// The longest file, in lines, without the tests in it.
const LONGEST_FILE: usize = 400;

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file of `src` with its module and its text without tests and documentation.
fn sources() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).expect("a file of src");
            let first = inside.components().next().expect("a file has a name").as_os_str();
            let module = first.to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("src can be read");
            let code = text.split("\n#[cfg(test)]\n").next().unwrap_or_default().to_owned();
            (inside.to_owned(), module, code)
        })
        .collect()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

fn position(module: &str) -> usize {
    ORDER
        .iter()
        .position(|known| *known == module)
        .unwrap_or_else(|| panic!("the module {module} has no place in the order: add it to ORDER and to the design"))
}

#[test]
fn a_module_imports_only_those_above_it() {
    let mut faults = Vec::new();
    for (path, module, code) in sources() {
        if is_test(&path) {
            continue;
        }
        let own = position(&module);
        let code: String =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect();
        for used in imports(&code) {
            if used.starts_with(char::is_uppercase) && module != "lib" {
                faults.push(format!("{}: import {used} from its module, not from the root", path.display()));
            }
            if ORDER.contains(&used.as_str()) && position(&used) > own {
                faults.push(format!("{}: {module} uses {used}, which comes after it", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The modules after every `crate::`, in groups too.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.push(name_at(rest));
            continue;
        };
        let mut depth = 0;
        let mut is_start = true;
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' => is_start = depth == 0 || is_start,
                letter if letter.is_whitespace() => {}
                _ if is_start && depth == 0 => {
                    found.push(name_at(&group[at..]));
                    is_start = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn name_at(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn imports_are_seen() {
    let code = "use crate::{a::b, c::{d, e},\n f};\nuse crate::g;\nlet x = crate::h::i();";
    assert_eq!(imports(code), ["a", "c", "f", "g", "h"]);
}

#[test]
fn modules_are_declared_in_their_order() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("src/lib.rs");
    let declared: Vec<usize> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .filter_map(|rest| rest.strip_suffix(';'))
        .map(position)
        .collect();
    assert!(declared.len() > 15, "the declarations were not found");
    assert!(declared.is_sorted(), "src/lib.rs declares its modules in another order");
}

#[test]
fn files_have_no_import_cycles() {
    let krate = graph::Crate::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let files = krate.files();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let edges = krate.edges();
    let faults: Vec<String> = graph::cycles(&edges).iter().map(|cycle| graph::describe(cycle, &edges)).collect();
    assert!(faults.is_empty(), "files that use each other:\n{}", faults.join("\n"));
}

/// One row per kind of use: files of a crate, and the edges between them.
#[test]
fn uses_between_files_are_seen() {
    /// What is tested, the files as name and text, and the uses.
    type Row = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);
    let rows: [Row; 12] = [
        ("import", &[("a", "use crate::b::B;"), ("b", "pub struct B;")], &["a.rs -> b.rs: B"]),
        (
            "import in a group",
            &[("a", "use crate::{b::{self, B as C}};"), ("b", "pub fn B() {}")],
            &["a.rs -> b.rs: B"],
        ),
        (
            "path in code",
            &[("a", "fn f() { crate::b::B::new(g!(super::b::C)) }"), ("b", "enum B {} const C: u8 = 0;")],
            &["a.rs -> b.rs: C, new"],
        ),
        (
            "path behind an imported module",
            &[("a", "use super::b; fn f() -> b::B {}"), ("b", "pub trait B {}")],
            &["a.rs -> b.rs: B"],
        ),
        ("glob", &[("a", "use crate::b::*; fn f(b: B) {}"), ("b", "type B = u8; type C = u8;")], &["a.rs -> b.rs: B"]),
        ("import in a function", &[("a", "fn f() { use crate::b::B; }"), ("b", "pub struct B;")], &["a.rs -> b.rs: B"]),
        (
            "type made by a macro",
            &[("a", "use crate::b::B;"), ("b", "macro_rules! m { () => { pub enum B {} } }")],
            &["a.rs -> b.rs: B"],
        ),
        (
            "re-export",
            &[("a", "use crate::b::C;"), ("b", "pub use crate::c::C;"), ("c", "pub struct C;")],
            &["a.rs -> c.rs: C"],
        ),
        (
            "re-export that is used",
            &[("b", "pub use crate::c::C; fn f(c: C) {}"), ("c", "pub struct C;")],
            &["b.rs -> c.rs: C"],
        ),
        ("re-export of another crate", &[("a", "use crate::b::C;"), ("b", "pub use memchr::C;")], &[]),
        ("tests", &[("a", "#[cfg(test)] mod tests { use crate::b::B; } fn f() {}"), ("b", "pub struct B;")], &[]),
        ("other crates", &[("a", "use memchr::memchr; use std::fmt; fn f() { fmt::Write }")], &[]),
    ];
    for (what, files, expected) in rows {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let declared: String = files.iter().map(|(name, _)| format!("mod {name};\n")).collect();
        fs::write(folder.path().join("lib.rs"), declared).expect("can be written");
        for (name, text) in files {
            fs::write(folder.path().join(name).with_extension("rs"), text).expect("can be written");
        }
        let edges = graph::Crate::read(folder.path()).edges();
        assert_eq!(graph::lines(&edges), expected, "{what}");
    }
}

#[test]
fn cycles_are_found_with_all_their_files() {
    let edges = |pairs: &[(&str, &str)]| {
        let mut edges = graph::Edges::new();
        for (from, to) in pairs {
            let uses = edges.entry((*from).to_owned()).or_default();
            uses.entry((*to).to_owned()).or_default().insert("X".to_owned());
        }
        edges
    };
    /// The uses, and the groups of files.
    type Row = (&'static [(&'static str, &'static str)], &'static [&'static [&'static str]]);
    let rows: [Row; 4] = [
        (&[("a", "b"), ("b", "c"), ("a", "c")], &[]),
        (&[("a", "b"), ("b", "a"), ("c", "a")], &[&["a", "b"]]),
        (&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")], &[&["a", "b", "c"]]),
        (&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("b", "c")], &[&["a", "b"], &["c", "d"]]),
    ];
    for (pairs, expected) in rows {
        assert_eq!(graph::cycles(&edges(pairs)), expected, "{pairs:?}");
    }
}

#[test]
fn files_stay_small() {
    for (path, _, code) in sources() {
        let lines = code.lines().count();
        assert!(is_test(&path) || lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
    }
}

/// The files that the papers for contributors and the settings of the mutation tests name, in quotes or code marks.
#[test]
fn named_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for paper in ["docs/ARCHITECTURE.md", "CONTRIBUTING.md", ".cargo/mutants.toml"] {
        let text = fs::read_to_string(root.join(paper)).expect("the paper can be read");
        let is_path = |word: &&str| {
            word.contains('/') && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        };
        let is_file = |word: &&str| [".rs", ".md", ".toml", ".txt"].iter().any(|end| word.ends_with(end));
        for path in text.split(['`', '"']).filter(is_path).filter(is_file) {
            let folders = ["", "src", "src/config", "crates/entra-explain/src"];
            assert!(folders.iter().any(|folder| root.join(folder).join(path).is_file()), "{paper}: {path}");
            named += 1;
        }
        // A pattern that matches no file takes its rules out of the mutation tests.
        for folder in text.split('"').filter_map(|pattern| pattern.strip_suffix("/*.rs")) {
            let folder = folder.trim_end_matches("/**");
            assert!(folder.starts_with("src/**") || root.join(folder).is_dir(), "{paper}: {folder}");
        }
    }
    assert!(named > 60, "{named}");
}
