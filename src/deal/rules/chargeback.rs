//! The payer's bank takes a payment back: what is open stops legs, what is lost leaves the pot.

use smallvec::SmallVec;

use super::paying;
use crate::deal::command::{Chargeback, ChargebackStep};
use crate::deal::draft::{Delta, Draft};
use crate::deal::event::Event;
use crate::deal::phase::Outcome;
use crate::deal::{Deal, Rejection};
use crate::deposit::{Deposit, Leg, LegState};
use crate::settlement::{Ending, Fault, Purpose, Receivable};
use crate::terms::Liable;
use crate::{Money, Payee};

/// Opened: no further leg of that deposit is sent. Won: on it goes. Lost: the amount leaves the pot.
pub(crate) fn record(deal: &Deal, c: &Chargeback, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let deposit = deal.deposit(c.deposit).ok_or(Rejection::UnknownDeposit { deposit: c.deposit })?;
    if c.amount.currency() != deposit.required.currency() {
        return Err(Rejection::AmountCurrency);
    }
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    let known = deal.chargebacks().iter().find(|b| b.reference == c.reference);
    // a chargeback moves forward only, and ends once
    if known.is_some_and(|b| b.step != ChargebackStep::Opened || b.deposit != c.deposit) {
        return Err(Rejection::ChargebackClosed);
    }
    out.push(Event::ChargebackRecorded {
        reference: c.reference.clone(),
        deposit: c.deposit,
        amount: c.amount,
        step: c.step,
    });
    match c.step {
        ChargebackStep::Opened => Ok(()),
        ChargebackStep::Won => send_waiting(deal, c, &[], out),
        ChargebackStep::Lost => lose(deal, deposit, c, out),
    }
}

fn lose(deal: &Deal, deposit: &Deposit, c: &Chargeback, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let currency = deposit.required.currency();
    let money = |minor| Money::from_minor(minor, currency);
    let mut missing = c.amount.minor();

    // legs that were not sent are cut, last first: before the ending, they only go back to whom the bank has paid
    let mut cuts = SmallVec::<[(&Leg, i64); 4]>::new();
    let mut from_legs = 0_i64;
    for leg in deal.legs().iter().rev().filter(|l| l.deposit == deposit.id && is_unsent(l)) {
        let cut = leg.amount.minor().min(missing);
        if cut > 0 {
            missing = missing.checked_sub(cut).ok_or(Rejection::Overflow)?;
            from_legs = from_legs.checked_add(cut).ok_or(Rejection::Overflow)?;
            cuts.push((leg, cut));
        }
    }
    let cash = deposit.buckets.held.checked_sub(deposit.on_hold).ok_or(Rejection::Overflow)?;
    let from_held = cash.min(missing);
    missing = missing.checked_sub(from_held).ok_or(Rejection::Overflow)?;
    let tx = out.tx()?;
    out.push(Event::ChargedBack {
        tx,
        reference: c.reference.clone(),
        deposit: deposit.id,
        from_held: money(from_held),
        from_legs: money(from_legs),
    });
    for (leg, cut) in &cuts {
        let left = leg.amount.minor().checked_sub(*cut).ok_or(Rejection::Overflow)?;
        out.push(Event::LegCut { leg: leg.id, old: leg.amount, new: money(left) });
        if left == 0 {
            out.leg_settled();
        }
    }
    owe(deal, money(missing), out);
    send_waiting(deal, c, &cuts, out)?;
    cancel_if_short(deal, deposit, from_held, out)
}

fn is_unsent(leg: &Leg) -> bool {
    match leg.state {
        LegState::Waiting | LegState::Declined => true,
        LegState::Ordered | LegState::Settled | LegState::Credited | LegState::Dropped => false,
    }
}

/// What is gone beyond the pot is owed to the platform, which the bank has taken it from.
fn owe(deal: &Deal, amount: Money, out: &mut Draft<'_>) {
    let debtor = match deal.binding_terms().policy.chargeback_liable {
        Liable::Seller => Payee::Seller,
        Liable::Buyer => Payee::Buyer,
        Liable::Platform => return,
    };
    if amount.is_positive() {
        let receivable = Receivable { debtor, payee: Payee::Platform, purpose: Purpose::Chargeback, amount };
        out.push(Event::ReceivableRaised { receivable });
    }
}

/// The chargeback is over: what is left of the legs that waited for it is sent, unless another one is open.
fn send_waiting(
    deal: &Deal,
    c: &Chargeback,
    cuts: &[(&Leg, i64)],
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let another = deal
        .chargebacks()
        .iter()
        .any(|b| b.deposit == c.deposit && b.step == ChargebackStep::Opened && b.reference != c.reference);
    if another {
        // nothing may be left to wait for it
        out.close_if_done(deal);
        return Ok(());
    }
    out.release(c.deposit);
    for waiting in deal.legs().iter().filter(|l| l.deposit == c.deposit && l.state == LegState::Waiting) {
        let cut = cuts.iter().find(|(l, _)| l.id == waiting.id).map_or(0, |(_, cut)| *cut);
        let left = waiting.amount.minor().checked_sub(cut).ok_or(Rejection::Overflow)?;
        if left > 0 {
            let leg = Leg { amount: Money::from_minor(left, waiting.amount.currency()), ..waiting.clone() };
            let to_balance = Draft::wants_balance(deal, &leg.payee, leg.purpose);
            out.attempt_again(deal, &leg, to_balance)?;
        }
    }
    out.close_if_done(deal);
    Ok(())
}

/// Before the ending, a required deposit that is left short cancels the deal, with nobody at fault.
fn cancel_if_short(deal: &Deal, deposit: &Deposit, taken: i64, out: &mut Draft<'_>) -> Result<(), Rejection> {
    if deal.phase().has_ended() || deposit.id.is_charge() || taken == 0 {
        return Ok(());
    }
    let held = taken.checked_neg().ok_or(Rejection::Overflow)?;
    let delta = Delta { deposit: Some(deposit.id), held, ..Delta::default() };
    paying::end(deal, &delta, Ending::Cancelled(Fault::Nobody), Outcome::Cancelled, out)
}
