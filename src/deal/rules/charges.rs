//! Additional charges: further deposits, optional to pay, outside the settlement of the deal.

use crate::settlement::Outcome;
use std::sync::Arc;

use super::legs;
use crate::deal::Rejection;
use crate::deal::command::AddCharge;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deposit::{ChargeDetails, Deposit, DepositId, Purpose};
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
    let deposit = DepositId::at_index(deal.deposits().len())
        .ok_or(Rejection::TooMany { max: u32::from(DepositId::MAX_CHARGES) })?;
    let by = role.side();
    let max = if by.is_some() { MAX_OF_A_PARTY } else { MAX_OF_STAFF };
    let own = deal.deposits().iter().filter_map(|d| d.charge()).filter(|charge| charge.by == by).count();
    if !u32::try_from(own).is_ok_and(|n| n < max) {
        return Err(Rejection::TooMany { max });
    }
    let (key, payee, reason) = (c.key.clone(), c.payee.clone(), c.reason.clone());
    let details = ChargeDetails { key, payee, reason, by };
    deal.push(Event::ChargeAdded { deposit, payer: c.payer, amount: c.amount, details: Arc::new(details) });
    Ok(())
}

/// What an ending takes of a charge for its payee: all that is required where it is paid in full and the deal succeeds.
pub(crate) fn wanted(charge: &Deposit, outcome: Outcome) -> i64 {
    if outcome == Outcome::Completed && charge.as_if_held() >= charge.required.minor() {
        charge.required.minor()
    } else {
        0
    }
}

/// A charge goes to its payee or back; while its capture is without an answer, nowhere.
pub(crate) fn settle(deal: &mut Draft<'_>, id: DepositId, outcome: Outcome) {
    let Some(deposit) = deal.books().deposit(id) else { return };
    if deal.books().open_captures(id).next().is_some() {
        return;
    }
    match &deposit.charge {
        Some(charge) if wanted(deposit, outcome) > 0 => {
            let (charge, amount) = (charge.clone(), deposit.required);
            legs::assign(deal, id, &charge.payee, Purpose::Charge, amount);
        }
        Some(_) | None => legs::give_all_back(deal, id, Purpose::Refund),
    }
}
