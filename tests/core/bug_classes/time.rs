//! Time.

use crate::common::*;
use escrow::deal::command::{CheckpointKind, Extend, RequestChanges, WithdrawDispute};
use escrow::deal::{Event, Guard, Timer};
use escrow::deposit::{LegState, Purpose, TransactionKind};
use escrow::settlement::Ending;
use escrow::terms::OnSilence;
use escrow::{Actor, DefaultRuling, Outcome, Payee, Policy, Rejection, Status};

#[test]
fn boundary_instant() {
    // accepted by silence after 6 hours: a dispute is in time iff now < deadline, the timer is due iff now >= deadline
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Final, w.now));
    let deadline = after(6 * HOUR);
    assert_eq!(w.until(), deadline);

    let mut in_time = w.clone();
    in_time.at(just_before(deadline)).act(&buyer(), dispute("broken"));
    assert_eq!(in_time.status(), Status::Disputed);

    let mut late = w.clone();
    late.at(deadline);
    let refused = late.refuse(&buyer(), dispute("broken"));
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");

    let mut silent = w.clone();
    assert!(silent.at(just_before(deadline)).wake().is_empty());
    assert!(!silent.at(deadline).wake().is_empty());
    assert_eq!(silent.status(), Status::Settling);
    // the buyer accepts at the very instant at which silence accepts: the timer was first, and it is the same
    let mut accepted = w;
    let decided = accepted.at(deadline).attempt(&buyer(), accept()).unwrap();
    assert!(decided.events().iter().all(|r| r.actor == Actor::Clock));
    assert_eq!(accepted.deal.outcome(), Some(Outcome::Completed));
}

#[test]
fn failed_timer_kills_the_rest() {
    // a year without a scheduler; one wake fires all that was due, each at its own instant
    let mut w = World::disputed(sale(Policy::shop()));
    w.pass(365 * DAY);
    // a command that is refused then keeps nothing ...
    let refused = w.refuse(&buyer(), accept());
    assert!(matches!(refused, Rejection::WrongPhase { .. }), "{refused:?}");
    assert_eq!(w.status(), Status::Disputed);
    // ... and loses nothing: what is due is derived from the state
    let fired: Vec<_> = w
        .wake()
        .into_iter()
        .filter_map(|r| match r.event {
            Event::TimerFired { timer } => Some((r.at, timer)),
            _ => None,
        })
        .collect();
    assert_eq!(fired, [(after(10 * DAY), Timer::Negotiation), (after(30 * DAY), Timer::Arbitration)]);
    assert_eq!(w.status(), Status::CancelRequested);
    // the refund is declined long after the settlement deadline: it goes to the balance at once
    let refund = w.order(TransactionKind::Refund, &Payee::Buyer);
    w.decline(refund);
    assert_eq!(w.status(), Status::Resolved);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_000_00, LegState::Credited)]);
}

#[test]
fn timer_against_dispute() {
    // 6 hours to accept; a dispute at 5 h freezes them
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, checkpoint("A", "1", CheckpointKind::Final, w.now));
    w.pass(5 * HOUR).act(&buyer(), dispute("broken"));
    w.pass(9 * DAY).wake();
    assert_eq!(w.status(), Status::Disputed);
    assert!(w.deal.legs().is_empty());
    // given up: the one hour that was left is left
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!(w.until(), w.now.plus_secs(HOUR));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    w.wait_for_deadline();
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 1_000_00);
}

