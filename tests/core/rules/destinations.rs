//! Where the money of each payee goes.

use crate::common::*;
use escrow::deal::command::DestinationUse;
use escrow::deposit::TransactionKind;
use escrow::terms::{Payer, Provider};
use escrow::{Destination, Payee, Policy, Rejection, Status};

use DestinationUse::{Payouts, Refunds};
use TransactionKind::Payout;

#[test]
fn a_declined_payout_is_redirected() {
    let mut w = declined_payout();
    w.act(&seller(), destination(Payee::Seller, Payouts, card("new")));
    // the next attempt is the next number, to the new card
    assert_eq!(w.pending(), [(3, Payout, Payee::Seller, 1_000_00)]);
    assert_eq!(w.deal.pending().next().unwrap().destination, card("new").as_ref());
    w.repeat(&seller(), destination(Payee::Seller, Payouts, card("new")));
    let other = destination(Payee::Seller, Payouts, card("third"));
    assert_eq!(w.refuse(&seller(), other), Rejection::AttemptUnanswered);
    w.done(3);
    assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
}

#[test]
fn the_balance_settles_without_the_gateway() {
    let mut w = declined_payout();
    let events = w.act(&seller(), destination(Payee::Seller, Payouts, Some(Destination::Balance)));
    assert_eq!(World::names(&events), ["destination_set", "leg_credited", "phase_entered"]);
    assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
    // chosen beforehand: nothing is ever sent
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), destination(Payee::Seller, Payouts, Some(Destination::Balance)));
    w.act(&buyer(), accept());
    assert_eq!((w.status(), orders(&w)), (Status::Completed, vec![]));
}

#[test]
fn whose_money_it_is() {
    let mut w = World::performing(sale(Policy::shop()));
    let sellers = destination(Payee::Seller, Payouts, card("x"));
    for actor in [buyer(), operator()] {
        assert_eq!(w.refuse(&actor, sellers.clone()), Rejection::NotYourMoney);
    }
    assert_eq!(w.refuse(&party("mallory"), sellers), Rejection::UnknownActor);
    w.act(&operator(), destination(Payee::Platform, Payouts, card("platform")));
    // refunds are the payer's, and the operator's
    w.act(&buyer(), destination(Payee::Buyer, Refunds, card("b")));
    w.act(&operator(), destination(Payee::Buyer, Refunds, card("c")));
    assert_eq!(w.refuse(&seller(), destination(Payee::Buyer, Refunds, card("d"))), Rejection::NotYourMoney);
}

/// Everybody chooses for themselves: a courier neither for an insurer nor for a side.
#[test]
fn nobody_chooses_where_the_money_of_others_goes() {
    let mut draft = with_courier(Policy::shop());
    draft.services.push(service("insurance", 10_00, Payer::Seller, Provider::Third(text("insurer"))));
    let mut w = World::funded(draft);
    for theirs in [payee("insurer"), Payee::Seller, Payee::Buyer, Payee::Platform] {
        let choice = destination(theirs, Payouts, card("card-1"));
        assert_eq!(w.refuse(&courier(), choice), Rejection::NotYourMoney);
    }
    w.act(&courier(), destination(payee("courier"), Payouts, card("card-1")));
    assert_eq!(w.deal.destination(&payee("courier"), Payouts), card("card-1").as_ref());
}

/// A choice replaces the same payee's choice for the same use, and no other.
#[test]
fn a_destination_replaces_its_own_only() {
    let mut w = World::funded(with_courier(Policy::shop()));
    w.act(&courier(), destination(payee("courier"), Payouts, card("c")));
    w.act(&seller(), destination(Payee::Seller, Refunds, card("r")));
    w.act(&seller(), destination(Payee::Seller, Payouts, card("p")));
    w.act(&seller(), destination(Payee::Seller, Payouts, card("p-2")));
    assert_eq!(w.deal.destination(&payee("courier"), Payouts), card("c").as_ref());
    assert_eq!(w.deal.destination(&Payee::Seller, Refunds), card("r").as_ref());
    assert_eq!(w.deal.destination(&Payee::Seller, Payouts), card("p-2").as_ref());
}

#[test]
fn the_seller_chooses_where_to_be_paid() {
    let everywhere = [
        Destination::Card(text("card-1")),
        Destination::Account(text("account-1")),
        Destination::Wallet(text("wallet-1")),
        Destination::Balance,
    ];
    for chosen in everywhere {
        let choose = || destination(Payee::Seller, DestinationUse::Payouts, Some(chosen.clone()));
        // before the ending
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), choose());
        w.act(&buyer(), accept());
        let sent = w.deal.pending().next().map(|p| p.destination.cloned());
        let by_gateway = (chosen != Destination::Balance).then_some(Some(chosen.clone()));
        assert_eq!(sent, by_gateway);
        w.done_all();
        assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
        // after it, once the first attempt has failed
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&buyer(), accept());
        w.decline(2);
        w.act(&seller(), choose());
        assert_eq!(w.deal.pending().next().map(|p| p.destination.cloned()), by_gateway);
        w.done_all();
        assert_eq!((w.status(), w.buckets(B).paid_out), (Status::Completed, 1_000_00));
    }
}

/// The gateway thinks better of a payout that it has made: asked again under its key, it is the same order, though the
/// seller wants the money elsewhere since. A gateway that finds another order under a key may pay it.
#[test]
fn what_is_asked_again_goes_where_it_was_sent() {
    for before in [None, card("old")] {
        let mut w = World::performing(plain(Policy::shop()));
        if before.is_some() {
            w.act(&seller(), destination(Payee::Seller, Payouts, before.clone()));
        }
        w.act(&buyer(), accept());
        w.done(2);
        w.act(&seller(), destination(Payee::Seller, Payouts, card("new")));
        w.decline(2);
        assert_eq!(w.pending(), [(2, Payout, Payee::Seller, 1_000_00)]);
        assert_eq!(w.deal.pending().next().unwrap().destination, before.as_ref());
        w.done(2);
        assert_eq!(w.pending(), []);
    }
}
