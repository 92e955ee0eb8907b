//! Debts: what is owed for a cause, and what is paid of it.

use crate::Money;
use crate::deal::books::{Cause, Debt};
use crate::deal::command::SettleReceivable;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::rejection::{Contradiction, Rejection};
use crate::settlement::Receivable;

/// What is owed for a cause comes to this now: the debt that stands for it changes, or it is raised. Nobody owes themselves.
pub(crate) fn book(deal: &mut Draft<'_>, cause: Cause, receivable: Receivable) {
    let known = deal.books().debts().iter().find(|d| d.cause == cause).map(|d| (d.number, d.amount));
    match known {
        Some((number, old)) if old != receivable.amount => {
            deal.push(Event::ReceivableChanged { number, old, new: receivable.amount });
        }
        None if receivable.amount.is_positive() && receivable.debtor != receivable.payee => {
            deal.push(Event::ReceivableRaised { receivable, cause });
        }
        Some(_) | None => {}
    }
}

/// A debt is paid, whole or in part.
pub(crate) fn settle(deal: &mut Draft<'_>, c: &SettleReceivable) -> Result<(), Rejection> {
    let debt = deal.books().debt(c.receivable).ok_or(Rejection::UnknownReceivable)?;
    if c.amount.currency() != debt.amount.currency() {
        return Err(Rejection::AmountCurrency);
    }
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    if let Some((_, known)) = debt.payments.iter().find(|(reference, _)| *reference == c.reference) {
        let recorded = Money::from_minor(*known, debt.amount.currency());
        return Err(Rejection::FactContradicts(Contradiction::Amount { recorded, told: c.amount }));
    }
    if c.amount.minor() > debt.open().minor() {
        return Err(Rejection::AmountOverOutstanding { max: debt.open() });
    }
    if debt.payments.len() >= Debt::MAX_PAYMENTS {
        return Err(Rejection::TooMany { max: 64 });
    }
    let (number, amount) = (c.receivable, c.amount);
    let (reference, source) = (c.reference.clone(), c.source.clone());
    deal.push(Event::ReceivableSettled { number, amount, reference, source });
    Ok(())
}
