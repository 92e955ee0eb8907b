//! Deadlines, and how far one can be moved.

use crate::common::*;
use escrow::deal::command::{CommandKind, Extend};
use escrow::deal::{Event, Passed, PhaseKind, Timer};
use escrow::{Policy, Rejection, Role, Status};

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
    let start = w.refuse(&operator(), extend(Timer::Start, 31));
    let running = Some(Timer::Performance);
    assert_eq!(start, Rejection::TimerNotRunning { timer: Timer::Start, running, passed: None });
    assert_eq!(start.to_string(), "timer: `start` is not running, but `performance` is");
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
    let (max_s, used_s, left_s) = (30 * DAY, 10 * DAY, 20 * DAY);
    let latest = after(20 * DAY).plus_secs(6 * HOUR);
    let refused = w.refuse(&operator(), over);
    assert_eq!(refused, Rejection::ExtensionTooLong { max_s, used_s, left_s, latest });
    assert_eq!(
        refused.to_string(),
        format!(
            "until: the policy lets extensions move the deadlines of a deal by 30d in all, however many they are \
             (`max_extension_s`); 10d used, 20d left: name a time up to {latest}"
        )
    );
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
    let Rejection::ExtensionTooLong { used_s: 1, left_s, .. } = over else { panic!("{over:?}") };
    assert_eq!(left_s, 30 * DAY - 1);
    // the deadline is the latest there is, once nothing is left
    w.act(&operator(), Extend::new(Timer::Performance, w.until().plus_secs(left_s)));
    let over = w.refuse(&operator(), extend(Timer::Performance, 61));
    let told = format!("30d used, nothing left: the deadline stays {}", w.until());
    assert!(over.to_string().contains(&told), "{over}");
}

/// Who comes too late is told which deadline passed, and when; also when the gateway has paid everybody since.
#[test]
fn who_comes_too_late_is_told_which_deadline_passed() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    let until = w.until();
    // nobody has woken the deal yet: the deadline fires with the command
    w.at(until.plus_secs(60));
    let passed = Some(Passed { timer: Timer::Acceptance, at: until });
    let late = w.refuse(&buyer(), dispute("It is blue."));
    let (role, command, phase) = (Role::Buyer, CommandKind::OpenDispute, PhaseKind::Paying);
    assert_eq!(late, Rejection::WrongPhase { role, command, phase, passed });
    let told = format!("the deadline `acceptance` passed at {until}");
    assert_eq!(late.to_string(), format!("open_dispute is not possible for buyer while {phase}: {told}"));
    w.wake();
    w.done_all();
    for (who, command) in [(buyer(), dispute("It is blue.")), (buyer(), changes(1)), (seller(), submit(2))] {
        let late = w.refuse(&who, command);
        assert!(late.to_string().ends_with(&format!("while closed: {told}")), "{late}");
    }
    // nor is it told of a deadline that was never theirs
    let amended = w.refuse(&operator(), amend(1, plain(Policy::freelance())));
    assert!(matches!(amended, Rejection::WrongPhase { passed: None, .. }), "{amended}");
    // what is the matter now is a deadline that a dispute came from
    let mut w = World::performing(plain(Policy::shop()));
    let until = w.until();
    w.wait_for_deadline();
    assert_eq!(w.status(), Status::Disputed);
    let late = w.refuse(&operator(), Extend::new(Timer::Performance, until.plus_secs(DAY)));
    assert_eq!(
        late.to_string(),
        format!(
            "timer: `performance` is not running, but `negotiation` is: the deadline `performance` passed at {until}"
        )
    );
}
