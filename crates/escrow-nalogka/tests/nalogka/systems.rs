//! `docs/systems.md`: every sentence is a row, and every test and scenario that it names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../../../docs/systems.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(&entry).unwrap());
        }
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of a text are numbered without a gap, and are as many as it has sentences.
#[test]
fn every_sentence_has_its_row() {
    for (letter, sentences) in [('W', 25), ('N', 131), ('S', 23), ('P', 27), ('I', 22), ('D', 18)] {
        let rows = PAGE
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("| {letter}"))?.split(' ').next()?.parse().ok());
        assert_eq!(rows.collect::<Vec<u32>>(), (1..=sentences).collect::<Vec<_>>(), "{letter}");
    }
}

/// A test is a name of three words or more; it exists somewhere, and so does a scenario.
#[test]
fn every_test_and_scenario_that_is_named_exists() {
    let mut code = String::new();
    for folder in ["src", "tests", "crates"] {
        sources(&root().join(folder), &mut code);
    }
    let names: BTreeSet<&str> = code.split("fn ").filter_map(|rest| rest.split(['(', '<']).next()).collect();
    let files = fs::read_dir(root().join("examples/scenarios")).unwrap();
    let scenarios: BTreeSet<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let mut shown = 0;
    let mut shows_tests = false;
    for row in PAGE.lines() {
        // a table whose last column is the test
        shows_tests = row.starts_with('|') && (shows_tests || row.ends_with("| test |"));
        if !shows_tests {
            continue;
        }
        let Some(last) = row.trim_end_matches(" |").rsplit(" | ").next() else { continue };
        for name in quoted(last) {
            // a path through types is no test
            let bare = if name.contains(char::is_uppercase) { "" } else { name.rsplit("::").next().unwrap() };
            let is_test = bare.matches('_').count() >= 2
                && bare.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
            if is_test {
                shown += 1;
                assert!(names.contains(bare) || code.contains(&format!("{bare}(")), "no such test: {name}");
            }
        }
        for part in last.split("scenario").skip(1) {
            for name in quoted(part.split(';').next().unwrap())
                .filter(|name| name.contains('-') && !name.contains('*'))
            {
                shown += 1;
                assert!(scenarios.contains(name), "no such scenario: {name}");
            }
        }
    }
    assert!(shown > 300, "{shown}");
}
