//! Tracks and their checkpoints: what the tracker says of the delivery.

use super::{dispute, performance};
use crate::deal::command::{CheckpointKind, RecordTracking, SetTrack};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Phase, Stage};
use crate::dispute::Opener;
use crate::terms::Acceptance;

/// Attaches a track. One that replaces another starts from nothing, so the deal goes back to before the start.
pub(crate) fn set(deal: &mut Draft<'_>, c: &SetTrack) {
    let replaces = deal.track().is_some();
    deal.push(Event::TrackSet { track: c.track.clone() });
    if replaces {
        performance::back_to_start(deal);
    }
}

/// Detaches a wrong track: back to before the start.
pub(crate) fn remove(deal: &mut Draft<'_>) {
    deal.push(Event::TrackRemoved {});
    performance::back_to_start(deal);
}

/// Records a checkpoint of the attached track, and acts on it where the deal is waiting for it.
pub(crate) fn record(deal: &mut Draft<'_>, c: &RecordTracking) {
    let latest = deal.latest_checkpoint().is_none_or(|l| l.occurred_at <= c.checkpoint.occurred_at);
    deal.push(Event::TrackingRecorded { checkpoint: c.checkpoint.clone(), latest });
    if !latest {
        return;
    }
    match deal.phase() {
        Phase::Active { stage: Stage::AwaitingPerformance, .. } if deal.books().awaits_capture() => {}
        Phase::Active { .. } => act_on(deal, c.checkpoint.kind),
        // acted on when the interruption ends
        Phase::Moderation { .. } | Phase::Disputed { .. } => {}
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
}

/// Acts on what came in while the deal could not: the latest checkpoint, unless it was dealt with, and a submission.
pub(crate) fn act_on_what_waits(deal: &mut Draft<'_>) {
    if let Some(checkpoint) = deal.latest_checkpoint().filter(|_| !deal.work().latest_spent) {
        let kind = checkpoint.kind;
        act_on(deal, kind);
    }
    if let Phase::Active { stage: Stage::AwaitingPerformance | Stage::Performing, .. } = deal.phase()
        && deal.work().waits
    {
        performance::enter(deal, Stage::AwaitingAcceptance);
    }
}

/// Progress → Performing; final → AwaitingAcceptance; refused → Disputed.
fn act_on(deal: &mut Draft<'_>, kind: CheckpointKind) {
    let Phase::Active { stage, .. } = *deal.phase() else {
        return;
    };
    let by_buyer = deal.terms().policy.acceptance == Acceptance::ByBuyer;
    match (kind, stage) {
        (CheckpointKind::Refused, _) => dispute::open(deal, Opener::Refusal),
        (CheckpointKind::Progress, Stage::AwaitingPerformance) => {
            performance::resume(deal, Stage::Performing);
        }
        (CheckpointKind::Final, Stage::AwaitingPerformance | Stage::Performing) if by_buyer => {
            performance::resume(deal, Stage::AwaitingAcceptance);
        }
        (CheckpointKind::Progress | CheckpointKind::Final, _) => {}
    }
}
