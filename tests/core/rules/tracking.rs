//! Tracks, and what a tracker tells.

use crate::common::*;
use escrow::deal::command::{
    CheckpointKind, Extend, RemoveTrack, StartPerforming, StopPerforming, WithdrawDispute,
};
use escrow::deal::{Guard, Timer};
use escrow::settlement::{Ending, Fault};
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
    // progress out of order, or after the delivery: recorded, not acted on
    w.act(&Actor::Tracker, progress("1b", after(HOUR)));
    w.act(&Actor::Tracker, progress("4", w.now.plus_secs(60)));
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
    // replaced: from nothing, back to before the start, with all of the 7 days
    w.pass(DAY).act(&seller(), set_track("B"));
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((2 + 7) * DAY)));
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

/// Replacing a wrong track gives the start window back, also where nothing had moved yet, and at most `max_tracks` times.
#[test]
fn another_track_gives_the_start_window_back() {
    let mut w = World::funded(plain(Policy::shop().max_tracks(2)));
    w.pass(DAY).act(&seller(), set_track("A"));
    // the first one is no change
    assert_eq!((w.until(), w.deal.tracks_changed()), (after(7 * DAY), 0));
    w.at(after(7 * DAY).minus_secs(30)).act(&seller(), set_track("B"));
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after(14 * DAY).minus_secs(30)));
    w.pass(DAY).act(&seller(), RemoveTrack {});
    assert_eq!((w.until(), w.deal.tracks_changed()), (after(15 * DAY).minus_secs(30), 2));
    // where none is attached one can be, and then it stays
    w.pass(DAY).act(&seller(), set_track("C"));
    assert_eq!(w.until(), after(15 * DAY).minus_secs(30));
    for command in [set_track("D"), RemoveTrack {}.into()] {
        assert_eq!(w.refuse(&seller(), command.clone()), Rejection::Guard(Guard::TracksLeft));
        assert_eq!(w.refuse(&operator(), command), Rejection::Guard(Guard::TracksLeft));
    }
    w.repeat(&seller(), set_track("C"));
    // in time: the seller is late only then
    w.wait_for_deadline();
    assert_eq!(w.now, after(15 * DAY).minus_secs(30));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Seller)));
}

/// A start that was moved beyond its window is not moved back by another track.
#[test]
fn another_track_takes_no_time_away() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&operator(), Extend::new(Timer::Start, after(20 * DAY)));
    w.pass(DAY).act(&seller(), set_track("B"));
    assert_eq!(w.until(), after(20 * DAY));
}

/// Six hours count from the end of this tracking.
#[test]
fn another_track_opens_a_full_acceptance_window() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("1", w.now));
    // a second before the deadline
    w.at(after(6 * HOUR).minus_secs(1)).act(&seller(), set_track("B"));
    w.act(&Actor::Tracker, checkpoint("B", "1", CheckpointKind::Final, w.now));
    let full = after(12 * HOUR).minus_secs(1);
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, full));
    // the same one again: removed and attached, it goes on with what was left, 5 of 6 hours
    w.pass(HOUR).act(&seller(), RemoveTrack {});
    w.act(&seller(), set_track("B"));
    w.act(&Actor::Tracker, checkpoint("B", "1", CheckpointKind::Final, w.now));
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, full));
}

/// What a track reports for the first time opens a full window, too, where a submission had opened one.
#[test]
fn a_delivery_after_a_submission_opens_a_full_acceptance_window() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    w.pass(5 * HOUR).act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, finished("1", w.now));
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after(11 * HOUR)));
    w.pass(HOUR);
    w.act(&Actor::Tracker, finished("2", w.now));
    assert_eq!(w.until(), after(11 * HOUR));
}

/// Carriers use their numbers again.
#[test]
fn a_scan_from_before_the_deal_means_nothing() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    for (id, kind) in
        [("1", CheckpointKind::Progress), ("2", CheckpointKind::Final), ("3", CheckpointKind::Refused)]
    {
        let before = start().minus_secs(1);
        w.act(&Actor::Tracker, checkpoint("A", id, kind, before));
        w.repeat(&Actor::Tracker, checkpoint("A", id, kind, before));
        assert_eq!((w.status(), w.deal.latest_checkpoint()), (Status::AwaitingPerformance, None));
    }
    // at the very instant of the proposal it can be this parcel's
    w.act(&Actor::Tracker, checkpoint("A", "4", CheckpointKind::Progress, start()));
    assert_eq!(w.status(), Status::Performing);
}

/// *Final* and *refused* stand whenever they arrive, with whatever time.
#[test]
fn a_delivery_stands_whenever_it_arrives() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.pass(DAY).act(&Actor::Tracker, progress("2", after(HOUR)));
    // delivered before it was out for delivery
    w.act(&Actor::Tracker, finished("1", after(HOUR).minus_secs(240)));
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    w.act(&Actor::Tracker, progress("3", after(2 * HOUR)));
    assert_eq!(
        (w.status(), w.deal.latest_checkpoint().unwrap().id.as_str()),
        (Status::AwaitingAcceptance, "1")
    );
    // forgotten by no number of scans
    for n in 4..10 {
        w.act(&Actor::Tracker, progress(&n.to_string(), after(3 * HOUR)));
    }
    w.repeat(&Actor::Tracker, finished("1", after(HOUR).minus_secs(240)));
    // a refusal that arrives after it is what holds now
    w.act(&Actor::Tracker, refused("r", after(HOUR).minus_secs(300)));
    assert_eq!(w.status(), Status::Disputed);
}

/// Once a refusal is settled between the parties, the parcel can go on.
#[test]
fn progress_counts_again_once_a_refusal_was_dealt_with() {
    let mut w = World::funded(plain(Policy::shop()));
    w.act(&seller(), set_track("A"));
    w.act(&Actor::Tracker, refused("1", w.now));
    w.act(&seller(), WithdrawDispute::default());
    w.act(&buyer(), WithdrawDispute::default());
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.pass(HOUR);
    w.act(&Actor::Tracker, progress("2", w.now));
    assert_eq!(w.status(), Status::Performing);
}

/// The operator, who was told on the phone, says it in the tracker's place.
#[test]
fn the_operator_records_a_delivery() {
    let mut w = World::funded(parcel(false));
    w.act(&operator(), set_track("A"));
    assert!(matches!(w.refuse(&seller(), finished("1", w.now)), Rejection::WrongRole { .. }));
    assert!(matches!(w.refuse(&buyer(), finished("1", w.now)), Rejection::WrongRole { .. }));
    w.act(&operator(), finished("1", w.now));
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after(6 * HOUR)));
}
