//! Every ending: who gets what, the orders that follow, their answers, and the next attempts.

use super::{dispute, funding, performance};
use crate::deal::command::{Answer, Answered, ConfirmPayment, DestinationUse, SetDestination};
use crate::deal::draft::{Delta, Draft, NewLeg, is_declined};
use crate::deal::event::Event;
use crate::deal::phase::{Outcome, Phase, Stage};
use crate::deal::{Deal, Rejection};
use crate::deposit::{Deposit, DepositPurpose, LegState, Reason, Reference, Transaction, TransactionKind};
use crate::settlement::{Ending, Fault, Purpose, Settlement, Share, settle_into};
use crate::{Actor, Destination, Payee, Role};

/// Decides how the deal ends. Holds are captured as far as the settlement needs them, or let go; while a capture is
/// without an answer nothing else is ordered, because nobody knows yet what there is to give out.
pub(crate) fn end(
    deal: &Deal,
    delta: &Delta,
    ending: Ending,
    outcome: Outcome,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let pots = deal.pots_after(delta);
    let mut settlement = Settlement::default();
    settle_into(deal.binding_terms(), &pots, deal.incurred(), &ending, &mut settlement)?;
    if dispute::is_open(deal) {
        out.push(Event::DisputeClosed {});
    }
    let settle_by = out.at().plus_secs(deal.binding_terms().policy.settlement_s);
    out.push(Event::EndingDecided { ending, outcome, funded: pots.funded, settle_by });
    let holds_money = deal.deposits().iter().any(|d| deal.held_after(d, delta) > 0);
    if !holds_money && !out.has_unsettled_legs() {
        owe(&settlement, out);
        out.close(outcome);
        return Ok(());
    }
    let awaiting_capture = close_holds(deal, delta, &settlement, outcome, out)?;
    out.enter(Phase::Paying { outcome, awaiting_capture });
    if awaiting_capture {
        return Ok(());
    }
    distribute(deal, delta, &settlement, outcome, out)
}

/// Captures or voids what is on hold. Is a capture without an answer now?
fn close_holds(
    deal: &Deal,
    delta: &Delta,
    settlement: &Settlement,
    outcome: Outcome,
    out: &mut Draft<'_>,
) -> Result<bool, Rejection> {
    if !deal.has_holds_after(delta) {
        return Ok(false);
    }
    let mut unanswered = false;
    for deposit in deal.deposits() {
        let wanted = || outflow(deal, delta, deposit, settlement, outcome);
        let open = funding::capture(deal, delta, deposit, wanted, way_back(deposit), out)?;
        // a charge is settled by itself, when its own capture is answered
        unanswered |= open && !deposit.id.is_charge();
    }
    Ok(unanswered)
}

/// What an ending takes out of a deposit for anybody but its owner.
fn outflow(
    deal: &Deal,
    delta: &Delta,
    deposit: &Deposit,
    settlement: &Settlement,
    outcome: Outcome,
) -> Result<i64, Rejection> {
    if deposit.id.is_charge() {
        return Ok(if charge_stands(deal, delta, deposit, outcome) { deposit.required.minor() } else { 0 });
    }
    let shares = settlement.shares.iter().filter(|s| s.deposit == deposit.id && !s.purpose.goes_back());
    let sum = shares.map(|s| s.amount.minor()).try_fold(0_i64, i64::checked_add);
    sum.ok_or(Rejection::Overflow)
}

/// A charge that is paid in full goes to its payee on success, and back otherwise.
fn charge_stands(deal: &Deal, delta: &Delta, deposit: &Deposit, outcome: Outcome) -> bool {
    outcome == Outcome::Completed && deal.held_after(deposit, delta) >= deposit.required.minor()
}

/// The purpose of what goes back to the owner of a deposit.
const fn way_back(deposit: &Deposit) -> Purpose {
    match deposit.purpose {
        DepositPurpose::Payment | DepositPurpose::Charge => Purpose::Refund,
        DepositPurpose::Guarantee => Purpose::Guarantee,
    }
}

/// Orders a leg for every share that leaves its deposit's owner, and gives back the rest of every deposit. What is
/// on hold here was let go a moment ago, so it is not given back once more.
fn distribute(
    deal: &Deal,
    delta: &Delta,
    settlement: &Settlement,
    outcome: Outcome,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    for share in settlement.shares.iter().filter(|s| !s.purpose.goes_back()) {
        let Share { deposit, ref payee, purpose, amount } = *share;
        out.leg(deal, &NewLeg { deposit, payee, purpose, amount, source: None, void: false })?;
    }
    for deposit in deal.deposits() {
        if deposit.id.is_charge() {
            settle_charge(deal, delta, deposit, outcome, out)?;
        } else {
            let cash = cash(deal, delta, deposit)?;
            if cash > 0 {
                let given = outflow(deal, delta, deposit, settlement, outcome)?;
                let rest = cash.checked_sub(given).ok_or(Rejection::Overflow)?;
                out.give_back(deal, delta, deposit, way_back(deposit), rest)?;
            }
        }
    }
    owe(settlement, out);
    out.close_if_done(deal);
    Ok(())
}

