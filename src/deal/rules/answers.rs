//! The gateway's answers to orders. A transaction settles once; in progress changes nothing.

use super::endings::{self, Fullness};
use super::{chargebacks, charges, debts, funding, legs, payins, tracking};
use crate::deal::Deal;
use crate::deal::books::Cause;
use crate::deal::command::{Answer, Answered, ConfirmPayment};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::{Phase, Stage};
use crate::deal::rejection::{AnswerKind, Contradiction, Rejection};
use crate::deposit::{
    CaptureId, DepositId, GatewayName, Purpose, Reason, Reference, Transaction, TransactionKind,
    TransactionState, TxId,
};
use crate::settlement::{Fault, Receivable};
use crate::{Money, Payee};

/// The gateway answers an order, or says something else of one that it has answered before.
pub(crate) fn answer(deal: &mut Draft<'_>, c: &Answer) -> Result<(), Rejection> {
    let tx = c.transaction;
    let transaction = deal.transaction(tx).ok_or(Rejection::UnknownTransaction { tx })?;
    let (kind, deposit, leg) = (transaction.kind, transaction.deposit, transaction.leg);
    // a balance is no gateway: what was credited was never sent
    if leg.and_then(|id| deal.books().leg(id)).is_some_and(|l| l.is_credited_by(tx)) {
        return Err(Rejection::FactContradicts(Contradiction::NotSent { tx }));
    }
    match (&c.result, &transaction.state) {
        (Answered::InProgress, _) => Ok(()),
        (Answered::Succeeded(reference), TransactionState::Pending) if kind.is_inbound() => {
            let payment = verified(transaction, reference)?;
            confirm_claim(deal, &payment, tx)
        }
        (Answered::Succeeded(reference), TransactionState::Pending) => {
            match kind {
                TransactionKind::Capture => capture(deal, (tx, deposit), reference),
                TransactionKind::Hold
                | TransactionKind::Charge
                | TransactionKind::Void
                | TransactionKind::Refund
                | TransactionKind::Payout
                | TransactionKind::Fee => succeed(deal, tx, reference),
            }
            Ok(())
        }
        (Answered::Declined(reason), TransactionState::Pending) => {
            decline(deal, (tx, kind, deposit), reason);
            Ok(())
        }
        // a bare decline of what was done: it is asked again, never sent anew
        (Answered::Declined(_), TransactionState::Succeeded) if !kind.is_inbound() => {
            deal.push(Event::AnswerDoubted { tx });
            Ok(())
        }
        (Answered::Succeeded(reference), TransactionState::Succeeded)
            if transaction.doubted
                && transaction.reference.as_ref().is_none_or(|known| known == reference) =>
        {
            deal.push(Event::AnswerConfirmed { tx });
            Ok(())
        }
        (Answered::Succeeded(reference), TransactionState::Failed(_)) => {
            succeed_after_all(deal, tx, reference)
        }
        (Answered::Succeeded(_), _) => Err(contradicts(transaction, AnswerKind::Succeeded)),
        (Answered::Declined(_), _) => Err(contradicts(transaction, AnswerKind::Declined)),
    }
}

fn contradicts(transaction: &Transaction, told: AnswerKind) -> Rejection {
    let recorded = match transaction.state {
        TransactionState::Succeeded => AnswerKind::Succeeded,
        TransactionState::Failed(_) | TransactionState::Pending => AnswerKind::Declined,
    };
    Rejection::FactContradicts(Contradiction::Answer { tx: transaction.id, recorded, told })
}

/// A leg is paid, or a hold let go.
fn succeed(deal: &mut Draft<'_>, tx: TxId, reference: &Reference) {
    deal.push(Event::TransactionSucceeded { tx, reference: reference.clone() });
    owe_twice(deal, tx);
    deal.close_if_done();
}

