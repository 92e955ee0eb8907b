//! Money that comes in: requests, confirmations, claims.

use crate::common::*;
use escrow::deal::command::{Agree, StartPerforming, StatedPayment};
use escrow::deposit::{Buckets, DepositId, LegState, Purpose, TransactionKind};
use escrow::terms::Terms;
use escrow::{Actor, Payee, Policy, Rejection, Status, TxId};

use TransactionKind::Refund;

#[test]
fn a_request_moves_nothing_and_is_answered_by_the_payment() {
    let mut w = World::new(plain(Policy::shop()));
    w.act(&buyer(), request("k1", B, 400_00));
    w.act(&buyer(), request("k2", B, 600_00));
    w.act(&buyer(), request("k3", B, 600_00));
    // a second arrival is recognised by its key
    w.repeat(&buyer(), request("k1", B, 400_00));
    assert_eq!((w.held(B), w.deal.has_pending()), (0, false));
    // named: k3 is transaction 3; its amount need not be the requested one
    let mut named = payment(B, "p1", rub(500_00));
    named.transaction = Some(TxId::new(3));
    w.act(&Actor::Gateway, named);
    let t = w.deal.transaction(TxId::new(3)).unwrap();
    assert_eq!((t.amount(), t.key().map(|k| k.as_str())), (rub(500_00), Some("k3")));
    // not named: the oldest request of just this amount, here k1
    w.act(&Actor::Gateway, payment(B, "p2", rub(400_00)));
    assert!(!w.deal.transaction(TxId::new(1)).unwrap().is_pending());
    // no request of 100.00: a transaction of its own
    w.act(&Actor::Gateway, payment(B, "p3", rub(100_00)));
    assert_eq!(w.deal.transactions().len(), 4);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // k2 was never paid, and holds nobody up
    w.act(&Actor::Gateway, answer(2, declined()));
    w.act(&seller(), StartPerforming {});
}

#[test]
fn what_can_be_requested() {
    let mut w = World::new(plain(Policy::shop()));
    let over = w.refuse(&buyer(), request("k", B, 1_000_01));
    assert_eq!(over, Rejection::AmountOverOutstanding { max: rub(1_000_00) });
    assert_eq!(w.refuse(&buyer(), request("k", B, 0)), Rejection::AmountNotPositive);
    assert_eq!(w.refuse(&seller(), request("k", B, 1)), Rejection::NotYourDeposit { deposit: B });
    assert_eq!(w.refuse(&buyer(), request("k", c1(), 1)), Rejection::UnknownDeposit { deposit: c1() });
    w.fill();
    let full = w.refuse(&buyer(), request("k", B, 1));
    assert_eq!(full, Rejection::AmountOverOutstanding { max: rub(0) });
}

