//! A partial buyout: the quote on what was accepted.

use super::SettleError;
use crate::terms::Quote;
use crate::terms::{QuoteError, Sums, Terms};

/// The quote on the accepted quantities, one per item of the terms.
pub(super) fn quote_accepted(terms: &Terms, quantities: &[u32]) -> Result<Quote, SettleError> {
    if quantities.len() != terms.items.len() {
        return Err(SettleError::QuantitiesMissing { items: terms.items.len() });
    }
    for (item, (accepted, ordered)) in quantities.iter().zip(&terms.items).enumerate() {
        if *accepted > ordered.quantity {
            return Err(SettleError::QuantityOverOrdered { item, max: ordered.quantity });
        }
    }
    if quantities.iter().all(|&q| q == 0) {
        return Err(SettleError::NothingAccepted);
    }
    let sums = Sums::of_accepted(terms, quantities).map_err(|e| match e {
        QuoteError::TooLarge | QuoteError::OfflineOverProceeds => SettleError::TooLarge,
        QuoteError::CarveOutOverParent { .. } => SettleError::CarveOutOverParent,
    })?;
    // the seller has deposited for the whole deal, and cannot be asked for more now
    if sums.seller_due()? > terms.quote().seller_due.minor() {
        return Err(SettleError::SellerUncovered);
    }
    Ok(sums.listed(terms)?)
}
