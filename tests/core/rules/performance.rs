//! Starting, stopping, submitting.

use crate::common::*;
use escrow::deal::command::{StartPerforming, StopPerforming, Submit, WithdrawDispute};
use escrow::deal::{Access, Command, Guard};
use escrow::deposit::Purpose;
use escrow::settlement::{Ending, Fault};
use escrow::terms::{Delivery, OnSilence};
use escrow::{Actor, Payee, Policy, Rejection, Role, Status};

#[test]
fn start_and_stop_use_up_their_time() {
    let mut w = World::funded(plain(Policy::shop()));
    w.pass(3 * DAY).act(&seller(), StartPerforming {});
    w.repeat(&seller(), StartPerforming {});
    assert_eq!(w.until(), after((3 + 30) * DAY));
    w.pass(10 * DAY).act(&operator(), StopPerforming {});
    w.repeat(&operator(), StopPerforming {});
    // 4 of 7 days to start
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((13 + 4) * DAY)));
    w.pass(DAY).act(&seller(), StartPerforming {});
    // 20 of 30 days to perform
    assert_eq!(w.until(), after((14 + 20) * DAY));
    w.act(&seller(), StopPerforming {});
    // 3 of 7, and then it is the seller's fault
    w.wait_for_deadline();
    assert_eq!(w.now, after((14 + 3) * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Seller)));
}

#[test]
fn submissions_and_changes() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), agree(1));
    // before the deposit: recorded, and hidden from the buyer
    w.act(&seller(), submit(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Nothing);
    w.fill();
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after(5 * DAY)));
    assert!(matches!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Preview(_)));
    // only the latest can be answered, once
    assert_eq!(w.refuse(&buyer(), changes(2)), Rejection::RevisionNumber { expected: 1 });
    w.act(&buyer(), changes(1));
    assert_eq!(w.status(), Status::Performing);
    w.repeat(&buyer(), changes(1));
    // numbers have no gaps; the same one again is recognised
    assert_eq!(w.refuse(&seller(), submit(3)), Rejection::RevisionNumber { expected: 2 });
    w.pass(DAY).act(&seller(), submit(2));
    assert_eq!(w.until(), after((1 + 5) * DAY));
    w.repeat(&seller(), submit(2));
    w.act(&buyer(), accept());
    assert!(matches!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Original(_)));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn a_revision_is_named_by_its_number_and_content() {
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    let Access::Original(first) = w.deal.access(Role::Seller) else { panic!("the seller's own work") };
    assert_eq!(
        [first.preview.as_str(), &first.original, &first.digest],
        ["preview-1", "original-1", "digest-1"]
    );
    // another content under the same number is another revision, out of turn
    let Command::Submit(other) = submit(2) else { panic!() };
    let exchanged = Submit::new(1, other.revision);
    assert_eq!(w.refuse(&seller(), exchanged), Rejection::RevisionNumber { expected: 2 });
}

/// Of a parcel the seller says that it has started, not that it has arrived.
#[test]
fn a_parcel_is_not_submitted() {
    for tracked in [false, true] {
        let mut w = World::new(parcel(tracked));
        assert_eq!(w.refuse(&seller(), submit(1)), Rejection::Guard(Guard::NoParcel));
        w.fill();
        assert_eq!(w.refuse(&seller(), submit(1)), Rejection::Guard(Guard::NoParcel));
    }
    let mut w = World::performing(parcel(false));
    // the buyer has it
    w.act(&buyer(), accept());
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 1_000_00);
}

/// A revision that was submitted before the terms became a parcel's delivers nothing either.
#[test]
fn a_submission_is_no_delivery_once_the_subject_is_a_parcel() {
    let mut w = World::new(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    w.act(&seller(), amend(1, parcel(false)));
    w.act(&buyer(), agree(2));
    w.fill();
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // nothing has begun, so the buyer may leave
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
}

/// The seller starts and stops an untracked parcel, the operator a tracked one; its track does, too.
#[test]
fn a_tracked_parcel_starts_by_its_track_or_the_operator() {
    let mut w = World::funded(parcel(false));
    w.act(&seller(), StartPerforming {});
    w.act(&seller(), StopPerforming {});
    let mut w = World::funded(parcel(true));
    assert_eq!(w.refuse(&seller(), StartPerforming {}), Rejection::Guard(Guard::Untracked));
    w.act(&operator(), StartPerforming {});
    assert_eq!(w.refuse(&seller(), StopPerforming {}), Rejection::Guard(Guard::Untracked));
    w.act(&operator(), StopPerforming {});
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!(w.status(), Status::Performing);
}

/// Accepting is downloading: there has to be something, a track delivers no file, and silence accepts nothing.
#[test]
fn a_download_is_accepted_once_there_is_something_to_download() {
    let draft = |policy: Policy| {
        let mut draft = plain(policy);
        draft.delivery = Some(Delivery::Download {});
        draft
    };
    let mut w = World::funded(draft(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.status(), Status::Performing);
    for command in [accept(), accept_part(&[1])] {
        assert_eq!(w.refuse(&buyer(), command), Rejection::Guard(Guard::Downloadable));
    }
    w.act(&seller(), submit(1));
    assert!(matches!(w.deal.access(Role::Buyer), Access::Preview(_)));
    w.act(&buyer(), accept());
    assert!(matches!(w.deal.access(Role::Buyer), Access::Original(_)));
    // a deadline that accepts: with nothing there it is the seller's fault, with a plain delivery a success
    for (draft, ending) in
        [(draft(Policy::shop()), Ending::Cancelled(Fault::Seller)), (plain(Policy::shop()), Ending::Success)]
    {
        let mut draft = draft;
        draft.policy.on_performance_deadline = OnSilence::Accept;
        let mut w = World::performing(draft);
        w.wait_for_deadline();
        assert_eq!(w.deal.ending(), Some(&ending));
    }
}

/// In a world where performing lasts until the acceptance, looking at the work changes no status.
#[test]
fn the_joint_status_changes_once_while_performing_goes_on() {
    let mut w = World::performing(plain(Policy::freelance()));
    let began = w.deal.status_change().clone();
    assert_eq!(w.deal.joint_status_change(), &began);
    for number in 1..=2 {
        w.pass(HOUR).act(&seller(), submit(number));
        assert_eq!((w.deal.status_change().at, w.deal.joint_status_change()), (w.now, &began));
        w.pass(HOUR).act(&buyer(), changes(number));
        assert_eq!((w.deal.status_change().at, w.deal.joint_status_change()), (w.now, &began));
    }
    w.pass(HOUR).act(&buyer(), dispute("ugly"));
    assert_eq!(w.deal.joint_status_change(), w.deal.status_change());
    w.pass(HOUR).act(&buyer(), WithdrawDispute::default());
    assert_eq!(w.deal.joint_status_change().at, w.now);
}