#[test]
fn payments_in_every_amount() {
    // under: wait; exact: funded; over: the excess goes back, from the payment that brought it
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 999_99);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.pay(B, 5_01);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Excess, 5_00, LegState::Ordered)]);
    assert_eq!(w.deal.legs()[0].source(), Some(TxId::new(2)));
    // in another currency: recorded in a deposit of its own, and refunded whole
    let mut strayed = w.clone();
    strayed.act(&Actor::Gateway, payment(B, "usd", usd(1_00)));
    strayed.repeat(&Actor::Gateway, payment(B, "usd", usd(1_00)));
    let stray: Vec<_> = strayed.deal.strays().map(|d| (d.required(), *d.buckets())).collect();
    assert_eq!(stray, [(usd(0), Buckets { received: 1_00, reserved: 1_00, ..Buckets::default() })]);
    assert_eq!((strayed.status(), strayed.held(B)), (Status::AwaitingPerformance, 1_000_00));
    let zero = payment(B, "zero", rub(0));
    assert_eq!(w.refuse(&Actor::Gateway, zero), Rejection::AmountNotPositive);
    // in a phase that takes no money: whole
    w.act(&seller(), StartPerforming {});
    w.pay(B, 70_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Excess), 75_00);
    // after the end
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    w.pay(B, 1_00);
    assert_eq!((w.status(), orders(&w)), (Status::Completed, vec![(Refund, 1_00)]));
    // declined after the settlement deadline: to the balance, no state changes
    let refund = w.order(Refund, &Payee::Buyer);
    w.pass(6 * DAY).decline(refund);
    assert_eq!(w.legs().last().unwrap().4, LegState::Credited);
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn a_claimed_payment_is_verified() {
    let claim = |version| Agree::new(version).payment(StatedPayment::new(B, text("bank"), text("tran-1")));
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    w.act(&buyer(), claim(1));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingDeposit, 0));
    let asked = w.deal.pending().next().unwrap();
    assert_eq!(asked.source.map(|r| r.as_str()), Some("tran-1"));
    // another reference answers nothing
    let other = w.refuse(&Actor::Gateway, answer(1, succeeded("tran-2")));
    assert_eq!(other, Rejection::ConfirmInstead { tx: TxId::new(1) });
    let mut told = w.clone();
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
    // the webhook of the same payment says nothing new
    w.repeat(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    // the other way round: the webhook answers the claim
    told.act(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    assert_eq!((told.status(), told.deal.transactions().len()), (Status::AwaitingPerformance, 1));
    told.repeat(&Actor::Gateway, answer(1, succeeded("tran-1")));
}

#[test]
fn a_payment_whose_claim_was_declined_still_counts() {
    let claim = Agree::new(1).payment(StatedPayment::new(B, text("bank"), text("tran-1")));
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    w.act(&buyer(), claim);
    // asked too early: the gateway does not know it yet
    w.decline(1);
    w.act(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
}

#[test]
fn a_claim_that_was_denied_came_in_after_all() {
    let claim = Agree::new(1).payment(StatedPayment::new(B, text("bank"), text("tran-1")));
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    w.act(&buyer(), claim);
    w.decline(1);
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
    w.repeat(&Actor::Gateway, answer(1, succeeded("tran-1")));
    w.repeat(&Actor::Gateway, payment(B, "tran-1", rub(1_000_00)));
}

#[test]
fn a_claim_that_was_confirmed_elsewhere_is_answered_twice() {
    let mut draft = plain(Policy::freelance());
    draft.guarantees.buyer = Some(rub(1_000_00));
    let mut w = World::proposed_by(&seller(), draft);
    let claim = Agree::new(1).payment(StatedPayment::new(B, text("bank"), text("tran-1")));
    w.act(&buyer(), claim);
    w.act(&Actor::Gateway, payment(GB, "tran-1", rub(1_000_00)));
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((w.held(B), w.held(GB)), (0, 1_000_00));
    w.repeat(&Actor::Gateway, answer(1, succeeded("tran-1")));
}

#[test]
fn another_payment_that_comes_with_a_claims_number_does_not_answer_the_claim() {
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    let claim = Agree::new(1).payment(StatedPayment::new(B, text("bank"), text("tran-1")));
    w.act(&buyer(), claim);
    let another = payment(B, "tran-2", rub(400_00)).answering(TxId::new(1));
    w.act(&Actor::Gateway, another);
    // tran-1 is still asked about; once it is there, what it brings too much goes back
    assert_eq!((w.held(B), w.deal.pending().count()), (400_00, 1));
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((w.status(), w.held(B)), (Status::AwaitingPerformance, 1_000_00));
    let back = w.deal.legs().last().unwrap();
    assert_eq!((back.purpose(), back.amount()), (Purpose::Excess, rub(400_00)));
}

#[test]
fn keys_are_each_partys_own() {
    let mut draft = plain(Policy::shop());
    draft.guarantees.seller = Some(rub(100_00));
    let mut w = World::new(draft);
    w.act(&buyer(), request("1", B, 1_000_00));
    w.act(&seller(), request("1", GS, 100_00));
    assert_eq!(w.deal.transactions().len(), 2);
}

#[test]
fn one_payment_is_not_claimed_twice() {
    let claim = |deposit| Agree::new(1).payment(StatedPayment::new(deposit, text("bank"), text("tran-1")));
    // half of the deposit came in as tran-1: the same payment is not the other half as well
    let mut w = World::proposed_by(&seller(), plain(Policy::freelance()));
    w.act(&Actor::Gateway, payment(B, "tran-1", rub(500_00)));
    w.act(&buyer(), claim(B));
    assert_eq!((orders(&w), w.held(B)), (vec![], 500_00));
    // nor can the seller claim the buyer's for their own guarantee
    let mut draft = plain(Policy::freelance());
    draft.guarantees.seller = Some(rub(1_000_00));
    let mut w = World::proposed_by(&operator(), draft);
    w.act(&buyer(), claim(B));
    w.act(&seller(), claim(GS));
    w.act(&Actor::Gateway, answer(1, succeeded("tran-1")));
    assert_eq!((orders(&w), w.held(B), w.held(GS)), (vec![], 1_000_00, 0));
}

/// A hundred requests that brought no money are open to each side; payments and the other side's requests are not among
/// them, and the gateway's facts are never refused for their number.
#[test]
fn a_party_cannot_fill_a_deal_with_requests() {
    let mut draft = sale(Policy::shop());
    draft.guarantees.seller = Some(rub(50_00));
    let mut w = World::new(draft);
    let (own, theirs) = (DepositId::BUYER_PAYMENT, DepositId::SELLER_GUARANTEE);
    w.pay(own, 1_00);
    w.act(&seller(), request("s", theirs, 1_00));
    for n in 1..=100 {
        w.act(&buyer(), request(&format!("b{n}"), own, 1_00));
    }
    assert_eq!(w.refuse(&buyer(), request("b101", own, 1_00)), Rejection::TooMany { max: 100 });
    w.act(&seller(), request("s2", theirs, 1_00));
    // the first request is answered by a payment, which leaves room for one
    w.pay(own, 1_00);
    assert_eq!(w.held(own), 2_00);
    w.act(&buyer(), request("b101", own, 1_00));
    // one that is declined has brought no money either
    w.decline(4);
    assert_eq!(w.refuse(&buyer(), request("b102", own, 1_00)), Rejection::TooMany { max: 100 });
}

/// A deposit takes in a hundred times the largest amount of a deal, all payments together, and not a kopeck more.
#[test]
fn what_a_deposit_takes_in_has_a_limit() {
    let limit = 100 * Terms::MAX_AMOUNT;
    let mut w = World::new(plain(Policy::shop()));
    let over = payment(DepositId::BUYER_PAYMENT, "over", rub(limit + 1));
    assert_eq!(w.refuse(&Actor::Gateway, over), Rejection::AmountTooLarge);
    w.pay(DepositId::BUYER_PAYMENT, limit - 1);
    w.pay(DepositId::BUYER_PAYMENT, 1);
    for more in [1, 2] {
        let more = payment(DepositId::BUYER_PAYMENT, "more", rub(more));
        assert_eq!(w.refuse(&Actor::Gateway, more), Rejection::AmountTooLarge);
    }
}

/// A payment that answers a request is the request's transaction: it was made when it was asked for.
#[test]
fn an_answered_request_keeps_when_it_was_made() {
    let mut w = World::new(plain(Policy::shop()));
    let asked = w.now;
    w.act(&buyer(), request("k", B, 1_000_00));
    w.pass(60);
    w.pay(B, 1_000_00);
    let transaction = w.deal.transaction(TxId::new(1)).unwrap();
    assert_eq!((transaction.created_at(), transaction.settled_at()), (asked, Some(w.now)));
}
