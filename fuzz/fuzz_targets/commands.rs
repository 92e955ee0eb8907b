//! Any terms, any history: every law of `tests/generative`, driven by the fuzzer's bytes instead of by chance.
#![no_main]
#![allow(dead_code)]

#[path = "../../tests/generative/commands.rs"]
mod commands;
#[path = "../../tests/generative/findings.rs"]
mod findings;
#[path = "../../tests/generative/history.rs"]
mod history;
#[path = "../../tests/generative/laws.rs"]
mod laws;
#[path = "../../tests/generative/terms.rs"]
mod terms;

use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fuzz_target!(|bytes: &[u8]| {
    let rng = TestRng::from_seed(RngAlgorithm::PassThrough, bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let Ok(tree) = history::histories().new_tree(&mut runner) else { return };
    let history = tree.current();
    let found = findings::findings(&history);
    assert!(found.is_empty(), "{found:#?}\n{history:#?}");
});
