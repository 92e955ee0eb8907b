//! `hledger` and `bean-check` accept the journals. Where a tool is not installed, its test says that it was skipped.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use escrow_ledger::Ledger;
use escrow_testing::strategies::histories;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The story, and a few whole histories.
fn journals() -> Vec<Ledger> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut journals = vec![super::story::told()];
    for _ in 0..40 {
        let history = histories().new_tree(&mut runner).unwrap().current();
        journals.push(super::laws::ledger_of(&history).unwrap().0);
    }
    journals
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("escrow-ledger-{}-{name}", std::process::id()));
    std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    path
}

/// Runs a tool on every journal; `None` where it is not installed.
fn checked(tool: &str, arguments: &[&str], name: &str, write: impl Fn(&Ledger) -> String) -> Option<usize> {
    let mut count = 0;
    for ledger in journals() {
        let text = write(&ledger);
        let path = written(name, &text);
        let mut command = Command::new(tool);
        let output = if tool == "hledger" {
            command.arg("-f").arg(&path).args(arguments).output()
        } else {
            command.args(arguments).arg(&path).output()
        };
        let Ok(output) = output else {
            eprintln!("skipped: {tool} is not installed");
            return None;
        };
        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{tool}: {said}\n{text}");
        let _ = std::fs::remove_file(path);
        count += 1;
    }
    Some(count)
}

#[test]
fn hledger_accepts_every_journal() {
    if let Some(count) = checked("hledger", &["check", "--strict"], "journal", Ledger::to_hledger) {
        assert_eq!(count, 41);
    }
}

#[test]
fn bean_check_accepts_every_journal() {
    if let Some(count) = checked("bean-check", &[], "ledger.beancount", Ledger::to_beancount) {
        assert_eq!(count, 41);
    }
}
