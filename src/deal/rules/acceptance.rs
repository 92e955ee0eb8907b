//! The end that everybody hopes for: acceptance, and reports of both.

use super::{dispute, paying, performance};
use crate::deal::command::{Accept, Report, RequestChanges, Verdict};
use crate::deal::draft::{Delta, Draft};
use crate::deal::event::Event;
use crate::deal::phase::{Outcome, Phase, Stage};
use crate::deal::{Deal, Rejection};
use crate::dispute::Opener;
use crate::settlement::{Ending, Fault};
use crate::{Role, Side};

/// The buyer accepts: everything, or in part.
pub(crate) fn accept(deal: &Deal, c: &Accept, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let ending = match &c.quantities {
        None => Ending::Success,
        Some(quantities) => Ending::PartialBuyout(quantities.clone()),
    };
    out.push(Event::Accepted {});
    paying::end(deal, &Delta::default(), ending, Outcome::Completed, out)
}

/// The buyer wants changes: the seller goes on performing, with at least the policy's revision time.
pub(crate) fn request_changes(deal: &Deal, c: &RequestChanges, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let expected = deal.submitted();
    if c.number != expected {
        return Err(Rejection::RevisionNumber { expected });
    }
    out.push(Event::ChangesRequested { number: c.number, comment: c.comment.clone() });
    let at_least = out.at().plus_secs(deal.terms().policy.revision_time_s);
    let until = performance::time_left(deal, Stage::Performing, out.at()).max(at_least);
    out.enter(Phase::Active { stage: Stage::Performing, until });
    Ok(())
}

/// A party reports. Both success: completed. Both failure: cancelled, nobody at fault. Differing: disputed.
///
/// # Source
/// WebMoney Escrow: DealSuccess and DealCancel by each side.
pub(crate) fn report(deal: &Deal, c: &Report, role: Role, out: &mut Draft<'_>) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    out.push(Event::Reported { side, verdict: c.verdict, before: deal.report(side) });
    match (c.verdict, deal.report(side.other())) {
        (_, None) => Ok(()),
        (mine, Some(theirs)) if mine == theirs => end_as_reported(deal, mine, out),
        (_, Some(_)) => match deal.phase() {
            Phase::Disputed { .. } => Ok(()),
            Phase::Proposed { .. }
            | Phase::AwaitingDeposit { .. }
            | Phase::Moderation { .. }
            | Phase::Active { .. }
            | Phase::Paying { .. }
            | Phase::Closed { .. } => {
                dispute::open(deal, &Delta::default(), Opener::Reports, Default::default(), None, out)
            }
        },
    }
}

/// What the deadline of a mutual deal leads to: no report, everything goes back; one, the policy says.
pub(crate) fn end_by_reports(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    use crate::terms::OneReport;
    match (deal.report(Side::Buyer), deal.report(Side::Seller)) {
        (None, None) => {
            paying::end(deal, &Delta::default(), Ending::Cancelled(Fault::Nobody), Outcome::Cancelled, out)
        }
        (Some(only), None) | (None, Some(only)) => match deal.terms().policy.one_report {
            OneReport::Stands => end_as_reported(deal, only, out),
            OneReport::Dispute => {
                dispute::open(deal, &Delta::default(), Opener::Timer, Default::default(), None, out)
            }
        },
        // two that differ have opened a dispute, two that agree have ended the deal
        (Some(_), Some(_)) => {
            dispute::open(deal, &Delta::default(), Opener::Timer, Default::default(), None, out)
        }
    }
}

fn end_as_reported(deal: &Deal, verdict: Verdict, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let (ending, outcome) = match verdict {
        Verdict::Success => (Ending::Success, Outcome::Completed),
        Verdict::Failure => (Ending::Cancelled(Fault::Nobody), Outcome::Cancelled),
    };
    paying::end(deal, &Delta::default(), ending, outcome, out)
}
