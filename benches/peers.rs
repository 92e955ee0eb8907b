//! The crate beside what one would pick instead, in one binary and one run, so that ratios hold:
//! `cargo bench --manifest-path benches/Cargo.toml --bench peers`; `--bin report` makes tables and a verdict of it.
//!
//! `peers/world.rs` says what equal work is, and each peer what it leaves out. Deals and commands are made outside of what
//! is measured; what a call returns is looked at where it lies, and dropped inside.

#[path = "peers/books.rs"]
mod books;
#[path = "peers/cqrs.rs"]
mod cqrs;
#[path = "peers/evolve.rs"]
mod evolve;
#[path = "peers/floor.rs"]
mod floor;
#[path = "peers/mirror.rs"]
mod mirror;
#[path = "peers/ours.rs"]
mod ours;
#[path = "peers/rust_fsm.rs"]
mod rust_fsm;
#[path = "peers/sizes.rs"]
mod sizes;
#[path = "peers/statig.rs"]
mod statig;
#[path = "../tests/bench_support/mod.rs"]
mod support;
#[path = "peers/world.rs"]
mod world;

use cqrs::{CqrsBare, CqrsStore};
use divan::{AllocProfiler, Bencher, black_box};
use evolve::Evolve;
use floor::Floor;
use ours::Ours;
use rust_fsm::RustFsm;
use statig::Statig;
use world::{Figures, Peer};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    agree::<Floor>();
    agree::<Evolve>();
    agree::<Ours>();
    agree::<Statig>();
    agree::<RustFsm>();
    agree::<CqrsBare>();
    agree::<CqrsStore>();
    sizes::print();
    divan::main();
}

/// Every peer comes to the same figures, takes the story a second time only where it has to, and refuses what is wrong.
fn agree<P: Peer>() {
    let (mut deal, steps) = (P::proposed(), P::steps());
    assert!(P::run(&mut deal, &steps[..4]));
    assert!(!P::handle(&mut deal, &P::refused()));
    assert!(P::run(&mut deal, &steps[4..]));
    assert_eq!(P::figures(&deal), Figures::expected());
    for step in &steps {
        // a repeat, or too late
        let _ = P::handle(&mut deal, step);
    }
    assert_eq!(P::figures(&deal), Figures::expected());
}

/// A deal after so many steps of the story.
fn after<P: Peer>(steps: usize) -> P::Deal {
    let mut deal = P::proposed();
    assert!(P::run(&mut deal, &P::steps()[..steps]));
    deal
}

/// One step, on a fresh copy each time.
fn handled<P: Peer>(bencher: Bencher<'_, '_>, deal: &P::Deal, step: &P::Step) {
    assert!(P::handle(&mut deal.clone(), step));
    bencher.with_inputs(|| deal.clone()).bench_local_refs(|deal| P::handle(deal, black_box(step)));
}

fn refused<P: Peer>(bencher: Bencher<'_, '_>, mut deal: P::Deal, step: &P::Step) {
    assert!(!P::handle(&mut deal, step));
    bencher.bench_local(|| P::handle(black_box(&mut deal), black_box(step)));
}

// small samples, so that the deals of one lie in the cache

#[divan::bench(
    types = [Floor, Evolve, Ours, Statig, RustFsm, CqrsBare, CqrsStore],
    sample_size = 32, sample_count = 1_000,
)]
fn happy_path<P: Peer>(bencher: Bencher<'_, '_>) {
    let (deal, steps) = (P::proposed(), P::steps());
    bencher.with_inputs(|| deal.clone()).bench_local_refs(|deal| P::run(deal, black_box(&steps)));
}

#[divan::bench(types = [Floor, Evolve, Ours], args = 1..=8, sample_size = 32, sample_count = 1_000)]
fn command<P: Peer>(bencher: Bencher<'_, '_>, number: usize) {
    handled::<P>(bencher, &after::<P>(number - 1), &P::steps()[number - 1]);
}

#[divan::bench(
    types = [Floor, Evolve, Ours, Statig, RustFsm, CqrsBare, CqrsStore],
    sample_size = 64, sample_count = 1_000,
)]
fn rejection<P: Peer>(bencher: Bencher<'_, '_>) {
    refused::<P>(bencher, after::<P>(4), &P::refused());
}

#[divan::bench_group(sample_count = 300)]
mod replay {
    use super::*;
    use escrow::Deal;

    const EVENTS: [usize; 4] = [10, 100, 1_000, 10_000];

