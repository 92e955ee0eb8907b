//! Leaving: who cancels is at fault; the operator says who is.

use super::paying;
use crate::Role;
use crate::deal::command::Cancel;
use crate::deal::draft::{Delta, Draft};
use crate::deal::event::Event;
use crate::deal::phase::{Outcome, Phase};
use crate::deal::{Deal, Rejection};
use crate::settlement::{Ending, Fault};

/// A party's own cancellation is at its fault, and turns down what is only proposed.
///
/// # Source
/// Nalogka: a buyer who cancels bears the seller's incurred costs, a seller who cancels bears all of them.
pub(crate) fn cancel(deal: &Deal, c: &Cancel, role: Role, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let (at_fault, outcome) = match (role.side(), deal.phase()) {
        (Some(side), Phase::Proposed { .. }) => (Fault::from(side), Outcome::Declined),
        (Some(side), _) => (Fault::from(side), Outcome::Cancelled),
        (None, _) => (c.at_fault.unwrap_or(Fault::Nobody), Outcome::Cancelled),
    };
    out.push(Event::Cancelled { at_fault, reason: c.reason.clone() });
    paying::end(deal, &Delta::default(), Ending::Cancelled(at_fault), outcome, out)
}
