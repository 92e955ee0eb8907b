//! Deals that have come some way.

use super::*;
use escrow::deal::command::{AppointArbiter, ChargebackStep, CheckpointKind, WithdrawDispute};
use escrow::deposit::TransactionKind;
use escrow::terms::{Fee, FeePayee, Payer};
use escrow::{Actor, Payee, Policy, Side, Status};

use TransactionKind::Payout;

/// The kinds and amounts of what is pending.
pub fn orders(w: &World) -> Vec<(TransactionKind, i64)> {
    w.pending().into_iter().map(|(_, kind, _, amount)| (kind, amount)).collect()
}

/// Accepted; the payout of 1 000.00 has been declined.
pub fn declined_payout() -> World {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), accept());
    let payout = w.order(Payout, &Payee::Seller);
    assert_eq!(payout, 2);
    w.decline(payout);
    assert_eq!((w.status(), orders(&w)), (Status::Settling, vec![]));
    w
}

/// A deal with a bit of everything: holds, sources, charges, a declined leg, a chargeback that is open.
pub fn eventful() -> World {
    let mut draft = with_courier(Policy::shop());
    draft.fees.push(Fee::of_price(text("platform"), FeePayee::Platform, percent(5), Payer::Seller));
    draft.guarantees.seller = Some(rub(50_00));
    let mut w = World::new(draft);
    w.act(&buyer(), request("k", B, 500_00));
    w.pay(B, 500_00);
    w.pay(GS, 60_00);
    w.hold(B, 600_00, after(10 * DAY));
    w.done_all();
    w.act(&operator(), AppointArbiter::new(text("judge")));
    w.act(&courier(), incur(0));
    w.act(&seller(), charge("c", Side::Buyer, Payee::Seller, 30_00));
    w.pay(c1(), 10_00);
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    w.act(&buyer(), dispute("late"));
    w.act(&buyer(), WithdrawDispute::default());
    w.act(&seller(), submit(1));
    w.act(&buyer(), accept());
    // the payout is declined, the fee is paid, the rest is under way
    let payout = w.order(Payout, &Payee::Seller);
    w.decline(payout);
    let fee = w.order(TransactionKind::Fee, &Payee::Platform);
    w.done(fee);
    w.act(&Actor::Gateway, chargeback("cb", "pay-2", 1_00, ChargebackStep::Opened));
    w
}

pub fn tracked(w: &mut World, id: &str, kind: CheckpointKind) {
    w.act(&Actor::Tracker, checkpoint("A", id, kind, w.now));
}

/// The bank moves a chargeback of the first payment.
pub fn bank(w: &mut World, reference: &str, minor: i64, step: ChargebackStep) {
    w.act(&Actor::Gateway, chargeback(reference, "pay-1", minor, step));
}

/// Submitted, disputed and before the arbiter.
pub fn work() -> World {
    let mut w = World::funded(judged(plain(Policy::freelance())));
    w.act(&seller(), submit(1));
    w.act(&buyer(), dispute("not what I asked for"));
    w.wait_for_deadline();
    w
}

/// Accepted, and everything is paid: 950.00 to the seller, 50.00 to the platform.
pub fn completed() -> World {
    let mut w = World::performing(sale(Policy::shop()));
    w.act(&buyer(), accept());
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    w
}
