//! The bytes that one deal takes: in memory, whole, with its terms and whatever else it alone owns; and stored, as a
//! snapshot and as a journal. Beside it the two by hand that know the least they must (`peers/world.rs`). These are counts,
//! the same each time: `cargo run --manifest-path benches/Cargo.toml --bin footprint`. The report reads it behind what the
//! peers print.

#![allow(dead_code, reason = "the bench uses the rest of the modules")]

#[path = "peers/books.rs"]
mod books;
#[path = "peers/evolve.rs"]
mod evolve;
#[path = "peers/floor.rs"]
mod floor;
#[path = "../tests/bench_support/mod.rs"]
mod support;
#[path = "peers/world.rs"]
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use escrow::{Deal, Envelope, Recorded};
use evolve::Evolve;
use floor::Floor;
use serde::Serialize;
use world::Peer;

/// The system's allocator, counting the bytes that were asked for and not given back.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static BLOCKS: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOC: Counting = Counting;

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        BLOCKS.fetch_add(1, Relaxed);
        // SAFETY: as for this function
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        BLOCKS.fetch_sub(1, Relaxed);
        // SAFETY: as for this function
        unsafe { System.dealloc(at, layout) }
    }
}

fn main() {
    println!("bytes of a deal: itself, heap, blocks of it, snapshot as JSON, journal as JSON");
    for (name, steps) in [("proposed", 0), ("paid", 2), ("accepted", 5), ("closed", 8)] {
        ours(&format!("escrow, {name}"), || story(steps));
    }
    for events in [10, 100, 1_000, 10_000] {
        ours(&format!("escrow, being performed, {events} events"), || support::with_events(events));
    }
    row("B0, closed", closed::<Floor>, |_| Vec::new());
    row("B1, closed", closed::<Evolve>, |_| Vec::new());
}

fn ours(name: &str, made: impl Fn() -> (Deal, Vec<Recorded>)) {
    row(
        name,
        || made().0,
        |deal| {
            let (_, journal) = made();
            vec![envelopes(deal, &journal)]
        },
    );
}

/// Whatever else is made for the deal is gone when it is looked at.
fn row<D: Serialize>(name: &str, made: impl Fn() -> D, more: impl Fn(&D) -> Vec<usize>) {
    let (live, blocks) = (LIVE.load(Relaxed), BLOCKS.load(Relaxed));
    let deal = made();
    let (heap, blocks) = (LIVE.load(Relaxed) - live, BLOCKS.load(Relaxed) - blocks);
    let snapshot = serde_json::to_vec(&deal).expect("it is JSON").len();
    print!("deal      {name:<38} {:>8} {heap:>8} {blocks:>8} {snapshot:>8}", size_of::<D>());
    for bytes in more(&deal) {
        print!(" {bytes:>8}");
    }
    println!();
}

/// The bytes of a journal as JSON.
fn envelopes(deal: &Deal, journal: &[Recorded]) -> usize {
    let envelopes = Envelope::wrap(deal, 0, journal, deal.last_at());
    envelopes.map(|envelope| serde_json::to_vec(&envelope).expect("it is JSON").len()).sum()
}

fn story(steps: usize) -> (Deal, Vec<Recorded>) {
    let (mut deal, mut journal) = support::proposed(&support::terms());
    for step in support::happy_path().into_iter().take(steps) {
        journal.extend(support::run(&mut deal, &step.command, &step.context));
    }
    (deal, journal)
}

fn closed<P: Peer>() -> P::Deal {
    let mut deal = P::proposed();
    assert!(P::run(&mut deal, &P::steps()));
    deal
}
