//! Legs: where they go, and their attempts.

use crate::common::*;
use escrow::deal::Timer;
use escrow::deal::command::{Answered, DestinationUse, StartPerforming};
use escrow::deposit::{LegState, Purpose, TransactionKind};
use escrow::{Actor, Award, Payee, Policy, Status};

use DestinationUse::Payouts;
use TransactionKind::Payout;

#[test]
fn refunds_go_to_their_sources_newest_first() {
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 500_00);
    w.pay(B, 300_00);
    w.pay(B, 200_00);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), dispute("half of it is broken"));
    // 400.00 to the seller; of the 600.00 for the buyer 200.00 go to payment 3, 300.00 to 2, 100.00 to 1
    let award = Award::Amount(rub(400_00));
    w.act(&seller(), escrow::deal::command::ProposeAward::new(award));
    w.act(&buyer(), escrow::deal::command::AcceptAward::new(award));
    let refunds: Vec<_> = w
        .deal
        .legs()
        .iter()
        .filter(|l| l.purpose() == Purpose::Refund)
        .map(|l| (l.source().unwrap().number(), l.amount().minor()))
        .collect();
    assert_eq!(refunds, [(3, 200_00), (2, 300_00), (1, 100_00)]);
    let named: Vec<_> = w.deal.pending().filter_map(|p| p.source).map(|r| r.as_str().to_owned()).collect();
    assert_eq!(named, ["pay-3", "pay-2", "pay-1"]);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
}

#[test]
fn the_same_destination_again_is_a_retry() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), destination(Payee::Seller, Payouts, card("card")));
    w.repeat(&seller(), destination(Payee::Seller, Payouts, card("card")));
    w.act(&buyer(), accept());
    w.decline(2);
    let events = w.act(&seller(), destination(Payee::Seller, Payouts, card("card")));
    assert_eq!(World::names(&events), ["leg_ordered"]);
    w.decline(3);
    w.act(&seller(), destination(Payee::Seller, Payouts, card("card")));
    w.done(4);
    assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
    // where the gateway knows the payee: the same
    let mut w = declined_payout();
    w.act(&seller(), destination(Payee::Seller, Payouts, None));
    w.done(3);
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn the_settlement_deadline_credits_what_was_declined() {
    let mut w = declined_payout();
    assert_eq!(w.deal.next_timer(), Some((after(5 * DAY), Timer::Settlement)));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Completed);
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 1_000_00, LegState::Credited)]);
}

#[test]
fn an_unanswered_payout_waits_beyond_the_deadline() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), accept());
    assert_eq!(w.deal.next_deadline(), None);
    w.pass(90 * DAY).wake();
    w.repeat(&Actor::Gateway, answer(2, Answered::InProgress));
    assert_eq!((w.status(), orders(&w)), (Status::Settling, vec![(Payout, 1_000_00)]));
    let mut paid = w.clone();
    paid.done(2);
    assert_eq!(paid.legs()[0].4, LegState::Settled);
    // declined then: to the balance at once
    w.decline(2);
    assert_eq!((w.status(), w.legs()[0].4), (Status::Completed, LegState::Credited));
}
