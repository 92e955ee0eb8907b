//! Money coming in: requests for it, payments that a party states, and the gateway's confirmations in every form.

use smallvec::SmallVec;

use super::endings::{self, Fullness};
use super::{answers, chargebacks, funding, holds, legs, missed};
use crate::deal::Deal;
use crate::deal::command::{ConfirmPayment, RequestPayment, StatedPayment};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::Phase;
use crate::deal::rejection::{Contradiction, Rejection};
use crate::deposit::{
    Deposit, DepositId, HoldState, Order, Purpose, Reason, Transaction, TransactionKind, TxId,
};
use crate::terms::{Consent, Terms};
use crate::{Money, Role, Side, Time};

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
    let agrees = agrees_by_asking(deal, side, c.terms_version)?;
    if agrees {
        let terms_version = deal.terms_version();
        deal.push(Event::Agreed { side, terms_version });
    }
    let (tx, deposit, key, form) = (deal.books().next_tx(), c.deposit, c.key.clone(), c.form.clone());
    deal.push(Event::PaymentRequested { tx, deposit, amount: c.amount, key, form });
    if agrees && deal.consents().all() {
        funding::go_on(deal);
    }
    Ok(())
}

/// Where creation implied the consents and an amendment has undone this one: whoever asks to pay for the version on the
/// table agrees to it, and nobody pays for another one. Never by the money alone, which may come by a form of before the
/// amendment.
///
/// # Source
/// Nalogka's shop: an order that changes before the deposit is updated in the deal, and the buyer simply pays.
fn agrees_by_asking(deal: &Deal, side: Side, seen: Option<u32>) -> Result<bool, Rejection> {
    let Some(given) = seen.filter(|_| !deal.consents().of(side)) else { return Ok(false) };
    let actual = deal.terms_version();
    if given != actual {
        return Err(Rejection::StaleTerms { given, actual });
    }
    // what is only on the table does not say how it is agreed to
    let implied = match deal.binding_terms().policy.consent {
        Consent::OnCreation => true,
        Consent::Explicit => false,
    };
    Ok(implied && matches!(deal.phase(), Phase::AwaitingDeposit { .. } | Phase::Moderation { .. }))
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

/// What a fact about a payment is, held against what is recorded.
enum Fact {
    /// Money, or a hold, that nobody has told of.
    New,
    /// An open hold is money now: by this capture, which was ordered, or by one that nobody ordered.
    Charges { hold: TxId, capture: Option<TxId> },
    /// An open hold expires sooner than the gateway has said before.
    Sooner { hold: TxId, expires: Time },
    /// A hold that was to be let go is charged after all: the order to let it go failed.
    Instead { void: TxId },
}

/// The gateway tells of a payment. Under: wait. Exact: funded. Over: the excess goes back. Wrong phase, closed, or in
/// another currency: all of it goes back.
pub(crate) fn confirm(deal: &mut Draft<'_>, c: &ConfirmPayment) -> Result<(), Rejection> {
    // whoever names the deposit of what strayed means the one that it was for
    let meant = deal.books().named(c.deposit);
    if meant != c.deposit {
        return confirm(deal, &ConfirmPayment { deposit: meant, ..c.clone() });
    }
    let named = deal.deposit(c.deposit).ok_or(Rejection::UnknownDeposit { deposit: c.deposit })?;
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    let fact = judge(deal, c)?;
    if c.amount.currency() != named.required.currency() {
        return stray(deal, c);
    }
    let was = Fullness::of(deal);
    match fact {
        Fact::New => {
            let tx = answered_request(deal, c).unwrap_or(deal.books().next_tx());
            receive(deal, c, tx)
        }
        Fact::Instead { void } => {
            let tx = deal.books().next_tx();
            check_total(deal, c)?;
            deal.push(Event::TransactionFailed { tx: void, reason: Reason::default(), missed: false });
            receive(deal, c, tx)
        }
        Fact::Sooner { hold, expires } => {
            deal.push(Event::HoldShortened { tx: hold, expires });
            Ok(())
        }
        Fact::Charges { hold, capture } => {
            check_total(deal, c)?;
            charge_hold(deal, c, hold, capture, was);
            Ok(())
        }
    }
}

/// Whether just this fact is recorded already.
pub(crate) fn is_recorded(deal: &Deal, c: &ConfirmPayment) -> bool {
    if c.held_until.is_some() {
        let hold = deal.books().recorded(c).find(|t| t.kind == TransactionKind::Hold);
        // a hold, after it was charged
        let charged = || deal.books().recorded(c).any(|t| t.kind == TransactionKind::Charge);
        return hold.map_or_else(charged, |hold| hold.amount == c.amount && sooner(hold, c).is_none());
    }
    deal.books().charges(c).any(|known| known.is(c.capture.as_ref()) && known.amount == c.amount)
}

/// When an open hold expires now, where that is sooner than was known. Facts come twice and in any order, so the soonest
/// counts: a hold that is captured too early loses nothing.
fn sooner(hold: &Transaction, c: &ConfirmPayment) -> Option<Time> {
    let Some(HoldState::Open { expires }) = hold.hold else { return None };
    c.held_until.filter(|told| *told < expires)
}

/// Whether the captures of this payment have ids.
pub(crate) fn has_capture_ids(deal: &Deal, c: &ConfirmPayment) -> bool {
    deal.books().charges(c).any(|known| !known.ordered && known.id.is_some())
}

fn judge(deal: &Deal, c: &ConfirmPayment) -> Result<Fact, Rejection> {
    let contradicts =
        |recorded| Err(Rejection::FactContradicts(Contradiction::Amount { recorded, told: c.amount }));
    let hold = deal.books().recorded(c).filter(|t| t.kind == TransactionKind::Hold).last();
    if c.held_until.is_some() {
        return match hold {
            Some(hold) => match sooner(hold, c) {
                Some(expires) if hold.amount == c.amount => Ok(Fact::Sooner { hold: hold.id, expires }),
                Some(_) | None => contradicts(hold.amount),
            },
            None => Ok(Fact::New),
        };
    }
    for known in deal.books().charges(c) {
        if known.is(c.capture.as_ref()) {
            return contradicts(known.amount);
        }
        if known.is_mixed(c.capture.as_ref()) {
            return Err(Rejection::FactContradicts(Contradiction::CaptureId {
                recorded: known.id.is_some(),
            }));
        }
    }
    let Some(hold) = hold else { return Ok(Fact::New) };
    let order = deal.transactions().iter().find(|t| t.is_pending() && t.source == Some(hold.id));
    Ok(match (hold.hold, order) {
        (Some(HoldState::Open { .. }), _) => Fact::Charges { hold: hold.id, capture: None },
        (Some(HoldState::Closing), Some(order)) if order.kind == TransactionKind::Void => {
            Fact::Instead { void: order.id }
        }
        (Some(HoldState::Closing), Some(order)) if order.amount == c.amount => {
            Fact::Charges { hold: hold.id, capture: Some(order.id) }
        }
        // while our order to capture is on its way: the gateway's word counts
        (Some(HoldState::Closing), Some(_)) => Fact::Charges { hold: hold.id, capture: None },
        // voided, lapsed, or not to be captured: money came in after all
        (Some(HoldState::Closing | HoldState::Closed | HoldState::Lapsed) | None, _) => Fact::New,
    })
}

/// So much of a hold is money now. Nothing of it is given back that the deposit wants. Where it is too little, that ends the
/// deal before anything that waited for the money can go on.
fn charge_hold(deal: &mut Draft<'_>, c: &ConfirmPayment, hold: TxId, capture: Option<TxId>, was: Fullness) {
    let over = c.amount.minor().saturating_sub(wanted_of(deal, c, hold));
    let tx = capture.unwrap_or(deal.books().next_tx());
    // what we order takes what is needed, and lets the rest go
    let (amount, last) = (c.amount, c.is_final || capture.is_some());
    let missed = if last { missed::of_rest(deal, c, hold) } else { None };
    deal.push(Event::HoldCharged { tx, hold, amount, capture: c.capture.clone(), last, missed });
    let ordered = deal.transactions().iter().find(|t| t.is_pending() && t.source == Some(hold)).map(|t| t.id);
    let closed = deal.transaction(hold).is_some_and(|t| t.hold == Some(HoldState::Closed));
    if let Some(tx) = ordered.filter(|_| closed) {
        deal.push(Event::TransactionFailed { tx, reason: Reason::default(), missed: false });
    }
    chargebacks::meet(deal, &c.gateway, &c.reference);
    legs::refund(deal, c.deposit, hold, Purpose::Excess, over);
    chargebacks::reconcile(deal);
    endings::end_if_short(deal, was);
    answers::after_capture(deal, c.deposit);
}

/// What the deposit wants of what is charged of a hold: of the hold itself what no other capture brings, beyond it what any
/// payment could still bring.
fn wanted_of(deal: &Deal, c: &ConfirmPayment, hold: TxId) -> i64 {
    let (Some(of), Some(hold)) = (deal.deposit(c.deposit), deal.transaction(hold)) else { return 0 };
    if deal.phase().has_ended() && !deal.phase().awaits_capture() {
        return 0;
    }
    let open = hold.on_hold();
    let ordered = deal.books().open_captures(of.id).filter(|t| t.source == Some(hold.id));
    let own = ordered.fold(0_i64, |sum, t| sum.saturating_add(t.amount.minor()));
    let missing = deal.books().missing(of, of.needed()).saturating_add(own).max(0);
    let more = if deal.takes_money(of) { of.outstanding().minor() } else { 0 };
    let beyond = c.amount.minor().saturating_sub(open).clamp(0, more);
    c.amount.minor().min(open).min(missing).saturating_add(beyond)
}

/// Money in another currency than its deposit's: recorded in a deposit of its own, and given back whole.
fn stray(deal: &mut Draft<'_>, c: &ConfirmPayment) -> Result<(), Rejection> {
    let (deposit, is_new) = match deal.books().stray(c.deposit, c.amount.currency()) {
        Ok(known) => (known, false),
        Err(Some(new)) => (new, true),
        Err(None) => return Err(Rejection::TooMany { max: 220 }),
    };
    check_total(deal, &ConfirmPayment { deposit, ..c.clone() })?;
    if is_new {
        let zero = Money::zero(c.amount.currency());
        deal.push(Event::StrayOpened { deposit, named: c.deposit, zero });
    }
    let tx = deal.books().next_tx();
    receive(deal, &ConfirmPayment { deposit, ..c.clone() }, tx)
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

fn check_total(deal: &Deal, c: &ConfirmPayment) -> Result<(), Rejection> {
    let received = deal.deposit(c.deposit).map_or(0, |d| d.buckets.received);
    let ever = received.checked_add(c.amount.minor()).ok_or(Rejection::AmountTooLarge)?;
    if ever > Terms::MAX_AMOUNT.saturating_mul(100) {
        return Err(Rejection::AmountTooLarge);
    }
    Ok(())
}

/// Money is in, whatever we think of it: recorded first, then as much of it as is not wanted goes back.
pub(crate) fn receive(deal: &mut Draft<'_>, c: &ConfirmPayment, tx: TxId) -> Result<(), Rejection> {
    let id = c.deposit;
    check_total(deal, c)?;
    let was = Fullness::of(deal);
    let wanted = match deal.deposit(id) {
        Some(deposit) if deal.takes_money(deposit) => deposit.outstanding().minor(),
        Some(deposit) if missed::is_late(deal, c) => missed::of(deal, deposit),
        Some(_) | None => 0,
    };
    let amount = c.amount.minor();
    deal.push(Event::PaymentReceived {
        tx,
        deposit: id,
        amount: c.amount,
        gateway: c.gateway.clone(),
        reference: c.reference.clone(),
        held_until: c.held_until,
        capture: c.capture.clone(),
    });
    chargebacks::meet(deal, &c.gateway, &c.reference);
    if c.held_until.is_some() {
        // a hold is taken whole and captured in part
        if wanted == 0 {
            legs::void(deal, id, (tx, amount), Purpose::Excess);
        }
    } else {
        legs::refund(deal, id, tx, Purpose::Excess, amount.saturating_sub(wanted));
    }
    let with_it = Fullness::of(deal);
    if deal.phase().has_ended() && wanted > 0 {
        missed::pay(deal, id, amount);
    }
    chargebacks::reconcile(deal);
    if wanted == 0 || deal.phase().has_ended() {
        return Ok(());
    }
    if id.is_charge() {
        holds::capture_needed(deal, id);
    } else {
        // a chargeback that came before its payment undoes it at once
        endings::end_if_short(deal, was.or(with_it));
        funding::advance(deal);
        holds::capture_late(deal, id);
    }
    Ok(())
}

/// With the ending, and after the policy's time, a claim that nobody has confirmed lapses. The payment counts all the same
/// once the gateway tells of it.
pub(crate) fn drop_claims(deal: &mut Draft<'_>) {
    let claims: SmallVec<[TxId; 2]> =
        deal.transactions().iter().filter(|t| t.is_claim()).map(|t| t.id).collect();
    claims.into_iter().for_each(|tx| lapse(deal, tx));
}

/// A claim lapses.
pub(crate) fn lapse(deal: &mut Draft<'_>, tx: TxId) {
    deal.push(Event::TransactionFailed { tx, reason: Reason::default(), missed: false });
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
