//! Deadlines, and how far one can be moved.

use crate::common::*;
use escrow::deal::command::Extend;
use escrow::deal::{Event, Timer};
use escrow::{Policy, Rejection, Status};

#[test]
fn every_deadline_is_half_open() {
    // (set up, seconds from the start, timer, status afterwards)
    type Case = (World, u32, Timer, Status);
    let submitted = {
        let mut w = World::performing(plain(Policy::shop()));
        w.act(&seller(), submit(1));
        w
    };
    let in_moderation = {
        let mut w = World::funded(plain(Policy::marketplace()));
        w.act(&moderator(), remark("hm"));
        w
    };
    let arbitration = {
        let mut w = World::disputed(plain(Policy::shop()));
        w.wait_for_deadline();
        w
    };
    let cases: Vec<Case> = vec![
        (World::new(plain(Policy::freelance())), 7 * DAY, Timer::Proposal, Status::Expired),
        (World::new(plain(Policy::shop())), 3 * DAY, Timer::Funding, Status::Expired),
        (in_moderation, 5 * DAY, Timer::Moderation, Status::CancelRequested),
        (World::funded(plain(Policy::shop())), 7 * DAY, Timer::Start, Status::CancelRequested),
        (World::performing(plain(Policy::shop())), 30 * DAY, Timer::Performance, Status::Disputed),
        (
            World::performing(plain(Policy::freelance())),
            30 * DAY,
            Timer::Performance,
            Status::CancelRequested,
        ),
        (submitted, 6 * HOUR, Timer::Acceptance, Status::Settling),
        (World::disputed(plain(Policy::shop())), 10 * DAY, Timer::Negotiation, Status::Disputed),
        (arbitration, 30 * DAY, Timer::Arbitration, Status::CancelRequested),
    ];
    for (w, secs, timer, status) in cases {
        assert_eq!(w.deal.next_timer(), Some((after(secs), timer)));
        let mut early = w.clone();
        assert!(early.at(just_before(after(secs))).wake().is_empty(), "{timer:?}");
        // at the instant, and a year late: the same deal, byte for byte, but for what is due in between
        let mut prompt = w.clone();
        let fired = prompt.at(after(secs)).wake();
        assert_eq!(fired[0].event, Event::TimerFired { timer });
        assert!(fired.iter().all(|r| r.at == after(secs)));
        assert_eq!(prompt.status(), status, "{timer:?}");
    }
}

#[test]
fn extensions_are_bounded_and_idempotent() {
    let extend = |timer, days: u32| Extend::new(timer, after(days * DAY));
    let mut w = World::performing(plain(Policy::shop()));
    assert!(matches!(w.refuse(&seller(), extend(Timer::Performance, 31)), Rejection::WrongRole { .. }));
    assert_eq!(w.refuse(&operator(), extend(Timer::Start, 31)), Rejection::TimerNotRunning);
    assert_eq!(
        w.refuse(&operator(), extend(Timer::Performance, 29)),
        Rejection::NotLater { deadline: after(30 * DAY) }
    );
    w.act(&operator(), extend(Timer::Performance, 40));
    w.repeat(&operator(), extend(Timer::Performance, 40));
    assert_eq!(w.until(), after(40 * DAY));
    // 10 of 30 days are used, for all deadlines together
    w.act(&seller(), submit(1));
    let over = Extend::new(Timer::Acceptance, after(20 * DAY).plus_secs(6 * HOUR + 1));
    assert_eq!(w.refuse(&operator(), over), Rejection::ExtensionTooLong { left_s: 20 * DAY });
    let rest = Extend::new(Timer::Acceptance, after(20 * DAY).plus_secs(6 * HOUR));
    w.act(&operator(), rest);
    // half-open here too: at the deadline it is too late to move it
    w.at(rest.until);
    let late = Extend::new(Timer::Acceptance, rest.until.plus_secs(1));
    assert!(wrong_phase(w.refuse(&operator(), late)));
    // a part of a second counts as a whole one
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&operator(), Extend::new(Timer::Performance, after(30 * DAY).plus_millis(1)));
    let over = w.refuse(&operator(), extend(Timer::Performance, 60));
    assert_eq!(over, Rejection::ExtensionTooLong { left_s: 30 * DAY - 1 });
}
