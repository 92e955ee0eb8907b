//! Given/when/then, and the strategies.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::wildcard_enum_match_arm)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use escrow::deal::command::{Accept, Post, StartPerforming};
use escrow::{
    Command, Context, Currency, Deal, DealId, Event, Money, Payee, Policy, Status, Terms, TermsDraft,
    transition,
};
use escrow_testing::strategies::{
    History, commands, everybody, histories, histories_of, hostile_commands, policies,
};
use escrow_testing::{Given, Then};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::common::{B, buyer, payment, plain, rub, seller, start, text};

const ID: DealId = DealId::new(uuid::Uuid::from_u128(7));

fn at(actor: escrow::Actor) -> Context {
    Context::new(start(), actor)
}

// --- given, when, then ---

/// Paid in full, and not begun.
fn paid() -> Given {
    let terms = Terms::new(plain(Policy::shop())).unwrap();
    let price = terms.quote().deposit;
    let paid = payment(B, "payment-1", price);
    Given::terms(terms, &at(seller())).command(paid, &Context::gateway(start()))
}

fn started() -> Given {
    paid().command(StartPerforming {}, &at(seller()))
}

/// What the panic says.
fn panics(test: impl FnOnce() -> Then) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("it should panic");
    *panic.downcast::<String>().expect("a panic with a text")
}

#[test]
fn what_should_have_come_of_it_did() {
    let then = started().when(Accept::default(), &at(seller())).then_rejected("wrong-role");
    assert_eq!(then.deal().status(), Status::Performing, "a rejection changes nothing");
    let price = then.deal().terms().quote().payout;
    let then = then
        .when(Accept::default(), &at(buyer()))
        .then_orders([(Payee::Seller, price)])
        .then_status(Status::Settling);
    // a repeat: accepted, and nothing follows
    then.when(Accept::default(), &at(buyer())).then_events([]);
}

#[test]
fn events_are_compared_in_full_and_in_order() {
    let post = |n: &str| Command::from(Post::new(text(n)));
    let posted = |n: &str| Event::Posted { reference: text(n) };
    started().when(post("m-1"), &at(buyer())).then_events([posted("m-1")]);
    let said = panics(|| started().when(post("m-1"), &at(buyer())).then_events([posted("m-2")]));
    assert!(
        said.starts_with("other events follow") && said.contains("m-1") && said.contains("m-2"),
        "{said}"
    );
    let said = panics(|| started().when(post("m-1"), &at(buyer())).then_events([]));
    assert!(said.contains("expected: []"), "{said}");
    // what deadlines bring comes first, and counts
    let late = Context::new(start().plus_secs(10 * 365 * 86_400), buyer());
    let said = panics(|| started().when(Accept::default(), &late).then_events([]));
    assert!(said.contains("TimerFired") || said.starts_with("the command is rejected"), "{said}");
}

#[test]
fn what_did_not_come_of_it_is_told() {
    let accept = |given: Given, who| given.when(Accept::default(), &at(who));
    let said = panics(|| accept(started(), seller()).then_events([]));
    assert!(said.starts_with("the command is rejected: "), "{said}");
    let said = panics(|| accept(started(), seller()).then_orders([]));
    assert!(said.starts_with("the command is rejected: "), "{said}");
    let said = panics(|| accept(started(), seller()).then_rejected("stale"));
    assert!(said.starts_with("expected: stale\n     got: wrong-role"), "{said}");
    let said = panics(|| accept(started(), buyer()).then_rejected("stale"));
    assert!(said.starts_with("expected: stale\n     got: accepted"), "{said}");
    let said = panics(|| accept(started(), buyer()).then_orders([(Payee::Buyer, rub(1))]));
    assert!(said.contains("expected: [\"0.01 RUB to buyer\"]") && said.contains("to seller"), "{said}");
    let said = panics(|| accept(started(), buyer()).then_status(Status::Completed));
    assert!(said.contains("expected: completed\n     got: settling"), "{said}");
    let said = panics(|| accept(paid().command(Accept::default(), &at(seller())), buyer()));
    assert!(said.starts_with("a command given is rejected: "), "{said}");
}

#[test]
fn a_deal_is_given_by_its_journal_too() {
    let mut journal = Vec::new();
    let (mut deal, opened) =
        Deal::propose(ID, Terms::new(plain(Policy::shop())).unwrap(), &at(seller())).unwrap();
    journal.extend(opened.into_events());
    let price = deal.terms().quote().deposit;
    let paid = deal.handle(&payment(B, "payment-1", price).into(), &Context::gateway(start())).unwrap();
    journal.extend(paid.into_events());
    let by_journal = Given::events(ID, &journal).when(StartPerforming {}, &at(seller()));
    let by_deal = Given::deal(deal).when(StartPerforming {}, &at(seller()));
    assert_eq!(by_journal.deal(), by_deal.then_status(Status::Performing).deal());
    let said = panics(|| Given::events(ID, &journal[1..]).when(StartPerforming {}, &at(seller())));
    assert!(said.starts_with("the events given are no journal"), "{said}");
}

// --- strategies ---

fn prove<S: Strategy>(cases: u32, of: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&of, property).unwrap_or_else(|found| panic!("{found}"));
}

/// No change breaks a rule, and every preset comes unchanged, too.
#[test]
fn every_policy_keeps_the_rules() {
    let presets = [Policy::shop(), Policy::marketplace(), Policy::guarantee(), Policy::freelance()];
    let seen = RefCell::new([false; 4]);
    prove(2_000, policies(), |policy| {
        seen.borrow_mut().iter_mut().zip(&presets).for_each(|(seen, preset)| *seen |= policy == *preset);
        let sale = plain(policy);
        prop_assert!(Terms::new(sale.clone()).is_ok(), "{:?}", Terms::new(sale));
        Ok(())
    });
    assert_eq!(seen.into_inner(), [true; 4]);
}

