//! What a command costs: `cargo bench --manifest-path benches/Cargo.toml --bench transition`. Commands are built, and
//! deals cloned, outside of what is measured; the allocator counts. `tests/allocations/` holds the promises, this
//! shows the figures.

#[path = "../tests/bench_support/mod.rs"]
mod support;

use std::sync::Arc;

use divan::{AllocProfiler, Bencher, black_box};
use escrow::deal::command::{Accept, CheckpointKind, Post, SetTrack, StartPerforming};
use escrow::settlement::{Course, Ending};
use escrow::{Command, Context, Deal, Event, Recorded, Transition, settlement, transition};
use support::{BUYER, HAPPY_PATH, HISTORY, SELLER, Step, at, before, id, party};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    let sizes = [
        ("Deal", size_of::<Deal>()),
        ("Terms", size_of::<escrow::Terms>()),
        ("Deposit", size_of::<escrow::Deposit>()),
        ("Transaction", size_of::<escrow::Transaction>()),
        ("Leg", size_of::<escrow::Leg>()),
        ("Command", size_of::<Command>()),
        ("Context", size_of::<Context>()),
        ("Order", size_of::<escrow::Order>()),
        ("Event", size_of::<Event>()),
        ("Recorded", size_of::<Recorded>()),
        ("Transition", size_of::<Transition>()),
        ("Result<Transition, Rejection>", size_of::<Result<Transition, escrow::Rejection>>()),
        ("Rejection", size_of::<escrow::Rejection>()),
    ];
    for (name, bytes) in sizes {
        println!("{bytes:>6} bytes  {name}");
    }
    divan::main();
}

/// Decides and applies, on a fresh copy of the deal each time.
fn handled(bencher: Bencher<'_, '_>, deal: &Deal, command: &Command, context: &Context) {
    assert!(transition(deal, command, context).is_ok_and(|t| !t.is_empty()));
    bencher
        .with_inputs(|| deal.clone())
        .bench_refs(|deal| deal.handle(black_box(command), black_box(context)));
}

/// Decides only, and is refused; the refusal alone is kept.
fn refused(bencher: Bencher<'_, '_>, deal: &Deal, command: &Command, context: &Context, code: &str) {
    assert_eq!(transition(deal, command, context).map_err(|r| r.code()).unwrap_err(), code);
    bencher.bench(|| transition(black_box(deal), black_box(command), black_box(context)).err());
}

// small samples, so that the deals of one lie in the cache
#[divan::bench_group(name = "1 happy path", sample_size = 32, sample_count = 1_000)]
mod happy_path {
    use super::*;

    #[divan::bench]
    fn propose(bencher: Bencher<'_, '_>) {
        let (terms, proposer) = (support::terms(), support::proposer());
        let terms = || Arc::clone(&terms);
        bencher.with_inputs(terms).bench_values(|terms| Deal::propose(id(), terms, black_box(&proposer)));
    }

    #[divan::bench(args = HAPPY_PATH)]
    fn handle(bencher: Bencher<'_, '_>, name: &str) {
        let (deal, Step { command, context, .. }) = before(name);
        handled(bencher, &deal, &command, &context);
    }

    #[divan::bench(name = "transition", args = HAPPY_PATH)]
    fn decide(bencher: Bencher<'_, '_>, name: &str) {
        let (deal, Step { command, context, .. }) = before(name);
        bencher.bench(|| transition(black_box(&deal), black_box(&command), black_box(&context)));
    }

    #[divan::bench(args = HAPPY_PATH)]
    fn apply(bencher: Bencher<'_, '_>, name: &str) {
        let (deal, Step { command, context, .. }) = before(name);
        let events = transition(&deal, &command, &context).unwrap().into_events();
        bencher.with_inputs(|| deal.clone()).bench_refs(|deal| {
            for recorded in black_box(&events) {
                deal.apply(recorded);
            }
        });
    }

    /// The proposal and the eight commands, from nothing to the closed deal.
    #[divan::bench]
    fn whole(bencher: Bencher<'_, '_>) {
        let (terms, proposer, steps) = (support::terms(), support::proposer(), support::happy_path());
        bencher.with_inputs(|| Arc::clone(&terms)).bench_values(|terms| {
            let (mut deal, _) = Deal::propose(id(), terms, black_box(&proposer)).unwrap();
            for step in &steps {
                drop(deal.handle(black_box(&step.command), black_box(&step.context)).unwrap());
            }
            deal
        });
    }

    #[divan::bench]
    fn track(bencher: Bencher<'_, '_>) {
        let (mut deal, _) = before("3 start");
        let set_track = SetTrack::new(support::track()).into();
        support::run(&mut deal, &set_track, &party(130, SELLER));
        let command = support::checkpoint(1, CheckpointKind::Progress, 180);
        handled(bencher, &deal, &command, &Context::tracker(at(180)));
    }

