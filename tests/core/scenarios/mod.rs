//! The example scenarios, the runner as a process, and what `docs/scenarios.md` promises of both.

#![allow(clippy::disallowed_methods)]

mod examples;
mod expectations;
mod market;
mod page;
mod runner;

use std::path::{Path, PathBuf};

use escrow::{Deal, Envelope};
use escrow_testing::scenario::{Report, Scenario};
use serde_json::Value;

/// Those of one deal.
pub fn examples() -> Vec<(PathBuf, String)> {
    all_examples().into_iter().filter(|(_, text)| !text.contains("\"machines\":")).collect()
}

/// Those of several machines too.
pub fn all_examples() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "json"));
    files.sort();
    assert!(files.len() >= 7, "(a) to (g) at least");
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(&file).unwrap())).collect()
}

pub fn example(letter: &str) -> Value {
    let named = |(file, _): &(PathBuf, String)| {
        file.file_name().unwrap().to_str().unwrap().starts_with(&format!("{letter}-"))
    };
    let (_, text) = examples().into_iter().find(named).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub fn read(document: &Value) -> Scenario {
    Scenario::from_json(&document.to_string()).unwrap_or_else(|e| panic!("{e}"))
}

/// All that must be true of a report, whatever the scenario.
pub fn is_sound(report: &Report) {
    let name = &report.name;
    assert_eq!(report.invariants.violations, Vec::<String>::new(), "{name}");
    // two after each step, two more at the end
    let checks = if report.steps.is_empty() { 0 } else { 2 * report.steps.len() + 2 };
    assert_eq!(report.invariants.checks, checks, "{name}");
    assert_eq!(report.ok, report.differences.is_empty(), "{name}");
    // the deposits' books, from the outside
    for d in &report.deposits {
        let parts = [d.held, d.reserved, d.paid_out, d.refunded, d.charged_back];
        let sum: i64 = parts.iter().map(|m| m.minor()).sum();
        assert_eq!(d.received.minor(), sum, "{name}: {}", d.deposit);
    }
    // the journal, without a gap, in order, and telling the same story
    assert!(report.events.iter().map(|e| e.version).eq(1..=report.events.len() as u64), "{name}");
    assert!(report.events.iter().map(|e| e.occurred_at).is_sorted(), "{name}");
    if let Some(first) = report.events.first() {
        let journal: Vec<_> = report.events.iter().cloned().map(Envelope::into_recorded).collect();
        let deal = Deal::replay(first.deal_id, &journal).unwrap();
        assert_eq!(Some(deal.status()), report.status, "{name}");
        assert_eq!(deal.legs().len(), report.legs.len(), "{name}");
    }
    assert_eq!(report.steps.first().map(|s| s.step), report.error.is_none().then_some(0), "{name}");
    let refused = report.steps.iter().filter(|s| s.result != "accepted").count();
    assert_eq!(report.rejections.len(), refused + usize::from(report.error.is_some()), "{name}");
}
