//! Following a delivery.

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Process};
use crate::agent::stories::{buyer, checkpoint, paid, record, seller, track, tracker};
use crate::common::*;
use escrow::Status;
use escrow::deal::command::{CheckpointKind, SetTrack, Track, WithdrawDispute};
use escrow_testing::HandTracker;

#[test]
fn follow_submits_what_the_tracker_knows() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let delivery = HandTracker::new();
        let mut deal = paid(&process);
        assert_eq!(process.follow(&mut deal, &delivery), Ok(None), "no track yet");
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        let nothing = process.follow(&mut deal, &delivery).unwrap().unwrap();
        assert_eq!(nothing.from_version, nothing.to_version);

        let feed = |id: &str, kind, at: &str| delivery.feed((*track()).clone(), checkpoint(id, kind, at));
        let strange = Track::new(text("cdek"), text("another"));
        delivery.feed(strange, checkpoint("x", CheckpointKind::Refused, "2026-03-02T00:00:00Z"));
        feed("1", CheckpointKind::Progress, "2026-03-02T10:00:00Z");
        feed("2", CheckpointKind::Progress, "2026-03-02T12:00:00Z");
        let receipt = process.follow(&mut deal, &delivery).unwrap().unwrap();
        assert!(receipt.to_version > receipt.from_version);
        assert_eq!(deal.status(), Status::Performing);
        let journal = host.journal();
        let again = process.follow(&mut deal, &delivery).unwrap().unwrap();
        assert_eq!(again.from_version, again.to_version);
        assert_eq!(host.journal(), journal, "known already");

        feed("3", CheckpointKind::Final, "2026-03-05T10:00:00Z");
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(deal.status(), Status::AwaitingAcceptance);
        assert_eq!(deal.latest_checkpoint().unwrap().id, "3");
        let journal = host.journal();
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(host.journal(), journal);
    }
}

#[test]
fn following_a_long_history_twice_changes_nothing() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let delivery = HandTracker::new();
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        for n in 1..=12 {
            let at = format!("2026-03-02T{n:02}:00:00Z");
            delivery.feed((*track()).clone(), checkpoint(&n.to_string(), CheckpointKind::Progress, &at));
        }
        process.follow(&mut deal, &delivery).unwrap();
        let journal = host.journal();
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(host.journal(), journal);
    }
}

/// A tracker that knows days only: all of a day's checkpoints have one time.
#[test]
fn following_a_day_of_equal_times_twice_changes_nothing() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let delivery = HandTracker::new();
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        for n in 1..=6 {
            let id = n.to_string();
            let checkpoint = checkpoint(&id, CheckpointKind::Progress, "2026-03-02T00:00:00Z");
            delivery.feed((*track()).clone(), checkpoint);
        }
        process.follow(&mut deal, &delivery).unwrap();
        let events = host.events();
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(host.events(), events, "recorded again");
    }
}

/// The latest checkpoint is known for good, however many older ones came after it.
#[test]
fn a_refusal_that_is_told_again_opens_no_second_dispute() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        let refused = record("refused", CheckpointKind::Refused, "2026-03-03T00:00:00Z");
        process.submit(&mut deal, refused.clone(), tracker()).unwrap();
        assert_eq!(deal.status(), Status::Disputed);
        // both give it up, and the parcel goes out once more
        process.submit(&mut deal, WithdrawDispute::default(), buyer()).unwrap();
        process.submit(&mut deal, WithdrawDispute::default(), seller()).unwrap();
        let status = deal.status();
        assert_ne!(status, Status::Disputed);
        // the tracker tells its whole history once more, in no particular order
        for n in 1..=4 {
            let older = record(&n.to_string(), CheckpointKind::Progress, "2026-03-02T00:00:00Z");
            process.submit(&mut deal, older, tracker()).unwrap();
        }
        process.submit(&mut deal, refused, tracker()).unwrap();
        assert_eq!(deal.status(), status, "the same refusal once more");
    }
}

/// A number that was used before has a history of its own, which is recorded once; and a delivery is news in whatever
/// place of the history it turns up.
#[test]
fn an_old_history_is_recorded_once_and_a_delivery_is_news_anywhere() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        let told = |checkpoints: &[(&str, CheckpointKind, &str)]| {
            let delivery = HandTracker::new();
            for (id, kind, at) in checkpoints {
                delivery.feed((*track()).clone(), checkpoint(id, *kind, at));
            }
            delivery
        };
        let days = ["1", "2", "3", "4", "5", "6", "7"];
        let at: Vec<_> = days.iter().map(|day| format!("2026-01-0{day}T00:00:00Z")).collect();
        let mut history: Vec<_> =
            days.iter().zip(&at).map(|(id, at)| (*id, CheckpointKind::Progress, at.as_str())).collect();
        history.push(("old", CheckpointKind::Final, "2026-01-08T00:00:00Z"));
        process.follow(&mut deal, &told(&history)).unwrap();
        let events = host.events();
        process.follow(&mut deal, &told(&history)).unwrap();
        assert_eq!((host.events(), deal.status()), (events, Status::AwaitingPerformance));
        // out for delivery, and then delivered some minutes before
        history.push(("out", CheckpointKind::Progress, "2026-03-02T10:05:00Z"));
        process.follow(&mut deal, &told(&history)).unwrap();
        assert_eq!(deal.status(), Status::Performing);
        history.insert(8, ("door", CheckpointKind::Final, "2026-03-02T10:01:00Z"));
        process.follow(&mut deal, &told(&history)).unwrap();
        assert_eq!(deal.status(), Status::AwaitingAcceptance);
        let events = host.events();
        process.follow(&mut deal, &told(&history)).unwrap();
        assert_eq!(host.events(), events, "recorded again");
    }
}
