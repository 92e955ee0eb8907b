//! `docs/systems.md`: every sentence is a row, and every scenario that it names exists. (That its tests do, the core holds.)

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../../../docs/systems.md");

/// The rows of a text are numbered without a gap, and are as many as it has sentences.
#[test]
fn every_sentence_has_its_row() {
    for (letter, sentences) in [('W', 25), ('N', 131), ('S', 23), ('P', 27), ('I', 22), ('D', 18)] {
        let start = format!("| {letter}");
        let rows = PAGE.lines().filter_map(|line| line.strip_prefix(&start)?.split(' ').next()?.parse().ok());
        assert_eq!(rows.collect::<Vec<u32>>(), (1..=sentences).collect::<Vec<_>>(), "{letter}");
    }
}

#[test]
fn every_scenario_that_is_named_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenarios");
    let files = fs::read_dir(folder).unwrap();
    let known: BTreeSet<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let mut shown = 0;
    for row in PAGE.lines().filter(|line| line.starts_with('|')) {
        let last = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for part in last.split("scenario").skip(1) {
            // what stands between backticks, up to the next kind of proof
            let names = part.split(';').next().unwrap().split('`').skip(1).step_by(2);
            for name in names.filter(|name| name.contains('-') && !name.contains('*')) {
                shown += 1;
                assert!(known.contains(name), "no such scenario: {name}");
            }
        }
    }
    assert!(shown > 40, "{shown}");
}
