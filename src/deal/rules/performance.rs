//! Performing: starts, stops, submissions, and the time that a stage has.

use super::holds;
use crate::Time;
use crate::deal::command::Submit;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Phase, Stage};
use crate::deal::{Deal, Rejection};
use crate::terms::{Acceptance, Policy};

/// Starts without a tracker.
pub(crate) fn start(deal: &mut Draft<'_>) {
    deal.push(Event::PerformingStarted {});
    resume(deal, Stage::Performing);
}

/// Goes back to before the start.
pub(crate) fn stop(deal: &mut Draft<'_>) {
    deal.push(Event::PerformingStopped {});
    resume(deal, Stage::AwaitingPerformance);
}

/// Before the start once more, with a whole window. In a mutual deal the reports decide, and there is no start to go
/// back to.
pub(crate) fn start_over(deal: &mut Draft<'_>) {
    match deal.terms().policy.acceptance {
        Acceptance::ByBuyer => renew(deal, Stage::AwaitingPerformance),
        Acceptance::Mutual => {}
    }
}

/// A revision of the work: opens a full acceptance window, once the deal is funded and the capture confirmed.
pub(crate) fn submit(deal: &mut Draft<'_>, c: &Submit) -> Result<(), Rejection> {
    // the guard keeps it under the policy's maximum
    let expected = deal.submitted().saturating_add(1);
    if c.number != expected {
        return Err(Rejection::RevisionNumber { expected });
    }
    deal.push(Event::Submitted { number: c.number, revision: c.revision.clone() });
    match deal.phase() {
        Phase::Active { stage: Stage::AwaitingPerformance, .. } if deal.books().awaits_capture() => {}
        Phase::Active { .. } => enter(deal, Stage::AwaitingAcceptance),
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Moderation { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
    Ok(())
}

/// Enters a stage with a full window.
pub(crate) fn enter(deal: &mut Draft<'_>, stage: Stage) {
    let until = deal.at().plus_secs(window(&deal.terms().policy, stage));
    go_to(deal, stage, until);
}

/// Enters a stage. With the first one after the start the performance has begun, which a policy can choose to capture at.
pub(crate) fn go_to(deal: &mut Draft<'_>, stage: Stage, until: Time) {
    let had_begun = deal.clockwork().begun;
    deal.enter(Phase::Active { stage, until });
    if deal.clockwork().begun && !had_begun {
        holds::capture_in_time(deal);
    }
}

/// Enters a stage with the time that it had left.
pub(crate) fn resume(deal: &mut Draft<'_>, stage: Stage) {
    let until = time_left(deal, stage, deal.at());
    go_to(deal, stage, until);
}

/// Enters a stage, or stays in it, with a full window, or with the time that it has left where that was extended beyond.
pub(crate) fn renew(deal: &mut Draft<'_>, stage: Stage) {
    let left = match *deal.phase() {
        Phase::Active { stage: now, until } if now == stage => until,
        Phase::Active { .. }
        | Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Moderation { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => time_left(deal, stage, deal.at()),
    };
    let full = deal.at().plus_secs(window(&deal.terms().policy, stage));
    go_to(deal, stage, full.max(left));
}

/// When a stage that is entered now ends: with the time that it had left, or a full window where it was never
/// entered.
pub(crate) fn time_left(deal: &Deal, stage: Stage, now: Time) -> Time {
    match deal.clockwork().remaining.of(stage) {
        0 => now.plus_secs(window(&deal.terms().policy, stage)),
        left => now.plus_millis(left),
    }
}

const fn window(policy: &Policy, stage: Stage) -> u32 {
    match stage {
        Stage::AwaitingPerformance => policy.start_s,
        Stage::Performing => policy.performance_s,
        Stage::AwaitingAcceptance => policy.acceptance_s,
    }
}
