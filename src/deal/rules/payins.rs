//! Money coming in: requests for it, payments that a party states, and the gateway's confirmations in every form.

use super::{funding, holds, legs};
use crate::deal::command::{ConfirmPayment, RequestPayment, StatedPayment};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::Phase;
use crate::deal::{Deal, Rejection};
use crate::deposit::{Deposit, DepositId, Order, Purpose, Transaction, TransactionKind, TxId};
use crate::terms::{Consent, Terms};
use crate::{Money, Role, Side};

/// The most payments that each party may ask forms for, or say to have made, in one deal without money coming in.
const MAX_REQUESTS: u32 = 100;

/// A pending inbound transaction; the gateway port's `checkout` yields the form.
pub(crate) fn request(deal: &mut Draft<'_>, c: &RequestPayment, role: Role) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    let deposit = own_deposit(deal, c.deposit, side)?;
    check_amount(deposit, c.amount)?;
    let max = if deal.takes_money(deposit) { deposit.outstanding() } else { zero(deposit) };
    if c.amount.minor() > max.minor() {
        return Err(Rejection::AmountOverOutstanding { max });
    }
    if deal.books().request(&c.key, c.deposit).is_some() {
        return Err(Rejection::KeyReused);
    }
    check_count(deal, side)?;
    if agrees_by_asking(deal, side) {
        let terms_version = deal.terms_version();
        deal.push(Event::Agreed { side, terms_version });
    }
    let (tx, deposit, key, form) = (deal.books().next_tx(), c.deposit, c.key.clone(), c.form.clone());
    deal.push(Event::PaymentRequested { tx, deposit, amount: c.amount, key, form });
    Ok(())
}

/// Where creation implied the consents and an amendment has undone this one: whoever asks to pay for what is on the
/// table agrees to it. Never by the money alone, which may come by a form of before the amendment.
///
/// # Source
/// Nalogka's shop: an order that changes before the deposit is updated in the deal, and the buyer simply pays.
fn agrees_by_asking(deal: &Deal, side: Side) -> bool {
    // what is only on the table does not say how it is agreed to
    let implied = match deal.binding_terms().policy.consent {
        Consent::OnCreation => true,
        Consent::Explicit => false,
    };
    implied && matches!(deal.phase(), Phase::AwaitingDeposit { .. }) && !deal.consents().of(side)
}

/// What a party says to have paid, as the gateway is asked about it: all that is outstanding. `None` where the payment
/// is known, or somebody has stated it: it is not asked about, nor counted, twice.
pub(crate) fn judge_stated(
    deal: &Deal,
    stated: &StatedPayment,
    side: Side,
) -> Result<Option<Money>, Rejection> {
    let deposit = own_deposit(deal, stated.deposit, side)?;
    if deal.books().knows(&stated.gateway, &stated.reference, None) {
        return Ok(None);
    }
    let amount = deposit.outstanding();
    if amount.is_zero() {
        return Err(Rejection::AmountOverOutstanding { max: amount });
    }
    check_count(deal, side)?;
    Ok(Some(amount))
}

/// A transaction id that a party names is no proof: the gateway is asked about it.
pub(crate) fn ask_about(deal: &mut Draft<'_>, stated: &StatedPayment, side: Side, amount: Money) {
    let order = Order {
        tx: deal.books().next_tx(),
        kind: TransactionKind::Charge,
        deposit: stated.deposit,
        payee: side.payee(),
        purpose: Purpose::Charge,
        amount,
        leg: None,
        source: None,
    };
    let (gateway, reference) = (stated.gateway.clone(), stated.reference.clone());
    deal.push(Event::PaymentStated { order: Box::new(order), gateway, reference });
}

/// The gateway confirms a payment. Under: wait. Exact: funded. Over: the excess goes back. Wrong phase, or closed: all
/// of it goes back.
pub(crate) fn confirm(deal: &mut Draft<'_>, c: &ConfirmPayment) -> Result<(), Rejection> {
    let deposit = deal.deposit(c.deposit).ok_or(Rejection::UnknownDeposit { deposit: c.deposit })?;
    check_amount(deposit, c.amount)?;
    let tx = answered_request(deal, c).unwrap_or(deal.books().next_tx());
    receive(deal, c, tx)
}

/// The pending transaction that a confirmation answers: the stated payment with its reference, the request it names, or the
/// oldest request of just this amount.
fn answered_request(deal: &Deal, c: &ConfirmPayment) -> Option<TxId> {
    let open = |t: &&Transaction| t.kind.is_inbound() && t.is_pending() && t.deposit == c.deposit;
    let mut found = None;
    for t in deal.transactions().iter().filter(open) {
        if t.reference.as_ref() == Some(&c.reference) && t.gateway.as_ref() == Some(&c.gateway) {
            return Some(t.id);
        }
        // a stated payment is its own, whatever number another one comes with
        let meant =
            t.reference.is_none() && c.transaction.map_or(t.amount == c.amount, |named| t.id == named);
        if found.is_none() && meant {
            found = Some(t.id);
        }
    }
    found
}

/// Money is in, whatever we think of it: recorded first, then as much of it as is not wanted goes back.
pub(crate) fn receive(deal: &mut Draft<'_>, c: &ConfirmPayment, tx: TxId) -> Result<(), Rejection> {
    let id = c.deposit;
    let deposit = deal.deposit(id).ok_or(Rejection::UnknownDeposit { deposit: id })?;
    let amount = c.amount.minor();
    let ever = deposit.buckets.received.checked_add(amount).ok_or(Rejection::AmountTooLarge)?;
    if ever > Terms::MAX_AMOUNT.saturating_mul(100) {
        return Err(Rejection::AmountTooLarge);
    }
    let wanted = if deal.takes_money(deposit) { deposit.outstanding().minor() } else { 0 };
    let (gateway, reference, held_until) = (c.gateway.clone(), c.reference.clone(), c.held_until);
    deal.push(Event::PaymentReceived { tx, deposit: id, amount: c.amount, gateway, reference, held_until });
    if c.held_until.is_some() {
        // a hold is taken whole and captured in part
        if wanted == 0 {
            legs::void(deal, id, (tx, amount), Purpose::Excess);
        }
    } else {
        legs::refund(deal, id, tx, Purpose::Excess, amount.saturating_sub(wanted));
    }
    if wanted == 0 {
        return Ok(());
    }
    if id.is_charge() {
        holds::capture_needed(deal, id);
    } else {
        funding::advance(deal);
    }
    Ok(())
}

/// A deposit of this side.
fn own_deposit(deal: &Deal, id: DepositId, side: Side) -> Result<&Deposit, Rejection> {
    let deposit = deal.deposit(id).ok_or(Rejection::UnknownDeposit { deposit: id })?;
    if deposit.owner != side {
        return Err(Rejection::NotYourDeposit { deposit: id });
    }
    Ok(deposit)
}

/// Parties cannot fill a deal with requests, nor with stated payments that the gateway denies, and neither can take up the
/// other's; facts of the gateway are never refused for their number.
fn check_count(deal: &Deal, side: Side) -> Result<(), Rejection> {
    if u32::try_from(deal.books().moneyless(side)).is_ok_and(|n| n < MAX_REQUESTS) {
        return Ok(());
    }
    Err(Rejection::TooMany { max: MAX_REQUESTS })
}

fn check_amount(deposit: &Deposit, amount: Money) -> Result<(), Rejection> {
    if amount.currency() != deposit.required.currency() {
        return Err(Rejection::AmountCurrency);
    }
    if !amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    Ok(())
}

fn zero(deposit: &Deposit) -> Money {
    Money::zero(deposit.required.currency())
}
