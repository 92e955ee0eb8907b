//! cqrs-es with the store that it brings: the eight commands through `CqrsFramework` and `MemStore`, and this crate's in
//! the same process and in the same way, turn by turn. Results go to stderr:
//! `cargo run --release --manifest-path benches/Cargo.toml --bin memstore >/dev/null`.
//!
//! It stands apart from `peers.rs` because `MemStore` prints a line whenever it loads and whenever it stores. Among the
//! benches these lines would spoil the table, and their cost, a system call each, depends on where stdout goes; so a map
//! without printing stands there for it (`CqrsStore`), which is shown here beside it.

#![allow(dead_code, reason = "the bench uses the rest of the modules")]

#[path = "peers/books.rs"]
mod books;
#[path = "peers/cqrs.rs"]
mod cqrs;
#[path = "peers/evolve.rs"]
mod evolve;
#[path = "peers/floor.rs"]
mod floor;
#[path = "peers/ours.rs"]
mod ours;
#[path = "../tests/bench_support/mod.rs"]
mod support;
#[path = "peers/world.rs"]
mod world;

use std::collections::HashMap;
use std::time::Instant;

use cqrs::CqrsStore;
use cqrs_es::mem_store::{MemStore, MemStoreAggregateContext};
use cqrs_es::{CqrsFramework, EventStore};
use divan::black_box;
use ours::Ours;
use pollster::block_on;
use world::{Figures, Peer};

const ID: &str = "deal-7";
const COMMANDS: u32 = 8;
/// So few that they lie in the cache, so many that reading the clock does not count.
const DEALS: u32 = 32;
const WARM_UP: usize = 200;
const ROUNDS: usize = 2_000;

fn main() {
    let (mut with_mem_store, mut with_map, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    let (steps, proposed) = (CqrsStore::steps(), CqrsStore::proposed());
    let (our_steps, our_proposed) = (Ours::steps(), Ours::proposed());
    for _ in 0..WARM_UP + ROUNDS {
        with_mem_store.push(round(Host::proposed, |host| host.run(&steps), Host::figures));
        with_map.push(round(
            || proposed.clone(),
            |host| CqrsStore::run(host, black_box(&steps)),
            CqrsStore::figures,
        ));
        ours.push(round(
            || our_proposed.clone(),
            |deal| Ours::run(deal, black_box(&our_steps)),
            Ours::figures,
        ));
    }
    let (with_mem_store, with_map, ours) = (median(with_mem_store), median(with_map), median(ours));
    eprintln!("cqrs-es with its MemStore: {with_mem_store:.0} ns per command");
    eprintln!("cqrs-es with a map instead: {with_map:.0} ns per command");
    eprintln!(
        "escrow: {ours:.0} ns per command; with MemStore it is {:.1} times that",
        with_mem_store / ours
    );
}

/// Nanoseconds per command, of all commands of some deals.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn round<D>(proposed: impl Fn() -> D, run: impl Fn(&mut D) -> bool, figures: impl Fn(&D) -> Figures) -> f64 {
    let mut deals: Vec<D> = (0..DEALS).map(|_| proposed()).collect();
    let start = Instant::now();
    let done = deals.iter_mut().all(run);
    let spent = start.elapsed();
    assert!(done && deals.iter().all(|deal| figures(deal) == Figures::expected()));
    spent.as_secs_f64() * 1e9 / f64::from(DEALS * COMMANDS)
}

/// Of the rounds after the warm-up.
fn median(mut times: Vec<f64>) -> f64 {
    let times = &mut times[WARM_UP..];
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

/// The framework with a store of its own.
struct Host {
    framework: CqrsFramework<cqrs::Deal, MemStore<cqrs::Deal>>,
    store: MemStore<cqrs::Deal>,
}

impl Host {
    fn proposed() -> Self {
        let store = MemStore::default();
        let nothing = MemStoreAggregateContext {
            aggregate_id: ID.to_owned(),
            aggregate: cqrs::Deal::default(),
            current_sequence: 0,
        };
        block_on(store.commit(vec![cqrs::proposed()], nothing, HashMap::new())).expect("it is in memory");
        Self { framework: CqrsFramework::new(store.clone(), Vec::new(), ()), store }
    }

    fn run(&self, steps: &[<CqrsStore as Peer>::Step]) -> bool {
        block_on(async {
            let mut done = true;
            for step in black_box(steps) {
                done &= self.framework.execute(ID, step.clone()).await.is_ok();
            }
            done
        })
    }

    fn figures(&self) -> Figures {
        block_on(self.store.load_aggregate(ID)).expect("it is in memory").aggregate.figures()
    }
}
