//! Chargebacks: what is open stops legs, what is lost leaves the pot.

use crate::common::*;
use escrow::deal::Event;
use escrow::deal::command::ChargebackStep;
use escrow::deposit::{DepositId, LegState, Purpose, TransactionKind};
use escrow::{Actor, Award, Payee, Policy, Side, Status};

use ChargebackStep::{Lost, Opened, Won};
use TransactionKind::Capture;

#[test]
fn an_award_is_paid_though_the_pot_has_shrunk() {
    // ruled: 1 000.00 to the seller; the payout is under way when the bank takes 600.00 back; a charge is captured
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    w.hold(c1(), 50_00, after(60 * DAY));
    let capture = w.order(Capture, &Payee::Buyer);
    let award = Award::Amount(rub(1_000_00));
    w.act(&judge(), escrow::deal::command::Rule::new(award));
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 600_00, ChargebackStep::Lost));
    w.done(capture);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // resolved is not success: the 50.00 go back
    assert_eq!(w.buckets(c1()).refunded, 50_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Chargeback, 600_00)]);
}

/// Two surplus payments of 10.00 wait while 5.00 are contested; the bank takes them: 10.00 - 5.00 = 5.00 of the later
/// one, and the earlier one is not said to be cut.
#[test]
fn a_leg_that_loses_nothing_is_not_cut() {
    let mut w = World::funded(plain(Policy::shop()));
    let deposit = DepositId::BUYER_PAYMENT;
    w.act(&Actor::Gateway, chargeback("case", "pay-1", 5_00, ChargebackStep::Opened));
    w.pay(deposit, 10_00);
    w.pay(deposit, 10_00);
    let lost = w.act(&Actor::Gateway, chargeback("case", "pay-1", 5_00, ChargebackStep::Lost));
    let cuts: Vec<_> = lost
        .iter()
        .filter_map(|recorded| match recorded.event {
            Event::LegCut { leg, old, new } => Some((leg.number(), old.minor(), new.minor())),
            _ => None,
        })
        .collect();
    assert_eq!(cuts, [(2, 10_00, 5_00)]);
    // what the deal requires is still there
    assert_eq!((w.status(), w.held(deposit)), (Status::AwaitingPerformance, 1_000_00));
}

#[test]
fn a_chargeback_while_paying_cuts_what_was_not_sent_last_first() {
    // ruled 40 % of 1 000.00: 400.00 and 600.00 wait; the bank takes 700.00: all of the buyer's, 100.00 of the seller's
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    bank(&mut w, "cb", 700_00, Opened);
    w.act(&judge(), rule(Award::Share(percent(40))));
    let waiting = |to, purpose, minor| (B, to, purpose, minor, LegState::Waiting);
    let legs =
        [waiting(Payee::Seller, Purpose::Payout, 400_00), waiting(Payee::Buyer, Purpose::Refund, 600_00)];
    assert_eq!(w.legs(), legs);
    bank(&mut w, "cb", 700_00, Lost);
    assert_eq!(w.pending(), [(2 + 1, TransactionKind::Payout, Payee::Seller, 300_00)]);
    w.done_all();
    assert_eq!((w.status(), w.owed()), (Status::Resolved, vec![]));
    let b = w.buckets(B);
    assert_eq!((b.received, b.paid_out, b.refunded, b.charged_back), (1_000_00, 300_00, 0, 700_00));
}

#[test]
fn nothing_left_to_wait_for_waits_for_no_bank() {
    // two are open; the first takes all that there is
    let mut w = World::funded(plain(Policy::shop()));
    bank(&mut w, "cb-1", 1_000_00, Opened);
    bank(&mut w, "cb-2", 500_00, Opened);
    w.act(&seller(), cancel("sold out"));
    bank(&mut w, "cb-1", 1_000_00, Lost);
    assert_eq!(w.status(), Status::Cancelled);
    bank(&mut w, "cb-2", 500_00, Won);
    assert_eq!((w.status(), w.owed()), (Status::Cancelled, vec![]));
}

#[test]
fn a_chargeback_is_known_by_what_the_bank_took() {
    let mut w = World::funded(plain(Policy::shop()));
    bank(&mut w, "cb", 200_00, Opened);
    bank(&mut w, "cb", 300_00, Lost);
    assert_eq!(w.deal.chargebacks()[0].amount(), Some(rub(300_00)));
    assert_eq!(w.buckets(B).charged_back, 300_00);
}

#[test]
fn what_goes_back_to_the_payer_is_taken_first() {
    // 1 000.00 are there, 200.00 more came in and wait for the bank: it takes them, and the deal goes on
    let mut w = World::funded(plain(Policy::shop()));
    bank(&mut w, "cb", 200_00, Opened);
    w.pay(B, 200_00);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 200_00, LegState::Waiting)]);
    bank(&mut w, "cb", 200_00, Lost);
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
    assert_eq!(w.pending(), []);
}
