//! Cancelling: who may, and who bears what.

use crate::common::*;
use escrow::deal::Guard;
use escrow::deposit::Purpose;
use escrow::settlement::{Ending, Fault};
use escrow::terms::{BuyerCancel, FeePayee, OnRefund, Payer};
use escrow::{Payee, Policy, Rejection, Status};

#[test]
fn the_buyer_cancels_as_long_as_the_policy_lets_them() {
    // (policy, in Performing, in AwaitingAcceptance)
    let cases = [
        (BuyerCancel::BeforePerforming, false, false),
        (BuyerCancel::BeforeAcceptance, true, false),
        (BuyerCancel::UntilAccepted, true, true),
    ];
    for (buyer_cancel, performing, accepting) in cases {
        let mut draft = plain(Policy::shop());
        draft.policy.buyer_cancel = buyer_cancel;
        let mut w = World::funded(draft.clone());
        w.act(&buyer(), cancel("no"));
        assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Buyer)));
        for (submitted, allowed) in [(false, performing), (true, accepting)] {
            let mut w = World::performing(draft.clone());
            if submitted {
                w.act(&seller(), submit(1));
            }
            if allowed {
                w.act(&buyer(), cancel("no"));
                assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
            } else {
                let refused = w.refuse(&buyer(), cancel("no"));
                assert_eq!(refused, Rejection::Guard(Guard::BuyerMayCancelNow));
            }
        }
    }
}

#[test]
fn cancelling_an_unpaid_deal_costs_nothing() {
    let mut draft = plain(Policy::shop());
    draft.fees.push(fixed_fee("platform", FeePayee::Platform, 20_00, Payer::Buyer, OnRefund::Keep));
    for actor in [buyer(), seller(), operator()] {
        let mut w = World::new(draft.clone());
        w.act(&actor, cancel("no"));
        assert_eq!(w.status(), Status::Cancelled);
        // a kopeck short of 1 020.00: everything goes back
        let mut w = World::new(draft.clone());
        w.pay(B, 1_019_99);
        w.act(&actor, cancel("no"));
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_019_99);
        assert_eq!(w.owed(), []);
    }
}

#[test]
fn nobody_cancels_a_dispute_or_an_ending() {
    let mut w = World::disputed(plain(Policy::shop()));
    for actor in [buyer(), seller(), operator()] {
        assert!(wrong_phase(w.refuse(&actor, cancel("no"))));
    }
    assert!(wrong_phase(w.refuse(&operator(), by_operator(Fault::Buyer))));
    // only the operator says whose fault it is
    let mut w = World::funded(plain(Policy::shop()));
    assert!(matches!(w.refuse(&seller(), by_operator(Fault::Buyer)), Rejection::WrongRole { .. }));
}
