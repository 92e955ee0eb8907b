//! The subscription: every period of a plan charged once, whatever the clock and the gateway do.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

use std::collections::{BTreeMap, BTreeSet};

use escrow::machine::DecodeError;
use escrow::terms::Problem;
use escrow::{Actor, Context, Currency, Machine, Money, Recorded, Terms, Time};
use escrow_market::subscription::command::{
    AgreePlan, Answer, Answered, Cancel, CancelAt, Chargeback, ChargebackStep, Pay, ProposePlan, Refunded,
    SetInstrument, SettleRefund, Wake, WithdrawPlan,
};
use escrow_market::subscription::{
    ChargeState, Command, CommandKind, Dunning, Ending, Event, Missed, Next, Parts, Period, Plan, Proposer,
    Recipient, Rejection, Role, Status, SubscriptionDraft, SubscriptionTerms, Trial, Undue, permitted,
};
use escrow_market::{StoreId, Subscription, SubscriptionId};
use proptest::prelude::*;
use uuid::Uuid;

// --- the usual one: anna pays boris' store 490 roubles a month, from 31 January ---------------------------------

const DAY: u32 = 86_400;

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// `2027-01-31`, at noon; or a whole instant.
fn on(date: &str) -> Time {
    if date.contains('T') { text(date) } else { text(&format!("{date}T12:00:00Z")) }
}

fn id() -> SubscriptionId {
    SubscriptionId::new(Uuid::from_u128(0xFF))
}

fn draft() -> SubscriptionDraft {
    let store = Recipient::Store { store: StoreId::new(Uuid::from_u128(7)), owner: text("boris") };
    SubscriptionDraft::new(text("anna"), store, Plan::new(rub(490_00), Period::Months(1)))
}

fn anna(now: Time) -> Context {
    Context::party(now, text("anna"))
}

fn boris(now: Time) -> Context {
    Context::party(now, text("boris"))
}

fn olga(now: Time) -> Context {
    Context::new(now, Actor::Operator(text("olga")))
}

fn bank(now: Time) -> Context {
    Context::gateway(now)
}

fn clock(now: Time) -> Context {
    Context::clock(now)
}

fn start(draft: SubscriptionDraft, now: Time) -> Subscription {
    Subscription::subscribe(id(), SubscriptionTerms::new(draft).unwrap(), &anna(now)).unwrap().0
}

/// Not paid yet: 1:1 is pending.
fn begun() -> Subscription {
    start(draft(), on("2027-01-31"))
}

/// The first period is paid.
fn active() -> Subscription {
    let mut s = begun();
    ok(&mut s, yes(1, 1), &bank(on("2027-01-31")));
    s
}

/// 2:1 was declined on 28 February; 2:2 comes a day later.
fn past_due() -> Subscription {
    let mut s = active();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    ok(&mut s, no(2, 1), &bank(on("2027-02-28")));
    s
}

/// 2:1 to 2:4 were declined; 28 February and 1 + 3 + 5 days of retries and 3 of grace are over on 12 March.
fn suspended() -> Subscription {
    let mut s = past_due();
    for (attempt, day) in [(2, "2027-03-01"), (3, "2027-03-04"), (4, "2027-03-09")] {
        ok(&mut s, wake(), &clock(on(day)));
        ok(&mut s, no(2, attempt), &bank(on(day)));
    }
    ok(&mut s, wake(), &clock(on("2027-03-12")));
    assert_eq!(s.status(), Status::Suspended);
    s
}

fn reference(period: u32, attempt: u16) -> String {
    format!("bank-{period}-{attempt}")
}

fn yes(period: u32, attempt: u16) -> Command {
    let result = Answered::Succeeded(text(&reference(period, attempt)));
    Answer { period, attempt, result }.into()
}

fn no(period: u32, attempt: u16) -> Command {
    Answer { period, attempt, result: Answered::Declined(text("no money")) }.into()
}

fn later(period: u32, attempt: u16) -> Command {
    Answer { period, attempt, result: Answered::InProgress }.into()
}

fn pay(period: u32, attempt: u16) -> Command {
    Pay { period, attempt }.into()
}

fn cancel(at: CancelAt) -> Command {
    Cancel { at }.into()
}

fn propose(version: u32, plan: Plan) -> Command {
    ProposePlan { version, plan }.into()
}

fn agree(version: u32) -> Command {
    AgreePlan { version }.into()
}

fn withdraw(version: u32) -> Command {
    WithdrawPlan { version }.into()
}

fn settle_refund(period: u32, attempt: u16) -> Command {
    SettleRefund { period, attempt, reference: text("refund-1") }.into()
}

/// Of what an attempt has paid, in minor units.
fn chargeback(case: &str, of: (u32, u16), minor: i64, step: ChargebackStep) -> Command {
    let payment = (text("bank"), text(&reference(of.0, of.1)));
    Chargeback::new(text(case), payment, rub(minor), step).into()
}

fn refunded(refund: &str, of: (u32, u16), minor: i64) -> Command {
    let payment = (text("bank"), text(&reference(of.0, of.1)));
    Refunded::new(text(refund), payment, rub(minor)).into()
}

fn wake() -> Command {
    Wake {}.into()
}

/// Gives a command that must succeed, and returns what happened.
#[track_caller]
fn ok(s: &mut Subscription, command: Command, context: &Context) -> Vec<Event> {
    let transition = s.handle(&command, context).unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert_eq!(s.check(), Ok(()));
    transition.into_events().into_iter().map(|recorded| recorded.event).collect()
}

#[track_caller]
fn refused(s: &mut Subscription, command: Command, context: &Context) -> Rejection {
    let before = s.clone();
    let rejection = s.handle(&command, context).expect_err("must be refused");
    assert_eq!(*s, before, "a rejection changes nothing");
    rejection
}

/// The pending attempt as `period:attempt`, and its amount.
fn pending(s: &Subscription) -> Option<(u32, u16, i64)> {
    s.pending().map(|p| (p.charge.period, p.charge.attempt, p.charge.amount.minor()))
}

/// Pays every charge at its own instant, and tells when each period began.
fn beginnings(s: &mut Subscription, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < count {
        if let Some(charge) = s.charge().filter(|c| c.state == ChargeState::Pending).cloned() {
            found.push(charge.from.to_string().replace("T12:00:00Z", ""));
            ok(s, yes(charge.period, charge.attempt), &bank(charge.from));
        } else {
            let at = s.next_deadline().unwrap();
            ok(s, wake(), &clock(at));
        }
    }
    found
}

// --- the calendar -----------------------------------------------------------------------------------------------

#[test]
fn monthly_on_the_31st_over_normal_and_leap_years() {
    let expected = [
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
        "2027-04-30",
        "2027-05-31",
        "2027-06-30",
        "2027-07-31",
        "2027-08-31",
        "2027-09-30",
        "2027-10-31",
        "2027-11-30",
        "2027-12-31",
        "2028-01-31",
        "2028-02-29",
        "2028-03-31",
        "2028-04-30",
    ];
    assert_eq!(beginnings(&mut begun(), expected.len()), expected);
}

#[test]
fn yearly_on_29_february() {
    let mut yearly = draft();
    yearly.plan.period = Period::Years(1);
    let expected = ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"];
    assert_eq!(beginnings(&mut start(yearly, on("2028-02-29")), 5), expected);
}

/// The day of the beginning is the billing day, although the trial ends in a month that does not have it.
#[test]
fn a_trial_of_months_keeps_the_billing_day() {
    let with = |trial, period, from| {
        let mut draft = SubscriptionDraft { trial: Some(Trial::Lasts(trial)), ..draft() };
        draft.plan.period = period;
        let mut s = start(draft, on(from));
        let stored = serde_json::to_string(&s).unwrap();
        assert_eq!(serde_json::from_str::<Subscription>(&stored).unwrap(), s);
        beginnings(&mut s, 3)
    };
    let (month, year) = (Period::Months(1), Period::Years(1));
    assert_eq!(with(month, month, "2027-01-31"), ["2027-02-28", "2027-03-31", "2027-04-30"]);
    assert_eq!(with(month, month, "2028-01-31"), ["2028-02-29", "2028-03-31", "2028-04-30"]);
    assert_eq!(with(year, year, "2028-02-29"), ["2029-02-28", "2030-02-28", "2031-02-28"]);
    // weeks and days have no day of a month
    assert_eq!(with(month, Period::Weeks(1), "2027-01-31"), ["2027-02-28", "2027-03-07", "2027-03-14"]);
    assert_eq!(with(Period::Days(28), month, "2027-01-31"), ["2027-02-28", "2027-03-28", "2027-04-28"]);
}

#[test]
fn quarters_weeks_and_days() {
    let with = |period| {
        let mut draft = draft();
        draft.plan.period = period;
        beginnings(&mut start(draft, on("2027-11-30")), 3)
    };
    assert_eq!(with(Period::Months(3)), ["2027-11-30", "2028-02-29", "2028-05-30"]);
    assert_eq!(with(Period::Weeks(2)), ["2027-11-30", "2027-12-14", "2027-12-28"]);
    assert_eq!(with(Period::Days(1)), ["2027-11-30", "2027-12-01", "2027-12-02"]);
}

#[test]
fn the_time_of_day_stays_to_the_millisecond() {
    let mut s = start(draft(), on("2027-01-31T23:59:59.999Z"));
    assert_eq!(beginnings(&mut s, 2)[1], "2027-02-28T23:59:59.999Z");
}

#[test]
fn the_calendar_ends_and_nothing_is_charged_twice_there() {
    let mut s = start(draft(), on("9999-11-30"));
    ok(&mut s, yes(1, 1), &bank(on("9999-11-30")));
    ok(&mut s, wake(), &clock(on("9999-12-30")));
    // the second period has no end that can be written
    ok(&mut s, yes(2, 1), &bank(on("9999-12-30")));
    assert_eq!(s.charge().unwrap().to, Time::MAX);
    assert_eq!(s.next_deadline(), None);
    assert_eq!(ok(&mut s, wake(), &clock(Time::MAX)), []);
    let mut s = start(draft(), Time::MAX);
    ok(&mut s, yes(1, 1), &bank(Time::MAX));
    assert_eq!((s.paid(), s.next_deadline()), (1, None));
}

// --- the first charge, the trial --------------------------------------------------------------------------------

