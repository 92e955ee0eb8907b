//! The gateway's answers.

use crate::common::*;
use escrow::deal::{AnswerKind, Contradiction};
use escrow::deposit::{LegState, TransactionKind};
use escrow::{Actor, Payee, Policy, Rejection, Status, TxId};

#[test]
fn a_declined_payout_that_went_through_after_all_pays_its_leg() {
    let mut w = declined_payout();
    w.repeat(&Actor::Gateway, answer(2, declined()));
    assert_eq!(w.legs()[0].4, LegState::Declined);
    w.act(&Actor::Gateway, answer(2, succeeded("x")));
    // 1 000.00 are with the seller, and nothing is sent again
    assert_eq!((w.status(), w.buckets(B).paid_out, orders(&w)), (Status::Completed, 1_000_00, vec![]));
    // another id for the same order is no answer
    let said = Contradiction::Answer {
        tx: TxId::new(2),
        recorded: AnswerKind::Succeeded,
        told: AnswerKind::Succeeded,
    };
    assert_eq!(w.refuse(&Actor::Gateway, answer(2, succeeded("y"))), Rejection::FactContradicts(said));
    for unknown in [9, 0] {
        let refused = w.refuse(&Actor::Gateway, answer(unknown, succeeded("x")));
        assert_eq!(refused, Rejection::UnknownTransaction { tx: TxId::new(unknown) });
    }
}

#[test]
fn a_decline_of_what_was_done_is_asked_again_under_the_same_key() {
    let mut w = World::performing(plain(escrow::Policy::shop()));
    w.act(&crate::common::buyer(), accept());
    let tx = w.order(TransactionKind::Payout, &Payee::Seller);
    w.done(tx);
    let paid = (w.status(), w.buckets(B));
    w.act(&Actor::Gateway, answer(tx, declined()));
    w.repeat(&Actor::Gateway, answer(tx, declined()));
    // the same order, under the same key; the money is not thought to be back
    assert_eq!(w.pending(), [(tx, TransactionKind::Payout, Payee::Seller, 1_000_00)]);
    assert_eq!((w.status(), w.buckets(B)), paid);
    w.act(&Actor::Gateway, answer(tx, succeeded(&format!("done-{tx}"))));
    assert_eq!((w.status(), w.buckets(B), w.pending()), (Status::Completed, paid.1, vec![]));
}

/// What a balance was credited with was never sent: whatever the gateway says of it, it is not sent now.
#[test]
fn a_gateway_says_nothing_of_a_credit() {
    let mut w = World::performing(plain(Policy::shop()));
    let to = escrow::deal::command::DestinationUse::Payouts;
    w.act(&seller(), destination(Payee::Seller, to, Some(escrow::Destination::Balance)));
    w.act(&buyer(), accept());
    assert_eq!(w.legs()[0].4, LegState::Credited);
    let tx = w.deal.legs()[0].transaction().unwrap();
    let refused = w.refuse(&Actor::Gateway, answer(tx.number(), declined()));
    assert_eq!(refused.code(), "fact-contradicts");
    assert!(w.pending().is_empty());
}
