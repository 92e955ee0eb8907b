//! Cancelling: who may, and who bears what.

use crate::common::*;
use escrow::deal::Guard;
use escrow::deal::command::StopPerforming;
use escrow::deposit::Purpose;
use escrow::settlement::{Ending, Fault};
use escrow::terms::{BuyerCancel, FeePayee, OnRefund, Payer};
use escrow::{Actor, Payee, Policy, Rejection, Status};

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

/// What was begun stays begun: no way back to before the start lets the buyer keep the goods and the money.
#[test]
fn a_buyer_who_may_leave_before_the_start_may_not_after_it() {
    let refused = |w: &mut World| {
        assert_eq!(w.refuse(&buyer(), cancel("no")), Rejection::Guard(Guard::BuyerMayCancelNow));
    };
    // stopped by the seller
    let mut w = World::performing(plain(Policy::marketplace()));
    w.act(&seller(), StopPerforming {});
    assert_eq!(w.status(), Status::AwaitingPerformance);
    refused(&mut w);
    // and sent to the moderator
    w.act(&moderator(), remark("hm"));
    refused(&mut w);
    w.act(&seller(), cancel("sold out"));
    // a track was replaced while the parcel was on its way
    let mut w = World::funded(plain(Policy::marketplace()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    w.act(&seller(), set_track("B"));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    refused(&mut w);
    // delivered while the moderator was asked
    let mut w = World::funded(plain(Policy::marketplace()));
    w.act(&seller(), set_track("A"));
    w.act(&moderator(), remark("hm"));
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.status(), Status::Moderation);
    refused(&mut w);
    // seen while the capture had no answer
    let mut w = World::new(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    w.hold(B, 1_000_00, after(DAY));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    refused(&mut w);
    // nothing has begun, or nothing is paid in full
    for pay in [0, 999_99, 1_000_00] {
        let mut w = World::new(plain(Policy::shop()));
        if pay > 0 {
            w.pay(B, pay);
        }
        w.act(&buyer(), cancel("no"));
        assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Buyer)));
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
