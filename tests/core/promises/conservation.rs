//! Money is conserved: nothing is lost, doubled, or paid out of nothing.

use crate::laws;
use crate::promises::{every_step, prove};

#[test]
fn conservation() {
    every_step(1_500, laws::conservation);
}

#[test]
fn outflow_never_exceeds_inflow() {
    every_step(1_500, laws::outflow_never_exceeds_inflow);
}

#[test]
fn a_payment_counts_once() {
    every_step(2_000, laws::a_payment_counts_once);
}

#[test]
fn what_came_in_is_recorded() {
    prove(2_000, laws::what_came_in_is_recorded);
}

#[test]
fn nobody_owes_what_nobody_has() {
    every_step(2_000, laws::nobody_owes_what_nobody_has);
}

#[test]
fn nothing_leaves_what_is_contested() {
    every_step(2_000, laws::nothing_leaves_what_is_contested);
}

#[test]
fn pending_is_what_was_ordered_and_not_settled() {
    every_step(1_500, laws::pending_is_what_was_ordered_and_not_settled);
}

#[test]
fn a_transaction_settles_once() {
    every_step(1_500, laws::a_transaction_settles_once);
}

#[test]
fn closing_pays_out_everything() {
    prove(1_500, |history| {
        let end = history.play(laws::closing_pays_out_everything)?;
        laws::ends_empty(&end.deal)
    });
}

#[test]
fn nobody_pays_more_than_was_agreed() {
    every_step(2_000, laws::nobody_pays_more_than_was_agreed);
}
