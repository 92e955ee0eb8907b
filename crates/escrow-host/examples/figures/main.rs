//! What the stores and the worker cost beside the same work done bare, each as a ratio of one run:
//! `cargo run --release -p escrow-host --example figures [commits|lists|wake][-sqlite|-postgres]…`
//!
//! Both sides of a ratio take turns, and the ratio is the median of the rounds, so that another program on the machine
//! disturbs both.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing)]
#![allow(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::missing_panics_doc,
    clippy::new_without_default
)]
#![expect(clippy::print_stdout, reason = "an example prints")]

#[path = "../chaos/server.rs"]
mod chaos_server;
mod commits;
mod lists;
mod wake;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use escrow::{Context, Currency, Deal, DealId, Recorded, Terms, Time};
use escrow_host as _;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    println!("| what | ours | beside | ratio | goal |\n|---|---:|---:|---:|---:|");
    let parts: [(&str, &str, fn()); 6] = [
        ("commits", "postgres", commits::postgres),
        ("commits", "sqlite", commits::sqlite),
        ("lists", "sqlite", lists::sqlite),
        ("lists", "postgres", lists::postgres),
        ("wake", "sqlite", wake::sqlite),
        ("wake", "postgres", wake::postgres),
    ];
    for (what, store, measure) in parts {
        if is_asked(what) || is_asked(&format!("{what}-{store}")) {
            measure();
        }
    }
}

/// A folder that goes with the run.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("escrow-figures-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

/// Ids that no other commit of the run has.
pub fn next_id() -> DealId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    DealId::new(uuid::Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into()))
}

pub fn proposed(id: DealId) -> (Deal, Vec<Recorded>) {
    let price = rust_decimal::dec!(1_000);
    let fee = escrow::terms::Fee::percent("platform", rust_decimal::dec!(5));
    let terms = Terms::builder("anna", "shop", Currency::RUB).item("Lamp", price).fee(fee).build().unwrap();
    let context = Context::party(start(), "shop".parse().unwrap());
    let (deal, transition) = Deal::propose(id, terms, &context).unwrap();
    (deal, transition.into_events().into_vec())
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Per second: how often threads get through `work` together.
pub fn per_second(clients: usize, time: Duration, work: impl Fn() + Sync) -> f64 {
    let done = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while began.elapsed() < time {
                    work();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.into_inner() as f64 / began.elapsed().as_secs_f64()
}

pub fn row(what: &str, ours: &[f64], beside: &[f64], unit: &str, goal: &str) {
    let ratios = ours.iter().zip(beside).map(|(ours, beside)| ours / beside).collect();
    let (ours, beside) = (median(ours.to_vec()), median(beside.to_vec()));
    println!("| {what} | {ours:.0} {unit} | {beside:.0} {unit} | {:.2} | {goal} |", median(ratios));
}
