//! Random histories: steps are drawn as plain numbers, and become commands when the deal's state is known, so that
//! histories reach far and shrink well.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::salt::sound;
use super::terms::terms;
use escrow::{Terms, Time};

/// A deal and what happens to it: its terms, who proposes it, and up to 60 steps. [`play`](Self::play) plays it.
///
/// Its `Debug` form tells the story step by step, as a failing property prints it.
#[derive(Clone)]
pub struct History {
    pub(super) terms: Terms,
    pub(super) proposer: u8,
    pub(super) steps: Vec<Step>,
    /// Where the host's clock starts.
    pub(super) start: Time,
    /// It never steps back.
    pub(super) steady: bool,
}

/// One step, drawn as a few numbers before the deal's state is known: what a state machine's test draws for its
/// transitions. [`moment`](Self::moment) and [`command`](Self::command) make the instant and the command of it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub(super) clock: Move,
    pub(super) act: Act,
    /// Where every further choice comes from; zero is the plain choice.
    pub(super) salt: u64,
}

/// How the host's clock moves before a step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Stand,
    /// By milliseconds.
    Tick(u32),
    /// A part of the way to the next deadline, in 256ths.
    Towards(u8),
    JustBefore,
    ToDeadline,
    /// Seconds after the deadline.
    Past(u32),
    /// By seconds.
    Back(u32),
}

/// What a step is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Whatever brings the deal on.
    Forward,
    /// The gateway answers an order.
    Answer,
    /// Something that the actor may do now.
    Allowed(u8),
    /// The gateway reports a payment, sound or odd.
    Pay,
    /// The banks: chargebacks, payments that come back, debts that are paid.
    Chargeback,
    /// Anybody tries anything.
    Hostile(u8, u8),
    /// An earlier command once more.
    Again(u8),
    Wake,
}

impl History {
    /// What is agreed when the deal is proposed.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The same one with a clock that never steps back.
    #[must_use]
    pub fn steady(&self) -> Self {
        Self { steady: true, ..self.clone() }
    }

    /// Reads a history from bytes, for a fuzzer: the first five choose the proposer and the [`terms`], every seven
    /// that follow are a step, up to 60. `None` under five bytes. The same bytes are the same history, in one version
    /// of this crate.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let ([proposer, seed @ ..], mut rest) = bytes.split_first_chunk::<5>()?;
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed.repeat(8));
        let tree = terms().new_tree(&mut TestRunner::new_with_rng(Config::default(), rng)).ok()?;
        let mut steps = Vec::new();
        while let Some((step, left)) = rest.split_first_chunk::<7>().filter(|_| steps.len() < MAX_STEPS) {
            rest = left;
            steps.push(Step::from_bytes(*step));
        }
        Some(Self { terms: tree.current(), proposer: proposer % 3, steps, start: start(), steady: false })
    }
}

const MAX_STEPS: usize = 60;

impl Step {
    fn from_bytes([clock, act, a, b, c, d, e]: [u8; 7]) -> Self {
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
        Self { clock, act, salt: u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]) }
    }
}

/// Random deals with random histories of up to 60 steps, by whoever may act and whoever may not, with a clock that
/// stops, runs, leaps to deadlines and steps back.
pub fn histories() -> impl Strategy<Value = History> {
    histories_of(terms())
}

/// [`histories`] of your own deals: under your policy, with your fees. The buyer, the seller and the arbiter are those
/// of the terms. A fixed deal is `histories_of(Just(terms))`.
pub fn histories_of(terms: impl Strategy<Value = Terms>) -> impl Strategy<Value = History> {
    // close to the end of the calendar every deadline stops at its last instant
    let starts =
        prop_oneof![40 => Just(start()), 1 => (0..=10_000_000_u32).prop_map(|s| Time::MAX.minus_secs(s))];
    (terms, 0..3_u8, starts, walks()).prop_map(|(terms, proposer, start, steps)| History {
        terms,
        proposer,
        steps,
        start,
        steady: false,
    })
}

/// 2026-01-01T00:00:00Z
fn start() -> Time {
    sound(Time::from_millis(1_767_225_600_000))
}

/// Steps that lead to a funded deal, mostly; then anything.
fn walks() -> impl Strategy<Value = Vec<Step>> {
    (vec(calm_steps(), 0..=12), vec(steps(), 0..=48)).prop_map(|(mut steps, rest)| {
        steps.extend(rest);
        steps
    })
}

/// Any step: whatever brings the deal on, what somebody may do, what nobody may, an earlier command once more.
pub fn steps() -> impl Strategy<Value = Step> {
    (moves(), acts(), salts()).prop_map(|(clock, act, salt)| Step { clock, act, salt })
}

/// A step that brings the deal on, while the clock is stopped.
pub fn calm_steps() -> impl Strategy<Value = Step> {
    salts().prop_map(|salt| Step { clock: Move::Stand, act: Act::Forward, salt })
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        30 => Just(Move::Stand),
        10 => (1..=900_u32).prop_map(Move::Tick),
        1 => (1_000..=200_000_000_u32).prop_map(Move::Tick),
        5 => any::<u8>().prop_map(Move::Towards),
        1 => Just(Move::JustBefore),
        2 => Just(Move::ToDeadline),
        1 => prop_oneof![0..=3_u32, Just(2_000_000_u32)].prop_map(Move::Past),
        2 => prop_oneof![1..=3_u32, Just(2_000_000_u32)].prop_map(Move::Back),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![52 => fitting(), 4 => hostile(), 2 => any::<u8>().prop_map(Act::Again)]
}

/// What brings the deal on, or somebody may do.
pub(super) fn fitting() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => Just(Act::Forward),
        8 => Just(Act::Answer),
        16 => any::<u8>().prop_map(Act::Allowed),
        4 => Just(Act::Pay),
        2 => Just(Act::Chargeback),
        2 => Just(Act::Wake),
    ]
}

/// Anybody, anything.
pub(super) fn hostile() -> impl Strategy<Value = Act> {
    any::<(u8, u8)>().prop_map(|(who, what)| Act::Hostile(who, what))
}

pub(super) fn salts() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0_u64), 4 => any::<u64>()]
}