    /// What the figures of `handle` leave out: the copy of the deal.
    #[divan::bench]
    fn clone_of_the_deal(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("5 accept");
        bencher.bench(|| black_box(&deal).clone());
    }

    /// What `accept` computes.
    #[divan::bench]
    fn settle(bencher: Bencher<'_, '_>) {
        let terms = support::terms();
        let pots = settlement::Pots::full(&terms);
        bencher.bench(|| escrow::settle(black_box(&terms), &pots, Course::default(), &Ending::Success));
    }
}

#[divan::bench_group(name = "2 rejected", sample_size = 64, sample_count = 1_000)]
mod rejected {
    use super::*;

    #[divan::bench]
    fn unknown_actor(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("5 accept");
        refused(bencher, &deal, &Accept::default().into(), &party(300, "stranger"), "unknown-actor");
    }

    #[divan::bench]
    fn stale(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("5 accept");
        refused(bencher, &deal, &Accept::default().into(), &party(300, BUYER).seen(1), "stale");
    }

    #[divan::bench]
    fn role(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("5 accept");
        refused(bencher, &deal, &Accept::default().into(), &party(300, SELLER), "wrong-role");
    }

    #[divan::bench]
    fn phase(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("2 confirm_payment");
        refused(bencher, &deal, &StartPerforming {}.into(), &party(300, SELLER), "wrong-phase");
    }

    #[divan::bench]
    fn guard(bencher: Bencher<'_, '_>) {
        let (mut deal, _) = before("2 confirm_payment");
        support::run(&mut deal, &support::hold(), &Context::gateway(at(120)));
        refused(bencher, &deal, &StartPerforming {}.into(), &party(300, SELLER), "capture-unconfirmed");
    }

    #[divan::bench]
    fn content(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("2 confirm_payment");
        let nothing = support::confirmation("pay-2", support::rub(0));
        refused(bencher, &deal, &nothing.into(), &Context::gateway(at(300)), "amount-not-positive");
    }

    /// Refused for its content, after the permission.
    #[divan::bench]
    fn content_of_a_partial_buyout(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("5 accept");
        let command = Accept::part([0, 0]).into();
        refused(bencher, &deal, &command, &party(300, BUYER), "nothing-accepted");
    }

    /// Not refused, but nothing new either.
    #[divan::bench]
    fn already_stands(bencher: Bencher<'_, '_>) {
        let (deal, _) = before("3 start");
        let (command, context) = (support::confirm(), Context::gateway(at(300)));
        assert!(transition(&deal, &command, &context).is_ok_and(|t| t.is_empty()));
        bencher.bench(|| transition(black_box(&deal), black_box(&command), black_box(&context)));
    }
}

#[divan::bench_group(name = "3 views", sample_size = 64, sample_count = 1_000)]
mod views {
    use super::*;

    const STATES: [&str; 3] = ["2 confirm_payment", "5 accept", "7 answer (partner)"];

    #[divan::bench(args = STATES)]
    fn allowed(bencher: Bencher<'_, '_>, name: &str) {
        let (deal, step) = before(name);
        bencher.bench(|| black_box(&deal).allowed(&step.context.actor, step.context.now));
    }

    #[divan::bench(args = STATES)]
    fn next_deadline(bencher: Bencher<'_, '_>, name: &str) {
        let (deal, _) = before(name);
        bencher.bench(|| black_box(&deal).next_deadline());
    }

    #[divan::bench(args = STATES)]
    fn pending(bencher: Bencher<'_, '_>, name: &str) {
        let (deal, _) = before(name);
        bencher.bench(|| {
            black_box(&deal).pending().map(|order| u64::from(order.key.transaction.number())).sum::<u64>()
        });
    }
}

#[divan::bench_group(name = "4 storage", sample_count = 200)]
mod storage {
    use super::*;

    #[divan::bench(args = [10, 100, 1_000])]
    fn replay(bencher: Bencher<'_, '_>, events: u64) {
        let (deal, journal) = support::with_events(events);
        assert_eq!(Deal::replay(id(), &journal).unwrap(), deal);
        bencher.bench(|| Deal::replay(id(), black_box(&journal)));
    }

    #[divan::bench]
    fn serialise_a_snapshot(bencher: Bencher<'_, '_>) {
        let deal = support::completed();
        bencher.bench(|| serde_json::to_vec(black_box(&deal)));
    }

    #[divan::bench]
    fn decode_a_snapshot(bencher: Bencher<'_, '_>) {
        let deal = support::completed();
        let bytes = serde_json::to_vec(&deal).unwrap();
        assert_eq!(serde_json::from_slice::<Deal>(&bytes).unwrap(), deal);
        bencher.bench(|| serde_json::from_slice::<Deal>(black_box(&bytes)));
    }

