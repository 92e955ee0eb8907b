//! Processes that share a database are killed while they work, again and again, and the bank's books are the judge:
//! `cargo run --release -p escrow-host --example chaos -- --deals 5000 --contracts 100 --kills 1000 --store sqlite`
//!
//! `--store postgres` starts a server of its own, kills it, too, half-way through, and starts it again, or, with `--standby`, has
//! a synchronous standby take its place; `--contracts` are projects with a basket and a withdrawal; `--control` is an
//! adapter that trusts the bank to remember its keys: it must be found.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods, clippy::indexing_slicing)]
#![expect(clippy::print_stdout, reason = "an example prints")]

#[path = "child.rs"]
mod chaos_child;
#[path = "market.rs"]
mod chaos_market;
#[path = "run.rs"]
mod chaos_run;
#[path = "server.rs"]
mod chaos_server;

use std::process::Command;
use std::time::Duration;

use chaos_run::{Chaos, Store};

fn main() {
    if chaos_child::is_child() {
        return chaos_child::child();
    }
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).map(String::as_str)
    };
    let number = |name, otherwise| value(name).map_or(otherwise, |text| text.parse::<u32>().unwrap());
    let chaos = Chaos {
        store: value("--store").map_or(Store::Sqlite, |name| name.parse().unwrap()),
        looks: !arguments.iter().any(|argument| argument == "--control"),
        deals: number("--deals", 500).into(),
        contracts: number("--contracts", 50).into(),
        standby: arguments.iter().any(|argument| argument == "--standby"),
        kills: number("--kills", 100),
        workers: usize::try_from(number("--workers", 3)).unwrap(),
        patience: Duration::from_secs(number("--seconds", 480).into()),
    };
    let begin = || Command::new(std::env::current_exe().unwrap());
    let Some(outcome) = chaos.run(&begin) else {
        println!("skipped: PostgreSQL's programs (initdb, pg_ctl) are not installed");
        return;
    };
    println!("{outcome}");
    let wrong = outcome.wrong();
    for line in &wrong {
        println!("{line}");
    }
    let is_well = wrong.is_empty() == chaos.looks;
    std::process::exit(i32::from(!is_well));
}
