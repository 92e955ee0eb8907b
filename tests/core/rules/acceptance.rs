//! Acceptance, requests for changes, reports.

use crate::common::*;
use escrow::deal::Guard;
use escrow::deal::command::{CheckpointKind, RequestChanges, Verdict, WithdrawDispute};
use escrow::deposit::Purpose;
use escrow::settlement::{Ending, SettleError};
use escrow::terms::Item;
use escrow::{Actor, Payee, Policy, Rejection, Side, Status};

#[test]
fn changes_need_something_submitted() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.refuse(&buyer(), changes(0)), Rejection::Guard(Guard::ChangesLeft));
}

#[test]
fn accepted_whole() {
    for waiting in [false, true] {
        let mut w = World::performing(sale(Policy::shop()));
        if waiting {
            w.act(&seller(), submit(1));
        }
        assert!(matches!(w.refuse(&seller(), accept()), Rejection::WrongRole { .. }));
        assert!(matches!(w.refuse(&operator(), accept()), Rejection::WrongRole { .. }));
        w.act(&buyer(), accept());
        w.repeat(&buyer(), accept());
        assert_eq!(w.status(), Status::Settling);
        // 1 000.00: 5 % to the platform, the rest to the seller
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 950_00);
        assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 50_00);
        w.done_all();
        assert_eq!(w.status(), Status::Completed);
    }
}

#[test]
fn accepted_in_part() {
    // 3 × 1 000.00 and 2 × 250.00, 5 % by the seller
    let mut draft = sale(Policy::shop());
    draft.items = vec![Item::new(text("shoes"), rub(1_000_00), 3), Item::new(text("socks"), rub(250_00), 2)];
    let mut w = World::performing(draft.clone());
    assert_eq!(w.held(B), 3_500_00);
    let settle = |e| Rejection::Settle(e);
    assert_eq!(w.refuse(&buyer(), accept_part(&[1])), settle(SettleError::QuantitiesMissing { items: 2 }));
    assert_eq!(w.refuse(&buyer(), accept_part(&[0, 0])), settle(SettleError::NothingAccepted));
    let over = SettleError::QuantityOverOrdered { item: 1, max: 2 };
    assert_eq!(w.refuse(&buyer(), accept_part(&[1, 3])), settle(over));
    w.act(&buyer(), accept_part(&[2, 1]));
    // 2 250.00 accepted: fee 112.50, seller 2 137.50; 1 250.00 back
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 112_50);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 2_137_50);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_250_00);
    w.repeat(&buyer(), accept_part(&[2, 1]));
    assert!(wrong_phase(w.refuse(&buyer(), accept_part(&[3, 1]))));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    // only where the policy allows it
    draft.policy.partial_buyout_allowed = false;
    let mut w = World::performing(draft);
    let refused = w.refuse(&buyer(), accept_part(&[2, 1]));
    assert_eq!(refused, Rejection::Guard(Guard::PartialBuyoutAllowed));
}

#[test]
fn what_is_paid_directly_shrinks_first() {
    // 4 × 100.00, of which 150.00 are paid directly: deposit 250.00
    let mut draft = plain(Policy::shop());
    draft.items = vec![Item::new(text("thing"), rub(100_00), 4)];
    draft.pay_offline = Some(rub(150_00));
    let mut w = World::performing(draft);
    assert_eq!(w.held(B), 250_00);
    // 3 accepted: 300.00, of which 50.00 are paid directly; all 250.00 to the seller
    let mut three = w.clone();
    three.act(&buyer(), accept_part(&[3]));
    assert_eq!(three.gets(&Payee::Seller, Purpose::Payout), 250_00);
    assert_eq!(three.gets(&Payee::Buyer, Purpose::Refund), 0);
    // 1 accepted: 100.00 online, 150.00 back
    w.act(&buyer(), accept_part(&[1]));
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 150_00);
}

