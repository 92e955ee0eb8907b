//! Tracks, and what a tracker tells.

use crate::common::*;
use escrow::deal::Guard;
use escrow::deal::command::{CheckpointKind, RemoveTrack, StartPerforming, StopPerforming, WithdrawDispute};
use escrow::{Actor, Policy, Rejection, Status};

#[test]
fn the_tracker_moves_the_deal() {
    let mut w = World::funded(plain(Policy::shop()));
    // before a track is attached, and of another one: ignored
    w.repeat(&Actor::Tracker, progress("0", w.now));
    w.act(&seller(), set_track("A"));
    w.repeat(&seller(), set_track("A"));
    w.repeat(&Actor::Tracker, checkpoint("B", "0", CheckpointKind::Final, w.now));
    w.pass(HOUR);
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!((w.status(), w.until()), (Status::Performing, after(HOUR).plus_secs(30 * DAY)));
    w.pass(HOUR);
    w.act(&Actor::Tracker, progress("2", w.now));
    assert_eq!(w.until(), after(HOUR).plus_secs(30 * DAY));
    w.pass(HOUR);
    w.act(&Actor::Tracker, finished("3", w.now));
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after((3 + 6) * HOUR)));
    w.repeat(&Actor::Tracker, finished("3", w.now));
    // out of order: recorded, not acted on
    w.act(&Actor::Tracker, checkpoint("A", "1b", CheckpointKind::Refused, after(HOUR)));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    assert_eq!(w.deal.latest_checkpoint().unwrap().id, "3");
    // 6 hours of silence accept
    w.wait_for_deadline();
    assert_eq!(w.now, after(9 * HOUR));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn a_final_checkpoint_needs_no_progress_before_it() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
}

#[test]
fn a_refused_parcel_is_a_dispute() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&operator(), set_track("A"));
    w.act(&Actor::Tracker, progress("1", w.now));
    w.pass(DAY);
    w.act(&Actor::Tracker, refused("2", w.now));
    assert_eq!(w.status(), Status::Disputed);
    // it opened by itself: both give it up
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!(w.status(), Status::Disputed);
    w.repeat(&buyer(), WithdrawDispute::default());
    w.act(&seller(), WithdrawDispute::default());
    // the refusal has been dealt with; 29 of 30 days are left
    assert_eq!((w.status(), w.until()), (Status::Performing, after(30 * DAY)));
}

#[test]
fn a_track_is_replaced_or_removed() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.pass(DAY);
    w.act(&Actor::Tracker, progress("1", w.now));
    // replaced: from nothing, back to before the start, with the 6 days that were left
    w.pass(DAY).act(&seller(), set_track("B"));
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((2 + 6) * DAY)));
    assert!(w.deal.latest_checkpoint().is_none());
    w.repeat(&Actor::Tracker, progress("2", w.now));
    w.act(&Actor::Tracker, checkpoint("B", "1", CheckpointKind::Progress, w.now));
    // 29 days of the performance were left
    assert_eq!((w.status(), w.until()), (Status::Performing, after((2 + 29) * DAY)));
    w.act(&Actor::Tracker, checkpoint("B", "2", CheckpointKind::Final, w.now));
    w.act(&seller(), RemoveTrack {});
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.repeat(&seller(), RemoveTrack {});
    // attaching the first one moves nothing
    w.act(&seller(), StartPerforming {});
    w.act(&seller(), set_track("C"));
    assert_eq!(w.status(), Status::Performing);
    assert_eq!(w.refuse(&seller(), StopPerforming {}), Rejection::Guard(Guard::ToldByHand));
}

#[test]
fn tracking_during_a_dispute_is_acted_on_afterwards() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&buyer(), dispute("where is it"));
    w.pass(HOUR);
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!(w.status(), Status::Disputed);
    w.pass(HOUR).act(&buyer(), WithdrawDispute::default());
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after((2 + 6) * HOUR)));
}

#[test]
fn tracking_during_moderation_is_acted_on_afterwards() {
    let mut w = World::funded(plain(Policy::marketplace()));
    w.act(&seller(), set_track("A"));
    w.act(&moderator(), remark("hm"));
    w.act(&Actor::Tracker, progress("1", w.now));
    assert_eq!(w.status(), Status::Moderation);
    w.act(&moderator(), approve());
    assert_eq!(w.status(), Status::Performing);
}

#[test]
fn a_refusal_that_waited_for_the_deposit_is_a_dispute_over_the_deposit() {
    let draft = || plain(Policy::marketplace());
    let mut w = World::funded(draft());
    w.act(&seller(), set_track("A"));
    w.act(&moderator(), remark("too cheap"));
    w.act(&Actor::Tracker, refused("1", w.now));
    w.act(&seller(), amend(1, dearer(draft())));
    w.done_all();
    w.act(&buyer(), agree(2));
    w.pay(B, 1_200_00);
    assert_eq!((w.status(), w.held(B)), (Status::Disputed, 1_200_00));
}

#[test]
fn a_refusal_counts_once() {
    let mut w = World::funded(plain(Policy::marketplace()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, refused("1", w.now));
    w.act(&seller(), WithdrawDispute::default());
    w.act(&buyer(), WithdrawDispute::default());
    w.act(&moderator(), remark("hm"));
    w.act(&moderator(), approve());
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

#[test]
fn a_refusal_during_a_dispute_goes_on_with_its_time() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&buyer(), dispute("late"));
    w.pass(DAY);
    w.act(&Actor::Tracker, refused("1", w.now));
    w.act(&buyer(), WithdrawDispute::default());
    // given up, and opened again by the refusal: 9 of the 10 days to negotiate are left
    assert_eq!((w.status(), w.until()), (Status::Disputed, after(10 * DAY)));
}

/// Where both report, the tracker's word that it was delivered moves nothing: there is nobody to accept.
#[test]
fn a_delivery_moves_nothing_where_both_report() {
    let mut w = World::performing(guaranteed());
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("door", w.now));
    assert_eq!(w.status(), Status::Performing);
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("door", w.now));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
}
