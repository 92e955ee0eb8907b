//! Debts that are paid.

use crate::deal::Rejection;
use crate::deal::books::Debt;
use crate::deal::command::SettleReceivable;
use crate::deal::draft::Draft;
use crate::deal::event::Event;

/// A debt is paid, whole or in part.
pub(crate) fn settle(deal: &mut Draft<'_>, c: &SettleReceivable) -> Result<(), Rejection> {
    let debt = deal.books().debt(c.receivable).ok_or(Rejection::UnknownReceivable)?;
    if c.amount.currency() != debt.amount.currency() {
        return Err(Rejection::AmountCurrency);
    }
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    if c.amount.minor() > debt.open().minor() {
        return Err(Rejection::AmountOverOutstanding { max: debt.open() });
    }
    if debt.payments.iter().any(|(reference, _)| *reference == c.reference) {
        return Err(Rejection::KeyReused);
    }
    if debt.payments.len() >= Debt::MAX_PAYMENTS {
        return Err(Rejection::TooMany { max: 64 });
    }
    let (number, amount) = (c.receivable, c.amount);
    let (reference, source) = (c.reference.clone(), c.source.clone());
    deal.push(Event::ReceivableSettled { number, amount, reference, source });
    Ok(())
}
