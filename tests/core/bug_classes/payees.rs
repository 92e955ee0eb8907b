//! Everybody gets their money.

use crate::common::*;
use escrow::deal::command::{Agree, AppointArbiter, CheckpointKind, DestinationUse, StatedPayment, Verdict};
use escrow::deal::{Event, Guard};
use escrow::deposit::{LegState, Purpose, TransactionKind};
use escrow::settlement::{Ending, Fault};
use escrow::terms::{Acceptance, ChargeFee, Fee, FeePayee, Item, OnRefund, Payer, Unsettled};
use escrow::{Actor, Award, Payee, Policy, Rejection, Side, Status, TxId};

#[test]
fn one_failed_recipient_blocks_all() {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.decline(payout);
    // the platform is paid all the same
    w.done(fee);
    assert_eq!(w.buckets(B).paid_out, 50_00);
    assert_eq!(w.status(), Status::Settling);
    // the failed one is redirected: the next attempt has a number of its own
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, card("new")));
    let next = w.order(TransactionKind::Payout, &Payee::Seller);
    assert!(next > payout);
    assert_eq!(w.deal.pending().next().unwrap().destination, card("new").as_ref());
    w.done(next);
    assert_eq!(w.status(), Status::Completed);
    // and one who does nothing has it in the balance after 5 days
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    w.decline(payout);
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.done(fee);
    assert_eq!(w.deadline(), after(5 * DAY));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Completed);
    let states: Vec<_> = w.legs().into_iter().map(|l| (l.1, l.3, l.4)).collect();
    assert_eq!(
        states,
        [(Payee::Platform, 50_00, LegState::Settled), (Payee::Seller, 950_00, LegState::Credited)]
    );
}

#[test]
fn dispute_before_funds() {
    // before the deposit there is no dispute at all
    let mut w = World::new(plain(Policy::shop()));
    let refused = w.refuse(&buyer(), dispute("why not"));
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    // everything is paid directly: the deposit is 0, and nothing is held
    let mut draft = plain(Policy::shop());
    draft.pay_offline = Some(rub(1_000_00));
    let mut w = World::performing(draft.clone());
    assert_eq!(w.held(B), 0);
    let refused = w.refuse(&buyer(), dispute("broken"));
    assert_eq!(refused, Rejection::Guard(Guard::MayDispute));
    // what would open one by itself cancels instead, nobody at fault
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Refused, w.now));
    assert_eq!(w.status(), Status::Cancelled);
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
    assert!(w.deal.dispute().is_none());
    let mut w = World::performing(draft);
    w.wait_for_deadline();
    assert_eq!(w.now, after(30 * DAY));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn return_url_trust() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), agree(1));
    // the buyer asks for a form; their browser comes back from success_url; no money has moved
    w.act(&buyer(), request("k1", B, 1_000_00));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    assert!(!w.deal.has_pending(), "the payer is asked, not the gateway");
    // no party can confirm a payment, and a bare "succeeded" is not one: it names no amount
    let paid = payment(B, "pay", rub(1_000_00));
    for actor in [buyer(), seller(), operator()] {
        let refused = w.refuse(&actor, paid.clone());
        assert!(matches!(refused, Rejection::WrongRole { .. }), "{refused:?}");
    }
    let refused = w.refuse(&Actor::Gateway, answer(1, succeeded("pay")));
    assert_eq!(refused, Rejection::ConfirmInstead { tx: TxId::new(1) });
    // naming a payment while agreeing is a claim: the gateway is asked, and it says no
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    let claim = Agree::new(1).payment(StatedPayment::new(B, text("bank"), text("I did pay")));
    w.act(&buyer(), claim);
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    let asked = w.order(TransactionKind::Charge, &Payee::Buyer);
    w.decline(asked);
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Expired);
}