#[test]
fn without_a_trial_the_first_period_is_charged_at_once() {
    let now = on("2027-01-31");
    let terms = SubscriptionTerms::new(draft()).unwrap();
    let (s, first) = Subscription::subscribe(id(), terms, &anna(now)).unwrap();
    assert!(matches!(
        first.events(),
        [
            Recorded { event: Event::Subscribed { .. }, .. },
            Recorded { event: Event::ChargeOrdered { period: 1, attempt: 1, .. }, .. }
        ]
    ));
    assert_eq!(s.version(), 2);
    assert_eq!(pending(&s), Some((1, 1, 490_00)));
    let key = s.pending().unwrap().key.to_string();
    assert_eq!(key, "00000000-0000-0000-0000-0000000000ff:1:1");
    // nothing is served on credit
    assert_eq!((s.status(), s.is_served()), (Status::Active, false));
    assert!(active().is_served());
    assert_eq!(active().next_deadline(), Some(on("2027-02-28")));
}

#[test]
fn a_trial_charges_nothing_before_it_ends() {
    for trial in [Trial::Lasts(Period::Days(14)), Trial::Until(on("2027-02-14"))] {
        let mut s = start(SubscriptionDraft { trial: Some(trial), ..draft() }, on("2027-01-31"));
        assert_eq!((s.status(), s.is_served(), pending(&s)), (Status::Trialing, true, None));
        assert_eq!(ok(&mut s, wake(), &clock(on("2027-02-14T11:59:59.999Z"))), []);
        ok(&mut s, wake(), &clock(on("2027-02-14")));
        assert_eq!((s.status(), pending(&s)), (Status::Active, Some((1, 1, 490_00))));
        // counted from the end of the trial
        ok(&mut s, yes(1, 1), &bank(on("2027-02-14")));
        assert_eq!(s.next_deadline(), Some(on("2027-03-14")));
    }
}

#[test]
fn a_trial_ends_after_it_begins_and_within_ten_years() {
    let with = |until| {
        let draft = SubscriptionDraft { trial: Some(Trial::Until(until)), ..draft() };
        let terms = SubscriptionTerms::new(draft).unwrap();
        Subscription::subscribe(id(), terms, &anna(on("2027-01-31"))).map(|(s, _)| s.status())
    };
    assert_eq!(with(on("2027-01-31")), Err(Rejection::TrialOver));
    assert_eq!(with(on("2027-01-31T12:00:00.001Z")), Ok(Status::Trialing));
    assert_eq!(with(on("2037-02-28")), Err(Rejection::TrialTooLong));
    assert_eq!(with(Time::MAX), Err(Rejection::TrialTooLong));
    let long = SubscriptionDraft { trial: Some(Trial::Lasts(Period::Years(1))), ..draft() };
    let terms = SubscriptionTerms::new(long).unwrap();
    let late = Subscription::subscribe(id(), terms, &anna(on("9999-06-01")));
    assert_eq!(late.map(drop), Err(Rejection::TrialTooLong));
}

#[test]
fn a_trial_that_is_cancelled_is_never_charged() {
    let trial = SubscriptionDraft { trial: Some(Trial::Lasts(Period::Days(14))), ..draft() };
    let mut s = start(trial, on("2027-01-31"));
    let events = ok(&mut s, cancel(CancelAt::PeriodEnd), &anna(on("2027-02-01")));
    assert_eq!(events, [Event::CancellationScheduled { at: on("2027-02-14") }]);
    assert!(s.is_served());
    let events = ok(&mut s, wake(), &clock(on("2027-05-01")));
    assert_eq!(events, [Event::Cancelled { because: Ending::PeriodEnd }]);
    assert_eq!((s.paid(), pending(&s), s.next_deadline()), (0, None, None));
}

#[test]
fn only_the_payer_or_an_operator_subscribes() {
    let subscribe = |context: &Context| {
        let terms = SubscriptionTerms::new(draft()).unwrap();
        Subscription::subscribe(id(), terms, context).map(drop)
    };
    let now = on("2027-01-31");
    assert_eq!(subscribe(&anna(now)), Ok(()));
    assert_eq!(subscribe(&olga(now).via(text("anna"))), Ok(()));
    for context in [boris(now), bank(now), clock(now), Context::new(now, Actor::Tracker)] {
        assert_eq!(subscribe(&context), Err(Rejection::UnknownActor));
    }
}

// --- declined ---------------------------------------------------------------------------------------------------

#[test]
fn a_declined_charge_is_tried_again_by_the_schedule_then_suspended() {
    let mut s = active();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    assert_eq!(pending(&s), Some((2, 1, 490_00)));
    assert!(s.is_served());
    // 1, 3 and 5 days, each after the decline before it; then 3 days of grace
    let schedule = [("2027-02-28", "2027-03-01"), ("2027-03-01", "2027-03-04"), ("2027-03-04", "2027-03-09")];
    for (attempt, (declined, again)) in (1..).zip(schedule) {
        let next = Some(Next::Retry { at: on(again) });
        let events = ok(&mut s, no(2, attempt), &bank(on(declined)));
        assert_eq!(events, [Event::Declined { period: 2, attempt, reason: text("no money"), next }]);
        assert_eq!((s.status(), s.next_deadline()), (Status::PastDue, Some(on(again))));
        ok(&mut s, wake(), &clock(on(again)));
        assert_eq!(pending(&s), Some((2, attempt + 1, 490_00)));
    }
    let events = ok(&mut s, no(2, 4), &bank(on("2027-03-09")));
    let next = Some(Next::Suspend { at: on("2027-03-12") });
    assert_eq!(events, [Event::Declined { period: 2, attempt: 4, reason: text("no money"), next }]);
    assert!(s.is_served());
    let events = ok(&mut s, wake(), &clock(on("2027-03-20")));
    assert_eq!(events, [Event::Suspended { until: on("2027-04-11") }]);
    assert_eq!((s.status(), s.is_served(), pending(&s)), (Status::Suspended, false, None));
    // 30 days, counted from 12 March and not from whenever somebody looked
    assert_eq!(s.next_deadline(), Some(on("2027-04-11")));
    let events = ok(&mut s, wake(), &clock(on("2027-04-11")));
    assert_eq!(events, [Event::Cancelled { because: Ending::Unpaid }]);
    assert_eq!((s.paid(), s.skipped()), (1, 0));
}

#[test]
fn a_retry_that_succeeds_keeps_the_calendar() {
    let mut s = past_due();
    ok(&mut s, wake(), &clock(on("2027-03-01")));
    ok(&mut s, yes(2, 2), &bank(on("2027-03-01")));
    assert_eq!((s.status(), s.next_deadline()), (Status::Active, Some(on("2027-03-31"))));
    // and the next failure has its whole schedule again
    ok(&mut s, wake(), &clock(on("2027-03-31")));
    ok(&mut s, no(3, 1), &bank(on("2027-03-31")));
    assert_eq!(s.next_deadline(), Some(on("2027-04-01")));
}

#[test]
fn without_a_schedule_and_grace_a_decline_suspends_at_once() {
    let dunning = Dunning { retry_s: vec![], grace_s: 0, ..Dunning::usual() };
    let mut s = start(SubscriptionDraft { dunning, ..draft() }, on("2027-01-31"));
    let events = ok(&mut s, no(1, 1), &bank(on("2027-01-31")));
    let until = on("2027-03-02");
    assert!(matches!(events[..], [Event::Declined { .. }, Event::Suspended { until: u }] if u == until));
    assert_eq!(s.next_deadline(), Some(until));
}

#[test]
fn a_payer_in_arrears_pays_sooner_and_uses_a_retry_up() {
    let mut s = past_due();
    ok(&mut s, pay(2, 2), &anna(on("2027-02-28T18:00:00Z")));
    assert_eq!(pending(&s), Some((2, 2, 490_00)));
    assert_eq!(ok(&mut s, pay(2, 2), &anna(on("2027-02-28T18:00:01Z"))), [], "pressed twice");
    assert_eq!(refused(&mut s, pay(2, 3), &anna(on("2027-03-01"))), Rejection::AttemptPending);
    ok(&mut s, no(2, 2), &bank(on("2027-03-01")));
    // the second delay: three days
    assert_eq!(s.next_deadline(), Some(on("2027-03-04")));
    let wrong = Rejection::WrongAttempt { period: 2, attempt: 3 };
    assert_eq!(refused(&mut s, pay(2, 4), &anna(on("2027-03-01"))), wrong);
    assert_eq!(refused(&mut s, pay(3, 1), &anna(on("2027-03-01"))), wrong);
    assert_eq!(refused(&mut s, pay(2, 0), &anna(on("2027-03-01"))), wrong);
    // an attempt during the grace does not prolong it
    for (attempt, day) in [(3, "2027-03-04"), (4, "2027-03-09")] {
        ok(&mut s, wake(), &clock(on(day)));
        ok(&mut s, no(2, attempt), &bank(on(day)));
    }
    ok(&mut s, pay(2, 5), &anna(on("2027-03-11")));
    ok(&mut s, no(2, 5), &bank(on("2027-03-11")));
    assert_eq!(s.next_deadline(), Some(on("2027-03-12")));
    // one that is under way when the grace ends is waited for
    ok(&mut s, pay(2, 6), &anna(on("2027-03-11")));
    assert_eq!(ok(&mut s, wake(), &clock(on("2027-03-14"))), []);
    let events = ok(&mut s, no(2, 6), &bank(on("2027-03-14")));
    assert!(matches!(events[..], [Event::Declined { .. }, Event::Suspended { .. }]), "{events:?}");
}

#[test]
fn a_suspended_subscription_that_is_paid_begins_its_period_anew() {
    let mut s = suspended();
    let events = ok(&mut s, pay(2, 5), &anna(on("2027-03-20")));
    assert_eq!(events[0], Event::Anchored { at: on("2027-03-20"), period: 2, months: 0 });
    assert_eq!((pending(&s), s.is_served()), (Some((2, 5, 490_00)), false));
    ok(&mut s, yes(2, 5), &bank(on("2027-03-21")));
    // nobody pays for the time in which the service was off
    assert_eq!((s.status(), s.is_served(), s.paid()), (Status::Active, true, 2));
    assert_eq!(s.next_deadline(), Some(on("2027-04-20")));
    ok(&mut s, wake(), &clock(on("2027-04-20")));
    assert_eq!(pending(&s), Some((3, 1, 490_00)));
}

#[test]
fn a_declined_attempt_does_not_prolong_the_suspension() {
    let mut s = suspended();
    ok(&mut s, pay(2, 5), &anna(on("2027-03-20")));
    ok(&mut s, no(2, 5), &bank(on("2027-03-20")));
    assert_eq!((s.status(), s.next_deadline()), (Status::Suspended, Some(on("2027-04-11"))));
    // under way when the suspension ends: the answer decides
    ok(&mut s, pay(2, 6), &anna(on("2027-04-10")));
    assert_eq!(ok(&mut s, wake(), &clock(on("2027-04-20"))), []);
    let mut paid = s.clone();
    ok(&mut paid, yes(2, 6), &bank(on("2027-04-20")));
    assert_eq!(paid.status(), Status::Active);
    ok(&mut s, no(2, 6), &bank(on("2027-04-20")));
    assert_eq!(s.status(), Status::Cancelled);
}

