//! The end that everybody hopes for: acceptance, and reports of both.

use super::{clearing, dispute, endings, performance};
use crate::deal::Rejection;
use crate::deal::command::{Accept, Report, RequestChanges, Verdict};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Phase, Stage};
use crate::dispute::Opener;
use crate::settlement::{Ending, Fault, Outcome};
use crate::terms::OneReport;
use crate::{Role, Side};

/// The buyer accepts: everything, or in part.
pub(crate) fn accept(deal: &mut Draft<'_>, c: &Accept) -> Result<(), Rejection> {
    let Some(quantities) = &c.quantities else {
        deal.push(Event::Accepted {});
        clearing::accepted(deal, Ending::Success);
        return Ok(());
    };
    let ending = Ending::PartialBuyout(quantities.clone());
    let settlement = deal.division(&ending)?;
    deal.push(Event::Accepted {});
    if clearing::waits(deal, &ending) {
        clearing::accepted(deal, ending);
    } else {
        endings::end_as_settled(deal, ending, false, &settlement);
    }
    Ok(())
}

/// The buyer wants changes: the seller goes on performing, with at least the policy's revision time.
pub(crate) fn request_changes(deal: &mut Draft<'_>, c: &RequestChanges) -> Result<(), Rejection> {
    let expected = deal.submitted();
    if c.number != expected {
        return Err(Rejection::RevisionNumber { expected });
    }
    deal.push(Event::ChangesRequested { number: c.number, comment: c.comment.clone() });
    let at_least = deal.at().plus_secs(deal.terms().policy.revision_time_s);
    let until = performance::time_left(deal, Stage::Performing, deal.at()).max(at_least);
    deal.enter(Phase::Active { stage: Stage::Performing, until });
    Ok(())
}

/// A party reports. Both success: completed. Both failure: cancelled, nobody at fault. Differing: disputed.
///
/// # Source
/// WebMoney Escrow: DealSuccess and DealCancel by each side.
pub(crate) fn report(deal: &mut Draft<'_>, c: &Report, role: Role) {
    // the table lets parties only
    let Some(side) = role.side() else { return };
    let before = deal.report(side);
    deal.push(Event::Reported { side, verdict: c.verdict, before });
    match (c.verdict, deal.report(side.other())) {
        (_, None) => {}
        (mine, Some(theirs)) if mine == theirs => end_as_reported(deal, mine),
        // a dispute that is open stays so
        (_, Some(_)) => dispute::open(deal, Opener::Reports),
    }
}

/// What the deadline of a mutual deal leads to: no report, everything goes back; one, the policy says.
pub(crate) fn end_by_reports(deal: &mut Draft<'_>) {
    match (deal.report(Side::Buyer), deal.report(Side::Seller)) {
        (None, None) => endings::end(deal, Ending::Cancelled(Fault::Nobody), Outcome::Cancelled),
        (Some(only), None) | (None, Some(only)) => match deal.terms().policy.one_report {
            OneReport::Stands => end_as_reported(deal, only),
            OneReport::Dispute => dispute::open(deal, Opener::Timer),
        },
        // two that differ have opened a dispute, two that agree have ended the deal
        (Some(_), Some(_)) => dispute::open(deal, Opener::Timer),
    }
}

fn end_as_reported(deal: &mut Draft<'_>, verdict: Verdict) {
    match verdict {
        Verdict::Success => clearing::accepted(deal, Ending::Success),
        Verdict::Failure => endings::end(deal, Ending::Cancelled(Fault::Nobody), Outcome::Cancelled),
    }
}