/// What a deposit holds and has captured.
fn cash(deal: &Deal, delta: &Delta, deposit: &Deposit) -> Result<i64, Rejection> {
    let held = deal.held_after(deposit, delta);
    held.checked_sub(deal.on_hold_after(deposit, delta)).ok_or(Rejection::Overflow)
}

/// A charge goes to its payee or back; while its capture is without an answer, nowhere.
fn settle_charge(
    deal: &Deal,
    delta: &Delta,
    deposit: &Deposit,
    outcome: Outcome,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    if deal.captures(deposit.id, delta).next().is_some() {
        return Ok(());
    }
    match &deposit.charge {
        Some(charge) if charge_stands(deal, delta, deposit, outcome) => {
            let (payee, purpose, amount) = (&charge.payee, Purpose::Charge, deposit.required);
            out.leg(deal, &NewLeg { deposit: deposit.id, payee, purpose, amount, source: None, void: false })
        }
        Some(_) | None => {
            let rest = cash(deal, delta, deposit)?;
            out.give_back(deal, delta, deposit, Purpose::Refund, rest)
        }
    }
}

fn owe(settlement: &Settlement, out: &mut Draft<'_>) {
    for receivable in &settlement.receivables {
        out.push(Event::ReceivableRaised { receivable: receivable.clone() });
    }
}

/// The gateway's answer to an order. A transaction settles once; in progress changes nothing.
pub(crate) fn answer(deal: &Deal, c: &Answer, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let tx = c.transaction;
    let transaction = deal.transaction(tx).ok_or(Rejection::UnknownTransaction { tx })?;
    if !transaction.is_pending() {
        return Err(Rejection::AlreadySettled { tx });
    }
    match (&c.result, transaction.kind) {
        (Answered::InProgress, _) => Ok(()),
        (Answered::Succeeded(reference), TransactionKind::Hold | TransactionKind::Charge) => {
            verified(deal, transaction, reference, out)
        }
        (Answered::Succeeded(reference), TransactionKind::Capture) => {
            out.push(Event::TransactionSucceeded { tx, reference: reference.clone() });
            capture_answered(deal, transaction, transaction.amount.minor(), out)
        }
        (
            Answered::Succeeded(reference),
            TransactionKind::Void
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee
            | TransactionKind::Chargeback,
        ) => {
            out.push(Event::TransactionSucceeded { tx, reference: reference.clone() });
            out.leg_settled();
            out.close_if_done(deal);
            Ok(())
        }
        (Answered::Declined(reason), kind) => {
            out.push(Event::TransactionFailed { tx, reason: reason.clone() });
            declined(deal, transaction, kind, reason, out)
        }
    }
}

/// The gateway confirms a payment that a party has claimed; a mere request it cannot, since it says no amount.
fn verified(
    deal: &Deal,
    transaction: &Transaction,
    reference: &Reference,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let tx = transaction.id;
    let gateway = match (&transaction.gateway, &transaction.reference) {
        (Some(gateway), Some(claimed)) if claimed == reference => gateway.clone(),
        (Some(_) | None, _) => return Err(Rejection::ConfirmInstead { tx }),
    };
    // confirmed meanwhile, for another deposit: the same money does not come in twice
    if funding::is_known(deal, &gateway, reference, Some(tx)) {
        out.push(Event::TransactionFailed { tx, reason: Reason::default() });
        return Ok(());
    }
    let id = transaction.deposit;
    let deposit = deal.deposit(id).ok_or(Rejection::UnknownDeposit { deposit: id })?;
    let payment = ConfirmPayment {
        deposit: id,
        gateway,
        reference: reference.clone(),
        amount: transaction.amount,
        transaction: Some(tx),
        held_until: None,
    };
    funding::receive(deal, deposit, &payment, tx, out)
}

fn declined(
    deal: &Deal,
    transaction: &Transaction,
    kind: TransactionKind,
    reason: &Reason,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    match kind {
        // the payer did not pay, or had not
        TransactionKind::Hold | TransactionKind::Charge | TransactionKind::Chargeback => Ok(()),
        TransactionKind::Capture => capture_failed(deal, transaction, reason, out),
        // a hold that cannot be let go has lapsed by itself
        TransactionKind::Void => {
            out.leg_settled();
            out.close_if_done(deal);
            Ok(())
        }
        TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
            let leg = transaction.leg.and_then(|l| deal.legs().get(crate::deal::core::index(l.number())));
            let overdue = deal.core.settle_by.is_some_and(|at| at <= out.at());
            if let (Some(leg), true) = (leg, overdue) {
                out.attempt_again(deal, leg, true)?;
                out.close_if_done(deal);
            }
            Ok(())
        }
    }
}

