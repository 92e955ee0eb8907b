//! What may be missing of a payment, and which of several payments goes back first.

use crate::common::*;
use escrow::deal::command::GiveBack;
use escrow::deposit::{Purpose, TransactionKind};
use escrow::settlement::SettleError;
use escrow::terms::{FeePayee, OnRefund, Payer, Provider, RefundOrder};
use escrow::{Award, Payee, Policy, Rate, Rejection, Status, TermsDraft};

/// 1 000.00, of which 2 % may be missing.
fn tolerant() -> TermsDraft {
    plain(Policy::shop().shortfall(percent(2)))
}

/// Both sides of the threshold: 1 000.00 - 20.00.
#[test]
fn from_the_threshold_on_it_is_full() {
    for (paid, status) in [(979_99, Status::AwaitingDeposit), (980_00, Status::AwaitingPerformance)] {
        let mut w = World::new(tolerant());
        w.pay(B, paid);
        assert_eq!(w.status(), status, "{paid}");
    }
    // by default every kopeck counts
    let mut w = World::new(plain(Policy::shop()));
    w.pay(B, 999_99);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    // 2 % of 0.49 are nothing
    let mut small = tolerant();
    small.items[0].unit_price = rub(49);
    let mut w = World::new(small);
    w.pay(B, 48);
    assert_eq!(w.status(), Status::AwaitingDeposit);
}

#[test]
fn what_is_missing_the_seller_gets_less() {
    let mut w = World::new(tolerant());
    w.pay(B, 985_00);
    w.act(&operator(), escrow::deal::command::StartPerforming {});
    w.act(&buyer(), accept());
    assert_eq!(
        (w.gets(&Payee::Seller, Purpose::Payout), w.gets(&Payee::Buyer, Purpose::Refund)),
        (985_00, 0)
    );
    assert_eq!(w.deal.receivables().count(), 0);
}

/// Fees and services of others are paid whole, and f is that of the whole price.
#[test]
fn fees_do_not_shrink_with_it() {
    let mut draft = tolerant();
    let mut fee =
        escrow::terms::Fee::of_price(text("platform"), FeePayee::Platform, percent(10), Payer::Seller);
    fee.on_refund = Some(OnRefund::ProRata);
    draft.fees.push(fee);
    draft.services.push(service("courier", 100_00, Payer::Buyer, Provider::Third(text("courier"))));
    let mut w = World::new(draft);
    // 1 100.00 are asked for, 2 % of it are 22.00
    w.pay(B, 1_078_00);
    w.act(&operator(), escrow::deal::command::StartPerforming {});
    w.act(&buyer(), accept());
    // S = 1 000.00 - 22.00; less 10 % of 1 000.00
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 878_00);
    assert_eq!(
        (w.gets(&Payee::Platform, Purpose::Fee), w.gets(&Payee::Party(text("courier")), Purpose::Service)),
        (100_00, 100_00)
    );
}

/// What would go back to the buyer is less by it first.
#[test]
fn what_goes_back_is_less_by_it() {
    let mut w = World::new(tolerant());
    w.pay(B, 985_00);
    w.act(&operator(), escrow::deal::command::StartPerforming {});
    w.act(&seller(), GiveBack::new(rub(200_00)));
    w.act(&buyer(), accept());
    // 800.00 are the seller's, as if all were there; of the 200.00 there are 185.00
    assert_eq!(
        (w.gets(&Payee::Seller, Purpose::Payout), w.gets(&Payee::Buyer, Purpose::Refund)),
        (800_00, 185_00)
    );
    // what is awarded is of what there is
    let mut w = World::new(tolerant());
    w.pay(B, 985_00);
    let over = w.refuse(&seller(), escrow::deal::command::ProposeAward::new(Award::Amount(rub(985_01))));
    assert_eq!(over, Rejection::Settle(SettleError::AwardOverMax { max: rub(985_00) }));
}

/// Later money is taken, up to what is required.
#[test]
fn the_rest_may_come_later() {
    let mut w = World::new(tolerant());
    w.pay(B, 985_00);
    w.act(&buyer(), request("rest", B, 15_00));
    w.pay(B, 20_00);
    assert_eq!((w.held(B), orders(&w)), (1_000_00, vec![(TransactionKind::Refund, 5_00)]));
    // without a tolerance it goes back
    let mut w = World::funded(plain(Policy::shop()));
    w.pay(B, 20_00);
    assert_eq!(w.held(B), 1_000_00);
    assert_eq!(Policy::shop().shortfall, Rate::ZERO);
}

/// 600.00, then 400.00: of 500.00 that go back, the newest payment gives 400.00, or the oldest all of it.
#[test]
fn the_oldest_payment_goes_back_first_where_the_policy_says_so() {
    for (order, back) in [
        (RefundOrder::NewestFirst, vec![(2, 400_00), (1, 100_00)]),
        (RefundOrder::OldestFirst, vec![(1, 500_00)]),
    ] {
        let mut w = World::new(plain(Policy::shop().refund_order(order)));
        w.pay(B, 600_00);
        w.pay(B, 400_00);
        w.act(&operator(), escrow::deal::command::StartPerforming {});
        w.act(&seller(), GiveBack::new(rub(500_00)));
        w.act(&buyer(), accept());
        let refunds: Vec<_> =
            w.deal.legs().iter().filter_map(|l| Some((l.source()?.number(), l.amount().minor()))).collect();
        assert_eq!(refunds, back, "{order:?}");
    }
}
