//! What a command costs in instructions, as callgrind counts them: the same on a busy machine as on an idle one, so that
//! a regression is seen. `.ci/instructions` runs this and compares with `instructions.txt`.
//!
//! Everything is made outside of what is counted, and done once there, so that the allocator has at hand what it will be
//! asked for. What a call returns is looked at where it lies, and dropped inside, as in `peers.rs`.

#[path = "../tests/bench_support/mod.rs"]
mod support;

use std::hint::black_box;
use std::sync::Arc;

use escrow::deal::command::{Accept, CheckpointKind, SetTrack};
use escrow::settlement::{Course, Ending, Pots};
use escrow::{Context, Deal, Envelope, Recorded, Terms, Transition};
use gungraun::Callgrind;
use gungraun::prelude::*;
use support::{SELLER, Step, at, before, id, party};

/// What a benchmark is given: neither moved nor dropped where it counts.
fn leak<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

// --- commands ----------------------------------------------------------------------------------------------------

type Case = &'static mut (Deal, Step);

fn step(name: &str) -> Case {
    let (deal, step) = before(name);
    accepted(deal, step)
}

fn track() -> Case {
    let (mut deal, _) = before("3 start");
    support::run(&mut deal, &SetTrack::new(support::track()).into(), &party(130, SELLER));
    let command = support::checkpoint(1, CheckpointKind::Progress, 180);
    accepted(deal, Step { name: "track", command, context: Context::tracker(at(180)) })
}

/// The confirmation once more, which already stands.
fn repeat() -> Case {
    let (deal, _) = before("3 start");
    let step = Step { name: "repeat", command: support::confirm(), context: Context::gateway(at(300)) };
    assert!(done(&deal, &step).is_ok_and(|transition| transition.is_empty()));
    leak((deal, step))
}

/// The seller accepts for the buyer.
fn rejection() -> Case {
    let (deal, _) = before("5 accept");
    let step = Step { name: "rejection", command: Accept::default().into(), context: party(300, SELLER) };
    assert_eq!(done(&deal, &step).map_err(|rejection| rejection.code()), Err("wrong-role"));
    leak((deal, step))
}

fn accepted(deal: Deal, step: Step) -> Case {
    assert!(done(&deal, &step).is_ok_and(|transition| !transition.is_empty()), "{}", step.name);
    leak((deal, step))
}

fn done(deal: &Deal, step: &Step) -> Result<Transition, escrow::Rejection> {
    deal.clone().handle(&step.command, &step.context)
}

#[library_benchmark]
#[bench::request_payment(step("1 request_payment"))]
#[bench::confirm_payment(step("2 confirm_payment"))]
#[bench::start(step("3 start"))]
#[bench::submit(step("4 submit"))]
#[bench::accept(step("5 accept"))]
#[bench::answer_fee(step("6 answer (fee)"))]
#[bench::answer_partner(step("7 answer (partner)"))]
#[bench::answer_payout(step("8 answer (payout)"))]
#[bench::track(track())]
#[bench::repeat(repeat())]
#[bench::rejection(rejection())]
fn handle((deal, step): Case) -> bool {
    black_box(&deal.handle(black_box(&step.command), black_box(&step.context))).is_ok()
}

fn happy_path() -> &'static mut (Deal, Vec<Step>) {
    support::completed();
    leak((support::proposed(&support::terms()).0, support::happy_path()))
}

// the eight commands, without the proposal
#[library_benchmark]
#[bench::happy_path(happy_path())]
fn whole((deal, steps): &mut (Deal, Vec<Step>)) -> bool {
    steps.iter().all(|step| black_box(&deal.handle(black_box(&step.command), &step.context)).is_ok())
}

fn proposal() -> &'static (Arc<Terms>, Context) {
    let terms = support::terms();
    support::proposed(&terms);
    leak((terms, support::proposer()))
}

#[library_benchmark]
#[bench::deal(proposal())]
fn propose((terms, proposer): &(Arc<Terms>, Context)) -> bool {
    black_box(&Deal::propose(id(), terms.clone(), black_box(proposer))).is_ok()
}

// --- what is worked out, and asked -------------------------------------------------------------------------------

fn pots() -> &'static (Arc<Terms>, Pots) {
    let terms = support::terms();
    let pots = Pots::full(&terms);
    assert!(escrow::settle(&terms, &pots, Course::default(), &Ending::Success).is_ok());
    leak((terms, pots))
}

#[library_benchmark]
#[bench::success(pots())]
fn settle((terms, pots): &(Arc<Terms>, Pots)) -> bool {
    black_box(&escrow::settle(black_box(terms), pots, Course::default(), &Ending::Success)).is_ok()
}

#[library_benchmark]
#[bench::before_accept(step("5 accept"))]
fn allowed((deal, step): Case) {
    black_box(&black_box(&*deal).allowed(&step.context.actor, step.context.now));
}

#[library_benchmark]
#[bench::before_accept(step("5 accept"))]
fn next_deadline((deal, _): Case) {
    black_box(&black_box(&*deal).next_deadline());
}

// --- storage -----------------------------------------------------------------------------------------------------

fn journal() -> &'static [Recorded] {
    let (deal, journal) = support::with_events(1_000);
    assert_eq!(Deal::replay(id(), &journal), Ok(deal));
    journal.leak()
}

#[library_benchmark]
#[bench::events_1000(journal())]
fn replay(journal: &[Recorded]) -> bool {
    black_box(&Deal::replay(id(), black_box(journal))).is_ok()
}

/// The payment as a journal stores it.
fn envelope() -> &'static Envelope {
    let (mut deal, step) = before("2 confirm_payment");
    let version = deal.version();
    let events = support::run(&mut deal, &step.command, &step.context);
    let envelope = Envelope::wrap(&deal, version, &events, step.context.now).next().unwrap();
    assert!(serde_json::to_vec(&envelope).is_ok());
    leak(envelope)
}

#[library_benchmark]
#[bench::envelope(envelope())]
fn encode(envelope: &Envelope) -> bool {
    black_box(&serde_json::to_vec(black_box(envelope))).is_ok()
}

fn snapshot() -> &'static [u8] {
    let deal = support::completed();
    let bytes = serde_json::to_vec(&deal).unwrap();
    assert_eq!(serde_json::from_slice::<Deal>(&bytes).unwrap(), deal);
    bytes.leak()
}

#[library_benchmark]
#[bench::snapshot(snapshot())]
fn decode(bytes: &[u8]) -> bool {
    black_box(&serde_json::from_slice::<Deal>(black_box(bytes))).is_ok()
}

library_benchmark_group!(
    name = counts,
    benchmarks = [handle, whole, propose, settle, allowed, next_deadline, replay, encode, decode]
);

gungraun::main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = counts
);
