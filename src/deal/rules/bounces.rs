//! Payments that come back: the payee's bank returns what was paid.

use super::{chargebacks, legs};
use crate::Money;
use crate::deal::books::Cause;
use crate::deal::command::Returned;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::rejection::{Contradiction, Rejection};
use crate::deposit::{LegId, LegState, TransactionState};

/// An outgoing payment came back, whole or in part: what its payee has twice is cancelled first, the rest of it is payable
/// again. The status stays; the time for a new destination starts anew.
pub(crate) fn returned(deal: &mut Draft<'_>, c: &Returned) -> Result<(), Rejection> {
    let tx = c.transaction;
    let sent = deal.transaction(tx).ok_or(Rejection::UnknownTransaction { tx })?;
    let leg = sent.leg.and_then(|id| deal.books().leg(id)).ok_or(Rejection::UnknownTransaction { tx })?;
    // a balance is no bank
    if sent.state != TransactionState::Succeeded || leg.is_credited_by(tx) || deal.books().is_void(leg) {
        return Err(Rejection::FactContradicts(Contradiction::NotSent { tx }));
    }
    if c.amount.currency() != sent.amount.currency() {
        return Err(Rejection::AmountCurrency);
    }
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    if let Some((_, known)) = sent.bounced.iter().find(|(reference, _)| *reference == c.reference) {
        let recorded = Money::from_minor(*known, sent.amount.currency());
        return Err(Rejection::FactContradicts(Contradiction::Amount { recorded, told: c.amount }));
    }
    let left = sent.amount.minor().saturating_sub(sent.bounced());
    if c.amount.minor() > left {
        let recorded = Money::from_minor(left, sent.amount.currency());
        return Err(Rejection::FactContradicts(Contradiction::Amount { recorded, told: c.amount }));
    }
    let (leg, root) = (leg.id(), leg.root());
    let debt = deal.books().debts().iter().find(|d| d.cause == Cause::PaidTwice { leg: root });
    let debt = debt.map(|d| (d.number, d.amount, d.open().minor()));
    let cancelled = debt.map_or(0, |(_, _, open)| open.min(c.amount.minor()));
    let rest = c.amount.minor().saturating_sub(cancelled);
    let money = |minor| Money::from_minor(minor, c.amount.currency());
    let again = payable_again(deal, leg, rest).map(|part| (deal.books().next_leg(), money(part)));
    let settle_s = deal.binding_terms().policy.settlement_s;
    let settle_by = deal.settle_by().map(|_| deal.at().plus_secs(settle_s));
    let (amount, reference) = (c.amount, c.reference.clone());
    deal.push(Event::PaymentReturned { tx, reference, amount, again, settle_by });
    if let Some((number, old, _)) = debt.filter(|_| cancelled > 0) {
        let new = money(old.minor().saturating_sub(cancelled));
        deal.push(Event::ReceivableChanged { number, old, new });
    }
    chargebacks::reconcile(deal);
    legs::give_up_overdue(deal);
    Ok(())
}

/// What of a settled leg is payable again.
fn payable_again(deal: &Draft<'_>, leg: LegId, came_back: i64) -> Option<i64> {
    let leg = deal.books().leg(leg)?;
    let part = match leg.state() {
        LegState::Settled | LegState::Credited => came_back.min(leg.amount().minor()),
        LegState::Ordered
        | LegState::Declined
        | LegState::Waiting
        | LegState::Dropped
        | LegState::Unclaimed => 0,
    };
    (part > 0).then_some(part)
}
