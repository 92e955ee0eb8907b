//! The payer's bank takes a payment back: what is open stops legs, what is lost leaves the pot.

use smallvec::SmallVec;

use super::{endings, legs};
use crate::deal::Rejection;
use crate::deal::command::{Chargeback, ChargebackStep};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deposit::{Deposit, DepositId, Leg, LegId, LegState, Purpose};
use crate::settlement::Receivable;
use crate::terms::Liable;
use crate::{Money, Payee};

/// Opened: no further leg of that deposit is sent. Won: on it goes. Lost: the amount leaves the pot.
pub(crate) fn record(deal: &mut Draft<'_>, c: &Chargeback) -> Result<(), Rejection> {
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
    deal.push(Event::ChargebackRecorded {
        reference: c.reference.clone(),
        deposit: c.deposit,
        amount: c.amount,
        step: c.step,
    });
    match c.step {
        ChargebackStep::Opened => {}
        ChargebackStep::Won => send_waiting(deal, c.deposit),
        ChargebackStep::Lost => lose(deal, c),
    }
    Ok(())
}

fn lose(deal: &mut Draft<'_>, c: &Chargeback) {
    let Some(deposit) = deal.deposit(c.deposit) else { return };
    let was_funded = deal.pots().funded;
    let money = |minor| Money::from_minor(minor, c.amount.currency());
    let (cuts, from_legs) = cuts(deal.legs(), deposit, c.amount.minor());
    let missing = c.amount.minor().saturating_sub(from_legs);
    let from_held = deposit.cash().min(missing);
    deal.push(Event::ChargedBack {
        tx: deal.books().next_tx(),
        reference: c.reference.clone(),
        deposit: c.deposit,
        from_held: money(from_held),
        from_legs: money(from_legs),
    });
    for (leg, old, new) in cuts {
        deal.push(Event::LegCut { leg, old: money(old), new: money(new) });
    }
    owe(deal, money(missing.saturating_sub(from_held)));
    send_waiting(deal, c.deposit);
    // before the ending, a required deposit that is left short cancels the deal
    if !deal.phase().has_ended() && !c.deposit.is_charge() && from_held != 0 {
        endings::end_short(deal, was_funded);
    }
}

/// Legs that are cut, each with its old and its new amount.
type Cuts = SmallVec<[(LegId, i64, i64); 4]>;

/// Legs that were not sent are cut, last first: before the ending, they only go back to whom the bank has paid. And what
/// they come to.
fn cuts(legs: &[Leg], deposit: &Deposit, lost: i64) -> (Cuts, i64) {
    let mut cuts = SmallVec::new();
    let mut missing = lost;
    for leg in legs.iter().rev().filter(|l| l.deposit == deposit.id && is_unsent(l)) {
        let old = leg.amount.minor();
        let cut = old.min(missing);
        if cut > 0 {
            missing = missing.saturating_sub(cut);
            cuts.push((leg.id, old, old.saturating_sub(cut)));
        }
    }
    (cuts, lost.saturating_sub(missing))
}

fn is_unsent(leg: &Leg) -> bool {
    match leg.state {
        LegState::Waiting | LegState::Declined => true,
        LegState::Ordered | LegState::Settled | LegState::Credited | LegState::Dropped => false,
    }
}

/// What is gone beyond the pot is owed to the platform, which the bank has taken it from.
fn owe(deal: &mut Draft<'_>, amount: Money) {
    let debtor = match deal.binding_terms().policy.chargeback_liable {
        Liable::Seller => Payee::Seller,
        Liable::Buyer => Payee::Buyer,
        Liable::Platform => return,
    };
    if amount.is_positive() {
        let receivable = Receivable { debtor, payee: Payee::Platform, purpose: Purpose::Chargeback, amount };
        deal.push(Event::ReceivableRaised { receivable });
    }
}

/// The chargeback is over: what is left of the legs that waited for it is sent, unless another one is open.
fn send_waiting(deal: &mut Draft<'_>, deposit: DepositId) {
    if !deal.books().is_disputed(deposit) {
        legs::retry(deal, |l| l.deposit == deposit && l.state == LegState::Waiting);
    }
    // nothing may be left to wait for it
    deal.close_if_done();
}
