//! The documentation names tests: they exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every function of every test file.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
            found.extend(names.filter_map(|rest| rest.split(['(', '<']).next()).map(str::to_owned));
        }
    }
}

/// What stands between backticks in the column `test` of a table.
fn names_of(page: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut tells = false;
    let mut before = "";
    for line in page.lines() {
        let last = line.trim_end_matches('|').rsplit(" | ").next().unwrap_or_default();
        if line.starts_with('|') && !before.starts_with('|') {
            tells = last.trim() == "test";
        } else if line.starts_with('|') && tells {
            names.extend(last.split('`').skip(1).step_by(2).filter_map(|code| code.split("::").last()));
        }
        before = line;
    }
    names
}

#[test]
fn every_test_that_the_page_of_systems_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = BTreeSet::new();
    let folders = ["tests", "crates"].map(|folder| root.join(folder));
    folders.iter().for_each(|folder| functions(folder, &mut known));
    let page = fs::read_to_string(root.join("docs/systems.md")).unwrap();
    let is_test = |name: &&str| {
        name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let named: BTreeSet<&str> = names_of(&page).into_iter().filter(is_test).collect();
    assert!(named.len() > 100, "{}", named.len());
    let module = |name: &str| root.join("tests/core").join(name).exists();
    let missing: Vec<_> = named.iter().filter(|name| !known.contains(**name) && !module(name)).collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");
}
