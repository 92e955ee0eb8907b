//! What is accepted is paid once the clearance is over, so that a chargeback meets the pot.

use super::{endings, holds};
use crate::deal::Deal;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::Phase;
use crate::settlement::Ending;

/// Accepted, whole or in part, by a word or by silence: paid at once, or when the policy's clearance is over.
pub(crate) fn accepted(deal: &mut Draft<'_>, ending: Ending) {
    if !waits(deal, &ending) {
        return pay(deal, ending);
    }
    let clearance_s = deal.binding_terms().policy.clearance_s;
    if deal.quarrel().is_open() {
        deal.push(Event::DisputeClosed {});
    }
    deal.push(Event::ClearingBegun { ending });
    let until = deal.at().plus_secs(clearance_s);
    deal.enter(Phase::Clearing { until });
    // what is accepted is money, so that a chargeback meets it
    holds::capture_in_time(deal);
}

/// Whether it is not paid at once. What comes back whole is.
pub(crate) fn waits(deal: &Deal, ending: &Ending) -> bool {
    deal.binding_terms().policy.clearance_s > 0 && !ending.returns_everything()
}

/// The clearance is over.
pub(crate) fn end(deal: &mut Draft<'_>) {
    if let Some(ending) = deal.clockwork().clearing.clone() {
        pay(deal, ending);
    }
}

fn pay(deal: &mut Draft<'_>, ending: Ending) {
    let outcome = ending.outcome();
    endings::end(deal, ending, outcome);
}