#[test]
fn deadline_reset_griefing() {
    let mut draft = plain(Policy::freelance());
    draft.policy.max_revisions = 2;
    // 30 days to perform, at least 3 for a revision, 5 to accept
    let mut w = World::performing(draft);
    w.pass(29 * DAY).act(&seller(), submit(1));
    assert_eq!(w.until(), after((29 + 5) * DAY));
    w.pass(DAY).act(&buyer(), RequestChanges::new(1, text("louder")));
    // one day was left of the 30; a request guarantees 3
    assert_eq!(w.until(), after((30 + 3) * DAY));
    w.pass(2 * DAY).act(&seller(), submit(2));
    assert_eq!(w.until(), after((32 + 5) * DAY));
    // the cap counts submissions: nothing can be renewed any more, and nobody asks for what cannot be given
    let changes = RequestChanges::new(2, text("softer"));
    assert_eq!(w.refuse(&buyer(), changes), Rejection::Guard(Guard::ChangesLeft));
    assert_eq!(w.refuse(&seller(), submit(3)), Rejection::Guard(Guard::RevisionsLeft));
    assert_eq!(w.until(), after((32 + 5) * DAY));
    w.wait_for_deadline();
    assert_eq!(w.deal.ending(), Some(&Ending::Success));

    // extensions are bounded in all: 30 days
    let mut w = World::performing(plain(Policy::shop()));
    let extend = |days: u32| Extend::new(Timer::Performance, after(days * DAY));
    w.act(&operator(), extend(59));
    let refused = w.refuse(&operator(), extend(61));
    assert!(matches!(refused, Rejection::ExtensionTooLong { left_s: DAY, .. }), "{refused:?}");
    w.act(&operator(), extend(60));
    let refused = w.refuse(&operator(), extend(61));
    assert!(matches!(refused, Rejection::ExtensionTooLong { left_s: 0, .. }), "{refused:?}");
}

#[test]
fn silence_pays_the_claimant() {
    // what every silence leads to stands in the policy, and nowhere else
    let while_performing = [
        (OnSilence::Cancel, Status::CancelRequested, Payee::Buyer),
        (OnSilence::Accept, Status::Settling, Payee::Seller),
    ];
    for (silence, status, winner) in while_performing {
        let mut draft = plain(Policy::shop());
        draft.policy.on_performance_deadline = silence;
        let mut w = World::performing(draft);
        w.wait_for_deadline();
        assert_eq!(w.status(), status);
        assert_eq!(w.legs()[0].1, winner);
    }
    let while_accepting = [
        (OnSilence::Cancel, Status::CancelRequested, Payee::Buyer),
        (OnSilence::Accept, Status::Settling, Payee::Seller),
    ];
    for (silence, status, winner) in while_accepting {
        let mut draft = plain(Policy::shop());
        draft.policy.on_acceptance_deadline = silence;
        let mut w = World::performing(draft);
        w.act(&seller(), submit(1));
        w.wait_for_deadline();
        assert_eq!(w.status(), status);
        assert_eq!(w.legs()[0].1, winner);
    }
    // a dispute by silence pays nobody by itself; its own default stands in the policy too: of 1 000.00, 30 %
    for sellers_silence in [true, false] {
        let mut draft = plain(Policy::shop());
        draft.policy.on_performance_deadline = OnSilence::Dispute;
        draft.policy.on_acceptance_deadline = OnSilence::Dispute;
        draft.policy.default_ruling = DefaultRuling::Share(percent(30));
        let mut w = World::performing(draft);
        if !sellers_silence {
            w.act(&seller(), submit(1));
        }
        w.wait_for_deadline();
        assert_eq!(w.status(), Status::Disputed);
        assert!(w.legs().is_empty());
        // whoever waited for the deadline cannot give the dispute up alone and win
        w.act(&buyer(), WithdrawDispute::default());
        assert_eq!(w.status(), Status::Disputed);
        w.wait_for_deadline();
        w.wait_for_deadline();
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 300_00);
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 700_00);
    }
    // a policy that leaves a silence open does not decode
    for field in ["on_performance_deadline", "on_acceptance_deadline", "one_report", "default_ruling"] {
        let mut json = serde_json::to_value(Policy::shop()).unwrap();
        json.as_object_mut().unwrap().remove(field);
        let error = serde_json::from_value::<Policy>(json).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}