#[test]
fn silence_accepts_where_the_policy_says_so() {
    let mut w = World::performing(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    assert!(w.at(just_before(after(5 * DAY))).wake().is_empty());
    w.at(after(5 * DAY)).wake();
    assert_eq!((w.status(), w.deal.ending()), (Status::Settling, Some(&Ending::Success)));
}

#[test]
fn reports_end_a_mutual_deal() {
    let both = |verdict| {
        let mut w = World::performing(guaranteed());
        w.act(&seller(), report(verdict));
        assert_eq!(w.status(), Status::Performing);
        w.repeat(&seller(), report(verdict));
        w.act(&buyer(), report(verdict));
        w.done_all();
        // guarantees go home either way
        assert_eq!((w.buckets(GB).refunded, w.buckets(GS).refunded), (300_00, 300_00));
        w.status()
    };
    assert_eq!(both(Verdict::Success), Status::Completed);
    assert_eq!(both(Verdict::Failure), Status::Cancelled);
    // differing: a dispute, which both may give up; that clears what they said
    let mut w = World::performing(guaranteed());
    w.pass(DAY).act(&seller(), report(Verdict::Success));
    w.act(&buyer(), report(Verdict::Failure));
    assert_eq!(w.status(), Status::Disputed);
    w.pass(DAY).act(&seller(), WithdrawDispute::default());
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!((w.deal.report(Side::Buyer), w.deal.report(Side::Seller)), (None, None));
    // 9 days were left when it opened, and it has taken one
    assert_eq!((w.status(), w.until()), (Status::Performing, after((2 + 9) * DAY)));
    // a deal that both report on is neither accepted nor cancelled nor submitted to
    assert_eq!(w.refuse(&buyer(), accept()), Rejection::Guard(Guard::AcceptedByBuyer));
    assert!(matches!(w.refuse(&seller(), submit(1)), Rejection::Guard(_)));
    assert!(matches!(w.refuse(&seller(), cancel("no")), Rejection::Guard(_)));
    assert!(matches!(w.refuse(&buyer(), cancel("no")), Rejection::Guard(_)));
}

#[test]
fn a_dispute_does_not_undo_a_request_for_changes() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.act(&Actor::Tracker, finished("1", w.now));
    w.act(&buyer(), changes(1));
    assert_eq!(w.status(), Status::Performing);
    w.act(&seller(), dispute("they are picky"));
    w.act(&seller(), WithdrawDispute::default());
    assert_eq!(w.status(), Status::Performing);
}

#[test]
fn one_revision_is_sent_back_once() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.act(&Actor::Tracker, finished("1", w.now));
    w.act(&buyer(), changes(1));
    // the track finishes again, with the revision that was sent back: the buyer has said what they want
    w.act(&Actor::Tracker, finished("2", w.now));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    w.repeat(&buyer(), changes(1));
    w.act(&seller(), submit(2));
    w.act(&buyer(), changes(2));
    assert_eq!(w.status(), Status::Performing);
}

#[test]
fn changes_after_an_early_submission_leave_the_whole_time_to_perform() {
    // freelance: 30 days to perform, at least 3 for a revision; performing was never entered before
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    w.act(&buyer(), RequestChanges::new(1, text("more blue")));
    assert_eq!(w.deal.phase().until(), Some(w.now.plus_secs(30 * 86_400)));
}

#[test]
fn nobody_asks_twice_for_changes_of_one_revision() {
    let mut draft = plain(Policy::freelance());
    draft.policy.max_revisions = 2;
    let mut w = World::performing(draft);
    w.act(&seller(), set_track("A"));
    w.act(&seller(), submit(1));
    w.act(&buyer(), changes(1));
    // delivered, without another revision: the time for one is not granted once more
    tracked(&mut w, "1", CheckpointKind::Final);
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    w.repeat(&buyer(), changes(1));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    // the next one is the last, and cannot be answered by changes
    w.act(&seller(), submit(2));
    assert_eq!(w.refuse(&buyer(), changes(2)), Rejection::Guard(Guard::ChangesLeft));
    assert_eq!(w.refuse(&seller(), submit(3)), Rejection::Guard(Guard::RevisionsLeft));
}
