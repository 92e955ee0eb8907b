//! Replay is the deal, and what is written is what is read.

use crate::common::*;
use crate::laws;
use crate::promises::{every_end, every_step, prove};
use escrow::Deal;

#[test]
fn replay_is_live() {
    // `World` compares them after every step, byte for byte; here once from the middle, and from garbage
    let w = eventful();
    let id = w.deal.id();
    for &n in &w.commits {
        let mut part = Deal::replay(id, &w.journal[..n]).unwrap();
        for recorded in &w.journal[n..] {
            part.apply(recorded);
        }
        assert_eq!(json(&part), json(&w.deal));
    }
    assert!(Deal::replay(id, []).is_err());
    assert!(Deal::replay(id, &w.journal[1..]).is_err());
    let twice: Vec<_> = w.journal[..1].iter().chain(&w.journal[..1]).cloned().collect();
    assert!(Deal::replay(id, &twice).is_err());
}

#[test]
fn replay_equals_live() {
    every_end(1_500, laws::replay_equals_live);
}

#[test]
fn snapshot_round_trip() {
    prove(1_000, |history| {
        let mut n = 0;
        let end = history.play(|moment| {
            n += 1;
            // every seventh state will do
            if n % 7 == 0 { laws::snapshot_round_trip(moment.after) } else { Ok(()) }
        })?;
        laws::snapshot_round_trip(&end.deal)
    });
}

#[test]
fn command_round_trip() {
    every_step(500, laws::command_round_trip);
}
