//! Money coming in: requests, confirmations in every form, and the step to a funded deal.

use std::sync::Arc;

use super::{moderation, performance};
use crate::deal::command::{AddCharge, ConfirmPayment, RequestPayment};
use crate::deal::draft::{Delta, Draft, Fresh};
use crate::deal::event::{Consents, Event};
use crate::deal::phase::{Origin, Phase, Stage};
use crate::deal::{Deal, Rejection};
use crate::deposit::{
    ChargeDetails, ClientKey, Deposit, DepositId, GatewayName, Reference, Transaction, TxId,
};
use crate::settlement::Purpose;
use crate::terms::{Acceptance, Consent, Moderation, Terms};
use crate::{Money, Payee, Role, Side};

/// The most payments that each party may ask forms for, or say to have made, in one deal without money coming in.
const MAX_REQUESTS: u32 = 100;

/// A pending inbound transaction; the gateway port's `checkout` yields the form.
pub(crate) fn request(
    deal: &Deal,
    c: &RequestPayment,
    role: Role,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    let deposit = own_deposit(deal, c.deposit, side)?;
    check_amount(deposit, c.amount)?;
    let max = if deal.takes_money(deposit) { deposit.outstanding() } else { zero(deposit) };
    if c.amount.minor() > max.minor() {
        return Err(Rejection::AmountOverOutstanding { max });
    }
    if request_by_key(deal, &c.key, c.deposit).is_some() {
        return Err(Rejection::KeyReused);
    }
    check_count(deal, side)?;
    if agrees_by_asking(deal, side) {
        out.push(Event::Agreed { side, terms_version: deal.terms_version() });
    }
    let tx = out.tx()?;
    out.push(Event::PaymentRequested {
        tx,
        deposit: deposit.id,
        amount: c.amount,
        key: c.key.clone(),
        form: c.form.clone(),
    });
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

/// The request with this key: keys are each payer's own.
pub(crate) fn request_by_key<'d>(
    deal: &'d Deal,
    key: &ClientKey,
    deposit: DepositId,
) -> Option<&'d Transaction> {
    deal.transactions().iter().find(|t| t.key.as_ref() == Some(key) && t.deposit == deposit)
}

/// The additional charge with this key.
pub(crate) fn charge_by_key<'d>(deal: &'d Deal, key: &ClientKey) -> Option<(&'d Deposit, &'d ChargeDetails)> {
    let charges = deal.deposits().iter().filter_map(|d| Some((d, d.charge()?)));
    charges.into_iter().find(|(_, charge)| charge.key == *key)
}

/// A deposit of this side.
pub(crate) fn own_deposit(deal: &Deal, id: DepositId, side: Side) -> Result<&Deposit, Rejection> {
    let deposit = deal.deposit(id).ok_or(Rejection::UnknownDeposit { deposit: id })?;
    if deposit.owner != side {
        return Err(Rejection::NotYourDeposit { deposit: id });
    }
    Ok(deposit)
}

/// Parties cannot fill a deal with requests, nor with claims that the gateway denies, and neither can take up the
/// other's; facts of the gateway are never refused for their number.
pub(crate) fn check_count(deal: &Deal, side: Side) -> Result<(), Rejection> {
    let own = |t: &Transaction| deal.deposit(t.deposit).is_some_and(|d| d.owner == side);
    let moneyless = |t: &&Transaction| t.kind.is_inbound() && !t.brought_money() && own(t);
    let requests = deal.transactions().iter().filter(moneyless).count();
    if u32::try_from(requests).is_ok_and(|n| n < MAX_REQUESTS) {
        return Ok(());
    }
    Err(Rejection::TooMany { max: MAX_REQUESTS })
}

