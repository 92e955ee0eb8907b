//! The bytes that one deal takes: in memory, whole, with its terms and whatever else it alone owns; and stored, as a
//! snapshot and as a journal. Beside it the two by hand that know the least they must (`peers/world.rs`). These are counts,
//! the same each time: `cargo run --manifest-path benches/Cargo.toml --bin footprint`.

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
    println!("{:>8} {:>8} {:>8} {:>9} {:>9}", "itself", "heap", "blocks", "snapshot", "journal");
    for (name, steps) in [("proposed", 0), ("paid", 2), ("accepted", 5), ("closed", 8)] {
        row(&format!("escrow, {name}"), || story(steps).0, Some(journal(&story(steps))));
    }
    for events in [10, 100, 1_000, 10_000] {
        let name = format!("escrow, being performed, {events} events");
        row(&name, || support::with_events(events).0, Some(journal(&support::with_events(events))));
    }
    row("by hand (floor), closed", closed::<Floor>, None);
    row("by hand (evolve), closed", closed::<Evolve>, None);
}

/// Whatever else is made for the deal is gone when it is looked at.
fn row<D: Serialize>(name: &str, made: impl Fn() -> D, journal: Option<usize>) {
    let (live, blocks) = (LIVE.load(Relaxed), BLOCKS.load(Relaxed));
    let deal = made();
    let (heap, blocks) = (LIVE.load(Relaxed) - live, BLOCKS.load(Relaxed) - blocks);
    let journal = journal.map_or("-".to_owned(), |bytes| bytes.to_string());
    println!("{:>8} {heap:>8} {blocks:>8} {:>9} {journal:>9}  {name}", size_of::<D>(), json(&deal));
}

/// The bytes of its envelopes.
fn journal((deal, events): &(Deal, Vec<Recorded>)) -> usize {
    Envelope::wrap(deal, 0, events, deal.last_at()).map(|envelope| json(&envelope)).sum()
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

fn json(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).expect("it is JSON").len()
}