/// A hold is closed: `captured` of it is money now, the rest was let go.
fn capture_answered(
    deal: &Deal,
    capture: &Transaction,
    captured: i64,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let delta = closed_hold(deal, capture, captured)?;
    after_capture(deal, capture, &delta, out)
}

/// A hold that cannot be captured leaves the deal; before an ending that cancels it, with nobody at fault.
fn capture_failed(
    deal: &Deal,
    capture: &Transaction,
    reason: &Reason,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let delta = closed_hold(deal, capture, 0)?;
    if deal.phase().has_ended() || capture.deposit.is_charge() {
        return after_capture(deal, capture, &delta, out);
    }
    out.capture_answered();
    out.push(Event::Cancelled { at_fault: Fault::Nobody, reason: reason.clone() });
    end(deal, &delta, Ending::Cancelled(Fault::Nobody), Outcome::Cancelled, out)
}

fn closed_hold(deal: &Deal, capture: &Transaction, captured: i64) -> Result<Delta, Rejection> {
    let hold = capture.source.and_then(|id| deal.transaction(id)).ok_or(Rejection::Overflow)?;
    let amount = hold.amount.minor();
    Ok(Delta {
        deposit: Some(capture.deposit),
        held: captured.checked_sub(amount).ok_or(Rejection::Overflow)?,
        on_hold: amount.checked_neg().ok_or(Rejection::Overflow)?,
        fresh: None,
        answered: Some((hold.id, captured)),
    })
}

/// The deal goes on where it waited for the capture, unless another one is without an answer.
fn after_capture(
    deal: &Deal,
    answered: &Transaction,
    delta: &Delta,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    out.capture_answered();
    if let Some(charge) = deal.deposit(answered.deposit).filter(|d| d.id.is_charge()) {
        if let Phase::Paying { outcome, awaiting_capture: false } = *deal.phase() {
            settle_charge(deal, delta, charge, outcome, out)?;
            out.close_if_done(deal);
        }
        return Ok(());
    }
    let other = |t: &Transaction| t.is_open_capture() && t.id != answered.id && !t.deposit.is_charge();
    if deal.transactions().iter().any(other) {
        return Ok(());
    }
    match *deal.phase() {
        Phase::Paying { outcome, awaiting_capture: true } => {
            let Some(ending) = deal.ending() else {
                return Ok(());
            };
            let mut settlement = Settlement::default();
            let pots = deal.pots_after(delta);
            settle_into(deal.binding_terms(), &pots, deal.incurred(), ending, &mut settlement)?;
            out.enter(Phase::Paying { outcome, awaiting_capture: false });
            distribute(deal, delta, &settlement, outcome, out)
        }
        Phase::AwaitingDeposit { .. } => funding::advance(deal, delta, deal.consents(), out),
        Phase::Active { stage: Stage::AwaitingPerformance, .. } => {
            performance::act_on_what_waits(deal, delta, out)
        }
        Phase::Proposed { .. }
        | Phase::Moderation { .. }
        | Phase::Active { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => Ok(()),
    }
}

/// A payee chooses where his money goes; what was declined is tried again, there.
pub(crate) fn set_destination(
    deal: &Deal,
    c: &SetDestination,
    role: Role,
    actor: &Actor,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let own = match (&c.payee, role, actor) {
        (Payee::Buyer, Role::Buyer, _) | (Payee::Seller, Role::Seller, _) => true,
        (Payee::Platform | Payee::Processor, Role::Operator, _) => true,
        (Payee::Party(id), _, Actor::Party(actor)) => id == actor,
        (_, Role::Operator, _) => c.of == DestinationUse::Refunds,
        (Payee::Buyer | Payee::Seller | Payee::Platform | Payee::Processor | Payee::Party(_), _, _) => false,
    };
    if !own {
        return Err(Rejection::NotYourMoney);
    }
    let mut legs = deal.legs().iter().filter(|l| l.payee == c.payee && DestinationUse::of(l.purpose) == c.of);
    if legs.clone().any(|l| l.state == LegState::Ordered) {
        return Err(Rejection::AttemptUnanswered);
    }
    if deal.destination(&c.payee, c.of) != c.destination.as_ref() {
        out.push(Event::DestinationSet {
            payee: c.payee.clone(),
            of: c.of,
            destination: c.destination.clone(),
        });
    }
    let to_balance = c.destination == Some(Destination::Balance);
    legs.by_ref().filter(|l| is_declined(l)).try_for_each(|leg| out.attempt_again(deal, leg, to_balance))?;
    out.close_if_done(deal);
    Ok(())
}

/// The settlement deadline: whatever is declined goes to the payees' balances.
pub(crate) fn credit_declined(deal: &Deal, out: &mut Draft<'_>) -> Result<(), Rejection> {
    deal.legs().iter().filter(|l| is_declined(l)).try_for_each(|leg| out.attempt_again(deal, leg, true))?;
    out.close_if_done(deal);
    Ok(())
}