#[test]
fn commands_fit_and_hostile_commands_do_not() {
    let (mut fit, mut hostile) = (Ratio::default(), Ratio::default());
    let deal = started().when(Post::new(text("m-1")), &at(buyer())).deal().clone();
    let runner = &mut TestRunner::deterministic();
    for _ in 0..1_000 {
        let drawn = |strategy: &dyn Fn() -> BoxedStrategy<(Command, Context)>, runner: &mut TestRunner| {
            use proptest::strategy::ValueTree;
            let (command, context) = strategy().new_tree(runner).unwrap().current();
            assert!(everybody(&deal).contains(&context.actor), "{}", context.actor);
            transition(&deal, &command, &context).is_ok()
        };
        fit.count(drawn(&|| commands(&deal, start()).boxed(), runner));
        hostile.count(drawn(&|| hostile_commands(&deal, start()).boxed(), runner));
    }
    assert!(fit.accepted > 2 * fit.rejected, "{fit:?}");
    assert!(hostile.rejected > 2 * hostile.accepted, "{hostile:?}");
    assert!(fit.rejected > 0 && hostile.accepted > 0, "neither is all there is: {fit:?} {hostile:?}");
}

#[derive(Debug, Default)]
struct Ratio {
    accepted: u32,
    rejected: u32,
}

impl Ratio {
    fn count(&mut self, accepted: bool) {
        *if accepted { &mut self.accepted } else { &mut self.rejected } += 1;
    }
}

/// Deals of the host's own are played by their own people, in their own currency, to their own end.
#[test]
fn histories_of_own_deals_reach_an_ending() {
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let item = escrow::terms::Item::new(text("Sofa"), usd(900_00), 2);
    let mut draft =
        TermsDraft::new(text("carol"), text("dave"), Currency::USD, vec![item], Policy::guarantee());
    draft.arbiter = Some(text("court"));
    let terms = Terms::new(draft).unwrap();
    let (completed, ruled) = (Cell::new(0), Cell::new(0));
    prove(600, histories_of(Just(terms.clone())), |history| {
        prop_assert_eq!(history.terms(), &terms);
        let end = history.play(|step| {
            let by_court = step.context.actor == escrow::Actor::Party(text("court"));
            if by_court && !step.events().is_empty() {
                ruled.set(ruled.get() + 1);
            }
            Ok::<_, TestCaseError>(())
        })?;
        completed.set(completed.get() + u32::from(end.deal.status() == Status::Completed));
        Ok(())
    });
    assert!(completed.get() > 0 && ruled.get() > 0, "{completed:?} completed, {ruled:?} by the arbiter");
}

/// A host that forgets that a claimed payment is answered by the payment itself is caught, and the story that is printed
/// is a short one: somebody claims, and the gateway confirms.
#[test]
fn a_broken_projection_is_found_and_told_as_a_short_story() {
    let config =
        Config { cases: 2_000, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let found = TestRunner::new_with_rng(config, rng).run(&histories(), |history| {
        let mut open = BTreeSet::new();
        let played = history.play(|step| {
            for event in step.events().iter().map(|recorded| &recorded.event) {
                if let Event::TransactionSucceeded { tx, .. }
                | Event::TransactionFailed { tx, .. }
                | Event::AnswerConfirmed { tx }
                | Event::HoldCharged { tx, .. } = event
                {
                    open.remove(tx);
                }
                if let Event::AnswerDoubted { tx } = event {
                    open.insert(*tx);
                }
                open.extend(event.order().map(|order| order.tx));
            }
            prop_assert_eq!(open.len(), step.after.pending().count());
            Ok(())
        });
        played.map(drop)
    });
    let story = found.expect_err("it is broken").to_string();
    let steps = story.lines().filter(|line| line.contains(" ms, ")).count();
    assert!((2..=4).contains(&steps), "{steps} steps:\n{story}");
    assert!(story.contains("PaymentStated") && story.contains("gateway: Answer"), "{story}");
}

#[test]
fn the_same_bytes_are_the_same_history() {
    assert!(History::from_bytes(&[0; 4]).is_none());
    let told = |bytes: &[u8]| format!("{:?}", History::from_bytes(bytes).unwrap());
    let mut bytes = [1, 2, 3, 4, 5].to_vec();
    let nothing = told(&bytes);
    for n in 0..100_u8 {
        bytes.extend([0, 0, n, 1, 2, 3, 4]);
    }
    assert_eq!(told(&bytes), told(&bytes));
    assert_ne!(told(&bytes), nothing);
    let end = History::from_bytes(&bytes).unwrap().play(|_| Ok::<_, ()>(())).unwrap();
    assert_eq!(end.taken.len(), 60, "and no longer than others");
}

/// A clock that never steps back is one.
#[test]
fn a_steady_clock_never_steps_back() {
    let steps_back = |history: &History| {
        let mut last = start().minus_secs(u32::MAX);
        let mut back = false;
        let looked = history.play(|step| {
            back |= step.context.now < last;
            last = step.context.now;
            Ok::<_, ()>(())
        });
        looked.unwrap();
        back
    };
    let unsteady = Cell::new(0);
    prove(300, histories(), |history| {
        unsteady.set(unsteady.get() + u32::from(steps_back(&history)));
        prop_assert!(!steps_back(&history.steady()));
        Ok(())
    });
    assert!(unsteady.get() > 0, "the others do");
}
