//! Where earnings go while their payee has not said where.

use crate::common::*;
use escrow::deal::Access;
use escrow::deal::command::{Accept, DestinationUse};
use escrow::deposit::{LegState, Purpose, TransactionKind};
use escrow::terms::Payout;
use escrow::{Destination, Payee, Policy, Role, Status};

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
