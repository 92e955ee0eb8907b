//! Tracks and their checkpoints: what the tracker says of the delivery.

use super::{dispute, performance};
use crate::deal::command::{Checkpoint, CheckpointKind, RecordTracking, SetTrack};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Phase, Stage};
use crate::deal::{Deal, Rejection};
use crate::dispute::Opener;
use crate::terms::{Acceptance, Delivery};

/// Attaches a track. One that replaces another starts from nothing: the deal goes back to before the start, with a whole
/// window, as often as the guard lets the track be changed.
pub(crate) fn set(deal: &mut Draft<'_>, c: &SetTrack) {
    let replaces = deal.track().is_some();
    deal.push(Event::TrackSet { track: c.track.clone() });
    if replaces {
        performance::start_over(deal);
    }
}

/// Detaches a wrong track: back to before the start, with a whole window.
pub(crate) fn remove(deal: &mut Draft<'_>) {
    deal.push(Event::TrackRemoved {});
    performance::start_over(deal);
}

/// Records a checkpoint of the attached track, and acts on it where it counts and the deal is waiting for it.
pub(crate) fn record(deal: &mut Draft<'_>, c: &RecordTracking) -> Result<(), Rejection> {
    if deal.work().scan(&c.checkpoint.id).is_some() {
        return Err(Rejection::IdentityTaken);
    }
    let latest = counts(deal, &c.checkpoint);
    deal.push(Event::TrackingRecorded { checkpoint: c.checkpoint.clone(), latest });
    if !latest {
        return Ok(());
    }
    match deal.phase() {
        Phase::Active { stage: Stage::AwaitingPerformance, .. } if deal.books().awaits_capture() => {}
        Phase::Active { .. } => act_on(deal, c.checkpoint.kind),
        // acted on when the interruption ends
        Phase::Moderation { .. } | Phase::Clearing { .. } | Phase::Disputed { .. } => {}
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
    Ok(())
}

/// Numbers are used again: what happened before the deal is another parcel's. *Final* and *refused* count whenever they
/// arrive, since the clocks of scanners differ; progress counts in the order of time, and undoes neither.
fn counts(deal: &Deal, checkpoint: &Checkpoint) -> bool {
    if checkpoint.occurred_at < deal.created_at() {
        return false;
    }
    match checkpoint.kind {
        CheckpointKind::Final | CheckpointKind::Refused => true,
        CheckpointKind::Progress => deal.latest_checkpoint().is_none_or(|latest| match latest.kind {
            CheckpointKind::Progress => latest.occurred_at <= checkpoint.occurred_at,
            CheckpointKind::Final | CheckpointKind::Refused => {
                deal.work().latest_spent && latest.occurred_at <= checkpoint.occurred_at
            }
        }),
    }
}

/// Acts on what came in while the deal could not: the latest checkpoint, unless it was dealt with, and a submission.
///
/// What waits for the answer to a capture goes on waiting.
pub(crate) fn act_on_what_waits(deal: &mut Draft<'_>) {
    if let Phase::Active { stage: Stage::AwaitingPerformance, .. } = deal.phase()
        && deal.books().awaits_capture()
    {
        return;
    }
    if let Some(checkpoint) = deal.latest_checkpoint().filter(|_| !deal.work().latest_spent) {
        let kind = checkpoint.kind;
        act_on(deal, kind);
    }
    if let Phase::Active { stage: Stage::AwaitingPerformance | Stage::Performing, .. } = deal.phase()
        && deal.work().waits
        // amended into a parcel meanwhile
        && !deal.is_parcel()
    {
        performance::enter(deal, Stage::AwaitingAcceptance);
    }
}

/// Progress → Performing; final → AwaitingAcceptance, with a whole window where another track than before, or the first
/// one, says so; refused → Disputed.
fn act_on(deal: &mut Draft<'_>, kind: CheckpointKind) {
    let Phase::Active { stage, .. } = *deal.phase() else {
        return;
    };
    let terms = deal.terms();
    let download = terms.delivery.as_ref().is_some_and(Delivery::is_download);
    let delivers = terms.policy.acceptance == Acceptance::ByBuyer && !download;
    let another = deal.work().delivered != deal.work().track;
    match (kind, stage) {
        (CheckpointKind::Refused, _) => dispute::open(deal, Opener::Refusal),
        (CheckpointKind::Final, _) if delivers && another => {
            performance::renew(deal, Stage::AwaitingAcceptance);
        }
        (CheckpointKind::Final, Stage::AwaitingPerformance | Stage::Performing) if delivers => {
            performance::resume(deal, Stage::AwaitingAcceptance);
        }
        // what is downloaded can be under way, and no track delivers it
        (CheckpointKind::Progress | CheckpointKind::Final, Stage::AwaitingPerformance) => {
            performance::resume(deal, Stage::Performing);
        }
        (CheckpointKind::Progress | CheckpointKind::Final, _) => {}
    }
}
