//! Any terms, any history: every law of `tests/generative`. The first four bytes seed the terms; every step is three
//! bytes for what happens and when, and as many more as its number of choices.
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

use history::{Act, History, Move, START_MS, Step};
use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fuzz_target!(|bytes: &[u8]| {
    let Some((head, mut rest)) = bytes.split_first_chunk::<5>() else { return };
    let [proposer, seed @ ..] = head;
    let seed = seed.repeat(8);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let Ok(tree) = terms::terms().new_tree(&mut runner) else { return };
    let mut steps = Vec::new();
    while let Some((step, left)) = rest.split_first_chunk::<7>() {
        rest = left;
        if steps.len() == 60 {
            break;
        }
        steps.push(read(*step));
    }
    let start = escrow::Time::from_millis(START_MS).expect("a time");
    let history = History { terms: tree.current(), proposer: proposer % 3, steps, start, steady: false };
    let found = findings::findings(&history);
    assert!(found.is_empty(), "{found:#?}\n{history:#?}");
});

fn read([clock, act, a, b, c, d, e]: [u8; 7]) -> Step {
    let number = u32::from_le_bytes([b, c, d, 0]);
    let clock = match clock % 8 {
        0 | 1 => Move::Stand,
        2 => Move::Tick(number % 900),
        3 => Move::Towards(b),
        4 => Move::JustBefore,
        5 => Move::ToDeadline,
        6 => Move::Past(number),
        _ => Move::Back(number % 2_000_000),
    };
    let act = match act % 8 {
        0 | 1 => Act::Forward,
        2 => Act::Answer,
        3 => Act::Allowed(a),
        4 => Act::Pay,
        5 => Act::Chargeback,
        6 => Act::Hostile(a, e),
        _ if a < 128 => Act::Again(a),
        _ => Act::Wake,
    };
    Step { clock, act, salt: u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]) }
}
