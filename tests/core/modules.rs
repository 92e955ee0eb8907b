//! The core's modules form no cycle: what one of them uses never leads back to it. And its files are short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What stands at the root of the crate and is no module of ours.
const FOREIGN: [&str; 1] = ["uuid"];

/// Which modules a module uses, with the place of one use each.
type Uses = BTreeMap<String, BTreeMap<String, PathBuf>>;

#[test]
fn no_module_leads_back_to_itself() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses = uses(&source);
    assert!(uses.len() > 10 && uses["deal"].len() > 5, "{uses:?}");
    // what uses nothing that is left cannot be in a cycle
    while let Some(done) = uses.iter().find(|(_, used)| used.is_empty()).map(|(name, _)| name.clone()) {
        uses.remove(&done);
        uses.values_mut().for_each(|used| drop(used.remove(&done)));
    }
    assert!(uses.is_empty(), "these modules lead back to themselves: {uses:#?}");
}

#[test]
fn a_file_of_a_crate_has_at_most_400_lines_or_says_why() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|dir| dir.unwrap().path().join("src"));
    let long = crates.chain([root.join("src")]).flat_map(|source| files(&source)).filter_map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        let says_why = text.lines().take(6).any(|line| line.starts_with("//! Over 400 lines: "));
        let lines = text.lines().count();
        (lines > 400 && !says_why).then_some((file, lines))
    });
    assert_eq!(long.collect::<Vec<_>>(), []);
}

fn uses(source: &Path) -> Uses {
    let root = code(&source.join("lib.rs"));
    let modules: BTreeSet<&str> =
        root.lines().filter_map(|line| line.split_once("mod ")?.1.trim_end().strip_suffix(';')).collect();
    // `pub use deal::{Deal, Event};`: whose module a name at the root is
    let mut names: BTreeMap<&str, &str> = modules.iter().map(|module| (*module, *module)).collect();
    for (module, rest) in root.split("pub use ").skip(1).filter_map(|text| text.split_once("::")) {
        let list = rest.split_once(';').unwrap().0.trim_matches(['{', '}']);
        names.extend(list.split(',').map(|name| (name.trim(), module)));
    }
    let mut uses: Uses = modules.iter().map(|module| ((*module).to_owned(), BTreeMap::new())).collect();
    for file in files(source) {
        let module = file.strip_prefix(source).unwrap().iter().next().unwrap().to_str().unwrap();
        let module = module.trim_end_matches(".rs");
        let Some(used) = uses.get_mut(module) else { continue };
        let text = code(&file);
        for name in text.split("crate::").skip(1).flat_map(first_names) {
            match names.get(name) {
                Some(other) if *other != module => drop(used.insert((*other).to_owned(), file.clone())),
                Some(_) => {}
                None => assert!(FOREIGN.contains(&name), "whose is crate::{name} in {}?", file.display()),
            }
        }
    }
    uses
}

/// The first name of a path, or of each path in its braces.
fn first_names(path: &str) -> Vec<&str> {
    let first = |path: &str| path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    let Some(list) = path.strip_prefix('{') else { return vec![&path[..first(path)]] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                let name = list[start..at].trim();
                names.push(&name[..first(name)]);
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// A file without comments and without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
    files
}