    #[divan::bench(name = "Ours", args = EVENTS)]
    fn ours(bencher: Bencher<'_, '_>, events: usize) {
        let (deal, journal) = ours::with_posts(events as u64);
        assert_eq!(Deal::replay(deal.id(), &journal), Ok(deal));
        bencher.bench_local(|| black_box(&Deal::replay(support::id(), black_box(&journal))).is_ok());
    }

    /// Messages, checkpoints, extensions and destinations in turn.
    #[divan::bench(args = EVENTS)]
    fn ours_all_kinds(bencher: Bencher<'_, '_>, events: usize) {
        let (deal, journal) = support::with_events(events as u64);
        assert_eq!(Deal::replay(deal.id(), &journal), Ok(deal));
        bencher.bench_local(|| black_box(&Deal::replay(support::id(), black_box(&journal))).is_ok());
    }

    #[divan::bench(name = "Evolve", args = EVENTS)]
    fn evolve(bencher: Bencher<'_, '_>, events: usize) {
        let (state, journal) = evolve::with_events(events);
        assert_eq!(evolve::State::replay(&journal), Some(state));
        bencher.bench_local(|| black_box(&evolve::State::replay(black_box(&journal))).is_some());
    }

    /// It takes the events by value.
    #[divan::bench(name = "CqrsBare", args = EVENTS)]
    fn cqrs(bencher: Bencher<'_, '_>, events: usize) {
        let (_, journal) = evolve::with_events(events);
        bencher
            .with_inputs(|| journal.clone())
            .bench_local_values(|journal| black_box(&cqrs::Deal::replay(journal)).is_proposed());
    }
}

#[divan::bench_group(sample_count = 300)]
mod replay_json {
    use super::*;
    use escrow::{Deal, Recorded};

    const EVENTS: [u64; 4] = [10, 100, 1_000, 10_000];

    fn bytes(events: u64) -> Vec<u8> {
        serde_json::to_vec(&support::with_events(events).1).expect("events are JSON")
    }

    #[divan::bench(args = EVENTS)]
    fn ours(bencher: Bencher<'_, '_>, events: u64) {
        let bytes = bytes(events);
        bencher.bench_local(|| {
            let journal: Vec<Recorded> = serde_json::from_slice(black_box(&bytes)).expect("a journal");
            black_box(&Deal::replay(support::id(), &journal)).is_ok()
        });
    }

    /// Decoded, and not replayed.
    #[divan::bench(args = EVENTS)]
    fn same_types(bencher: Bencher<'_, '_>, events: u64) {
        let bytes = bytes(events);
        bencher
            .bench_local(|| black_box(&serde_json::from_slice::<Vec<Recorded>>(black_box(&bytes))).is_ok());
    }

    #[divan::bench(args = EVENTS)]
    fn mirror(bencher: Bencher<'_, '_>, events: u64) {
        let bytes = bytes(events);
        decoded::<Vec<mirror::Recorded>>(bencher, &bytes);
    }
}

fn decoded<T: serde::de::DeserializeOwned>(bencher: Bencher<'_, '_>, bytes: &[u8]) {
    serde_json::from_slice::<T>(bytes).map(drop).expect("it decodes");
    bencher.bench_local(|| black_box(&serde_json::from_slice::<T>(black_box(bytes))).is_ok());
}

fn encoded<T: serde::Serialize>(bencher: Bencher<'_, '_>, value: &T) {
    bencher.bench_local(|| black_box(&serde_json::to_vec(black_box(value))).is_ok());
}

/// Of a deal that is closed.
#[divan::bench_group(sample_count = 1_000)]
mod snapshot {
    use super::*;

    fn json<P: Peer<Deal: serde::Serialize>>() -> Vec<u8> {
        serde_json::to_vec(&after::<P>(8)).expect("a deal is JSON")
    }

    #[divan::bench(types = [Floor, Evolve, Ours, CqrsBare])]
    fn encode<P: Peer<Deal: serde::Serialize>>(bencher: Bencher<'_, '_>) {
        encoded(bencher, &after::<P>(8));
    }

    #[divan::bench(types = [Floor, Evolve, Ours, CqrsBare])]
    fn decode<P: Peer<Deal: serde::Serialize + serde::de::DeserializeOwned>>(bencher: Bencher<'_, '_>) {
        decoded::<P::Deal>(bencher, &json::<P>());
    }

    /// Ours, decoded plainly.
    #[divan::bench]
    fn decode_mirror(bencher: Bencher<'_, '_>) {
        decoded::<mirror::Deal>(bencher, &json::<Ours>());
    }