/// Is there a transaction, other than this one, by which this payment came in or may still come in?
pub(crate) fn is_known(deal: &Deal, gateway: &GatewayName, reference: &Reference, but: Option<TxId>) -> bool {
    let same = |t: &Transaction| {
        t.kind.is_inbound()
            && Some(t.id) != but
            && t.reference.as_ref() == Some(reference)
            && t.gateway.as_ref() == Some(gateway)
    };
    deal.transactions().iter().any(|t| same(t) && (t.is_pending() || t.brought_money()))
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

/// Under: wait. Exact: funded. Over: the excess goes back. Wrong phase, or closed: all of it goes back.
pub(crate) fn confirm(deal: &Deal, c: &ConfirmPayment, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let deposit = deal.deposit(c.deposit).ok_or(Rejection::UnknownDeposit { deposit: c.deposit })?;
    check_amount(deposit, c.amount)?;
    let tx = match answered_request(deal, c) {
        Some(tx) => tx,
        None => out.tx()?,
    };
    receive(deal, deposit, c, tx, out)
}

/// The pending transaction that a confirmation answers: the claim with its reference, the request it names, or the
/// oldest request of just this amount.
fn answered_request(deal: &Deal, c: &ConfirmPayment) -> Option<TxId> {
    let open = |t: &&Transaction| t.kind.is_inbound() && t.is_pending() && t.deposit == c.deposit;
    let mut found = None;
    for t in deal.transactions().iter().filter(open) {
        if t.reference.as_ref() == Some(&c.reference) && t.gateway.as_ref() == Some(&c.gateway) {
            return Some(t.id);
        }
        // a claim is of its own payment, whatever number another one comes with
        let meant =
            t.reference.is_none() && c.transaction.map_or(t.amount == c.amount, |named| t.id == named);
        if found.is_none() && meant {
            found = Some(t.id);
        }
    }
    found
}

/// Money is in, whatever we think of it: recorded first, then as much of it as is not wanted goes back.
pub(crate) fn receive(
    deal: &Deal,
    deposit: &Deposit,
    c: &ConfirmPayment,
    tx: TxId,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let amount = c.amount.minor();
    let ever = deposit.buckets.received.checked_add(amount).ok_or(Rejection::AmountTooLarge)?;
    if ever > Terms::MAX_AMOUNT.saturating_mul(100) {
        return Err(Rejection::AmountTooLarge);
    }
    out.push(Event::PaymentReceived {
        tx,
        deposit: deposit.id,
        amount: c.amount,
        gateway: c.gateway.clone(),
        reference: c.reference.clone(),
        held_until: c.held_until,
    });
    let wanted = if deal.takes_money(deposit) { deposit.outstanding().minor() } else { 0 };
    let on_hold = c.held_until.is_some();
    let accepted = if on_hold {
        if wanted == 0 {
            return out.void(deal, deposit, Purpose::Excess, (tx, amount));
        }
        // a hold is taken whole and captured in part
        amount
    } else {
        let accepted = amount.min(wanted);
        let excess = amount.checked_sub(accepted).ok_or(Rejection::Overflow)?;
        let fresh = Delta {
            deposit: Some(deposit.id),
            fresh: Some(Fresh { tx, amount: excess, on_hold }),
            ..Delta::default()
        };
        out.give_back(deal, &fresh, deposit, Purpose::Excess, excess)?;
        accepted
    };
    let delta = Delta {
        deposit: Some(deposit.id),
        held: accepted,
        on_hold: if on_hold { accepted } else { 0 },
        fresh: Some(Fresh { tx, amount: accepted, on_hold }),
        answered: None,
    };
    if accepted == 0 {
        return Ok(());
    }
    if deposit.id.is_charge() {
        return capture_needed(deal, &delta, deposit, out).map(|_| ());
    }
    advance(deal, &delta, deal.consents(), out)
}

/// Everybody has agreed, every required deposit is full: the deal moves on by itself.
pub(crate) fn advance(
    deal: &Deal,
    delta: &Delta,
    consents: Consents,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let policy = &deal.terms().policy;
    let until = match out.phase() {
        // one span from the proposal to the conclusion where both must report
        Phase::Proposed { until } => match policy.acceptance {
            Acceptance::Mutual => until,
            Acceptance::ByBuyer => out.at().plus_secs(policy.deposit_s),
        },
        Phase::AwaitingDeposit { until } => until,
        Phase::Moderation { .. }
        | Phase::Active { .. }
        | Phase::Disputed { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => return Ok(()),
    };
    if !consents.all() {
        return Ok(());
    }
    if let Phase::Proposed { .. } = out.phase() {
        out.enter(Phase::AwaitingDeposit { until });
    }
    if !deal.is_funded_after(delta) {
        return Ok(());
    }
    if policy.moderation == Moderation::Required && !deal.core.approved {
        moderation::enter(deal, Origin::AwaitingDeposit, out);
        return Ok(());
    }
    conclude(deal, delta, out)
}

/// Funded and agreed. Orders the captures; a mutual deal waits for them, and is then performing at once.
pub(crate) fn conclude(deal: &Deal, delta: &Delta, out: &mut Draft<'_>) -> Result<(), Rejection> {
    let policy = &deal.terms().policy;
    let unanswered = capture_required(deal, delta, out)?;
    match policy.acceptance {
        Acceptance::ByBuyer => {
            let until = out.at().plus_secs(policy.start_s);
            out.enter(Phase::Active { stage: Stage::AwaitingPerformance, until });
            if !unanswered {
                performance::act_on_what_waits(deal, delta, out)?;
            }
        }
        Acceptance::Mutual if unanswered => {
            if let Phase::Moderation { .. } = out.phase() {
                out.enter(Phase::AwaitingDeposit { until: out.at().plus_secs(policy.deposit_s) });
            }
        }
        Acceptance::Mutual => {
            let until = out.at().plus_secs(policy.performance_s);
            out.enter(Phase::Active { stage: Stage::Performing, until });
        }
    }
    Ok(())
}

/// Captures what the required deposits need of their open holds. Is a capture without an answer now?
pub(crate) fn capture_required(deal: &Deal, delta: &Delta, out: &mut Draft<'_>) -> Result<bool, Rejection> {
    if !deal.has_holds_after(delta) {
        return Ok(false);
    }
    let mut unanswered = false;
    for deposit in deal.deposits().iter().filter(|d| !d.id.is_charge()) {
        unanswered |= capture_needed(deal, delta, deposit, out)?;
    }
    Ok(unanswered)
}

/// Captures what a deposit needs of its open holds, oldest first, and lets the others go. Is a capture without an
/// answer now?
pub(crate) fn capture_needed(
    deal: &Deal,
    delta: &Delta,
    deposit: &Deposit,
    out: &mut Draft<'_>,
) -> Result<bool, Rejection> {
    capture(deal, delta, deposit, || Ok(deposit.required.minor()), Purpose::Excess, out)
}

/// Captures as much of a deposit's open holds as is missing to `wanted`, which is asked for only where something is on
/// hold, oldest first; lets the others go, for `purpose`. Is a capture without an answer now?
pub(crate) fn capture(
    deal: &Deal,
    delta: &Delta,
    deposit: &Deposit,
    wanted: impl FnOnce() -> Result<i64, Rejection>,
    purpose: Purpose,
    out: &mut Draft<'_>,
) -> Result<bool, Rejection> {
    let on_hold = deal.on_hold_after(deposit, delta);
    if on_hold == 0 {
        return Ok(false);
    }
    let mut unanswered = false;
    let cash = deal.held_after(deposit, delta).checked_sub(on_hold).ok_or(Rejection::Overflow)?;
    let mut missing = wanted()?.checked_sub(cash).ok_or(Rejection::Overflow)?;
    for pending in deal.captures(deposit.id, delta) {
        unanswered = true;
        missing = missing.checked_sub(pending.amount.minor()).ok_or(Rejection::Overflow)?;
    }
    for (hold, amount) in deal.open_holds(deposit.id, delta) {
        let part = amount.min(missing);
        if part > 0 {
            unanswered = true;
            missing = missing.checked_sub(part).ok_or(Rejection::Overflow)?;
            out.capture(deposit, hold, part)?;
        } else {
            out.void(deal, deposit, purpose, (hold, amount))?;
        }
    }
    Ok(unanswered)
}

/// Everything that a deposit holds goes back.
pub(crate) fn return_whole(
    deal: &Deal,
    deposit: &Deposit,
    purpose: Purpose,
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let delta = Delta::default();
    for hold in deal.open_holds(deposit.id, &delta) {
        out.void(deal, deposit, purpose, hold)?;
    }
    let cash = deposit.buckets.held.checked_sub(deposit.on_hold).ok_or(Rejection::Overflow)?;
    out.give_back(deal, &delta, deposit, purpose, cash)
}

/// A further deposit: optional to pay, outside the pots.
pub(crate) fn add_charge(deal: &Deal, c: &AddCharge, out: &mut Draft<'_>) -> Result<(), Rejection> {
    if c.amount.currency() != deal.terms().currency {
        return Err(Rejection::AmountCurrency);
    }
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    if c.amount.minor() > Terms::MAX_AMOUNT {
        return Err(Rejection::AmountTooLarge);
    }
    let named = match &c.payee {
        Payee::Buyer | Payee::Seller | Payee::Platform | Payee::Processor => true,
        Payee::Party(id) => deal.binding_terms().names_third(id),
    };
    if !named || c.payee == c.payer.payee() {
        return Err(Rejection::ChargePayee);
    }
    if charge_by_key(deal, &c.key).is_some() {
        return Err(Rejection::KeyReused);
    }
    let deposit = DepositId::at_index(deal.deposits().len())
        .ok_or(Rejection::TooMany { max: u32::from(DepositId::MAX_CHARGES) })?;
    let details = ChargeDetails { key: c.key.clone(), payee: c.payee.clone(), reason: c.reason.clone() };
    out.push(Event::ChargeAdded { deposit, payer: c.payer, amount: c.amount, details: Arc::new(details) });
    Ok(())
}

/// A hold is about to expire: what the deposit needs of it is captured; if nothing, it is let go.
pub(crate) fn capture_expiring(
    deal: &Deal,
    deposit: &Deposit,
    (hold, amount): (TxId, i64),
    out: &mut Draft<'_>,
) -> Result<(), Rejection> {
    let delta = Delta::default();
    let cash = deposit.buckets.held.checked_sub(deposit.on_hold).ok_or(Rejection::Overflow)?;
    let mut captures = deal.captures(deposit.id, &delta).map(|t| t.amount.minor());
    let coming = captures.try_fold(cash, i64::checked_add).ok_or(Rejection::Overflow)?;
    let missing = deposit.required.minor().checked_sub(coming).ok_or(Rejection::Overflow)?;
    let part = amount.min(missing);
    if part > 0 {
        out.capture(deposit, hold, part)
    } else {
        out.void(deal, deposit, Purpose::Excess, (hold, amount))
    }
}
