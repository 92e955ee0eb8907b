//! A partial buyout: the quote on what was accepted, or a return of everything.

use super::{Fault, SettleError};
use crate::terms::{Quote, QuoteError, ReturnAll, Sums, Terms};

/// What everybody pays and gets where the buyer keeps these quantities only, one per item of the terms. Nothing at all may
/// be quoted, too, whatever [`Policy::return_all`](crate::Policy::return_all) says.
///
/// The deposit was paid in, and shrinks last; carve-outs are cut to their fee. `seller_due` is what the seller owes.
///
/// # Errors
/// [`SettleError`] where a quantity is missing, or is more than was ordered. Not transient.
pub fn requote(terms: &Terms, quantities: &[u32]) -> Result<Quote, SettleError> {
    sums_accepted(terms, quantities)?.listed(terms).map_err(SettleError::from)
}

/// The sums on the accepted quantities, one per item of the terms.
pub(super) fn sums_accepted(terms: &Terms, quantities: &[u32]) -> Result<Sums, SettleError> {
    check_quantities(terms, quantities)?;
    Sums::of_accepted(terms, quantities).map_err(|e| match e {
        // on less than was agreed nothing is over a limit, and carve-outs are cut
        QuoteError::TooLarge | QuoteError::OfflineOverProceeds | QuoteError::CarveOutOverParent { .. } => {
            SettleError::TooLarge
        }
    })
}

/// Whose fault it is where nothing at all is accepted. `None` where something is.
pub(super) fn returned(terms: &Terms, quantities: &[u32]) -> Result<Option<Fault>, SettleError> {
    check_quantities(terms, quantities)?;
    if quantities.iter().any(|&q| q > 0) {
        return Ok(None);
    }
    match terms.policy.return_all {
        ReturnAll::Off => Err(SettleError::NothingAccepted),
        ReturnAll::Nobody => Ok(Some(Fault::Nobody)),
        ReturnAll::Seller => Ok(Some(Fault::Seller)),
        ReturnAll::Buyer => Ok(Some(Fault::Buyer)),
    }
}

fn check_quantities(terms: &Terms, quantities: &[u32]) -> Result<(), SettleError> {
    if quantities.len() != terms.items.len() {
        return Err(SettleError::QuantitiesMissing { items: terms.items.len() });
    }
    for (item, (accepted, ordered)) in quantities.iter().zip(&terms.items).enumerate() {
        if *accepted > ordered.quantity {
            return Err(SettleError::QuantityOverOrdered { item, max: ordered.quantity });
        }
    }
    Ok(())
}
