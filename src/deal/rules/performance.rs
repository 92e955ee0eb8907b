//! Performing: tracks, starts and stops, submissions, costs that were incurred.

use super::dispute;
use crate::deal::command::{CheckpointKind, IncurCost, RecordTracking, SetTrack, Submit};
use crate::deal::draft::{Delta, Draft};
use crate::deal::event::Event;
use crate::deal::phase::{Phase, Stage};
use crate::deal::{Deal, Rejection};
use crate::dispute::Opener;
use crate::terms::{Acceptance, Policy, Provider};
use crate::{Actor, Role, Time};

/// Attaches a track. One that replaces another starts from nothing, so the deal goes back to before the start.
pub(crate) fn set_track(deal: &Deal, c: &SetTrack, out: &mut Draft<'_>) -> Result<(), Rejection> {
    out.push(Event::TrackSet { track: c.track.clone() });
    if deal.track().is_some() { back_to_start(deal, out) } else { Ok(()) }
}

/// Detaches a wrong track: back to before the start.
pub(crate) fn remove_track(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    out.push(Event::TrackRemoved {});
    back_to_start(deal, out)
}

/// In a mutual deal the reports decide, and there is no start to go back to.
fn back_to_start(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    match (deal.terms().policy.acceptance, out.phase()) {
        (Acceptance::ByBuyer, Phase::Active { stage: Stage::Performing | Stage::AwaitingAcceptance, .. }) => {
            resume(deal, Stage::AwaitingPerformance, out);
        }
        (Acceptance::ByBuyer | Acceptance::Mutual, _) => {}
    }
    Ok(())
}

/// Records a checkpoint of the attached track, and acts on it where the deal is waiting for it.
pub(crate) fn record(deal: &Deal, c: &RecordTracking, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let latest = deal.latest_checkpoint().is_none_or(|l| l.occurred_at <= c.checkpoint.occurred_at);
    out.push(Event::TrackingRecorded { checkpoint: c.checkpoint.clone(), latest });
    if !latest {
        return Ok(());
    }
    match deal.phase() {
        Phase::Active { stage: Stage::AwaitingPerformance, .. } if deal.capture_unanswered() => Ok(()),
        Phase::Active { .. } => act_on(deal, &Delta::default(), c.checkpoint.kind, out),
        // acted on when the interruption ends
        Phase::Moderation { .. } | Phase::Disputed { .. } => Ok(()),
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => Ok(()),
    }
}

/// Acts on what came in while the deal could not: the latest checkpoint, unless it was dealt with, and a submission.
pub(crate) fn act_on_what_waits(deal: &Deal, delta: &Delta, out: &mut Draft<'_>) -> Result<(), Rejection> {
    if let Some(checkpoint) = deal.latest_checkpoint().filter(|_| !deal.core.latest_spent) {
        act_on(deal, delta, checkpoint.kind, out)?;
    }
    match out.phase() {
        Phase::Active { stage: Stage::AwaitingPerformance | Stage::Performing, .. }
            if deal.core.work_waits =>
        {
            enter(deal, Stage::AwaitingAcceptance, out);
            Ok(())
        }
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Moderation { .. }
        | Phase::Active { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => Ok(()),
    }
}

/// Progress → Performing; final → AwaitingAcceptance; refused → Disputed.
fn act_on(deal: &Deal, delta: &Delta, kind: CheckpointKind, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let Phase::Active { stage, .. } = out.phase() else {
        return Ok(());
    };
    let by_buyer = deal.terms().policy.acceptance == Acceptance::ByBuyer;
    match (kind, stage) {
        (CheckpointKind::Refused, _) => {
            dispute::open(deal, delta, Opener::Refusal, Default::default(), None, out)
        }
        (CheckpointKind::Progress, Stage::AwaitingPerformance) => {
            resume(deal, Stage::Performing, out);
            Ok(())
        }
        (CheckpointKind::Final, Stage::AwaitingPerformance | Stage::Performing) if by_buyer => {
            resume(deal, Stage::AwaitingAcceptance, out);
            Ok(())
        }
        (CheckpointKind::Progress | CheckpointKind::Final, _) => Ok(()),
    }
}

/// Enters a stage with a full window.
pub(crate) fn enter(deal: &Deal, stage: Stage, out: &mut Draft<'_>) {
    let until = out.at().plus_secs(window(&deal.terms().policy, stage));
    out.enter(Phase::Active { stage, until });
}

/// Enters a stage with the time that it had left.
pub(crate) fn resume(deal: &Deal, stage: Stage, out: &mut Draft<'_>) {
    let until = time_left(deal, stage, out.at());
    out.enter(Phase::Active { stage, until });
}

/// When a stage that is entered now ends: with the time that it had left, or a full window where it was never
/// entered.
pub(crate) fn time_left(deal: &Deal, stage: Stage, now: Time) -> Time {
    match deal.core.remaining.of(stage) {
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

/// Starts without a tracker.
pub(crate) fn start(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    out.push(Event::PerformingStarted {});
    resume(deal, Stage::Performing, out);
    Ok(())
}

/// Goes back to before the start.
pub(crate) fn stop(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    out.push(Event::PerformingStopped {});
    back_to_start(deal, out)
}

/// A revision of the work: opens a full acceptance window, once the deal is funded and the capture confirmed.
pub(crate) fn submit(deal: &Deal, c: &Submit, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let expected = deal.submitted().checked_add(1).ok_or(Rejection::Overflow)?;
    if c.number != expected {
        return Err(Rejection::RevisionNumber { expected });
    }
    out.push(Event::Submitted { number: c.number, revision: c.revision.clone() });
    match deal.phase() {
        Phase::Active { stage: Stage::AwaitingPerformance, .. } if deal.capture_unanswered() => {}
        Phase::Active { .. } => enter(deal, Stage::AwaitingAcceptance, out),
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Moderation { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
    Ok(())
}

/// Marks a service as incurred: by its provider, or by the operator.
pub(crate) fn incur(
    deal: &Deal,
    c: &IncurCost,
    role: Role,
    actor: &Actor,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let services = &deal.binding_terms().services;
    let service =
        services.get(usize::from(c.service)).ok_or(Rejection::UnknownService { services: services.len() })?;
    // what is incurred stays as it is: nobody incurs what may be amended away a moment later
    if deal.terms().services.get(usize::from(c.service)) != Some(service) {
        return Err(Rejection::ServiceAmended);
    }
    let allowed = match (&service.provider, role, actor) {
        (_, Role::Operator, _) | (Provider::Seller, Role::Seller, _) => true,
        (Provider::Third(id), _, Actor::Party(actor)) => id == actor,
        (Provider::Seller | Provider::Platform | Provider::Third(_), _, _) => false,
    };
    if !allowed {
        return Err(Rejection::NotYourService);
    }
    out.push(Event::CostIncurred { service: c.service, evidence: c.evidence.clone() });
    Ok(())
}
