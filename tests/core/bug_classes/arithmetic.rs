//! Arithmetic.

use crate::common::*;
use escrow::deal::command::StartPerforming;
use escrow::deposit::{LegState, Purpose};
use escrow::terms::{Fee, FeePayee, Item, OnRefund, Payer, Problem, Provider, Terms};
use escrow::{Award, Payee, Policy, Rate, Status};

#[test]
fn rounding_leak() {
    // 5 kopecks, half each: floor(2.5) = 2 to the seller, the other 3 back to the buyer
    let mut draft = judged(plain(Policy::shop()));
    draft.items[0].unit_price = rub(5);
    let mut w = World::arbitrated(draft);
    w.act(&judge(), rule(Award::Share(Rate::HALF)));
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 2);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 3);
    w.done_all();
    assert_eq!(w.buckets(B).held + w.buckets(B).reserved, 0);

    // a shared cost of 5: 2 by the buyer, 3 by the seller. deposit 100 + 2 = 102; payout 100 − 3 = 97; 5 to the courier
    let mut draft = plain(Policy::shop());
    draft.items[0].unit_price = rub(100);
    let shared = Payer::Shared(Rate::HALF);
    let delivery = service("delivery", 5, shared, Provider::Third(text("courier")));
    draft.services.push(delivery);
    let mut w = World::performing(draft);
    assert_eq!(w.held(B), 102);
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 97);
    assert_eq!(w.gets(&payee("courier"), Purpose::Service), 5);
    w.done_all();
}

#[test]
fn remainder_to_zero_share() {
    // of 100.01 shared at 0 % the buyer pays nothing: deposit 1 000.00
    let mut draft = plain(Policy::shop());
    draft.services.push(service("delivery", 100_01, Payer::Shared(Rate::ZERO), Provider::Platform));
    let w = World::funded(draft);
    assert_eq!(w.held(B), 1_000_00);
    // and an award of a share of zero is nothing, remainder included
    let mut draft = judged(plain(Policy::shop()));
    draft.items[0].unit_price = rub(1);
    let mut w = World::arbitrated(draft);
    w.act(&judge(), rule(Award::Share(Rate::ZERO)));
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1, LegState::Ordered)]);
}

#[test]
fn mul_div_overflow() {
    // 10^16 minor units × 333 333 ppm is 3.3 × 10^21: beyond an i64, not beyond the dispute
    let mut draft = judged(plain(Policy::shop()));
    draft.items[0].unit_price = rub(Terms::MAX_AMOUNT);
    let most = Rate::from_ppm(999_999).unwrap();
    let mut fee = Fee::of_price(text("platform"), FeePayee::Platform, most, Payer::Seller);
    fee.on_refund = Some(OnRefund::ProRata);
    draft.fees.push(fee);
    let mut w = World::arbitrated(draft.clone());
    w.act(&judge(), rule(Award::Share(Rate::from_ppm(333_333).unwrap())));
    // S = floor(10^16 × 0.333333); the rest goes back
    let s = 3_333_330_000_000_000;
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 10_000_000_000_000_000 - s);
    // the fee is 10^16 × 0.999999 = 9 999 990 000 000 000; of it S / price = 0.333333 stands:
    // 9 999 990 000 000 000 × 0.333333 = 3 333 326 666 670 000; the seller has the other 3 333 330 000
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 3_333_326_666_670_000);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 3_333_330_000);
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    // a kopeck more is a typed error at creation, and so is a sum of things that is over it
    draft.items[0].unit_price = rub(Terms::MAX_AMOUNT + 1);
    assert_eq!(problem(draft.clone()), Problem::TooLarge);
    draft.items[0].unit_price = rub(Terms::MAX_AMOUNT);
    draft.items.push(Item::new(text("another"), rub(i64::MAX), 1));
    assert_eq!(problem(draft.clone()), Problem::TooLarge);
    draft.items[1] = Item::new(text("another"), rub(Terms::MAX_AMOUNT), Item::MAX_QUANTITY);
    assert_eq!(problem(draft), Problem::TooLarge);
}

#[test]
fn excess_fee() {
    let fee = |minor| fixed_fee("platform", FeePayee::Platform, minor, Payer::Seller, OnRefund::Keep);
    let mut draft = plain(Policy::shop());
    draft.fees = vec![fee(-1)];
    assert_eq!(problem(draft.clone()), Problem::Negative);
    // a fee of 1 500.00 on a price of 1 000.00: the payout is 0, never −500.00; the seller deposits 500.00 first
    draft.fees = vec![fee(1_500_00)];
    let quote = Terms::new(draft.clone()).unwrap().quote().clone();
    assert_eq!((quote.payout, quote.seller_due), (rub(0), rub(500_00)));
    let mut w = World::new(draft.clone());
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.pay(L, 500_00);
    w.act(&seller(), StartPerforming {});
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 1_500_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 0);
    assert_eq!(w.owed(), []);

    // at settlement: the seller is at fault and the fee is kept: 500.00 out of their pot, 1 000.00 are a debt; the
    // buyer has all of their 1 000.00
    let mut w = World::funded(draft);
    w.act(&seller(), cancel("out of stock"));
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 500_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
    assert_eq!(w.owed(), [(Payee::Seller, Payee::Platform, Purpose::Fee, 1_000_00)]);
    // carve-outs over their parent: 3 % out of 2 %
    let mut draft = plain(Policy::shop());
    draft.fees.push(Fee::of_price(text("a"), FeePayee::Platform, percent(2), Payer::Seller));
    draft.fees.push(Fee::carved(text("b"), FeePayee::Processor, percent(3), text("a")));
    assert_eq!(problem(draft), Problem::CarveOutOverParent);
}