#[test]
fn a_suspended_payer_is_never_charged_twice_at_a_time() {
    let mut s = suspended();
    ok(&mut s, pay(2, 5), &anna(on("2027-04-10")));
    assert_eq!(pending(&s), Some((2, 5, 490_00)));
    assert_eq!(refused(&mut s, pay(2, 6), &anna(on("2027-04-10"))), Rejection::AttemptPending);
    // what is under way is not given up, however long the gateway takes
    assert_eq!(s.next_deadline(), None);
    assert_eq!(ok(&mut s, wake(), &clock(on("2027-05-20"))), []);
    assert_eq!(refused(&mut s, pay(2, 6), &anna(on("2027-05-20"))), Rejection::AttemptPending);
    let events = ok(&mut s, yes(2, 5), &bank(on("2027-05-20")));
    assert!(matches!(events[0], Event::Paid { period: 2, attempt: 5, .. }), "{events:?}");
    assert_eq!((s.status(), s.paid()), (Status::Active, 2));
}

#[test]
fn attempts_of_a_period_are_bounded() {
    let mut s = suspended();
    let now = on("2027-03-20");
    for attempt in 5..=1_000 {
        ok(&mut s, pay(2, attempt), &anna(now));
        ok(&mut s, no(2, attempt), &bank(now));
    }
    assert_eq!(refused(&mut s, pay(2, 1_001), &anna(now)), Rejection::TooManyAttempts { max: 1_000 });
}

#[test]
fn another_instrument_is_charged_from_the_next_attempt_on() {
    let mut s = active();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    let set = |to: &str| -> Command { SetInstrument { instrument: Some(text(to)) }.into() };
    ok(&mut s, set("vault-2"), &anna(on("2027-02-28")));
    assert_eq!(ok(&mut s, set("vault-2"), &anna(on("2027-02-28"))), []);
    assert_eq!(s.pending().unwrap().charge.instrument, None, "what is ordered stays");
    ok(&mut s, no(2, 1), &bank(on("2027-02-28")));
    ok(&mut s, wake(), &clock(on("2027-03-01")));
    assert_eq!(s.pending().unwrap().charge.instrument.as_deref(), Some("vault-2"));
}

// --- cancelled --------------------------------------------------------------------------------------------------

#[test]
fn cancelled_at_period_end_or_at_once() {
    for who in [anna, boris, olga] {
        let mut s = active();
        let events = ok(&mut s, cancel(CancelAt::PeriodEnd), &who(on("2027-02-10")));
        assert_eq!(events, [Event::CancellationScheduled { at: on("2027-02-28") }]);
        assert_eq!((s.status(), s.ends_at()), (Status::Active, Some(on("2027-02-28"))));
        for again in [anna, boris, olga] {
            assert_eq!(ok(&mut s, cancel(CancelAt::PeriodEnd), &again(on("2027-02-11"))), []);
        }
        let events = ok(&mut s, wake(), &clock(on("2027-03-05")));
        assert_eq!(events, [Event::Cancelled { because: Ending::PeriodEnd }]);
        assert_eq!(ok(&mut s, cancel(CancelAt::Once), &who(on("2027-03-05"))), []);

        let mut s = active();
        let events = ok(&mut s, cancel(CancelAt::Once), &who(on("2027-02-10")));
        assert_eq!(events, [Event::Cancelled { because: Ending::Cancelled }]);
        assert_eq!((s.is_served(), s.next_deadline()), (false, None));
        for at in [CancelAt::Once, CancelAt::PeriodEnd] {
            assert_eq!(ok(&mut s, cancel(at), &who(on("2027-02-11"))), []);
        }
        // from the end of the period to at once
        let mut s = active();
        ok(&mut s, cancel(CancelAt::PeriodEnd), &who(on("2027-02-10")));
        ok(&mut s, cancel(CancelAt::Once), &who(on("2027-02-11")));
        assert_eq!(s.status(), Status::Cancelled);
    }
}

#[test]
fn a_subscription_in_arrears_is_tried_until_its_period_ends_and_no_longer() {
    let dunning = Dunning { retry_s: vec![20 * DAY, 20 * DAY], ..Dunning::usual() };
    let mut s = start(SubscriptionDraft { dunning, ..draft() }, on("2027-01-31"));
    ok(&mut s, no(1, 1), &bank(on("2027-01-31")));
    ok(&mut s, cancel(CancelAt::PeriodEnd), &anna(on("2027-02-01")));
    assert_eq!(s.next_deadline(), Some(on("2027-02-20")));
    ok(&mut s, wake(), &clock(on("2027-02-20")));
    ok(&mut s, no(1, 2), &bank(on("2027-02-20")));
    assert_eq!(s.next_deadline(), Some(on("2027-02-28")));
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    assert_eq!(s.status(), Status::Cancelled);
}

