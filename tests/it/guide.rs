//! What the guide lists is all that there is.

use std::{collections::BTreeSet, fs, path::Path};

const OPERATIONS: &str = include_str!("../../src/guide/operations.md");
const SECURITY: &str = include_str!("../../src/guide/security.md");
const MODULES: &str = include_str!("../../src/guide/mod.rs");
const README: &str = include_str!("../../README.md");
const ENTRA: &str = include_str!("../../docs/entra.md");

/// The texts of all source files below a folder, but for tests.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// The words that stand behind `start` anywhere in the sources, with `part` before them.
fn words(start: &str, part: &str) -> BTreeSet<String> {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let is_of_word = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    let word = |text: &str| part.chars().chain(text.chars().take_while(is_of_word)).collect();
    found.iter().flat_map(|text| text.split(start).skip(1)).map(word).collect()
}

/// What stands in code marks at the beginning of the rows of a page's tables.
fn first_column(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_switch_that_weakens_is_listed() {
    let switches = words("pub fn danger_", "danger_");
    assert!(switches.len() >= 4, "{switches:?}");
    let listed: BTreeSet<String> =
        first_column(SECURITY).into_iter().filter(|name| name.starts_with("danger_")).map(str::to_owned).collect();
    assert_eq!(listed, switches);
}

#[test]
fn every_event_and_counter_is_listed() {
    let events = words("event = \"", "");
    assert!(events.len() >= 7, "{events:?}");
    let listed = first_column(OPERATIONS);
    for event in &events {
        assert!(listed.contains(&**event), "the event {event}");
    }
    let counters: BTreeSet<String> =
        words("\"tower_entra_", "tower_entra_").into_iter().filter(|name| name.ends_with("_total")).collect();
    assert!(counters.len() >= 6, "{counters:?}");
    for counter in counters {
        assert!(OPERATIONS.contains(&format!("`{counter}`")), "the counter {counter}");
    }
}

#[test]
fn every_page_is_a_module_and_in_the_readme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned())).collect();
    assert!(pages.len() >= 8, "{pages:?}");
    for page in pages {
        assert!(MODULES.contains(&format!("include_str!(\"{page}.md\")]\npub mod {page} {{}}")), "{page}");
        assert!(MODULES.contains(&format!("[`{page}`]")), "{page} is not in the contents");
        assert!(README.contains(&format!("(src/guide/{page}.md)")), "{page} is not in the README");
    }
    // This page is not in the folder of the others.
    assert!(MODULES.contains("include_str!(\"../../docs/entra.md\")]\npub mod entra {}"));
    assert!(MODULES.contains("[`entra`]"), "entra is not in the contents");
    assert!(README.contains("(docs/entra.md)"), "entra is not in the README");
}

/// rustdoc checks neither fragments of links nor titles in comments.
#[test]
fn every_cited_section_of_the_facts_exists() {
    let titles: BTreeSet<&str> = ENTRA.lines().filter(|line| line.starts_with("##")).map(title).collect();
    let anchors: BTreeSet<String> = titles.iter().map(|title| anchor(title)).collect();
    let mut texts = vec![ENTRA.replace("](#", "](entra#"), README.replace("](docs/entra.md#", "](entra#")];
    for folder in ["src", "crates/mock-entra/src"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts);
    }
    for page in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide")).unwrap() {
        texts.push(fs::read_to_string(page.unwrap().path()).unwrap());
    }
    let (mut links, mut citations) = (0, 0);
    for text in texts {
        for cited in text.split("entra#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(anchors.contains(cited), "there is no section #{cited}");
            links += 1;
        }
        // A title may go on in the next line of a comment.
        let lines = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!']).trim());
        let joined = lines.collect::<Vec<_>>().join(" ");
        for cited in joined.split("`docs/entra.md`, \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(titles.contains(cited), "there is no section {cited:?}");
            citations += 1;
        }
    }
    assert!(links > 60 && citations > 60, "{links} links, {citations} citations");
}

fn title(line: &str) -> &str {
    line.trim_start_matches('#').trim()
}

/// What rustdoc and GitHub make of a title.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|letter| letter.is_ascii_alphanumeric() || [' ', '-', '_'].contains(letter));
    kept.collect::<String>().to_ascii_lowercase().replace(' ', "-")
}
