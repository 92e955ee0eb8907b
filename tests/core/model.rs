//! The whole deal against a deliberately naive model of who holds which money.
//!
//! Three are independent of each other. The **deal** is the library's. The **world** (`model/world.rs`) is payers, their
//! bank and a gateway that moves real money once per key, and answers twice, late, in another order, or never: it knows
//! orders and no deals. The **books** (`model/books.rs`) are the reference model, told from the design: they predict
//! every figure from commands and facts, and divide endings by the naive calculator. After every step the three must
//! agree, and at the end nothing may be left anywhere.
//!
//! Chargebacks, returns and what the gateway says against its own word have a model and histories of their own in
//! `tests/facts`.
//!
//! A failure is shrunk and printed as a scenario file.
//!
//! `PROPTEST_CASES=20000 cargo test --release --all-features --test core model::` looks further.
#![allow(dead_code)]

mod books;
mod choices;
mod machine;
mod mirror;
mod story;
mod world;

use std::collections::BTreeMap;

use escrow_testing::scenario::{Report, Scenario, run};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use crate::laws::{Finding, ensure};
use choices::{Setting, Step};
use machine::{Checked, Drawn, Run};

/// A bug that is planted to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Plant {
    #[default]
    None,
    /// The gateway forgets the keys of refunds: asked again, it refunds again.
    RefundsAgain,
    /// The deal does not know a payment again.
    CountsTwice,
    /// The model forgets that what is paid over goes back.
    KeepsExcess,
}

impl Plant {
    const ALL: [Self; 4] = [Self::None, Self::RefundsAgain, Self::CountsTwice, Self::KeepsExcess];
}

/// Plays one history; the failure's text, where it fails.
fn play<const PLANT: u8>(setting: &Setting, steps: &[Step]) -> Result<(), String> {
    let test = || Checked::<PLANT>::test_sequential(Config::default(), setting.clone(), steps.to_vec(), None);
    std::panic::catch_unwind(test).map_err(|found| {
        let text = found.downcast_ref::<String>();
        text.cloned().unwrap_or_else(|| "a panic of the test's own".to_owned())
    })
}

/// Takes out every step, and then every move of the clock, without which it fails as well.
fn smaller<const PLANT: u8>(setting: &Setting, mut steps: Vec<Step>, mut failure: String) -> String {
    let mut at = steps.len();
    while at > 0 {
        at -= 1;
        let mut fewer = steps.clone();
        fewer.remove(at);
        let mut calmer = steps.clone();
        calmer[at].drawn = calmer[at].drawn.standing();
        let was_calm = steps[at].drawn.stands();
        if let Err(still) = play::<PLANT>(setting, &fewer) {
            (steps, failure) = (fewer, still);
            at = steps.len();
        } else if !was_calm && let Err(still) = play::<PLANT>(setting, &calmer) {
            (steps, failure) = (calmer, still);
        }
    }
    failure
}

/// The failure's text, where there is one.
fn search<const PLANT: u8>(cases: u32, mut runner: impl FnMut(Config) -> TestRunner) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let strategy = Drawn::sequential_strategy(1..60);
    let found = runner(config.clone()).run(&strategy, |(setting, steps, seen)| {
        Checked::<PLANT>::test_sequential(config.clone(), setting, steps, seen);
        Ok(())
    });
    match found {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, (setting, steps, _))) => {
            Err(smaller::<PLANT>(&setting, steps, reason.message().to_owned()))
        }
        Err(TestError::Abort(reason)) => Err(format!("aborted: {reason}")),
    }
}

#[test]
fn the_deal_agrees_with_the_model_and_the_world() {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    if let Err(failure) = search::<0>(asked.unwrap_or(10_000), TestRunner::new) {
        panic!("{failure}");
    }
}

/// The histories go through every kind of trouble: what the model proves, it proves of these too.
#[test]
fn every_kind_of_trouble_is_reached() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        // the same histories every time
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let strategy = Drawn::sequential_strategy(1..60);
    let mut seen = BTreeMap::<String, u32>::new();
    for _ in 0..3_000 {
        let (setting, steps, _) = strategy.new_tree(&mut runner).expect("a history").current();
        let mut run = Run::begin(&setting, Plant::None);
        let played = steps.iter().try_for_each(|step| run.step(step)).and_then(|()| run.finish());
        played.expect("the model agrees");
        run.seen.into_iter().for_each(|what| *seen.entry(what).or_default() += 1);
    }
    seen.iter().for_each(|(what, n)| println!("{n:6} {what}"));
    let mut wanted = Vec::new();
    for what in ["a hold", "a charge"] {
        wanted.extend(["before", "during", "after"].map(|when| format!("{what} {when} paying")));
    }
    for kind in ["capture", "void", "refund", "payout", "fee"] {
        wanted.extend(["done", "declined"].map(|how| format!("{kind} {how}")));
    }
    let others = [
        "a fact of somebody's own making",
        "an answer to nothing",
        "nothing new from the gateway",
        "a payment that cannot be",
        "a payment once more",
        "a balance",
        "the clock steps back",
        "late timers",
        "the world is ahead",
        "an ending waits for a capture",
        "Success",
        "PartialBuyout",
        "Cancelled",
        "Cancelled, not funded",
        "Agreement",
        "Ruling",
        "DefaultRuling",
    ];
    wanted.extend(others.map(str::to_owned));
    let missing: Vec<_> = wanted.iter().filter(|what| !seen.contains_key(*what)).collect();
    assert!(missing.is_empty(), "no history reaches {missing:?}");
}

/// The failure of a planted bug, and what its scenario comes to with the sound library.
fn planted<const PLANT: u8>() -> (String, Scenario, Report) {
    // the same histories every time
    let rng = || TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let failure = search::<PLANT>(4_000, |config| TestRunner::new_with_rng(config, rng()));
    let failure = failure.expect_err("the planted bug is found");
    let (finding, text) = failure.split_once(story::MARK).expect("a failure has its scenario");
    let scenario = Scenario::from_json(text).expect("the scenario can be read");
    let report = run(&scenario);
    assert!(report.invariants.violations.is_empty(), "{:?}", report.invariants.violations);
    (finding.to_owned(), scenario, report)
}

/// The deal takes one payment for two: three steps show it, and the library itself passes them.
#[test]
fn a_payment_that_counts_twice_is_found_and_told() {
    let (finding, scenario, report) = planted::<2>();
    println!("{finding}");
    assert!(scenario.steps.len() <= 10, "{:?}", scenario.steps);
    assert!(report.ok, "{:?}", report.differences);
}

/// The gateway pays a refund twice: the world's ledger shows it. No word of the deal's is wrong, so the scenario passes.
#[test]
fn a_refund_that_is_paid_twice_is_found_and_told() {
    let (finding, scenario, report) = planted::<1>();
    println!("{finding}");
    assert!(scenario.steps.len() <= 10, "{:?}", scenario.steps);
    assert!(report.ok, "{:?}", report.differences);
}

/// Deal and model differ over what goes back: the scenario shows the legs on which they do.
#[test]
fn a_difference_from_the_model_is_a_difference_of_the_scenario() {
    let (finding, scenario, report) = planted::<3>();
    println!("{finding}\n{:?}", report.differences);
    assert!(scenario.steps.len() <= 10, "{:?}", scenario.steps);
    assert!(report.differences.iter().any(|d| d.starts_with("legs: ")), "{:?}", report.differences);
}
