//! The same histories as a state machine of proptest: they shrink, step by step, and what is left is printed as a scenario
//! file. After every step the deal is held against the model of the books, and against the promises that the exploration
//! proves of small deals: above all that what the gateway has told of a payment is what is recorded of it, whatever the
//! order of delivery.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use escrow::deal::Command;
use escrow::{Actor, Deal, Time};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use serde_json::{Value, json};

use crate::promises;
use crate::random::{self, Dice, is_beyond};
use crate::world::{Differs, World};

/// A bug that is planted to see that it is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plant {
    None,
    /// A payment of which the gateway tells is not recorded.
    Forgets,
    /// What the gateway pays out again is not seen.
    PaysTwice,
}

const PLANTS: [Plant; 3] = [Plant::None, Plant::Forgets, Plant::PaysTwice];

/// A history as small numbers: how the deal begins, then a number for each step, which decides what happens there.
#[derive(Debug)]
struct Drawn;

impl ReferenceStateMachine for Drawn {
    type State = u16;
    type Transition = u16;

    fn init_state() -> BoxedStrategy<u16> {
        any::<u16>().boxed()
    }

    fn transitions(_: &u16) -> BoxedStrategy<u16> {
        any::<u16>().boxed()
    }

    fn apply(begun: u16, _: &u16) -> u16 {
        begun
    }
}

#[derive(Debug)]
struct Run {
    world: World,
    before: Deal,
    /// Which steps of the world were checked.
    seen: usize,
    /// The parts of a divided leg differ, or what is not compared has happened.
    over: bool,
    plant: Plant,
}

impl Run {
    fn begin(begun: u16, plant: Plant) -> Self {
        let world = random::begin(&mut Dice::new(begun.into()));
        let (before, seen) = (world.deal.clone(), world.told.len());
        Self { world, before, seen, over: false, plant }
    }

    fn step(&mut self, number: u16) -> Result<(), String> {
        if self.over {
            return Ok(());
        }
        let result = random::step(&mut self.world, &mut Dice::new(number.into()));
        self.over = is_beyond(&self.world);
        match result {
            _ if self.over => return Ok(()),
            Ok(()) => {}
            Err(Differs::Parts(_)) => {
                self.over = true;
                return Ok(());
            }
            Err(Differs::Books(what)) => return Err(what),
        }
        let told = self.world.told.len();
        // a step of several commands is known only at its end
        if told == self.seen + 1 {
            let (_, _, command, accepted) = self.world.told.last().expect("a step");
            let mut after = self.world.deal.clone();
            match self.plant {
                Plant::Forgets if matches!(command, Command::ConfirmPayment(_)) => {
                    after = self.before.clone()
                }
                Plant::PaysTwice => after = self.pays_twice(after),
                Plant::None | Plant::Forgets => {}
            }
            let broken = promises::broken(&self.before, &after, command);
            if let Some((promise, how)) = broken.first().filter(|_| *accepted) {
                return Err(format!("not so: {promise}: {how}"));
            }
        }
        self.seen = told;
        self.before = self.world.deal.clone();
        Ok(())
    }

    /// A leg that was paid is ordered, and paid, once more.
    fn pays_twice(&self, mut deal: Deal) -> Deal {
        use escrow::deal::Event;
        let done = self.world.journal.iter().rev().find_map(|r| match &r.event {
            Event::LegOrdered { order } => Some((r, order.clone())),
            _ => None,
        });
        let paid = |tx| deal.transaction(tx).is_some_and(|t| !t.is_pending());
        if let Some((recorded, mut order)) = done.filter(|(_, order)| paid(order.tx)) {
            order.tx = escrow::TxId::new(u32::try_from(deal.transactions().len()).unwrap() + 1);
            let reference = crate::world::text("again");
            let paid = Event::TransactionSucceeded { tx: order.tx, reference };
            for event in [Event::LegOrdered { order }, paid] {
                deal.apply(&escrow::Recorded { event, ..recorded.clone() });
            }
        }
        deal
    }

