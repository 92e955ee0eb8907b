//! The gateway's answers to orders. A transaction settles once; in progress changes nothing.

use super::{charges, endings, funding, legs, payins, tracking};
use crate::deal::Rejection;
use crate::deal::command::{Answer, Answered, ConfirmPayment};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Phase, Stage};
use crate::deposit::{DepositId, LegId, Reason, Reference, Transaction, TransactionKind, TxId};
use crate::settlement::Fault;

/// An order is answered.
pub(crate) fn answer(deal: &mut Draft<'_>, c: &Answer) -> Result<(), Rejection> {
    let tx = c.transaction;
    let transaction = deal.transaction(tx).ok_or(Rejection::UnknownTransaction { tx })?;
    if !transaction.is_pending() {
        return Err(Rejection::AlreadyAnswered { tx });
    }
    let (kind, deposit, leg) = (transaction.kind, transaction.deposit, transaction.leg);
    match &c.result {
        Answered::InProgress => {}
        Answered::Succeeded(reference) if kind.is_inbound() => {
            let payment = verified(transaction, reference)?;
            return confirm_stated(deal, &payment, tx);
        }
        Answered::Succeeded(reference) => {
            deal.push(Event::TransactionSucceeded { tx, reference: reference.clone() });
            match kind {
                TransactionKind::Capture => after_capture(deal, deposit),
                TransactionKind::Hold
                | TransactionKind::Void
                | TransactionKind::Charge
                | TransactionKind::Refund
                | TransactionKind::Payout
                | TransactionKind::Fee
                | TransactionKind::Chargeback => deal.close_if_done(),
            }
        }
        Answered::Declined(reason) => decline(deal, (tx, kind, deposit, leg), reason),
    }
    Ok(())
}

/// The payment that a party has stated, as the gateway confirms it; a mere request it cannot confirm, since it says no
/// amount.
fn verified(stated: &Transaction, reference: &Reference) -> Result<ConfirmPayment, Rejection> {
    let gateway = match (&stated.gateway, &stated.reference) {
        (Some(gateway), Some(named)) if named == reference => gateway.clone(),
        (Some(_) | None, _) => return Err(Rejection::ConfirmInstead { tx: stated.id }),
    };
    Ok(ConfirmPayment {
        deposit: stated.deposit,
        gateway,
        reference: reference.clone(),
        amount: stated.amount,
        transaction: Some(stated.id),
        held_until: None,
    })
}

/// Confirmed meanwhile, for another deposit: the same money does not come in twice.
fn confirm_stated(deal: &mut Draft<'_>, payment: &ConfirmPayment, tx: TxId) -> Result<(), Rejection> {
    if deal.books().knows(&payment.gateway, &payment.reference, Some(tx)) {
        deal.push(Event::TransactionFailed { tx, reason: Reason::default() });
        return Ok(());
    }
    payins::receive(deal, payment, tx)
}

fn decline(
    deal: &mut Draft<'_>,
    (tx, kind, deposit, leg): (TxId, TransactionKind, DepositId, Option<LegId>),
    reason: &Reason,
) {
    let was_funded = deal.pots().funded;
    deal.push(Event::TransactionFailed { tx, reason: reason.clone() });
    match kind {
        // the payer did not pay, or had not
        TransactionKind::Hold | TransactionKind::Charge | TransactionKind::Chargeback => {}
        TransactionKind::Capture if deal.phase().has_ended() || deposit.is_charge() => {
            after_capture(deal, deposit);
        }
        // a hold that cannot be captured leaves the deal, and ends it
        TransactionKind::Capture => {
            deal.push(Event::Cancelled { at_fault: Fault::Nobody, reason: reason.clone() });
            endings::end_short(deal, was_funded);
        }
        // a hold that cannot be let go has lapsed by itself
        TransactionKind::Void => deal.close_if_done(),
        TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
            if deal.settle_by().is_some_and(|at| at <= deal.at()) {
                legs::credit(deal, |l| Some(l.id()) == leg);
                deal.close_if_done();
            }
        }
    }
}

/// The deal goes on where it waited for the capture, unless another one is without an answer.
fn after_capture(deal: &mut Draft<'_>, deposit: DepositId) {
    if deposit.is_charge() {
        if let Phase::Paying { outcome, awaiting_capture: false } = *deal.phase() {
            charges::settle(deal, deposit, outcome);
            deal.close_if_done();
        }
        return;
    }
    if deal.books().awaits_capture() {
        return;
    }
    match *deal.phase() {
        Phase::Paying { outcome, awaiting_capture: true } => endings::go_on(deal, outcome),
        Phase::AwaitingDeposit { .. } => funding::advance(deal),
        Phase::Active { stage: Stage::AwaitingPerformance, .. } => tracking::act_on_what_waits(deal),
        Phase::Proposed { .. }
        | Phase::Moderation { .. }
        | Phase::Active { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
}
