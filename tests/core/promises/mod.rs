//! What is promised of every deal, over random deals and random histories.
//!
//! The laws themselves are in `laws/`. `PROPTEST_CASES=20000 cargo test --release --test core promises` looks further.

mod allowed;
mod conservation;
mod endings;
mod histories;
mod no_deadlock;
mod not_both;
mod planted;
mod punctuality;
mod repeats;
mod replay;

use crate::laws::{Finding, at_every_step};
use escrow_testing::strategies::{History, Moment, Play, histories};
use proptest::test_runner::{Config, TestRunner};

/// Proves a property over random histories: `cases` of them, or as many as `PROPTEST_CASES` says.
pub fn prove(cases: u32, property: impl Fn(&History) -> Finding) {
    use proptest::test_runner::TestCaseError;
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let result =
        TestRunner::new(config).run(&histories(), |history| property(&history).map_err(TestCaseError::fail));
    if let Err(found) = result {
        panic!("{found}");
    }
}

pub fn every_step(cases: u32, law: impl Fn(&Moment<'_>) -> Finding) {
    prove(cases, |history| at_every_step(history, &law));
}

pub fn every_end(cases: u32, law: impl Fn(&Play) -> Finding) {
    prove(cases, |history| law(&history.play(|_| Finding::Ok(()))?));
}
