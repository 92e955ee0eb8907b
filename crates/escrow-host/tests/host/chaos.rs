//! A short run of the chaos on each store, and its control; the long ones are `examples/chaos`.

use std::process::Command;
use std::time::Duration;

use crate::chaos_child;
use crate::chaos_run::{Chaos, Store};

/// Not a test of its own: a process that is killed.
#[test]
#[ignore = "the child process of the chaos"]
fn child() {
    if chaos_child::is_child() {
        chaos_child::child();
    }
}

fn begin() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["chaos::child", "--exact", "--ignored"]);
    command
}

const SHORT: Chaos = Chaos {
    store: Store::Sqlite,
    looks: true,
    deals: 240,
    contracts: 8,
    standby: false,
    kills: 24,
    workers: 3,
    patience: Duration::from_secs(120),
};

/// Of 240: 180 sales, a fee and a payout each; 60 cancellations, a refund, or the void of a hold. Some of the sales have a
/// capture, or a refund of what was given back, too. Of 8 contracts: 8 withdrawals, and the excess of the 3rd and the 6th.
const LEAST: usize = 180 * 2 + 60 + 8 + 2;

#[test]
fn nothing_is_lost_and_nothing_is_paid_twice() {
    let outcome = SHORT.run(&begin).unwrap();
    println!("{outcome}");
    assert_eq!(outcome.wrong(), [""; 0]);
    assert!(outcome.kills >= 6, "{outcome}");
    assert!(outcome.movements >= LEAST, "{outcome}");
}

#[test]
fn the_same_on_postgres_whose_server_is_killed_too() {
    let chaos = Chaos { store: Store::Postgres, ..SHORT };
    let Some(outcome) = chaos.run(&begin) else {
        println!("skipped: PostgreSQL's programs (initdb, pg_ctl) are not installed");
        return;
    };
    println!("{outcome}");
    assert_eq!(outcome.wrong(), [""; 0]);
    assert_eq!(outcome.server_kills, 1);
    assert!(outcome.kills >= 6, "{outcome}");
    assert!(outcome.movements >= LEAST, "{outcome}");
}

/// The server does not come back: its standby has every commit that anybody was told of.
#[test]
fn the_same_on_postgres_whose_standby_is_promoted() {
    let chaos = Chaos { store: Store::Postgres, standby: true, deals: 96, kills: 12, ..SHORT };
    let Some(outcome) = chaos.run(&begin) else {
        println!("skipped: PostgreSQL's programs (initdb, pg_ctl) are not installed");
        return;
    };
    println!("{outcome}");
    assert_eq!(outcome.wrong(), [""; 0]);
    assert_eq!(outcome.server_kills, 1);
}

/// Deals whose money the bank has given away do not end, so that this takes all of its time.
#[test]
fn the_control_that_trusts_a_forgetful_bank_pays_twice() {
    let chaos = Chaos { looks: false, patience: Duration::from_secs(20), ..SHORT };
    let outcome = chaos.run(&begin).unwrap();
    let twice = outcome.findings.iter().filter(|f| f.what.contains("moved money")).count();
    println!("{outcome}: {twice} orders paid twice");
    assert!(twice > 0, "the control was not found: {:?}", outcome.findings);
}
