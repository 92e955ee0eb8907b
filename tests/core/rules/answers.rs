//! The gateway's answers.

use crate::common::*;
use escrow::deal::Contradiction;
use escrow::{Actor, Rejection, TxId};

#[test]
fn an_answer_settles_once() {
    let mut w = declined_payout();
    w.repeat(&Actor::Gateway, answer(2, declined()));
    let late = w.refuse(&Actor::Gateway, answer(2, succeeded("x")));
    assert_eq!(late, Rejection::FactContradicts(Contradiction::Answer { tx: TxId::new(2) }));
    let unknown = w.refuse(&Actor::Gateway, answer(9, succeeded("x")));
    assert_eq!(unknown, Rejection::UnknownTransaction { tx: TxId::new(9) });
    assert_eq!(
        w.refuse(&Actor::Gateway, answer(0, succeeded("x"))),
        Rejection::UnknownTransaction { tx: TxId::new(0) }
    );
}
