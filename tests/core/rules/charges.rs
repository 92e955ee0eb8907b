//! Additional charges: settled by themselves, and nobody waits for them.

use crate::common::*;
use escrow::deal::Guard;
use escrow::deal::command::{ChargebackStep, StartPerforming};
use escrow::deposit::{DepositId, LegState, Purpose, TransactionKind};
use escrow::settlement::{Ending, Fault};
use escrow::terms::{BuyerCancel, Terms};
use escrow::{Actor, Payee, Policy, Rejection, Side, Status};

use TransactionKind::{Capture, Payout, Refund};

#[test]
fn charges_by_how_the_deal_ends() {
    let charged = |paid: i64| {
        let mut w = World::performing(plain(Policy::shop().buyer_cancel(BuyerCancel::BeforeAcceptance)));
        w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
        w.repeat(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
        if paid > 0 {
            w.pay(c1(), paid);
        }
        w
    };
    // paid, and over-paid by 5.00: on success 70.00 to the seller
    let mut w = charged(75_00);
    assert_eq!(orders(&w), [(Refund, 5_00)]);
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Seller, Purpose::Charge), 70_00);
    w.done_all();
    assert_eq!((w.buckets(c1()).paid_out, w.buckets(c1()).refunded), (70_00, 5_00));
    // paid in part: back
    let mut w = charged(69_99);
    w.act(&buyer(), accept());
    assert_eq!((w.gets(&Payee::Seller, Purpose::Charge), w.gets(&Payee::Buyer, Purpose::Refund)), (0, 69_99));
    // not paid: optional
    let mut w = charged(0);
    w.act(&buyer(), accept());
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 1_000_00, LegState::Ordered)]);
    // paid, and the deal is cancelled: back, whoever is at fault
    let mut w = charged(70_00);
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_070_00);
    w.done_all();
    assert_eq!(w.status(), Status::Cancelled);
    // once it is over, it is late
    let mut w = charged(0);
    w.act(&buyer(), accept());
    w.pay(c1(), 70_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Excess), 70_00);
}

#[test]
fn what_can_be_charged() {
    let mut w = World::funded(with_courier(Policy::shop()));
    let to_oneself = charge("c", Side::Buyer, Payee::Buyer, 1);
    assert_eq!(w.refuse(&buyer(), to_oneself), Rejection::ChargePayee);
    let to_a_stranger = charge("c", Side::Buyer, payee("mallory"), 1);
    assert_eq!(w.refuse(&buyer(), to_a_stranger), Rejection::ChargePayee);
    assert_eq!(w.refuse(&buyer(), charge("c", Side::Buyer, Payee::Seller, 0)), Rejection::AmountNotPositive);
    w.act(&buyer(), charge("c1", Side::Seller, payee("courier"), 10_00));
    // its payer pays it, and only they ask for a form
    assert_eq!(w.refuse(&buyer(), request("k", c1(), 10_00)), Rejection::NotYourDeposit { deposit: c1() });
    w.act(&seller(), request("k", c1(), 10_00));
    w.pay(c1(), 10_00);
    // 12 for each party and 8 for the operator: nobody uses up what is another's
    let one = |n: u32| charge(&format!("c{n}"), Side::Buyer, Payee::Platform, 1);
    let mut next = 2;
    for (who, before, own, refused) in [(operator(), 0, 8, 8), (buyer(), 1, 12, 12), (seller(), 0, 12, 12)] {
        for _ in before..own {
            w.act(&who, one(next));
            next += 1;
        }
        assert_eq!(w.refuse(&who, one(next)), Rejection::TooMany { max: refused });
    }
    // 8 + 12 + 12
    assert_eq!(next - 1, u32::from(DepositId::MAX_CHARGES));
}