    fn must(&mut self, number: u16) {
        let found = catch_unwind(AssertUnwindSafe(|| self.step(number)));
        let finding = match found {
            Ok(Ok(())) => return,
            Ok(Err(finding)) => finding,
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned()),
        };
        std::panic::resume_unwind(Box::new(format!("{finding}\n{}", scenario(&self.world))));
    }
}

fn who(actor: &Actor) -> Value {
    match actor {
        Actor::Party(id) => json!({ "party": id }),
        Actor::Operator(_) => json!("operator"),
        Actor::Moderator(_) => json!("moderator"),
        Actor::Gateway => json!("gateway"),
        Actor::Tracker => json!("tracker"),
        Actor::Clock => json!("clock"),
    }
}

/// What was told, as a scenario file: `cargo run --example scenario -- FILE`.
fn scenario(world: &World) -> String {
    let step = |(at, by, command, accepted): &(Time, Actor, Command, bool)| {
        let expect = if *accepted { "accepted" } else { "refused" };
        format!("    {}", json!({ "at": at, "by": who(by), "do": command, "expect": expect }))
    };
    let steps: Vec<String> = world.told.iter().map(step).collect();
    let mut text = String::from("{\n");
    let head = [
        ("name", json!("The deal and the model of its books differ")),
        ("start", json!(crate::world::start())),
        ("proposed_by", who(&crate::world::seller())),
        ("terms", json!(**world.deal.terms())),
        ("gateway", json!([{ "times": u32::MAX, "behaviour": "time_out" }])),
    ];
    for (field, value) in head {
        let _ = writeln!(text, "  \"{field}\": {value},");
    }
    let _ = writeln!(text, "  \"steps\": [\n{}\n  ]\n}}", steps.join(",\n"));
    text
}

struct Checked<const PLANT: usize>;

impl<const PLANT: usize> StateMachineTest for Checked<PLANT> {
    type SystemUnderTest = Run;
    type Reference = Drawn;

    fn init_test(begun: &u16) -> Run {
        Run::begin(*begun, PLANTS[PLANT])
    }

    fn apply(mut run: Run, _: &u16, number: u16) -> Run {
        run.must(number);
        run
    }
}

/// The failure's text, where there is one.
fn search<const PLANT: usize>(cases: u32, runner: impl FnOnce(Config) -> TestRunner) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let strategy = Drawn::sequential_strategy(1..40);
    let found = runner(config.clone()).run(&strategy, |(begun, steps, seen)| {
        Checked::<PLANT>::test_sequential(config.clone(), begun, steps, seen);
        Ok(())
    });
    match found {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, _)) => Err(reason.message().to_owned()),
        Err(TestError::Abort(reason)) => Err(format!("aborted: {reason}")),
    }
}

/// Late, early, twice, contradicting, bounced, in parts, for other deposits, charged back: `PROPTEST_CASES=20000` looks
/// further, among others each time.
#[test]
fn the_deal_agrees_with_the_books_and_the_gateway() {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let runner = |config| match asked {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    if let Err(failure) = search::<0>(asked.unwrap_or(2_000), runner) {
        panic!("{failure}");
    }
}

fn planted<const PLANT: usize>(promise: &str) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let failure = search::<PLANT>(2_000, |config| TestRunner::new_with_rng(config, rng));
    let failure = failure.expect_err("the planted bug is found");
    println!("{failure}");
    assert!(failure.contains(promise), "{failure}");
    // few steps are left of it
    assert!(failure.matches("\"at\":").count() <= 10, "{failure}");
}

#[test]
fn a_payment_that_is_not_recorded_is_found_and_told() {
    planted::<1>(promises::RECORDED);
}

#[test]
fn a_leg_that_is_paid_twice_is_found_and_told() {
    planted::<2>("not so: ");
}
