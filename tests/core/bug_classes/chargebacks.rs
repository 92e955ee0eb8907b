//! Chargebacks.

use crate::common::*;
use escrow::deal::Contradiction;
use escrow::deal::command::{ChargebackStep, Verdict};
use escrow::deposit::{LegState, Purpose};
use escrow::dispute::DisputeStatus;
use escrow::{Actor, Deal, Outcome, Payee, Policy, Rejection, Status};

#[test]
fn chargeback_after_payout() {
    use escrow::terms::Liable;
    let debtors = [
        (Liable::Seller, Some(Payee::Seller)),
        (Liable::Buyer, Some(Payee::Buyer)),
        (Liable::Platform, None),
    ];
    for (liable, debtor) in debtors {
        let mut draft = sale(Policy::shop());
        draft.policy.chargeback_liable = liable;
        let mut w = World::performing(draft);
        w.act(&buyer(), accept());
        w.done_all();
        w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Opened));
        w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Lost));
        // the bank took 1 000.00 that were paid out long ago: owed to the platform, by whom the policy names
        let owed: Vec<_> =
            debtor.map(|d| (d, Payee::Platform, Purpose::Chargeback, 1_000_00)).into_iter().collect();
        assert_eq!(w.owed(), owed);
        assert_eq!(w.status(), Status::Completed);
        w.repeat(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Lost));
        let won = chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Won);
        assert_eq!(
            w.refuse(&Actor::Gateway, won),
            Rejection::FactContradicts(Contradiction::Step {
                recorded: ChargebackStep::Lost,
                told: ChargebackStep::Won
            })
        );
    }
}

#[test]
fn refund_during_chargeback() {
    let opened = || {
        let mut w = World::funded(plain(Policy::shop()));
        w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Opened));
        w.act(&buyer(), cancel("and my money too"));
        // decided, but not sent
        assert_eq!(w.pending(), []);
        assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_000_00, LegState::Waiting)]);
        assert_eq!(w.status(), Status::CancelRequested);
        w
    };
    // lost: the bank has given them 1 000.00, so the deal gives them nothing
    let mut w = opened();
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Lost));
    let b = w.buckets(B);
    assert_eq!((b.charged_back, b.refunded), (1_000_00, 0));
    assert_eq!(w.status(), Status::Cancelled);
    assert_eq!(w.owed(), []);
    // won: on it goes
    let mut w = opened();
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Won));
    w.done_all();
    let b = w.buckets(B);
    assert_eq!((b.charged_back, b.refunded), (0, 1_000_00));
    assert_eq!(w.status(), Status::Cancelled);
}

#[test]
fn ghost_dispute() {
    // the money under a dispute is charged back: the dispute goes on, and is over with the deal
    let mut w = World::disputed(plain(Policy::shop()));
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_000_00, ChargebackStep::Lost));
    assert_eq!((w.status(), w.held(B)), (Status::Disputed, 0));
    // 10 days of negotiation, 20 of arbitration, then the default ruling
    w.wait_for_deadline();
    w.wait_for_deadline();
    assert_eq!(w.now, after(30 * DAY));
    assert_eq!(w.deal.dispute().unwrap().status(), DisputeStatus::Resolved);
    // 1 000.00 in, 1 000.00 taken by the bank: nobody is paid, and nobody owes
    assert_eq!((w.status(), w.buckets(B).charged_back, w.owed()), (Status::Resolved, 1_000_00, vec![]));
    // both report the same while disputed
    let mut w = World::performing(guaranteed());
    w.act(&buyer(), report(Verdict::Failure));
    w.act(&seller(), report(Verdict::Success));
    assert_eq!(w.status(), Status::Disputed);
    let events = w.act(&buyer(), report(Verdict::Success));
    assert!(World::names(&events).contains(&"dispute_closed".to_owned()));
    assert_eq!(w.deal.outcome(), Some(Outcome::Completed));
    assert_eq!(w.deal.dispute().unwrap().status(), DisputeStatus::Resolved);
    // and a stored deal with a ghost does not decode
    let json = json(&w.deal).replace(r#""status":"resolved""#, r#""status":"open""#);
    let error = serde_json::from_str::<Deal>(&json).unwrap_err().to_string();
    assert!(error.contains("state.quarrel.dispute"), "{error}");
}