#[test]
fn a_period_that_is_over_already_ends_at_once() {
    let mut s = suspended();
    ok(&mut s, cancel(CancelAt::PeriodEnd), &anna(on("2027-03-20")));
    assert_eq!((s.status(), s.ends_at()), (Status::Suspended, Some(on("2027-03-31"))));
    let mut s = suspended();
    let events = ok(&mut s, cancel(CancelAt::PeriodEnd), &anna(on("2027-04-05")));
    let expected = [
        Event::CancellationScheduled { at: on("2027-04-05") },
        Event::Cancelled { because: Ending::PeriodEnd },
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_charge_that_succeeds_after_the_end_is_owed_back() {
    let mut s = active();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    ok(&mut s, cancel(CancelAt::Once), &anna(on("2027-02-28")));
    assert_eq!(pending(&s), Some((2, 1, 490_00)), "the gateway may have done it");
    let mut declined = s.clone();
    ok(&mut declined, no(2, 1), &bank(on("2027-03-01")));
    assert_eq!((declined.status(), declined.refunds().count()), (Status::Cancelled, 0));

    let events = ok(&mut s, yes(2, 1), &bank(on("2027-03-01")));
    let (amount, reference, because) = (rub(490_00), text("bank-2-1"), Undue::Cancelled);
    assert_eq!(events, [Event::RefundOwed { period: 2, attempt: 1, amount, reference, because }]);
    assert_eq!((s.paid(), pending(&s)), (1, None));
    assert_eq!(ok(&mut s, yes(2, 1), &bank(on("2027-03-02"))), []);
    ok(&mut s, settle_refund(2, 1), &olga(on("2027-03-03")));
    assert_eq!(s.refunds().count(), 0);
    assert_eq!(ok(&mut s, settle_refund(2, 1), &bank(on("2027-03-03"))), []);
    assert_eq!(ok(&mut s, yes(2, 1), &bank(on("2027-03-04"))), []);
}

// --- never twice ------------------------------------------------------------------------------------------------

#[test]
fn a_clock_that_steps_back_charges_nothing_again() {
    let mut s = active();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    assert_eq!(ok(&mut s, wake(), &clock(on("2027-02-01"))), []);
    ok(&mut s, yes(2, 1), &bank(on("2027-01-15")));
    assert_eq!(s.last_at(), on("2027-02-28"), "time does not run back");
    assert_eq!(ok(&mut s, wake(), &clock(on("2027-02-28"))), []);
    assert_eq!(s.next_deadline(), Some(on("2027-03-31")));
}

#[test]
fn repeated_and_reordered_answers_settle_once() {
    let mut s = begun();
    assert_eq!(ok(&mut s, later(1, 1), &bank(on("2027-01-31"))), []);
    assert!(s.pending().is_some(), "asked again under the same key");
    ok(&mut s, yes(1, 1), &bank(on("2027-01-31")));
    for late in [yes(1, 1), later(1, 1)] {
        assert_eq!(ok(&mut s, late, &bank(on("2027-02-01"))), []);
    }
    // the answer to 2:1 comes again after that to 2:2
    let mut s = past_due();
    ok(&mut s, wake(), &clock(on("2027-03-01")));
    ok(&mut s, yes(2, 2), &bank(on("2027-03-01")));
    for late in [no(2, 1), later(2, 1), yes(2, 2), yes(1, 1), later(1, 1)] {
        assert_eq!(ok(&mut s, late, &bank(on("2027-03-02"))), []);
    }
    assert_eq!((s.paid(), s.refunds().count()), (2, 0));
}

#[test]
fn a_lost_answer_is_asked_for_under_the_same_key() {
    let mut s = active();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    let key = s.pending().unwrap().key;
    // weeks go by without an answer: no second attempt, no next period
    for day in ["2027-03-01", "2027-03-31", "2027-05-20"] {
        assert_eq!(ok(&mut s, wake(), &clock(on(day))), []);
        assert_eq!(s.pending().unwrap().key, key);
        assert_eq!(s.next_deadline(), None);
    }
}

#[test]
fn a_success_after_a_decline_is_owed_back_and_pays_nothing() {
    let mut s = past_due();
    let events = ok(&mut s, yes(2, 1), &bank(on("2027-02-28T13:00:00Z")));
    let (amount, reference, because) = (rub(490_00), text("bank-2-1"), Undue::Contradiction);
    assert_eq!(events, [Event::RefundOwed { period: 2, attempt: 1, amount, reference, because }]);
    assert_eq!((s.status(), s.paid()), (Status::PastDue, 1));
    let owed = s.refunds().next().unwrap();
    assert_eq!((owed.amount, owed.reference.as_str()), (rub(490_00), "bank-2-1"));
    assert_eq!(ok(&mut s, yes(2, 1), &bank(on("2027-02-28T13:00:01Z"))), [], "once");
    // the retry is the payment
    ok(&mut s, wake(), &clock(on("2027-03-01")));
    ok(&mut s, yes(2, 2), &bank(on("2027-03-01")));
    assert_eq!((s.paid(), s.refunds().count()), (2, 1));
    // and even long afterwards
    ok(&mut s, settle_refund(2, 1), &bank(on("2027-03-02")));
    assert_eq!(s.refunds().count(), 0);
    assert_eq!(s.paid(), 2);
}

#[test]
fn a_gateway_that_contradicts_itself_is_told() {
    let mut s = past_due();
    ok(&mut s, wake(), &clock(on("2027-03-01")));
    ok(&mut s, yes(2, 2), &bank(on("2027-03-01")));
    let now = bank(on("2027-03-02"));
    let otherwise = Rejection::SettledOtherwise { period: 2, attempt: 2 };
    assert_eq!(refused(&mut s, no(2, 2), &now), otherwise);
    let other = Answer { period: 2, attempt: 2, result: Answered::Succeeded(text("bank-other")) };
    assert_eq!(refused(&mut s, other.into(), &now), otherwise);
    for (period, attempt) in [(2, 3), (3, 1), (0, 1), (1, 0), (u32::MAX, u16::MAX)] {
        for answer in [yes(period, attempt), no(period, attempt), later(period, attempt)] {
            let unknown = Rejection::UnknownAttempt { period, attempt };
            assert_eq!(refused(&mut s, answer, &now), unknown);
        }
    }
    let nothing = Rejection::NothingOwed { period: 2, attempt: 2 };
    assert_eq!(refused(&mut s, settle_refund(2, 2), &now), nothing);
}

#[test]
fn what_was_settled_long_ago_is_known_to_the_journal_only() {
    let mut s = begun();
    beginnings(&mut s, 60);
    let now = bank(s.last_at());
    let long_ago = Rejection::SettledLongAgo { period: 1, attempt: 1 };
    assert_eq!(refused(&mut s, yes(1, 1), &now), long_ago);
    assert_eq!(refused(&mut s, no(1, 1), &now), long_ago);
    assert_eq!(ok(&mut s, later(1, 1), &now), []);
    assert_eq!(ok(&mut s, yes(60, 1), &now), []);
    assert_eq!(s.paid(), 60);
}

#[test]
fn what_is_owed_back_is_bounded_and_never_forgotten() {
    let mut s = suspended();
    let now = on("2027-03-20");
    for attempt in 5..40 {
        ok(&mut s, pay(2, attempt), &anna(now));
        ok(&mut s, no(2, attempt), &bank(now));
        if attempt < 5 + 16 {
            ok(&mut s, yes(2, attempt), &bank(now));
        }
    }
    assert_eq!(s.refunds().count(), Subscription::MAX_REFUNDS);
    let full = Rejection::TooManyRefunds { max: 16 };
    assert_eq!(refused(&mut s, yes(2, 39), &bank(now)), full);
    assert!(full.is_transient());
    ok(&mut s, settle_refund(2, 5), &olga(now));
    ok(&mut s, yes(2, 39), &bank(now));
}

#[test]
fn the_state_does_not_grow_with_the_periods() {
    let size = |periods| {
        let mut s = begun();
        beginnings(&mut s, periods);
        serde_json::to_string(&s).unwrap().len()
    };
    let (few, many) = (size(100), size(600));
    assert!(many < few + 200, "{few} → {many}");
}

// --- a host that was down ---------------------------------------------------------------------------------------

fn with_missed(missed: Missed) -> Subscription {
    let mut s = start(
        SubscriptionDraft { dunning: Dunning { missed, ..Dunning::usual() }, ..draft() },
        on("2027-01-31"),
    );
    ok(&mut s, yes(1, 1), &bank(on("2027-01-31")));
    s
}

#[test]
fn a_host_asleep_for_months_skips_what_went_by() {
    let mut s = with_missed(Missed::Skipped);
    // nobody looks until 10 June: 2 was due on 28 February, and is the one that is ordered
    ok(&mut s, wake(), &clock(on("2027-06-10")));
    assert_eq!(pending(&s), Some((2, 1, 490_00)));
    assert_eq!(s.last_at(), on("2027-02-28"), "at its own instant");
    let events = ok(&mut s, yes(2, 1), &bank(on("2027-06-10")));
    // 3 (31 March) and 4 (30 April) went by; 5 (31 May) is running
    assert_eq!(events[1], Event::PeriodsSkipped { first: 3, last: 4 });
    assert_eq!(pending(&s), Some((5, 1, 490_00)));
    assert_eq!(s.charge().unwrap().from, on("2027-05-31"));
    ok(&mut s, yes(5, 1), &bank(on("2027-06-10")));
    assert_eq!((s.paid(), s.skipped(), s.next_deadline()), (3, 2, Some(on("2027-06-30"))));
}

#[test]
fn a_host_asleep_for_months_charges_each_in_order_where_the_policy_says_so() {
    let mut s = with_missed(Missed::Charged);
    let now = on("2027-06-10");
    ok(&mut s, wake(), &clock(now));
    for period in 2..=5 {
        assert_eq!(pending(&s), Some((period, 1, 490_00)));
        ok(&mut s, yes(period, 1), &bank(now));
    }
    assert_eq!((s.paid(), s.skipped(), s.next_deadline()), (5, 0, Some(on("2027-06-30"))));
}

#[test]
fn arrears_that_outlast_a_short_period_skip_what_went_by() {
    let mut daily = draft();
    daily.plan.period = Period::Days(1);
    let mut s = start(daily, on("2027-01-31"));
    ok(&mut s, yes(1, 1), &bank(on("2027-01-31")));
    ok(&mut s, wake(), &clock(on("2027-02-01")));
    ok(&mut s, no(2, 1), &bank(on("2027-02-01")));
    ok(&mut s, wake(), &clock(on("2027-02-02")));
    ok(&mut s, no(2, 2), &bank(on("2027-02-02")));
    ok(&mut s, wake(), &clock(on("2027-02-05")));
    ok(&mut s, yes(2, 3), &bank(on("2027-02-05")));
    // 3 to 5 were 2, 3 and 4 February
    assert_eq!((pending(&s), s.skipped()), (Some((6, 1, 490_00)), 3));
}

// --- plans ------------------------------------------------------------------------------------------------------

fn dearer() -> Plan {
    Plan { name: Some(text("Plus")), ..Plan::new(rub(990_00), Period::Months(1)) }
}

#[test]
fn a_dearer_plan_needs_the_payers_consent_and_takes_effect_with_the_next_period() {
    for proposer in [boris, olga] {
        let mut s = active();
        ok(&mut s, propose(2, dearer()), &proposer(on("2027-02-01")));
        assert_eq!(ok(&mut s, propose(2, dearer()), &proposer(on("2027-02-01"))), []);
        // the other one on the same side has agreed by it already
        assert_eq!(refused(&mut s, agree(2), &olga(on("2027-02-01"))), Rejection::OwnProposal);
        // silence is no consent
        let mut silent = s.clone();
        ok(&mut silent, wake(), &clock(on("2027-02-28")));
        assert_eq!(pending(&silent), Some((2, 1, 490_00)));

        let events = ok(&mut s, agree(2), &anna(on("2027-02-10")));
        assert_eq!(events, [Event::PlanAgreed { version: 2 }]);
        assert_eq!(ok(&mut s, agree(2), &anna(on("2027-02-10"))), []);
        assert_eq!(s.plan().version, 1);
        ok(&mut s, wake(), &clock(on("2027-02-28")));
        assert_eq!((s.plan().version, pending(&s)), (2, Some((2, 1, 990_00))));
        // the calendar stays: 31 March, not 28
        ok(&mut s, yes(2, 1), &bank(on("2027-02-28")));
        assert_eq!(s.next_deadline(), Some(on("2027-03-31")));
    }
}

#[test]
fn the_billing_day_survives_a_change_of_plan() {
    let mut s = active();
    // from 31 January, monthly; every two months from 28 February on
    ok(&mut s, propose(2, Plan::new(rub(900_00), Period::Months(2))), &boris(on("2027-02-01")));
    ok(&mut s, agree(2), &anna(on("2027-02-10")));
    let events = ok(&mut s, wake(), &clock(on("2027-02-28")));
    let anchored = Event::Anchored { at: on("2027-01-31"), period: 2, months: 1 };
    assert!(events.contains(&anchored), "{events:?}");
    ok(&mut s, yes(2, 1), &bank(on("2027-02-28")));
    // 31 January and three months: the last day of April
    assert_eq!(s.next_deadline(), Some(on("2027-04-30")));
    // and a year from there: 31 January, 3 + 12 months
    ok(&mut s, propose(3, Plan::new(rub(5_000_00), Period::Years(1))), &boris(on("2027-03-01")));
    ok(&mut s, agree(3), &anna(on("2027-03-01")));
    ok(&mut s, wake(), &clock(on("2027-04-30")));
    ok(&mut s, yes(3, 1), &bank(on("2027-04-30")));
    assert_eq!(s.next_deadline(), Some(on("2028-04-30")));
    // back to months: 31 January and 15 + 1 months is 31 May
    ok(&mut s, propose(4, Plan::new(rub(500_00), Period::Months(1))), &boris(on("2027-06-01")));
    ok(&mut s, agree(4), &anna(on("2027-06-01")));
    ok(&mut s, wake(), &clock(on("2028-04-30")));
    ok(&mut s, yes(4, 1), &bank(on("2028-04-30")));
    assert_eq!(s.next_deadline(), Some(on("2028-05-31")));
    let stored = serde_json::to_string(&s).unwrap();
    assert_eq!(serde_json::from_str::<Subscription>(&stored).unwrap(), s);
}

#[test]
fn a_consent_binds_exactly_the_version_that_was_seen() {
    let mut s = active();
    ok(&mut s, propose(2, Plan::new(rub(550_00), Period::Months(1))), &boris(on("2027-02-01")));
    ok(&mut s, propose(3, dearer()), &boris(on("2027-02-02")));
    // anna agrees to what anna has read: 550
    assert_eq!(refused(&mut s, agree(2), &anna(on("2027-02-03"))), Rejection::NotProposed { version: 2 });
    let taken = Rejection::WrongVersion { expected: 4 };
    assert_eq!(refused(&mut s, propose(2, dearer()), &boris(on("2027-02-03"))), taken);
    assert_eq!(refused(&mut s, propose(3, draft().plan), &boris(on("2027-02-03"))), taken);
    assert_eq!(
        refused(&mut s, agree(1_000), &anna(on("2027-02-03"))),
        Rejection::NotProposed { version: 1_000 }
    );
    assert_eq!(s.proposal().unwrap().by, Proposer::Recipient);
}

#[test]
fn a_payers_own_change_needs_the_recipient() {
    let mut s = active();
    ok(&mut s, propose(2, Plan::new(rub(1), Period::Years(1))), &anna(on("2027-02-01")));
    assert_eq!(refused(&mut s, agree(2), &anna(on("2027-02-01"))), Rejection::OwnProposal);
    assert_eq!(refused(&mut s, withdraw(2), &boris(on("2027-02-01"))), Rejection::OthersProposal);
    ok(&mut s, withdraw(2), &anna(on("2027-02-01")));
    assert_eq!(ok(&mut s, withdraw(2), &anna(on("2027-02-01"))), []);
    assert_eq!(refused(&mut s, agree(2), &boris(on("2027-02-02"))), Rejection::NotProposed { version: 2 });
    ok(&mut s, propose(3, Plan::new(rub(4_900_00), Period::Years(1))), &anna(on("2027-02-03")));
    ok(&mut s, agree(3), &boris(on("2027-02-03")));
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    // the billing day is the 31st: a year after February's last day is February's last day
    assert_eq!(s.charge().map(|c| (c.from, c.to)), Some((on("2027-02-28"), on("2028-02-29"))));
}

#[test]
fn what_was_ordered_keeps_its_amount() {
    let mut s = past_due();
    ok(&mut s, propose(2, dearer()), &boris(on("2027-02-28")));
    ok(&mut s, agree(2), &anna(on("2027-02-28")));
    ok(&mut s, wake(), &clock(on("2027-03-01")));
    assert_eq!(pending(&s), Some((2, 2, 490_00)), "the overdue period keeps its price");
    // a period that begins anew has the plan that is agreed by then
    let mut s = suspended();
    ok(&mut s, propose(2, Plan::new(rub(100_00), Period::Weeks(1))), &anna(on("2027-03-20")));
    ok(&mut s, agree(2), &boris(on("2027-03-20")));
    ok(&mut s, pay(2, 5), &anna(on("2027-03-21")));
    assert_eq!(pending(&s), Some((2, 5, 100_00)));
    ok(&mut s, yes(2, 5), &bank(on("2027-03-21")));
    assert_eq!(s.next_deadline(), Some(on("2027-03-28")));
}

#[test]
fn a_change_that_waited_for_an_answer_counts_from_where_its_period_began() {
    let mut s = active();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    ok(&mut s, propose(2, Plan::new(rub(150_00), Period::Weeks(1))), &boris(on("2027-03-01")));
    ok(&mut s, agree(2), &anna(on("2027-03-01")));
    let events = ok(&mut s, yes(2, 1), &bank(on("2027-04-16")));
    // weeks from 31 March: 3 and 4 went by, 5 began on 14 April
    assert_eq!(events[1], Event::PlanChanged { version: 2 });
    assert_eq!(events[2], Event::Anchored { at: on("2027-03-31"), period: 3, months: 0 });
    assert_eq!(events[3], Event::PeriodsSkipped { first: 3, last: 4 });
    assert_eq!(s.charge().unwrap().from, on("2027-04-14"));
}

#[test]
fn a_stale_actor_is_told() {
    let mut s = active();
    let seen = s.revision();
    ok(&mut s, propose(2, dearer()), &boris(on("2027-02-01")).seen(seen));
    let stale = Rejection::Stale { seen, actual: s.revision() };
    assert_eq!(refused(&mut s, cancel(CancelAt::Once), &anna(on("2027-02-01")).seen(seen)), stale);
    // timers and the gateway raise no revision
    let seen = s.revision();
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    ok(&mut s, yes(2, 1), &bank(on("2027-02-28")));
    ok(&mut s, agree(2), &anna(on("2027-03-01")).seen(seen));
}

// --- the table --------------------------------------------------------------------------------------------------

/// Every cell of the table is what the subscription does: a role that may not is refused for its role, one that may is
/// refused outside the statuses only, and one within them is not refused for either.
#[test]
fn the_table_is_what_the_subscription_does() {
    let in_status = |status| match status {
        Status::Trialing => start(
            SubscriptionDraft { trial: Some(Trial::Lasts(Period::Days(90))), ..draft() },
            on("2027-01-31"),
        ),
        Status::Active => active(),
        Status::PastDue => past_due(),
        Status::Suspended => suspended(),
        Status::Cancelled => {
            let mut s = active();
            ok(&mut s, cancel(CancelAt::Once), &anna(on("2027-02-01")));
            s
        }
    };
    for status in Status::ALL {
        let mut s = in_status(status);
        if status != Status::Cancelled {
            let now = s.last_at();
            ok(&mut s, propose(2, dearer()), &boris(now));
        }
        assert_eq!(s.status(), status);
        let now = s.last_at();
        let next = s.charge().map_or((1, 1), |c| (c.period, c.attempt + 1));
        let command = |kind| match kind {
            CommandKind::Pay => pay(next.0, next.1),
            CommandKind::SetInstrument => SetInstrument { instrument: Some(text("new")) }.into(),
            CommandKind::ProposePlan => propose(s.plan_versions() + 1, dearer()),
            CommandKind::AgreePlan => agree(2),
            CommandKind::WithdrawPlan => withdraw(2),
            CommandKind::Cancel => cancel(CancelAt::PeriodEnd),
            CommandKind::Answer => later(next.0, next.1),
            CommandKind::SettleRefund => settle_refund(next.0, next.1),
            CommandKind::Refunded => refunded("re-1", (9, 9), 1),
            CommandKind::Chargeback => chargeback("cb-1", (9, 9), 1, ChargebackStep::Opened),
            CommandKind::Wake => wake(),
        };
        let context = |role| match role {
            Role::Payer => anna(now),
            Role::Recipient => boris(now),
            Role::Operator => olga(now),
            Role::Gateway => bank(now),
            Role::Clock => clock(now),
        };
        for kind in CommandKind::ALL {
            let (by, within) = permitted(kind);
            for role in Role::ALL {
                let found = s.decide(&command(kind), &context(role)).map(drop).map_err(|e| e.code());
                let may = by.contains(&role);
                let stands = kind == CommandKind::Cancel && status == Status::Cancelled;
                let expected: &[Result<(), &str>] = if !may {
                    &[Err("wrong-role")]
                } else if !stands && !within.contains(&status) {
                    &[Err("wrong-status")]
                } else {
                    // what is refused for its content got past both
                    match (kind, role) {
                        (CommandKind::AgreePlan, Role::Payer) => &[Ok(())],
                        (CommandKind::AgreePlan, _) => &[Err("own-proposal")],
                        (CommandKind::WithdrawPlan, Role::Payer) => &[Err("others-proposal")],
                        (CommandKind::Answer, _) => &[Err("unknown-attempt")],
                        (CommandKind::SettleRefund, _) => &[Err("nothing-owed")],
                        _ => &[Ok(())],
                    }
                };
                assert!(expected.contains(&found), "{kind} by {role} while {status}: {found:?}");
            }
        }
        for nobody in [Actor::Tracker, Actor::Moderator(text("mila")), Actor::Party(text("clara"))] {
            let context = Context::new(now, nobody);
            assert_eq!(s.decide(&wake(), &context), Err(Rejection::UnknownActor));
        }
    }
    // the platform has no party of its own: an operator acts for it
    let s = start(SubscriptionDraft { recipient: Recipient::Platform, ..draft() }, on("2027-01-31"));
    assert_eq!(s.role_of(&Actor::Party(text("boris"))), None);
}

#[test]
fn every_rejection_has_a_code_of_its_own() {
    let plan =
        SubscriptionTerms::new(SubscriptionDraft { plan: Plan::new(rub(0), Period::Days(1)), ..draft() })
            .unwrap_err();
    let all = [
        Rejection::UnknownActor,
        Rejection::Stale { seen: 1, actual: 2 },
        Rejection::WrongRole { role: Role::Payer, command: CommandKind::Wake },
        Rejection::WrongStatus { command: CommandKind::Pay, status: Status::Active },
        Rejection::TrialOver,
        Rejection::TrialTooLong,
        Rejection::AttemptPending,
        Rejection::WrongAttempt { period: 1, attempt: 1 },
        Rejection::TooManyAttempts { max: 1 },
        Rejection::WrongVersion { expected: 1 },
        Rejection::NotProposed { version: 1 },
        Rejection::OwnProposal,
        Rejection::OthersProposal,
        Rejection::Plan(plan),
        Rejection::UnknownAttempt { period: 1, attempt: 1 },
        Rejection::SettledLongAgo { period: 1, attempt: 1 },
        Rejection::SettledOtherwise { period: 1, attempt: 1 },
        Rejection::TooManyRefunds { max: 1 },
        Rejection::NothingOwed { period: 1, attempt: 1 },
        Rejection::AmountOutOfRange,
        Rejection::FactContradicts { recorded: rub(1), told: rub(2) },
        Rejection::OtherPayment,
    ];
    let codes: BTreeSet<_> = all.iter().map(Rejection::code).collect();
    assert_eq!(codes.len(), all.len());
    for code in codes {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{code}");
    }
    assert_eq!(Rejection::Plan(plan).to_string(), "plan.amount must not be zero");
}

#[test]
fn impossible_terms_are_refused_with_their_field() {
    let with = |change: &dyn Fn(&mut SubscriptionDraft)| {
        let mut draft = draft();
        change(&mut draft);
        SubscriptionTerms::new(draft).map(drop).map_err(|e| (e.field(), e.problem()))
    };
    assert_eq!(with(&|_| ()), Ok(()));
    assert_eq!(with(&|d| d.payer = text("boris")), Err(("recipient.owner", Problem::PayerIsPayee)));
    assert_eq!(with(&|d| d.plan.amount = rub(-1)), Err(("plan.amount", Problem::Negative)));
    let over = rub(Terms::MAX_AMOUNT + 1);
    assert_eq!(with(&|d| d.plan.amount = over), Err(("plan.amount", Problem::TooLarge)));
    for zero in [Period::Days(0), Period::Weeks(0), Period::Months(0), Period::Years(0)] {
        assert_eq!(with(&|d| d.plan.period = zero), Err(("plan.period", Problem::Zero)));
        let trial = Some(Trial::Lasts(zero));
        assert_eq!(with(&|d| d.trial = trial), Err(("trial.lasts", Problem::Zero)));
    }
    for long in [Period::Days(3_661), Period::Weeks(521), Period::Months(121), Period::Years(11)] {
        assert_eq!(with(&|d| d.plan.period = long), Err(("plan.period", Problem::TooLarge)));
    }
    let retries = |d: &mut SubscriptionDraft| d.dunning.retry_s = vec![DAY; 17];
    assert_eq!(with(&retries), Err(("dunning.retry_s", Problem::TooMany { max: 16 })));
    assert_eq!(with(&|d| d.dunning.retry_s = vec![DAY, 0]), Err(("dunning.retry_s", Problem::Zero)));
    assert_eq!(with(&|d| d.dunning.retry_s = vec![u32::MAX]), Err(("dunning.retry_s", Problem::TooLarge)));
    assert_eq!(with(&|d| d.dunning.grace_s = u32::MAX), Err(("dunning.grace_s", Problem::TooLarge)));
    assert_eq!(with(&|d| d.dunning.suspended_s = 0), Err(("dunning.suspended_s", Problem::Zero)));
    let plan = Plan::new(rub(1), Period::Days(0));
    let mut s = active();
    let rejected = refused(&mut s, propose(2, plan), &boris(on("2027-02-01")));
    assert_eq!(
        (rejected.code(), rejected.to_string().as_str()),
        ("invalid-plan", "plan.period must not be zero")
    );
}

// --- what comes back --------------------------------------------------------------------------------------------

/// 490.00 for February, paid on 31 January; the bank takes all of it back on 10 February.
#[test]
fn a_period_whose_payment_is_lost_is_not_paid_any_more() {
    let mut s = active();
    let (opened, day) = (ChargebackStep::Opened, on("2027-02-05"));
    assert_eq!(ok(&mut s, chargeback("cb-1", (1, 1), 490_00, opened), &bank(day)).len(), 1);
    assert_eq!((s.status(), s.is_served(), s.paid()), (Status::Active, true, 1));
    let lost = chargeback("cb-1", (1, 1), 490_00, ChargebackStep::Lost);
    let events = ok(&mut s, lost.clone(), &bank(on("2027-02-10")));
    // 30 days to pay, as with any suspension
    let until = on("2027-03-12");
    assert_eq!(events[1..], [Event::PaymentLost { period: 1, attempt: 1, until }]);
    assert_eq!((s.status(), s.is_served(), s.paid()), (Status::Suspended, false, 0));
    assert_eq!(ok(&mut s, lost, &bank(on("2027-02-11"))), [], "a repeat");
    // the gateway's answer is old news
    assert_eq!(ok(&mut s, yes(1, 1), &bank(on("2027-02-11"))), []);
    // nobody is charged again by themselves: either they pay, and the period begins anew, or it ends
    let mut paid = s.clone();
    ok(&mut paid, pay(1, 2), &anna(on("2027-02-20")));
    ok(&mut paid, yes(1, 2), &bank(on("2027-02-20")));
    assert_eq!(
        (paid.status(), paid.paid(), paid.next_deadline()),
        (Status::Active, 1, Some(on("2027-03-20")))
    );
    // what comes back of the first is the recipient's then
    let back = chargeback("cb-1", (1, 1), 490_00, ChargebackStep::Reinstated);
    assert_eq!(ok(&mut paid, back, &bank(on("2027-02-21"))).len(), 1);
    assert_eq!((paid.status(), paid.paid()), (Status::Active, 1));
    assert_eq!(ok(&mut s, wake(), &clock(until)), [Event::Cancelled { because: Ending::Unpaid }]);
}

#[test]
fn a_loss_that_is_reinstated_while_its_period_lasts_puts_it_back_in_force() {
    let mut s = active();
    ok(&mut s, chargeback("cb-1", (1, 1), 490_00, ChargebackStep::Lost), &bank(on("2027-02-10")));
    let mut late = s.clone();
    let back = || chargeback("cb-1", (1, 1), 490_00, ChargebackStep::Reinstated);
    let events = ok(&mut s, back(), &bank(on("2027-02-20")));
    assert_eq!(events[1..], [Event::PaymentRestored { period: 1, attempt: 1 }]);
    assert_eq!((s.status(), s.paid(), s.next_deadline()), (Status::Active, 1, Some(on("2027-02-28"))));
    // the payer was not served to the end of it: they pay for a new one, if they want to
    assert_eq!(ok(&mut late, back(), &bank(on("2027-03-01"))).len(), 1);
    assert_eq!((late.status(), late.paid()), (Status::Suspended, 0));
}

/// A loss of a part, one that was won, one of a period that is over: recorded, and the next period is charged.
#[test]
fn what_takes_nothing_of_the_running_period_is_recorded_only() {
    let mut s = active();
    ok(&mut s, chargeback("cb-1", (1, 1), 489_99, ChargebackStep::Lost), &bank(on("2027-02-10")));
    ok(&mut s, chargeback("cb-2", (1, 1), 490_00, ChargebackStep::Opened), &bank(on("2027-02-10")));
    ok(&mut s, chargeback("cb-2", (1, 1), 490_00, ChargebackStep::Won), &bank(on("2027-02-11")));
    assert_eq!((s.status(), s.paid()), (Status::Active, 1));
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    // the rest, 0.01: the period is over, and the next is under way
    ok(&mut s, chargeback("cb-3", (1, 1), 1, ChargebackStep::Lost), &bank(on("2027-02-28")));
    assert_eq!((s.status(), s.paid(), pending(&s)), (Status::Active, 1, Some((2, 1, 490_00))));
    assert_eq!(s.chargebacks().len(), 3);
}

/// Facts come in any order: the loss before the payment, what is given back before what was lost.
#[test]
fn a_chargeback_that_is_told_before_its_payment_waits_for_it() {
    let mut s = begun();
    ok(&mut s, chargeback("cb-1", (1, 1), 490_00, ChargebackStep::Lost), &bank(on("2027-01-31")));
    assert_eq!(s.status(), Status::Active);
    let events = ok(&mut s, yes(1, 1), &bank(on("2027-02-01")));
    assert!(matches!(events[..], [Event::Paid { .. }, Event::PaymentLost { .. }]), "{events:?}");
    let mut s = active();
    ok(&mut s, chargeback("cb-1", (1, 1), 490_00, ChargebackStep::Reinstated), &bank(on("2027-02-01")));
    ok(&mut s, chargeback("cb-1", (1, 1), 490_00, ChargebackStep::Lost), &bank(on("2027-02-02")));
    assert_eq!((s.status(), s.paid()), (Status::Active, 1));
}

/// 490.00, of which 90.00 and then 400.00 go back: the recipient's will, so that the period stays paid and the next is charged.
#[test]
fn what_the_recipient_gives_back_is_recorded_and_never_over_the_payment() {
    let mut s = active();
    let day = on("2027-02-05");
    let first = ok(&mut s, refunded("re-1", (1, 1), 90_00), &bank(day));
    assert!(matches!(&first[..], [Event::Refunded { amount, .. }] if *amount == rub(90_00)), "{first:?}");
    assert_eq!(ok(&mut s, refunded("re-1", (1, 1), 90_00), &bank(day)), [], "a repeat");
    let both = |recorded, told| Rejection::FactContradicts { recorded: rub(recorded), told: rub(told) };
    assert_eq!(refused(&mut s, refunded("re-1", (1, 1), 91_00), &bank(day)), both(90_00, 91_00));
    assert_eq!(refused(&mut s, refunded("re-1", (2, 1), 90_00), &bank(day)), Rejection::OtherPayment);
    assert_eq!(refused(&mut s, refunded("re-2", (1, 1), 400_01), &bank(day)), both(400_00, 400_01));
    assert_eq!(refused(&mut s, refunded("re-2", (1, 1), 0), &bank(day)), Rejection::AmountOutOfRange);
    ok(&mut s, refunded("re-2", (1, 1), 400_00), &bank(day));
    assert_eq!((s.status(), s.paid(), s.refunded().len()), (Status::Active, 1, 2));
    ok(&mut s, wake(), &clock(on("2027-02-28")));
    assert_eq!(pending(&s), Some((2, 1, 490_00)));
}

#[test]
fn what_is_owed_back_and_is_given_back_by_hand_is_not_sent_again() {
    let mut s = past_due();
    ok(&mut s, yes(2, 1), &bank(on("2027-03-01")));
    assert_eq!(s.refunds().count(), 1);
    let settled = ok(&mut s, refunded("re-1", (2, 1), 490_00), &bank(on("2027-03-01")));
    let reference = text("re-1");
    assert_eq!(settled.last(), Some(&Event::RefundSettled { period: 2, attempt: 1, reference }));
    assert_eq!(s.refunds().count(), 0);
    // and what was sent is told by the gateway once more
    assert_eq!(ok(&mut s, refunded("re-1", (2, 1), 490_00), &bank(on("2027-03-02"))), []);
    let both = Rejection::FactContradicts { recorded: rub(0), told: rub(1) };
    assert_eq!(refused(&mut s, refunded("re-2", (2, 1), 1), &bank(on("2027-03-02"))), both);
}

#[test]
fn a_chargeback_that_contradicts_itself_is_told_with_both_sides() {
    let mut s = active();
    let day = on("2027-02-05");
    ok(&mut s, chargeback("cb-1", (1, 1), 90_00, ChargebackStep::Lost), &bank(day));
    let both = Rejection::FactContradicts { recorded: rub(90_00), told: rub(91_00) };
    let again = chargeback("cb-1", (1, 1), 91_00, ChargebackStep::Lost);
    assert_eq!(refused(&mut s, again, &bank(day)), both);
    let won = chargeback("cb-1", (1, 1), 91_00, ChargebackStep::Won);
    assert_eq!(refused(&mut s, won, &bank(day)), both);
    let other = chargeback("cb-1", (2, 1), 90_00, ChargebackStep::Lost);
    assert_eq!(refused(&mut s, other, &bank(day)), Rejection::OtherPayment);
    let payment = (text("bank"), text(&reference(1, 1)));
    let euros = Money::from_minor(90_00, Currency::EUR);
    let foreign = Chargeback::new(text("cb-2"), payment, euros, ChargebackStep::Lost).into();
    let both = Rejection::FactContradicts { recorded: rub(490_00), told: euros };
    assert_eq!(refused(&mut s, foreign, &bank(day)), both);
}

// --- storage ----------------------------------------------------------------------------------------------------

/// A life with everything in it.
fn journal() -> (Subscription, Vec<Recorded<Event>>) {
    let terms = SubscriptionTerms::new(draft()).unwrap();
    let (mut s, first) = Subscription::subscribe(id(), terms, &anna(on("2027-01-31"))).unwrap();
    let mut journal: Vec<_> = first.into_events().into_iter().collect();
    let steps = [
        (yes(1, 1), bank(on("2027-01-31"))),
        (propose(2, dearer()), boris(on("2027-02-01"))),
        (agree(2), anna(on("2027-02-02"))),
        (propose(3, draft().plan), anna(on("2027-02-03"))),
        (wake(), clock(on("2027-02-28"))),
        (no(2, 1), bank(on("2027-02-28"))),
        (yes(2, 1), bank(on("2027-02-28"))),
        (SetInstrument { instrument: Some(text("vault-2")) }.into(), anna(on("2027-02-28"))),
        (pay(2, 2), anna(on("2027-02-28"))),
        (yes(2, 2), bank(on("2027-06-10"))),
        (no(5, 1), bank(on("2027-06-10"))),
        (refunded("re-1", (2, 2), 10_00), bank(on("2027-06-10"))),
        (chargeback("cb-1", (2, 2), 480_00, ChargebackStep::Lost), bank(on("2027-06-10"))),
        (cancel(CancelAt::PeriodEnd), anna(on("2027-06-10"))),
    ];
    for (command, context) in steps {
        journal.extend(s.handle(&command, &context).unwrap().into_events());
    }
    (s, journal)
}

#[test]
fn snapshots_and_journals_give_the_same_subscription() {
    let (s, journal) = journal();
    assert_eq!((s.paid(), s.skipped(), s.refunds().count()), (2, 2, 1));
    let json = serde_json::to_string(&s).unwrap();
    assert_eq!(serde_json::from_str::<Subscription>(&json).unwrap(), s);
    assert_eq!(s.parts().restore(), Ok(s.clone()));
    let written: Vec<String> = journal.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    let read: Vec<Recorded<Event>> = written.iter().map(|e| serde_json::from_str(e).unwrap()).collect();
    assert_eq!(read, journal);
    let replayed = Subscription::replay(id(), &read).unwrap();
    assert_eq!(replayed, s);
    assert_eq!(serde_json::to_string(&replayed).unwrap(), json);
}

#[test]
fn events_and_commands_are_tagged_by_type() {
    let (_, journal) = journal();
    let json = serde_json::to_value(&journal[1]).unwrap();
    let expected = serde_json::json!({
        "at": "2027-01-31T12:00:00Z",
        "actor": { "party": "anna" },
        "event": {
            "type": "charge_ordered",
            "period": 1,
            "attempt": 1,
            "retries": 0,
            "amount": { "amount": "490.00", "currency": "RUB" },
            "from": "2027-01-31T12:00:00Z",
            "to": "2027-02-28T12:00:00Z",
        },
    });
    assert_eq!(json, expected);
    let command = serde_json::json!({ "type": "pay", "period": 2, "attempt": 3 });
    assert_eq!(serde_json::from_value::<Command>(command).unwrap(), pay(2, 3));
    let extra = serde_json::json!({ "type": "cancel", "at": "once", "now": true });
    assert!(serde_json::from_value::<Command>(extra).is_err());
    let draft = serde_json::json!({
        "payer": "anna",
        "recipient": "platform",
        "plan": { "amount": { "amount": "490", "currency": "RUB" }, "period": { "months": 1 } },
        "trial": { "lasts": { "days": 14 } },
        "dunning": { "retry_s": [86400], "grace_s": 0, "suspended_s": 2592000, "missed": "charged" },
    });
    assert!(serde_json::from_value::<SubscriptionTerms>(draft).is_ok());
}

#[test]
fn a_journal_begins_with_its_subscription_and_has_no_other() {
    let (s, journal) = journal();
    let not = Err(DecodeError::NotAJournal { first: "subscribed" });
    assert_eq!(Subscription::replay(s.id(), &[]), not);
    assert_eq!(Subscription::replay(s.id(), &journal[1..]), not);
    let twice: Vec<_> = journal.iter().chain(&journal[..1]).collect();
    assert_eq!(Subscription::replay(s.id(), twice), not);
    // one that lost an event
    let lost: Vec<_> = journal.iter().filter(|r| !matches!(r.event, Event::PeriodsSkipped { .. })).collect();
    assert!(matches!(Subscription::replay(s.id(), lost), Err(DecodeError::Field { field: "paid" })));
}

#[test]
fn a_hostile_snapshot_is_refused_with_its_field() {
    use serde_json::{Value, json};
    let (s, _) = journal();
    let good = serde_json::to_value(s.parts()).unwrap();
    let typed = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad["state"]);
        serde_json::from_value::<Parts>(bad).expect("well-formed").restore().map(|_| ())
    };
    assert_eq!(typed(&|_| ()), Ok(()));
    let mut other = good.clone();
    other["schema"] = json!("escrow.deal.v1");
    let unknown = Err(DecodeError::UnknownSchema { expected: "escrow.subscription.v1" });
    assert_eq!(serde_json::from_value::<Parts>(other).unwrap().restore(), unknown);
    let field = |field| Err(DecodeError::Field { field });
    // past due with 5:1, ends on 30 June, version 2 in force, 3 proposed
    assert_eq!(typed(&|v| v["progress"]["revision"] = json!(99)), field("revision"));
    assert_eq!(typed(&|v| v["progress"]["last_at"] = json!("2027-01-01T12:00:00Z")), field("last_at"));
    assert_eq!(typed(&|v| v["progress"]["last_at"] = json!("2027-07-01T12:00:00Z")), field("phase"));
    assert_eq!(typed(&|v| v["phase"] = json!("active")), field("phase"));
    assert_eq!(
        typed(&|v| v["phase"] = json!({ "trialing": { "until": "2028-01-01T12:00:00Z" } })),
        field("phase")
    );
    assert_eq!(typed(&|v| v["phase"] = json!({ "cancelled": { "because": "unpaid" } })), Ok(()));
    assert_eq!(typed(&|v| v["plan"]["version"] = json!(0)), field("plan"));
    assert_eq!(typed(&|v| v["plan"]["version"] = json!(3)), field("plan"));
    assert_eq!(typed(&|v| v["plan"]["plan"]["period"] = json!({ "days": 0 })), field("plan"));
    assert_eq!(typed(&|v| v["versions"] = json!(2)), field("plan"));
    assert_eq!(typed(&|v| v["proposal"]["plan"]["amount"]["amount"] = json!("-1")), field("plan"));
    assert_eq!(typed(&|v| v["anchor"]["period"] = json!(0)), field("anchor"));
    assert_eq!(typed(&|v| v["anchor"]["at"] = json!("2027-01-30T12:00:00Z")), field("anchor"));
    assert_eq!(typed(&|v| v["anchor"]["at"] = json!("2027-02-01T12:00:00Z")), field("charge"));
    assert_eq!(typed(&|v| v["anchor"]["period"] = json!(u32::MAX)), field("charge"));
    assert_eq!(typed(&|v| v["charge"]["amount"]["amount"] = json!("1")), field("charge"));
    assert_eq!(typed(&|v| v["charge"]["retries"] = json!(9)), field("charge"));
    assert_eq!(typed(&|v| v["charge"]["attempt"] = json!(0)), field("charge"));
    assert_eq!(typed(&|v| v["charge"]["to"] = json!("2028-06-30T12:00:00Z")), field("charge"));
    assert_eq!(typed(&|v| v["paid"] = json!(3)), field("paid"));
    assert_eq!(typed(&|v| v["skipped"] = json!(0)), field("paid"));
    assert_eq!(typed(&|v| v["paid"] = json!(u32::MAX)), field("paid"));
    // settled: 1:1 paid, 2:1 owed, 2:2 paid, 5:1 declined
    assert_eq!(typed(&|v| v["settled"] = json!([])), field("settled"));
    assert_eq!(typed(&|v| v["settled"][0]["period"] = json!(2)), field("settled"));
    assert_eq!(typed(&|v| v["settled"][0]["period"] = json!(9)), field("settled"));
    assert_eq!(typed(&|v| v["settled"][1]["attempt"] = json!(0)), field("settled"));
    assert_eq!(typed(&|v| v["settled"][1]["amount"]["amount"] = json!("-1")), field("settled"));
    assert_eq!(typed(&|v| v["settled"][3]["came"] = json!({ "paid": "x" })), field("settled"));
    let many = |v: &mut Value| {
        let entry = v["settled"][1].clone();
        let made = |n| {
            let mut entry = entry.clone();
            entry["attempt"] = json!(n + 10);
            entry
        };
        let all: Vec<_> = (0..17).map(made).chain(v["settled"].as_array().unwrap().iter().cloned()).collect();
        v["settled"] = json!(all);
    };
    assert_eq!(typed(&many), field("settled"));
    // so many that this test would not end soon, were each compared with each
    let flood = |v: &mut Value| {
        let entry = v["settled"][1].clone();
        let made = |n: u32| {
            let mut entry = entry.clone();
            (entry["period"], entry["attempt"]) = (json!(n / 60_000 + 1), json!(n % 60_000 + 1));
            entry
        };
        v["settled"] = (0..300_000).map(made).collect();
    };
    assert_eq!(typed(&flood), field("settled"));
    // the attempt after the last one that can be counted would have its key, and the gateway's answer would be old news
    let last = |v: &mut Value| {
        v["charge"]["attempt"] = json!(u16::MAX);
        v["settled"][3]["attempt"] = json!(u16::MAX);
    };
    assert_eq!(typed(&last), field("charge"));
    // and the last one of a payer's own, which a retry would be one too many after
    let last = |v: &mut Value| {
        v["charge"]["attempt"] = json!(1_001);
        v["settled"][3]["attempt"] = json!(1_001);
    };
    assert_eq!(typed(&last), field("charge"));
    // a retry where none of the three is left
    assert_eq!(typed(&|v| v["charge"]["retries"] = json!(3)), field("charge"));
    let last = |v: &mut Value| {
        v["anchor"]["period"] = json!(u32::MAX);
        v["anchor"]["at"] = v["charge"]["from"].clone();
        v["charge"]["to"] = json!("2027-06-30T12:00:00Z");
        v["charge"]["from"] = json!("2027-05-30T12:00:00Z");
        v["anchor"]["at"] = json!("2027-05-30T12:00:00Z");
        v["charge"]["period"] = json!(u32::MAX);
        v["settled"][3]["period"] = json!(u32::MAX);
        v["skipped"] = json!(u32::MAX - 3);
    };
    assert_eq!(typed(&last), field("charge"));
    assert_eq!(typed(&|v| v["versions"] = json!(u32::MAX)), field("plan"));
    // told twice, nothing told, and more than are kept
    let twice = |v: &mut Value, what: &str| {
        let one = v["reversals"][what][0].clone();
        v["reversals"][what] = json!([one.clone(), one]);
    };
    assert_eq!(typed(&|v| twice(v, "cases")), field("reversals"));
    assert_eq!(typed(&|v| twice(v, "refunds")), field("reversals"));
    assert_eq!(typed(&|v| v["reversals"]["cases"][0]["lost"] = json!(null)), field("reversals"));
    let less = json!({ "amount": "-1", "currency": "RUB" });
    assert_eq!(typed(&|v| v["reversals"]["refunds"][0]["amount"] = less.clone()), field("reversals"));
    // a deadline that no schedule has made
    let never = json!({ "past_due": { "next": { "retry": { "at": "9999-01-01T00:00:00Z" } } } });
    assert_eq!(typed(&|v| v["phase"] = never.clone()), field("phase"));
    let never = json!({ "past_due": { "next": { "suspend": { "at": "9999-01-01T00:00:00Z" } } } });
    assert_eq!(typed(&|v| v["phase"] = never.clone()), field("phase"));
    let never = json!({ "suspended": { "until": "9999-01-01T00:00:00Z" } });
    assert_eq!(typed(&|v| v["phase"] = never.clone()), field("phase"));
    // a trial that is longer than what was agreed
    for trial in [Trial::Lasts(Period::Days(14)), Trial::Until(on("2027-02-14"))] {
        let s = start(SubscriptionDraft { trial: Some(trial), ..draft() }, on("2027-01-31"));
        let mut longer = serde_json::to_value(s.parts()).unwrap();
        longer["state"]["phase"]["trialing"]["until"] = json!("2028-01-01T12:00:00Z");
        longer["state"]["anchor"]["at"] = json!("2028-01-01T12:00:00Z");
        let restored = serde_json::from_value::<Parts>(longer).unwrap().restore();
        assert_eq!(restored, Err(DecodeError::Field { field: "phase" }));
    }

    let untyped = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Subscription>(bad).is_err()
    };
    assert!(!untyped(&|_| ()));
    assert!(untyped(&|v| v["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["charge"]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["phase"] = json!("ajar")));
    assert!(untyped(&|v| v["terms"]["plan"]["amount"]["amount"] = json!("0")));
    assert!(untyped(&|v| v["terms"]["dunning"]["suspended_s"] = json!(0)));
}

// --- crashes ----------------------------------------------------------------------------------------------------

/// A bank that moves money once per key, whatever it is asked, and a host that stores a journal.
#[derive(Default)]
struct World {
    journal: Vec<Recorded<Event>>,
    bank: BTreeMap<String, Answered>,
}

impl World {
    fn reload(&self) -> Subscription {
        Subscription::replay(id(), &self.journal).unwrap()
    }

    /// What the bank has done with this key, or does now.
    fn charge(&mut self, s: &Subscription, declines: bool) -> (u32, u16, Answered) {
        let pending = s.pending().unwrap();
        let answer = match declines {
            true => Answered::Declined(text("no money")),
            false => Answered::Succeeded(text(&pending.key.to_string())),
        };
        let (period, attempt) = (pending.charge.period, pending.charge.attempt);
        (period, attempt, self.bank.entry(pending.key.to_string()).or_insert(answer).clone())
    }

    fn paid(&self, period: u32) -> usize {
        let of = |key: &str| key.split(':').nth(1) == Some(&period.to_string());
        self.bank.iter().filter(|(key, a)| of(key) && matches!(a, Answered::Succeeded(_))).count()
    }
}

/// One life, crashed at the given step of the given kind: before a commit, after it, after the bank moved the money.
fn crashed(at_step: usize, kind: usize) -> World {
    let mut world = World::default();
    let terms = SubscriptionTerms::new(draft()).unwrap();
    let (_, first) = Subscription::subscribe(id(), terms, &anna(on("2027-01-31"))).unwrap();
    world.journal.extend(first.into_events());
    let mut now = on("2027-01-31");
    for step in 0..24 {
        let crash = step == at_step;
        // everything in memory is gone
        let mut s = world.reload();
        if s.pending().is_some() {
            let (period, attempt, result) = world.charge(&s, step % 5 == 3);
            if crash && kind == 2 {
                continue;
            }
            let answer = Answer { period, attempt, result }.into();
            let transition = s.handle(&answer, &bank(now)).unwrap();
            if crash && kind == 0 {
                continue;
            }
            world.journal.extend(transition.into_events());
            if crash && kind == 1 {
                // committed, but the gateway is not told that it was: it sends its answer again
                let mut again = world.reload();
                assert_eq!(ok(&mut again, answer, &bank(now)), []);
            }
        } else if let Some(at) = s.next_deadline() {
            now = now.max(at);
            let transition = s.handle(&wake(), &clock(now)).unwrap();
            if crash && kind == 0 {
                continue;
            }
            world.journal.extend(transition.into_events());
        }
    }
    world
}

#[test]
fn a_crash_before_or_after_any_commit_charges_nothing_twice() {
    let whole = crashed(usize::MAX, 0);
    assert!(whole.reload().paid() >= 5, "{}", whole.reload().paid());
    for step in 0..24 {
        for kind in 0..3 {
            let world = crashed(step, kind);
            let s = world.reload();
            for period in 1..=s.charge().unwrap().period {
                assert!(world.paid(period) <= 1, "crash of kind {kind} at step {step}: period {period}");
            }
            let paid: usize = (1..=s.charge().unwrap().period).map(|period| world.paid(period)).sum();
            let known = usize::try_from(s.paid()).unwrap();
            // what the bank did and the journal does not know yet is pending under its key
            let unknown =
                usize::from(s.pending().is_some_and(|p| world.bank.contains_key(&p.key.to_string())));
            assert!(paid == known || paid == known + unknown, "step {step}, kind {kind}");
        }
    }
}

// --- laws -------------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The gateway answers the pending attempt, or repeats an old one.
    Answer {
        yes: bool,
        back: u8,
    },
    Pay,
    Wake,
    Propose(u8),
    Agree,
    Cancel(bool),
    /// Of the latest attempt, or one before: a part or all of it.
    Chargeback {
        back: u8,
        whole: bool,
        step: ChargebackStep,
    },
}

fn step() -> impl Strategy<Value = (Step, i64)> {
    let what = prop_oneof![
        8 => (any::<bool>(), prop_oneof![4 => Just(0_u8), 1 => 0..6_u8])
            .prop_map(|(yes, back)| Step::Answer { yes, back }),
        2 => Just(Step::Pay),
        4 => Just(Step::Wake),
        1 => (0..4_u8).prop_map(Step::Propose),
        1 => Just(Step::Agree),
        2 => (prop_oneof![3 => Just(0_u8), 1 => 0..3_u8], any::<bool>(), prop::sample::select(vec![
            ChargebackStep::Opened, ChargebackStep::Won, ChargebackStep::Lost, ChargebackStep::Reinstated,
        ])).prop_map(|(back, whole, step)| Step::Chargeback { back, whole, step }),
    ];
    let end = any::<bool>().prop_map(Step::Cancel);
    let wait = prop_oneof![
        3 => Just(0_i64), 2 => -86_400..86_400_i64, 3 => 0..864_000_i64, 1 => 0..20_000_000_i64
    ];
    (prop_oneof![40 => what, 1 => end], wait)
}

proptest! {
    /// Whatever the clock, the payer and the gateway do: each period is paid at most once, an attempt is only made when
    /// the one before it was answered, every period is paid, skipped or open, and it comes to an end by itself.
    #[test]
    fn a_period_is_never_paid_twice(
        steps in prop::collection::vec(step(), 1..80),
        charged in any::<bool>(),
        trial in any::<bool>(),
        unit in 0..4_u8,
    ) {
        let mut draft = draft();
        draft.dunning.missed = if charged { Missed::Charged } else { Missed::Skipped };
        draft.trial = trial.then_some(Trial::Lasts(Period::Days(7)));
        draft.plan.period = plan_of(unit).period;
        let terms = SubscriptionTerms::new(draft).unwrap();
        let mut now = on("2027-01-31");
        let (mut s, first) = Subscription::subscribe(id(), terms, &anna(now)).unwrap();
        let mut journal: Vec<_> = first.into_events().into_iter().collect();
        for (step, wait) in steps {
            now = Time::from_millis(now.millis() + wait * 1_000).unwrap();
            let latest = s.charge().map_or((1, 1), |c| (c.period, c.attempt));
            let (command, context) = match step {
                Step::Answer { yes: true, back } => (yes(latest.0, latest.1.saturating_sub(back.into())), bank(now)),
                Step::Answer { yes: false, back } => (no(latest.0, latest.1.saturating_sub(back.into())), bank(now)),
                Step::Pay => (pay(latest.0, latest.1 + 1), anna(now)),
                Step::Wake => (wake(), clock(now)),
                Step::Propose(n) => (propose(s.plan_versions() + 1, plan_of(n)), boris(now)),
                Step::Agree => (agree(s.plan_versions()), anna(now)),
                Step::Chargeback { back, whole, step } => {
                    let of = (latest.0, latest.1.saturating_sub(back.into()));
                    let minor = if whole { s.plan().plan.amount.minor() } else { 1_00 };
                    (chargeback(&format!("cb-{}-{}-{whole}", of.0, of.1), of, minor, step), bank(now))
                }
                Step::Cancel(once) => {
                    (cancel(if once { CancelAt::Once } else { CancelAt::PeriodEnd }), anna(now))
                }
            };
            if let Ok(transition) = s.handle(&command, &context) {
                journal.extend(transition.into_events());
            }
            prop_assert_eq!(s.check(), Ok(()));
        }
        // read off the journal alone
        let mut paid = BTreeSet::new();
        let mut ordered = BTreeSet::new();
        let mut answered = BTreeSet::new();
        let mut owed = BTreeSet::new();
        let mut open: Option<(u32, u16)> = None;
        for recorded in &journal {
            match &recorded.event {
                Event::ChargeOrdered { period, attempt, from, to, .. } => {
                    prop_assert_eq!(open, None, "a second attempt before the first was answered");
                    prop_assert!(ordered.insert((*period, *attempt)), "the same key twice");
                    prop_assert!(!paid.contains(period), "paid, and charged again");
                    prop_assert!(from < to && *from <= recorded.at);
                    open = Some((*period, *attempt));
                }
                Event::Paid { period, attempt, .. } => {
                    prop_assert!(paid.insert(*period), "period {} is paid twice", period);
                    prop_assert_eq!(open.take(), Some((*period, *attempt)));
                    prop_assert!(answered.insert((*period, *attempt)));
                }
                Event::Declined { period, attempt, .. } => {
                    prop_assert_eq!(open.take(), Some((*period, *attempt)));
                    prop_assert!(answered.insert((*period, *attempt)));
                }
                Event::RefundOwed { period, attempt, .. } => {
                    open = open.filter(|o| *o != (*period, *attempt));
                    prop_assert!(owed.insert((*period, *attempt)), "owed twice");
                }
                Event::PaymentLost { period, .. } => {
                    prop_assert!(paid.remove(period), "lost, and was not paid");
                    prop_assert_eq!(open, None);
                }
                Event::PaymentRestored { period, .. } => {
                    prop_assert!(paid.insert(*period), "restored, and was paid");
                }
                Event::PeriodsSkipped { first, last } => {
                    prop_assert!(first <= last);
                    for period in *first..=*last {
                        prop_assert!(!ordered.iter().any(|(p, _)| *p == period));
                    }
                }
                _ => {}
            }
        }
        prop_assert_eq!(paid.len(), usize::try_from(s.paid()).unwrap());
        prop_assert_eq!(open.is_some(), s.pending().is_some());
        prop_assert_eq!(owed.len(), s.refunds().count());
        prop_assert_eq!(&Subscription::replay(id(), &journal).unwrap(), &s);
        // no deadlock: timers and answers alone end it, if nobody pays
        for _ in 0..40 {
            if s.status() == Status::Cancelled {
                break;
            }
            let at = s.next_deadline().unwrap_or(s.last_at());
            match s.charge().filter(|c| c.state == ChargeState::Pending).cloned() {
                Some(c) => drop(ok(&mut s, no(c.period, c.attempt), &bank(at))),
                None => drop(ok(&mut s, wake(), &clock(at))),
            }
        }
        prop_assert_eq!(s.status(), Status::Cancelled);
    }
}

fn plan_of(n: u8) -> Plan {
    match n {
        0 => Plan::new(rub(490_00), Period::Months(1)),
        1 => Plan::new(rub(99_00), Period::Weeks(1)),
        2 => Plan::new(rub(15_00), Period::Days(1)),
        _ => Plan::new(rub(4_900_00), Period::Years(1)),
    }
}