/// As if the gateway had captured what it was asked to.
pub(crate) fn captured(deal: &mut Draft<'_>, tx: TxId) {
    let deposit = deal.transaction(tx).map(|t| t.deposit);
    if let Some((deposit, (_, payment))) = deposit.zip(payment_of(deal, tx)) {
        capture(deal, (tx, deposit), &payment);
    }
}

/// A hold is money now.
fn capture(deal: &mut Draft<'_>, (tx, deposit): (TxId, DepositId), reference: &Reference) {
    let (was, over) = (Fullness::of(deal), over_the_hold(deal, tx));
    deal.push(Event::TransactionSucceeded { tx, reference: reference.clone() });
    if let Some((hold, over)) = over {
        legs::refund(deal, deposit, hold, Purpose::Excess, over);
    }
    if let Some((gateway, payment)) = payment_of(deal, tx) {
        chargebacks::meet(deal, &gateway, &payment);
    }
    chargebacks::reconcile(deal);
    endings::end_if_short(deal, was);
    after_capture(deal, deposit);
}

/// What a capture takes beyond its hold, of which the gateway has charged a part by itself meanwhile: what of that the
/// deposit does not want.
fn over_the_hold(deal: &Deal, capture: TxId) -> Option<(TxId, i64)> {
    let capture = deal.transaction(capture)?;
    let hold = deal.transaction(capture.source?)?;
    let of = deal.deposit(hold.deposit)?;
    let wanted = if deal.takes_money(of) { of.outstanding().minor() } else { 0 };
    let more = capture.amount.minor().saturating_sub(hold.on_hold()).max(0);
    Some((hold.id, more.saturating_sub(wanted).max(0)))
}

/// The payment that a capture took.
fn payment_of(deal: &Deal, capture: TxId) -> Option<(GatewayName, Reference)> {
    let hold = deal.transaction(deal.transaction(capture)?.source?)?;
    Some((hold.gateway.clone()?, hold.reference.clone()?))
}

/// What was declined went through after all. A capture or a claim brought money in; of a void nobody knows more than
/// before; an outgoing payment settles its leg, unless a later attempt has: then its payee has it twice.
fn succeed_after_all(deal: &mut Draft<'_>, tx: TxId, reference: &Reference) -> Result<(), Rejection> {
    let Some(transaction) = deal.transaction(tx) else { return Ok(()) };
    match transaction.kind {
        TransactionKind::Capture => {
            let (amount, deposit) = (transaction.amount, transaction.deposit);
            let (gateway, payment) = payment_of(deal, tx).ok_or(Rejection::UnknownTransaction { tx })?;
            let mut told = ConfirmPayment::charged(deposit, gateway, payment, amount);
            if payins::has_capture_ids(deal, &told) {
                told.capture = CaptureId::from_reference(reference);
            }
            if payins::is_recorded(deal, &told) {
                return Ok(());
            }
            payins::confirm(deal, &told)
        }
        TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
            deal.push(Event::TransactionSucceeded { tx, reference: reference.clone() });
            owe_twice(deal, tx);
            chargebacks::reconcile(deal);
            deal.close_if_done();
            Ok(())
        }
        // a claim had lapsed, or was denied: where its payment has no receipt yet, it came in after all
        TransactionKind::Charge => {
            let payment = verified(transaction, reference)?;
            let receipt = deal.books().next_tx();
            payins::receive(deal, &payment, receipt)
        }
        // it had lapsed, as far as anybody knew: it is gone either way
        TransactionKind::Void if !was_charged(deal, transaction) => Ok(()),
        TransactionKind::Hold | TransactionKind::Void => Err(contradicts(transaction, AnswerKind::Succeeded)),
    }
}

/// Whether the gateway has told that the hold which was to be let go is money.
fn was_charged(deal: &Deal, void: &Transaction) -> bool {
    let hold = void.source.and_then(|hold| deal.transaction(hold));
    let payment = hold.and_then(|hold| Some((hold.gateway.as_ref()?, hold.reference.as_ref()?)));
    payment.is_some_and(|(gateway, reference)| {
        let mut known = deal.books().of_payment(gateway, reference);
        known.any(|t| t.kind == TransactionKind::Charge && t.deposit == void.deposit)
    })
}

