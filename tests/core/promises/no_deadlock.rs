//! Timers and gateway answers alone lead to a closed deal. `exploration` proves it of small deals, over every state.

use crate::laws;
use crate::promises::{every_step, prove};

#[test]
fn nothing_waits_in_vain() {
    every_step(2_000, laws::nothing_waits_in_vain);
}

#[test]
fn a_payee_may_choose_where_their_money_goes() {
    every_step(1_500, laws::a_payee_may_choose_where_their_money_goes);
}

#[test]
fn who_is_asked_for_changes_can_answer() {
    every_step(2_000, laws::who_is_asked_for_changes_can_answer);
}

#[test]
fn no_deadlock() {
    prove(1_000, |history| {
        let mut n = 0;
        let end = history.play(|moment| {
            n += 1;
            // from the middle of things too
            if n % 11 == 0 { laws::no_deadlock(moment.after) } else { Ok(()) }
        })?;
        laws::no_deadlock(&end.deal)
    });
}
