//! Additional charges: further deposits, optional to pay, outside the settlement of the deal.

use std::sync::Arc;

use super::legs;
use crate::deal::command::AddCharge;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::preview::as_charge;
use crate::deal::{Deal, Rejection};
use crate::deposit::{ChargeDetails, Deposit, DepositId, Purpose};
use crate::settlement::Settlement;
use crate::terms::Terms;
use crate::{Payee, Role};

/// The most charges that each party may ask for.
const MAX_OF_A_PARTY: u32 = 12;
/// The most charges that the operator may ask for.
const MAX_OF_STAFF: u32 = 8;

/// A further deposit, for the other party, the platform, the processor or a third party of the terms.
pub(crate) fn add(deal: &mut Draft<'_>, c: &AddCharge, role: Role) -> Result<(), Rejection> {
    if c.amount.currency() != deal.terms().currency {
        return Err(Rejection::AmountCurrency);
    }
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    if c.amount.minor() > Terms::MAX_AMOUNT {
        return Err(Rejection::AmountTooLarge);
    }
    let named = match &c.payee {
        Payee::Buyer | Payee::Seller | Payee::Platform | Payee::Processor => true,
        Payee::Party(id) => deal.binding_terms().names_third(id),
    };
    if !named || c.payee == c.payer.payee() {
        return Err(Rejection::ChargePayee);
    }
    if deal.books().charge(&c.key).is_some() {
        return Err(Rejection::KeyReused);
    }
    let by = role.side();
    let max = if by.is_some() { MAX_OF_A_PARTY } else { MAX_OF_STAFF };
    let own = deal.deposits().iter().filter_map(|d| d.charge()).filter(|charge| charge.by == by).count();
    if !u32::try_from(own).is_ok_and(|n| n < max) {
        return Err(Rejection::TooMany { max });
    }
    let deposit = DepositId::at_index(deal.deposits().len())
        .ok_or(Rejection::TooMany { max: u32::from(DepositId::MAX_CHARGES) })?;
    let (key, payee, reason) = (c.key.clone(), c.payee.clone(), c.reason.clone());
    let details = ChargeDetails { key, payee, reason, by };
    deal.push(Event::ChargeAdded { deposit, payer: c.payer, amount: c.amount, details: Arc::new(details) });
    Ok(())
}

/// What an ending takes of a charge for anybody but its payer.
pub(crate) fn wanted(deal: &Deal, charge: &Deposit) -> i64 {
    let shares = divided(deal, charge).shares.into_iter().filter(|s| !s.purpose.goes_back());
    shares.fold(0, |sum, s| s.amount.minor().saturating_add(sum))
}

/// How the deal's ending divides a charge: the part that the ending gives goes to its payee, less the fee; the rest back.
fn divided(deal: &Deal, charge: &Deposit) -> Settlement {
    let mut out = Settlement::default();
    if let (Some(ended), Some(course)) = (&deal.clockwork().ended, as_charge(charge)) {
        let terms = deal.binding_terms();
        if ended.charges.divide(&terms.policy, terms.currency, &course, &mut out).is_err() {
            // a charge beyond every limit goes back
            out = Settlement::default();
        }
    }
    out
}

/// A charge goes to its payee or back; while its capture is without an answer, nowhere.
pub(crate) fn settle(deal: &mut Draft<'_>, id: DepositId) {
    let Some(deposit) = deal.books().deposit(id) else { return };
    if deal.books().open_captures(id).next().is_some() {
        return;
    }
    let division = divided(deal, deposit);
    for share in division.shares.iter().filter(|s| !s.purpose.goes_back()) {
        legs::assign(deal, id, &share.payee, share.purpose, share.amount);
    }
    legs::give_all_back(deal, id, Purpose::Refund);
}
