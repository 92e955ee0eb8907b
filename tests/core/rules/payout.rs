//! Where earnings go while their payee has not said where.

use crate::common::*;
use escrow::deal::Access;
use escrow::deal::command::{Accept, ChargebackStep, DestinationUse};
use escrow::deposit::{LegState, Purpose, TransactionKind};
use escrow::terms::{Payout, Problem, Unsettled};
use escrow::{Actor, Destination, Payee, Policy, Rejection, Role, Status};

/// Freelance work at 1 000.00, 5 % for the platform; accepted.
fn accepted(payout: Payout) -> World {
    let mut w = World::funded(sale(Policy::freelance().payout(payout)));
    w.act(&seller(), submit(1));
    w.act(&buyer(), Accept::default());
    w
}

#[test]
fn by_default_through_the_gateway() {
    assert_eq!(orders(&accepted(Payout::Direct)).len(), 2);
}

/// The home-made plan: the seller chooses where the money goes after the work was accepted.
#[test]
fn the_seller_is_asked() {
    let mut w = accepted(Payout::Ask);
    // the platform knows where its own money goes: 50.00
    assert_eq!(orders(&w), [(TransactionKind::Fee, 50_00)]);
    let leg = w.deal.legs().iter().find(|l| *l.payee() == Payee::Seller).unwrap();
    assert_eq!((leg.state(), leg.amount()), (LegState::Declined, rub(950_00)));
    // the buyer has paid, and has the work
    assert!(matches!(w.deal.access(Role::Buyer), Access::Original(_)));
    w.done_all();
    assert_eq!(w.status(), Status::Settling);
    let card = Destination::Card(text("card-7"));
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, Some(card.clone())));
    assert_eq!(orders(&w).last(), Some(&(TransactionKind::Payout, 950_00)));
    w.done_all();
    assert_eq!((w.status(), w.gets(&Payee::Seller, Purpose::Payout)), (Status::Completed, 950_00));
    // whoever has said it before is not asked
    let mut w = World::funded(sale(Policy::freelance().payout(Payout::Ask)));
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, Some(card)));
    w.act(&seller(), submit(1));
    w.act(&buyer(), Accept::default());
    assert_eq!(orders(&w).len(), 2);
}

/// Nobody waits for ever: five days after the ending it goes to the balance.
#[test]
fn who_does_not_answer_has_it_on_the_balance() {
    let mut w = accepted(Payout::Ask);
    w.done_all();
    w.wait_for_deadline();
    let leg = w.deal.legs().iter().find(|l| *l.payee() == Payee::Seller).unwrap();
    assert_eq!((leg.state(), w.status()), (LegState::Credited, Status::Completed));
}

#[test]
fn to_the_balance_at_once() {
    let w = accepted(Payout::Balance);
    let leg = w.deal.legs().iter().find(|l| *l.payee() == Payee::Seller).unwrap();
    assert_eq!(leg.state(), LegState::Credited);
    // what goes back goes to its payment, whatever the policy says of earnings
    let mut w = World::funded(sale(Policy::shop().payout(Payout::Ask)));
    w.act(&seller(), cancel("no"));
    assert!(orders(&w).iter().any(|(kind, _)| *kind == TransactionKind::Refund));
}

fn sellers_leg(w: &World) -> (LegState, i64) {
    let leg = w.deal.legs().iter().find(|l| *l.payee() == Payee::Seller).unwrap();
    (leg.state(), leg.amount().minor())
}