#[test]
fn winner_cannot_collect() {
    // the ruling orders the winner's money in the same transition; the loser is asked for nothing
    let mut w = World::arbitrated(judged(plain(Policy::shop())));
    let events = w.act(&judge(), rule(Award::BuyerAll));
    assert!(World::names(&events).contains(&"leg_ordered".to_owned()));
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    assert_eq!(w.buckets(B).refunded, 1_000_00);
    // a loser who picks fights with the gateway holds nobody up either
    let mut w = World::performing(guaranteed());
    w.act(&buyer(), report(Verdict::Failure));
    w.act(&seller(), report(Verdict::Success));
    w.act(&operator(), AppointArbiter::new(text("judge")));
    w.wait_for_deadline();
    // the winner gets their own 300.00 and the loser's 300.00
    w.act(&judge(), rule(Award::Winner(Side::Seller)));
    let orders: Vec<_> = w.pending().into_iter().map(|(_, _, to, n)| (to, n)).collect();
    assert_eq!(orders, [(Payee::Seller, 300_00), (Payee::Seller, 300_00)]);
    let refused = w.refuse(&buyer(), destination(Payee::Seller, DestinationUse::Payouts, card("mine")));
    assert_eq!(refused, Rejection::NotYourMoney);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
}

#[test]
fn never_shipped() {
    // 7 days to start; the buyer does nothing and has all of their money back, the kept fee is the seller's to pay
    let mut draft = plain(Policy::shop());
    let kept = fixed_fee("platform", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep);
    draft.fees.push(kept);
    let mut w = World::funded(draft);
    assert_eq!(w.held(B), 1_020_00);
    w.wait_for_deadline();
    assert_eq!(w.now, after(7 * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Seller)));
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_020_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Fee, 20_00)]);
}

#[test]
fn both_silent() {
    // a guarantee deal of which nobody says anything for 10 days: both guarantees go back
    let mut w = World::performing(guaranteed());
    assert_eq!(w.deal.terms().policy.acceptance, Acceptance::Mutual);
    w.wait_for_deadline();
    assert_eq!(w.now, after(10 * DAY));
    assert_eq!(
        w.legs(),
        [
            (GB, Payee::Buyer, Purpose::Guarantee, 300_00, LegState::Ordered),
            (GS, Payee::Seller, Purpose::Guarantee, 300_00, LegState::Ordered),
        ]
    );
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
}

/// A host that keeps no balances: what its bank declines is credited to nobody. It stays in `reserved`, and nothing says that it
/// was paid.
#[test]
fn credited_to_nobody() {
    let mut w = World::performing(plain(Policy::shop().unsettled(Unsettled::Unclaimed)));
    w.act(&buyer(), accept());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    w.decline(payout);
    let events = w.wait_for_deadline();
    assert!(!events.iter().any(|r| matches!(r.event, Event::LegCredited { .. })));
    let b = w.buckets(B);
    assert_eq!((w.status(), b.reserved, b.paid_out), (Status::Completed, 1_000_00, 0));
    assert!(w.deal.legs().iter().all(|l| l.is_unclaimed() && !l.is_settled()));
}

/// 1.00 as the price and 99.00 as a charge: 10 % of each is the platform's, 0.10 and 9.90.
#[test]
fn price_moved_into_an_extra() {
    let policy = Policy::shop().charge_fee(Some(ChargeFee::new(FeePayee::Platform, percent(10))));
    let mut draft = plain(policy);
    draft.items = vec![Item::new(text("thing"), rub(1_00), 1)];
    draft.fees.push(Fee::of_price(text("platform"), FeePayee::Platform, percent(10), Payer::Seller));
    let mut w = World::performing(draft);
    w.act(&seller(), charge("extra", Side::Buyer, Payee::Seller, 99_00));
    w.pay(c1(), 99_00);
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 10 + 9_90);
    // 0.90 and 89.10
    assert_eq!((w.buckets(B).paid_out, w.buckets(c1()).paid_out), (1_00, 99_00));
}
