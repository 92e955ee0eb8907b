//! A repeat changes nothing, and neither does a rejection.

use crate::common::*;
use crate::laws;
use crate::promises::{every_step, prove};
use escrow::Outcome;

#[test]
fn rejections_change_nothing_and_repeat() {
    // the same refused command any number of times, from every kind of actor: the deal is as it was
    let mut w = eventful();
    let before = json(&w.deal);
    for actor in [buyer(), seller(), judge(), courier(), operator(), moderator(), party("mallory")] {
        for command in [accept_part(&[1]), cancel("no"), dispute("no"), agree(2), submit(2), incur(9)] {
            for _ in 0..2 {
                assert!(w.attempt(&actor, command.clone()).is_err(), "{actor}: {command:?}");
            }
        }
    }
    assert_eq!(json(&w.deal), before);
    assert_eq!(w.deal.outcome(), Some(Outcome::Completed));
}

#[test]
fn a_rejection_changes_nothing() {
    every_step(1_500, laws::a_rejection_changes_nothing);
}

#[test]
fn a_repeat_changes_nothing() {
    every_step(2_000, laws::a_repeat_changes_nothing);
}

#[test]
fn a_late_repeat_of_a_fact_changes_nothing() {
    prove(2_000, laws::a_late_repeat_of_a_fact_changes_nothing);
}