/// A host without balances: what nobody claims in time is never called paid. The deal closes, the 950.00 stay in `reserved`,
/// and a destination pays them years later.
#[test]
fn what_nobody_claims_stays_payable() {
    let policy = Policy::freelance().payout(Payout::Ask).unsettled(Unsettled::Unclaimed);
    let mut w = World::funded(sale(policy));
    w.act(&seller(), submit(1));
    w.act(&buyer(), Accept::default());
    w.done_all();
    let events = w.wait_for_deadline();
    assert_eq!(World::names(&events), ["timer_fired", "leg_unclaimed", "phase_entered"]);
    assert_eq!((w.status(), sellers_leg(&w)), (Status::Completed, (LegState::Unclaimed, 950_00)));
    let b = w.buckets(B);
    assert_eq!((b.reserved, b.paid_out), (950_00, 50_00));
    assert!(w.deal.legs().iter().any(|l| l.is_unclaimed() && !l.is_settled()));
    assert_eq!(w.deal.next_deadline(), None);
    // the work is the buyer's all the same
    assert!(matches!(w.deal.access(Role::Buyer), Access::Original(_)));
    // declined once more, it is unclaimed once more, at once: its time is over
    w.pass(700 * DAY);
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, card("card-7")));
    assert_eq!(orders(&w), [(TransactionKind::Payout, 950_00)]);
    let order = w.order(TransactionKind::Payout, &Payee::Seller);
    w.decline(order);
    assert_eq!(sellers_leg(&w), (LegState::Unclaimed, 950_00));
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, card("card-8")));
    w.done_all();
    assert_eq!((sellers_leg(&w), w.buckets(B).paid_out), ((LegState::Settled, 950_00), 1_000_00));
    assert_eq!(w.status(), Status::Completed);
}

/// 300.00 of the payment are disputed while the seller's 950.00 are unclaimed: a part of the leg waits, and is unclaimed all the
/// same. 100.00 are lost, 200.00 are free again.
#[test]
fn what_is_disputed_while_it_is_unclaimed_can_be_stored() {
    let policy = Policy::freelance().payout(Payout::Ask).unsettled(Unsettled::Unclaimed);
    let mut w = World::funded(sale(policy));
    w.act(&seller(), submit(1));
    w.act(&buyer(), Accept::default());
    w.done_all();
    w.wait_for_deadline();
    let unclaimed = |w: &World| {
        let stored = serde_json::to_string(&w.deal).unwrap();
        assert_eq!(serde_json::from_str::<escrow::Deal>(&stored).unwrap(), w.deal);
        let legs = w.deal.legs().iter().filter(|l| l.is_unclaimed());
        legs.map(|l| (l.amount().minor(), l.waits_for().is_some())).collect::<Vec<_>>()
    };
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 300_00, ChargebackStep::Opened));
    assert_eq!(unclaimed(&w), [(650_00, false), (300_00, true)]);
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 100_00, ChargebackStep::Lost));
    assert_eq!(unclaimed(&w).iter().map(|(minor, _)| minor).sum::<i64>(), 850_00);
    assert!(unclaimed(&w).iter().all(|(_, waits)| !waits));
    // whoever says where to has all of it
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, card("card-7")));
    w.done_all();
    assert_eq!((w.buckets(B).paid_out, w.buckets(B).charged_back), (900_00, 100_00));
}

/// Whoever keeps no balances pays nothing to them.
#[test]
fn nobody_is_credited_where_no_balances_are_kept() {
    let contradicts = Policy::shop().payout(Payout::Balance).unsettled(Unsettled::Unclaimed).validate();
    assert_eq!(contradicts.unwrap_err().problem(), Problem::NeedsBalances);
    let mut w = World::funded(sale(Policy::shop().unsettled(Unsettled::Unclaimed)));
    let balance = destination(Payee::Seller, DestinationUse::Payouts, Some(Destination::Balance));
    assert_eq!(w.refuse(&seller(), balance), Rejection::NoBalances);
}

/// A refund that its bank declines, where no balances are kept, and the bank takes the payment back meanwhile: of 1 000.00 that
/// nobody claims nothing is left to pay.
#[test]
fn a_chargeback_takes_what_nobody_claims() {
    let mut w = World::funded(plain(Policy::shop().unsettled(Unsettled::Unclaimed)));
    w.act(&seller(), cancel("no"));
    let refund = w.order(TransactionKind::Refund, &Payee::Buyer);
    w.decline(refund);
    w.wait_for_deadline();
    assert_eq!((w.status(), w.buckets(B).reserved), (Status::Cancelled, 1_000_00));
    bank(&mut w, "case", 1_000_00, ChargebackStep::Lost);
    let b = w.buckets(B);
    assert_eq!((b.reserved, b.charged_back, w.owed()), (0, 1_000_00, vec![]));
    // given back by the bank, it is sent once more
    bank(&mut w, "case", 1_000_00, ChargebackStep::Reinstated);
    assert_eq!(orders(&w), [(TransactionKind::Refund, 1_000_00)]);
    w.done_all();
    assert_eq!((w.buckets(B).refunded, w.status()), (1_000_00, Status::Cancelled));
}