    /// What is kept beside the terms, taken from the deal and written.
    #[divan::bench(name = "encode/state")]
    fn encode_state(bencher: Bencher<'_, '_>) {
        let deal = after::<Ours>(8);
        bencher.bench_local(|| black_box(&serde_json::to_vec(&black_box(&deal).state())).is_ok());
    }
}

/// What must not grow with the history.
#[divan::bench_group(sample_size = 32, sample_count = 1_000)]
mod history {
    use super::*;

    const EVENTS: [u64; 4] = [20, 200, 2_000, 20_000];

    #[divan::bench(args = EVENTS)]
    fn post(bencher: Bencher<'_, '_>, events: u64) {
        let (deal, _) = support::with_events(events);
        handled::<Ours>(bencher, &deal, &ours::post(&deal));
    }

    #[divan::bench(args = EVENTS)]
    fn rejection(bencher: Bencher<'_, '_>, events: u64) {
        let (deal, _) = support::with_events(events);
        refused::<Ours>(bencher, deal, &ours::accept(30_000, support::SELLER));
    }
}

/// What must not grow with the items of the terms.
#[divan::bench_group(sample_size = 32, sample_count = 1_000)]
mod items {
    use super::*;

    const ITEMS: [u32; 4] = [1, 10, 50, 200];

    #[divan::bench(args = ITEMS)]
    fn start(bencher: Bencher<'_, '_>, items: u32) {
        let (deal, step) = ours::before(&ours::with_items(items), 3);
        handled::<Ours>(bencher, &deal, &step);
    }

    #[divan::bench(args = ITEMS)]
    fn accept(bencher: Bencher<'_, '_>, items: u32) {
        let (deal, step) = ours::before(&ours::with_items(items), 5);
        handled::<Ours>(bencher, &deal, &step);
    }
}

/// What does grow: each fee is a payment.
#[divan::bench_group(sample_size = 32, sample_count = 1_000)]
mod fees {
    use super::*;

    #[divan::bench(args = [0, 2, 4, 8, 16])]
    fn accept(bencher: Bencher<'_, '_>, fees: u32) {
        let (deal, step) = ours::before(&ours::with_fees(fees), 5);
        handled::<Ours>(bencher, &deal, &step);
    }
}

/// What grows, too: a fact that arrives is looked up among the payments of the deal.
#[divan::bench_group(sample_size = 32, sample_count = 1_000)]
mod payments {
    use super::*;

    /// Another payment, late, so that it is sent back. It is decided and not folded: making room for it in a fresh copy
    /// of the list would be most of the cost.
    #[divan::bench(args = [0, 10, 100, 1_000])]
    fn late(bencher: Bencher<'_, '_>, payments: u64) {
        let deal = support::with_late_payments(payments);
        let (command, context) = support::late_payment(payments);
        assert!(escrow::transition(&deal, &command, &context).is_ok());
        bencher.bench_local(|| {
            black_box(&escrow::transition(black_box(&deal), black_box(&command), black_box(&context))).is_ok()
        });
    }
}

/// The arithmetic alone.
#[divan::bench_group(sample_count = 1_000)]
mod split {
    use super::*;
    use escrow::settlement::{self, Course, Ending};
    use escrow::{Money, Rate};

    fn ours_split(held: Money, platform: Rate, partner: Rate) -> Option<[Money; 3]> {
        let part = |rate: Rate| Money::from_minor(rate.floor_of(held.minor()), held.currency());
        let (platform, partner) = (part(platform), part(partner));
        let seller = held.checked_sub(platform).ok()?.checked_sub(partner).ok()?;
        Some([platform, partner, seller])
    }

    #[divan::bench]
    fn raw(bencher: Bencher<'_, '_>) {
        let terms = world::terms();
        bencher.bench_local(|| black_box(&world::split(black_box(4_700_000), black_box(&terms))).is_some());
    }

    #[divan::bench]
    fn ours(bencher: Bencher<'_, '_>) {
        let rate = |ppm| Rate::from_ppm(ppm).expect("a rate");
        let (held, platform, partner) = (support::rub(4_700_000), rate(50_000), rate(100_000));
        bencher.bench_local(|| {
            black_box(&ours_split(black_box(held), black_box(platform), black_box(partner))).is_some()
        });
    }

    /// All of what an ending works out: shares, services, fees, and who bears what.
    #[divan::bench]
    fn settle(bencher: Bencher<'_, '_>) {
        let terms = support::terms();
        let pots = settlement::Pots::full(&terms);
        bencher.bench_local(|| {
            let settled =
                escrow::settle(black_box(&terms), black_box(&pots), Course::default(), &Ending::Success);
            black_box(&settled).is_ok()
        });
    }
}