/// A payee who has a leg twice owes it. While the latest attempt has no answer nobody knows.
fn owe_twice(deal: &mut Draft<'_>, tx: TxId) {
    let Some(leg) = deal.transaction(tx).and_then(|t| t.leg).and_then(|id| deal.books().leg(id)) else {
        return;
    };
    let (root, debtor, currency) = (leg.root(), leg.payee().clone(), leg.amount().currency());
    let (twice, cause) = (deal.books().twice(root), Cause::PaidTwice { leg: root });
    // what comes back lowers it
    if deal.books().debts().iter().any(|d| d.cause == cause && d.amount.minor() >= twice) {
        return;
    }
    let (payee, purpose, amount) = (Payee::Platform, Purpose::Excess, Money::from_minor(twice, currency));
    debts::book(deal, cause, Receivable { debtor, payee, purpose, amount });
}

/// The payment that a party has stated, as the gateway confirms it; a mere request it cannot confirm, since it says no
/// amount.
fn verified(stated: &Transaction, reference: &Reference) -> Result<ConfirmPayment, Rejection> {
    let gateway = match (&stated.gateway, &stated.reference) {
        (Some(gateway), Some(named)) if named == reference => gateway.clone(),
        (Some(_) | None, _) => return Err(Rejection::ConfirmInstead { tx: stated.id }),
    };
    let payment = ConfirmPayment::charged(stated.deposit, gateway, reference.clone(), stated.amount);
    Ok(ConfirmPayment { transaction: Some(stated.id), ..payment })
}

/// A claim decides nothing: where the gateway has told of its payment meanwhile, for whatever deposit, its word counts.
fn confirm_claim(deal: &mut Draft<'_>, payment: &ConfirmPayment, tx: TxId) -> Result<(), Rejection> {
    if deal.books().of_payment(&payment.gateway, &payment.reference).next().is_some() {
        deal.push(Event::TransactionFailed { tx, reason: Reason::default(), missed: false });
        return Ok(());
    }
    payins::receive(deal, payment, tx)
}

fn decline(deal: &mut Draft<'_>, (tx, kind, deposit): (TxId, TransactionKind, DepositId), reason: &Reason) {
    let was_funded = deal.counts_as_funded();
    let missed = kind == TransactionKind::Capture && !deposit.is_charge() && goes_on(deal);
    deal.push(Event::TransactionFailed { tx, reason: reason.clone(), missed });
    match kind {
        // the payer did not pay, or had not
        TransactionKind::Hold | TransactionKind::Charge => {}
        // the ending stands, or the deal goes on to one
        TransactionKind::Capture if missed || deal.phase().has_ended() || deposit.is_charge() => {
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
            owe_twice(deal, tx);
            chargebacks::reconcile(deal);
            legs::give_up_overdue(deal);
            deal.close_if_done();
        }
    }
}

/// Whether a capture that fails now changes nothing of how the deal goes on: the performance has begun.
pub(crate) fn goes_on(deal: &Deal) -> bool {
    deal.clockwork().begun
        && match deal.phase() {
            Phase::Active { .. }
            | Phase::Clearing { .. }
            | Phase::Disputed { .. }
            | Phase::Paying { .. }
            | Phase::Closed { .. } => true,
            Phase::Proposed { .. } | Phase::AwaitingDeposit { .. } | Phase::Moderation { .. } => false,
        }
}

/// The deal goes on where it waited for the capture, unless another one is without an answer.
pub(crate) fn after_capture(deal: &mut Draft<'_>, deposit: DepositId) {
    if deposit.is_charge() {
        if let Phase::Paying { awaiting_capture: false, .. } = *deal.phase() {
            charges::settle(deal, deposit);
            chargebacks::reconcile(deal);
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
        | Phase::Clearing { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => {}
    }
}
