//! Tracks: the six hours of this tracking, and a history that is told in the order in which it happened.

use escrow::Status;
use escrow::deal::command::{Checkpoint, RecordTracking, Track as Code};
use escrow::deal::{Guard, Rejection};
use escrow::deposit::Purpose;
use escrow::{Payee, Time};
use escrow_nalogka::{Call, DealStatus, Place, Track};

use super::*;

/// Paid at the start: 3 360, of which 3 240 are the payout.
fn paid() -> World {
    let mut w = created(&shop_user(), &order(), None);
    w.pay(B, 3_360_00);
    w
}

fn by_shop(w: &mut World, call: &Call) {
    let caller = of_user(&shop_user(), w, None);
    super::call(w, &caller, &call.command());
}

fn set(code: &str) -> Call {
    Call::SetTrack(SetPerformingTrack { tracker_short_name: text("cdek"), code: text(code) })
}

fn moves(w: &mut World, code: &str, id: &str, kind: CheckpointKind) {
    let now = w.now;
    w.act(&tracker(), checkpoint(code, id, kind, now));
}

/// Six hours count from the end of *this* tracking: a wrong track was final at noon, the right one is a minute before the
/// buyer's silence would have counted, and the buyer has six hours from there.
#[test]
fn six_hours_count_from_the_end_of_this_tracking() {
    let mut w = paid();
    by_shop(&mut w, &set("wrong"));
    w.pass(DAY);
    moves(&mut w, "wrong", "1", CheckpointKind::Final);
    assert_eq!(w.deadline(), after(DAY + 6 * HOUR));
    w.pass(6 * HOUR - 60);
    by_shop(&mut w, &set("right"));
    assert_eq!(project(&w).status, DealStatus::AwaitingPerformance);
    moves(&mut w, "right", "1", CheckpointKind::Final);
    // DAY + 6 h - 60 s, and 6 h more
    let due = after(DAY + 12 * HOUR - 60);
    assert_eq!(w.deadline(), due);
    w.at(just_before(due)).wake();
    assert_eq!(project(&w).status, DealStatus::Performing);
    w.at(due).wake();
    w.done_all();
    assert_eq!(project(&w).status, DealStatus::Completed);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 3_240_00);
}

/// Replacing a wrong track gives the start window back: the seven days of the preset, and not what was left of them. Five
/// times; then the track stays.
#[test]
fn a_replaced_track_gives_the_start_window_back_five_times() {
    let mut w = paid();
    by_shop(&mut w, &set("0"));
    assert_eq!(w.deadline(), after(7 * DAY));
    for n in 1..=5 {
        w.pass(DAY);
        by_shop(&mut w, &set(&n.to_string()));
        assert_eq!(w.deadline(), after((7 + n) * DAY), "{n}");
    }
    let more = set("6").command();
    assert_eq!(w.refuse(&seller(), more), Rejection::Guard(Guard::TracksLeft));
    assert_eq!(w.refuse(&seller(), Call::RemoveTrack.command()), Rejection::Guard(Guard::TracksLeft));
    // never sent: cancelled at the shop's fault, and the 3 360 go back
    w.wait_for_deadline();
    w.done_all();
    assert_eq!((w.now, project(&w).status), (after(12 * DAY), DealStatus::Cancelled));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 3_360_00);
}

fn at_place(w: &mut World, id: &str, kind: CheckpointKind, occurred_at: Time, title: &str) {
    let code = std::sync::Arc::new(Code::new(text("cdek"), text("A")));
    let checkpoint = Checkpoint::new(text(id), kind, occurred_at)
        .title(text(title))
        .location(text::<escrow::Text<200>>("Depot"));
    w.act(&tracker(), RecordTracking::new(code, std::sync::Arc::new(checkpoint)));
}

/// Oldest first, whatever the order of arrival; with city and address where the host has kept them; without the scans of
/// the parcel that had the number before.
#[test]
fn a_history_is_told_in_the_order_in_which_it_happened() {
    let mut w = paid();
    by_shop(&mut w, &set("A"));
    w.pass(3 * HOUR);
    at_place(&mut w, "3", CheckpointKind::Progress, after(3 * HOUR), "Sorted");
    at_place(&mut w, "old", CheckpointKind::Final, start().minus_secs(DAY), "Handed over");
    at_place(&mut w, "1", CheckpointKind::Progress, after(HOUR), "Accepted");
    at_place(&mut w, "2", CheckpointKind::Progress, after(2 * HOUR), "Loaded");
    w.pass(HOUR);
    at_place(&mut w, "4", CheckpointKind::Final, after(4 * HOUR), "Handed over");
    assert_eq!(w.status(), Status::AwaitingAcceptance);
    let mut host = host(Workflow::Shop);
    let place = |city: &str| Place { city_name: Some(text(city)), address: Some(text("Lenin Street 1")) };
    host.keep_place(text("1"), place("Tver"));
    host.keep_place(text("4"), place("Moscow"));
    envelopes(&w).iter().for_each(|envelope| host.note(envelope));
    let track = Track::project(&w.deal, &host).unwrap();
    let told: Vec<_> = track.events.iter().map(|e| (e.title.as_str(), e.city_name.as_deref())).collect();
    let expected =
        [("Accepted", Some("Tver")), ("Loaded", None), ("Sorted", None), ("Handed over", Some("Moscow"))];
    assert_eq!(told, expected);
    assert_eq!(track.events[3].address.as_deref(), Some("Lenin Street 1"));
    assert_eq!(track.events[1].location.as_deref(), Some("Depot"));
    assert!(track.events.is_sorted_by_key(|e| e.occurred_at));
    // another track has a history of its own
    by_shop(&mut w, &Call::RemoveTrack);
    by_shop(&mut w, &set("B"));
    envelopes(&w)[w.journal.len() - 4..].iter().for_each(|envelope| host.note(envelope));
    assert_eq!(Track::project(&w.deal, &host).unwrap().events, []);
}
