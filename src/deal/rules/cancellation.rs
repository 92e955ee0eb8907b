//! Leaving: who cancels is at fault; the operator says who is. What that costs whom is a row of the settlement's table
//! ([`crate::settlement`]); who may do it when is a row of the deal's (`deal/table.rs`).

use super::endings;
use crate::Role;
use crate::deal::command::Cancel;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::Phase;
use crate::settlement::{Ending, Fault, Outcome};

/// A party's own cancellation is at that party's fault, and turns down what is only proposed.
///
/// # Source
/// Nalogka: a buyer who cancels bears the seller's incurred costs, a seller who cancels bears all of them.
pub(crate) fn cancel(deal: &mut Draft<'_>, c: &Cancel, role: Role) {
    let (at_fault, outcome) = match (role.side(), deal.phase()) {
        (Some(side), Phase::Proposed { .. }) => (Fault::from(side), Outcome::Declined),
        (Some(side), _) => (Fault::from(side), Outcome::Cancelled),
        (None, _) => (c.at_fault.unwrap_or(Fault::Nobody), Outcome::Cancelled),
    };
    deal.push(Event::Cancelled { at_fault, reason: c.reason.clone() });
    endings::end(deal, Ending::Cancelled(at_fault), outcome);
}