#[test]
fn a_charge_on_hold_holds_nobody_up() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
    w.hold(c1(), 100_00, after(60 * DAY));
    assert_eq!(orders(&w), [(Capture, 70_00)]);
    w.done_all();
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Seller, Purpose::Charge), 70_00);
    w.done_all();
    assert_eq!(w.buckets(c1()).refunded, 30_00);
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn a_charge_whose_capture_is_unanswered_is_settled_by_itself() {
    let ended = || {
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
        w.hold(c1(), 70_00, after(60 * DAY));
        let capture = w.order(Capture, &Payee::Buyer);
        w.act(&buyer(), accept());
        let payout = w.order(Payout, &Payee::Seller);
        w.done(payout);
        assert_eq!(w.status(), Status::Settling);
        (w, capture)
    };
    let (mut w, capture) = ended();
    w.done(capture);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Charge), 70_00);
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    let (mut w, capture) = ended();
    w.decline(capture);
    assert_eq!((w.status(), w.buckets(c1()).received), (Status::Completed, 0));
}

#[test]
fn a_charge_is_no_excuse() {
    // its capture is unanswered: the seller may start all the same, and is late all the same
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&buyer(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    w.hold(c1(), 50_00, after(30 * DAY));
    let mut started = w.clone();
    started.act(&seller(), StartPerforming {});
    w.wait_for_deadline();
    assert_eq!((w.now, w.deal.ending()), (after(7 * DAY), Some(&Ending::Cancelled(Fault::Seller))));
}

/// The bank takes back a charge of 70.00: the charge has failed, the deal has not.
#[test]
fn a_charge_that_is_charged_back_cancels_nothing() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
    w.pay(c1(), 70_00);
    w.act(&Actor::Gateway, chargeback("case", "pay-2", 70_00, ChargebackStep::Opened));
    w.act(&Actor::Gateway, chargeback("case", "pay-2", 70_00, ChargebackStep::Lost));
    assert_eq!((w.status(), w.held(c1()), w.buckets(c1()).charged_back), (Status::Performing, 0, 70_00));
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!((w.status(), w.gets(&Payee::Seller, Purpose::Charge)), (Status::Completed, 0));
}

/// A charge is at most the largest amount of a deal, and in its currency.
#[test]
fn a_charge_has_a_limit() {
    let mut w = World::performing(plain(Policy::shop()));
    for over in [1, 2] {
        let over = charge("over", Side::Buyer, Payee::Platform, Terms::MAX_AMOUNT + over);
        assert_eq!(w.refuse(&operator(), over), Rejection::AmountTooLarge);
    }
    w.act(&operator(), charge("most", Side::Buyer, Payee::Platform, Terms::MAX_AMOUNT));
    assert_eq!(w.deal.deposit(c1()).unwrap().required(), rub(Terms::MAX_AMOUNT));
}

/// The capture of a charge fails: the charge is not paid, and the deal goes on.
#[test]
fn a_charge_whose_capture_fails_cancels_nothing() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 70_00));
    w.hold(c1(), 70_00, after(60 * DAY));
    let capture = w.order(Capture, &Payee::Buyer);
    w.decline(capture);
    assert_eq!((w.status(), w.held(c1())), (Status::Performing, 0));
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!((w.status(), w.gets(&Payee::Seller, Purpose::Payout)), (Status::Completed, 1_000_00));
}

#[test]
fn a_charge_is_nothing_to_dispute() {
    // paid directly: the deal holds a charge of 50.00, which no award divides
    let mut draft = plain(Policy::shop());
    draft.pay_offline = Some(rub(1_000_00));
    let mut w = World::performing(draft);
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 50_00));
    let c1 = w.deal.deposits()[4].id();
    w.pay(c1, 50_00);
    assert_eq!(w.refuse(&buyer(), dispute("broken")), Rejection::Guard(Guard::MayDispute));
    // what opens one by itself cancels, and the charge goes back
    w.wait_for_deadline();
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Nobody)));
    assert_eq!(w.legs(), [(c1, Payee::Buyer, Purpose::Refund, 50_00, LegState::Ordered)]);
}
