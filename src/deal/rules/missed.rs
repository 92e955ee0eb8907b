//! What captures failed to bring once the performance had begun: an ending divides it all the same, the payer owes what the
//! payees miss, and what comes of it later pays that.

use smallvec::SmallVec;

use super::{answers, legs};
use crate::Money;
use crate::deal::Deal;
use crate::deal::books::Debt;
use crate::deal::command::ConfirmPayment;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deposit::{Deposit, DepositId, TransactionKind, TxId};

/// What the deposit needed of the rest of a hold that the gateway lets go by itself after the performance has begun: as if
/// the capture of that had failed.
pub(crate) fn of_rest(deal: &Deal, c: &ConfirmPayment, hold: TxId) -> Option<Money> {
    let (of, on_hold) = (deal.deposit(c.deposit)?, deal.transaction(hold)?.on_hold());
    if of.id.is_charge() || !answers::goes_on(deal) {
        return None;
    }
    let needed = match deal.books().ordered_of(hold) {
        Some((_, ordered)) => ordered,
        None => deal.books().missing(of, of.needed()),
    };
    let missed = needed.min(on_hold).saturating_sub(c.amount.minor());
    (missed > 0).then(|| Money::from_minor(missed, of.required.currency()))
}

/// Whether money came in after all by a payment whose hold brought nothing, or not all.
pub(crate) fn is_late(deal: &Deal, c: &ConfirmPayment) -> bool {
    c.held_until.is_none() && deal.books().recorded(c).any(|t| t.kind == TransactionKind::Hold)
}

/// What the ending misses of a deposit because captures failed: what the payees are owed, and, as long as a capture is waited
/// for, what the ending divides.
pub(crate) fn of(deal: &Deal, deposit: &Deposit) -> i64 {
    if deal.phase().awaits_capture() {
        return deposit.divided().saturating_sub(deposit.as_if_held());
    }
    deal.books().missed_of(deposit.id).fold(0, |sum, debt| sum.saturating_add(debt.open().minor()))
}

/// The payees get what they have missed, oldest debt first, and are owed it no more.
pub(crate) fn pay(deal: &mut Draft<'_>, deposit: DepositId, amount: i64) {
    let mut left = amount;
    let debts: SmallVec<[Debt; 2]> = deal.books().missed_of(deposit).cloned().collect();
    for debt in debts {
        let part = Money::from_minor(left.min(debt.open().minor()), debt.amount.currency());
        left = left.saturating_sub(part.minor());
        if part.is_positive() {
            let new = Money::from_minor(debt.amount.minor().saturating_sub(part.minor()), part.currency());
            deal.push(Event::ReceivableChanged { number: debt.number, old: debt.amount, new });
            legs::assign(deal, deposit, &debt.payee, debt.purpose, part);
        }
    }
    legs::give_up_overdue(deal);
}