    /// The invariants alone: what a decoded or replayed deal is checked for.
    #[divan::bench]
    fn check(bencher: Bencher<'_, '_>) {
        let deal = support::completed();
        bencher.bench(|| black_box(&deal).check());
    }
}

/// The same commands at the 10th and at the 10 000th event of one deal.
#[divan::bench_group(name = "5 long history", sample_size = 32, sample_count = 1_000)]
mod long_history {
    use super::*;

    const EVENTS: [u64; 4] = [10, 100, 1_000, 10_000];

    fn historic(bencher: Bencher<'_, '_>, kind: &str, events: u64) {
        let (deal, _) = support::with_events(events);
        let (command, context) = support::historic(&deal, kind, events + 1);
        handled(bencher, &deal, &command, &context);
    }

    #[divan::bench(args = EVENTS)]
    fn post(bencher: Bencher<'_, '_>, events: u64) {
        historic(bencher, HISTORY[0], events);
    }

    #[divan::bench(args = EVENTS)]
    fn track(bencher: Bencher<'_, '_>, events: u64) {
        historic(bencher, HISTORY[1], events);
    }

    #[divan::bench(args = EVENTS)]
    fn extend(bencher: Bencher<'_, '_>, events: u64) {
        historic(bencher, HISTORY[2], events);
    }

    #[divan::bench(args = EVENTS)]
    fn set_destination(bencher: Bencher<'_, '_>, events: u64) {
        historic(bencher, HISTORY[3], events);
    }

    #[divan::bench(args = EVENTS)]
    fn accept(bencher: Bencher<'_, '_>, events: u64) {
        let (deal, _) = support::with_events(events);
        handled(bencher, &deal, &Accept::default().into(), &party(20_000, BUYER));
    }

    #[divan::bench(args = EVENTS)]
    fn rejected(bencher: Bencher<'_, '_>, events: u64) {
        let (deal, _) = support::with_events(events);
        refused(bencher, &deal, &Accept::default().into(), &party(20_000, SELLER), "wrong-role");
    }
}

/// What does grow: the deal keeps its transactions and legs, and looks a payment up among them.
#[divan::bench_group(name = "6 late payments", sample_size = 16, sample_count = 200)]
mod late_payments {
    use super::*;

    const PAYMENTS: [u64; 5] = [0, 10, 100, 1_000, 3_000];

    /// Decided only: the copy to apply it to would be most of the cost.
    #[divan::bench(args = PAYMENTS)]
    fn another(bencher: Bencher<'_, '_>, payments: u64) {
        let deal = support::with_late_payments(payments);
        let (command, context) = support::late_payment(payments);
        bencher.bench(|| transition(black_box(&deal), black_box(&command), black_box(&context)));
    }

    #[divan::bench(args = PAYMENTS)]
    fn the_first_once_more(bencher: Bencher<'_, '_>, payments: u64) {
        let deal = support::with_late_payments(payments);
        let (command, context) = (support::confirm(), Context::gateway(at(90_000)));
        bencher.bench(|| transition(black_box(&deal), black_box(&command), black_box(&context)));
    }

    #[divan::bench(args = PAYMENTS)]
    fn answer(bencher: Bencher<'_, '_>, payments: u64) {
        let mut deal = support::with_late_payments(payments);
        let (command, context) = support::late_payment(payments);
        support::run(&mut deal, &command, &context);
        let refund = deal.pending().next().unwrap().number();
        let (command, context) = (support::answer(refund.number()), Context::gateway(at(90_000)));
        bencher.bench(|| transition(black_box(&deal), black_box(&command), black_box(&context)));
    }

    #[divan::bench(args = PAYMENTS)]
    fn rejected(bencher: Bencher<'_, '_>, payments: u64) {
        let deal = support::with_late_payments(payments);
        let command = Post::new("message-1".parse().unwrap()).into();
        refused(bencher, &deal, &command, &party(90_000, BUYER), "wrong-phase");
    }

    #[divan::bench(args = PAYMENTS)]
    fn pending(bencher: Bencher<'_, '_>, payments: u64) {
        let mut deal = support::with_late_payments(payments);
        let (command, context) = support::late_payment(payments);
        support::run(&mut deal, &command, &context);
        bencher.bench(|| black_box(&deal).pending().count());
    }

    #[divan::bench(args = PAYMENTS)]
    fn next_deadline(bencher: Bencher<'_, '_>, payments: u64) {
        let deal = support::with_late_payments(payments);
        bencher.bench(|| black_box(&deal).next_deadline());
    }

    #[divan::bench(args = PAYMENTS)]
    fn clone_of_the_deal(bencher: Bencher<'_, '_>, payments: u64) {
        let deal = support::with_late_payments(payments);
        bencher.bench(|| black_box(&deal).clone());
    }
}
