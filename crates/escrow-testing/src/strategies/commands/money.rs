//! Payments, requests, charges and destinations.

use std::sync::Arc;

use super::super::cast::{COURIER, INSURER};
use super::super::salt::{Salt, nth, text};
use escrow::deal::command::{
    AddCharge, ConfirmPayment, DestinationUse, PaymentForm, RedirectRefund, RequestPayment, ReturnUrls,
    SetDestination, StatedPayment,
};
use escrow::deposit::{DepositId, GatewayName, Reference};
use escrow::terms::Terms;
use escrow::{Actor, Command, Currency, Deal, Destination, Money, Payee, Role, Side, Time, TxId};

const GATEWAYS: [&str; 2] = ["acquirer", "wallet"];

pub(super) fn gateway(salt: &mut Salt) -> GatewayName {
    text(nth(&GATEWAYS, salt.once_in(8).into()))
}

/// A reference that was never used.
fn fresh_reference(deal: &Deal) -> Reference {
    text(&format!("ref-{}", deal.version()))
}

/// A payment that a party names: one of a few, or one that the deal knows already.
pub(super) fn stated(deal: &Deal, side: Option<Side>, salt: &mut Salt) -> StatedPayment {
    let known = deal.transactions().iter().filter_map(|t| t.gateway().zip(t.reference())).next_back();
    let (gateway, reference) = match known {
        Some((gateway, reference)) if salt.once_in(3) => (gateway.clone(), reference.clone()),
        _ => (gateway(salt), text(salt.of(&["stated-1", "stated-2"]))),
    };
    let deposit = own_deposit(deal, side, salt);
    StatedPayment::new(deposit, gateway, reference)
}

/// A deposit of this side that something is missing to; sometimes any deposit.
fn own_deposit(deal: &Deal, side: Option<Side>, salt: &mut Salt) -> DepositId {
    if salt.once_in(8) {
        return any_deposit(deal, salt);
    }
    let own = deal.deposits().iter().filter(|d| Some(d.owner()) == side && d.outstanding().is_positive());
    let own: Vec<_> = own.map(|d| d.id()).collect();
    if own.is_empty() { any_deposit(deal, salt) } else { salt.of(&own) }
}

pub(super) fn any_deposit(deal: &Deal, salt: &mut Salt) -> DepositId {
    if salt.once_in(20) {
        return DepositId::charge(30).unwrap_or(DepositId::BUYER_PAYMENT);
    }
    let all: Vec<_> = deal.deposits().iter().map(|d| d.id()).collect();
    salt.of(&all)
}

pub(super) fn request(deal: &Deal, side: Option<Side>, salt: &mut Salt) -> RequestPayment {
    let deposit = own_deposit(deal, side, salt);
    let amount = odd_amount(deal, deposit, salt);
    let key = if salt.once_in(6) { 1 } else { deal.transactions().len() };
    RequestPayment::new(
        text(&format!("key-{key}")),
        deposit,
        amount,
        Arc::new(PaymentForm::new(
            text("card"),
            ReturnUrls::new(text("https://shop/ok"), text("https://shop/no")),
        )),
    )
}

/// What is outstanding; sometimes more, less, nothing, or another currency.
fn odd_amount(deal: &Deal, id: DepositId, salt: &mut Salt) -> Money {
    let Some(deposit) = deal.deposit(id) else { return own(deal, 5) };
    let currency = deposit.required().currency();
    let outstanding = deposit.outstanding().minor();
    let exact = outstanding.max(1);
    if salt.once_in(60) {
        return Money::from_minor(salt.of(&[i64::MAX, Terms::MAX_AMOUNT, -1]), currency);
    }
    // from here on it is full, where something may be missing
    let least = exact.saturating_sub(deal.terms().policy.shortfall.floor_of(deposit.required().minor()));
    let minor = match salt.pick(14) {
        0..=5 => exact,
        11 => least.max(1),
        12 => least.saturating_sub(1).max(1),
        6 => (exact / 2).max(1),
        7 => exact.saturating_add(1),
        8 => exact.saturating_mul(3),
        9 => 1,
        10 => 0,
        _ => {
            return Money::from_minor(exact, other_than(currency));
        }
    };
    Money::from_minor(minor, currency)
}

/// The gateway says that money came in: for a request or without one, in any amount, once or again.
pub(in super::super) fn payment(deal: &Deal, now: Time, salt: &mut Salt) -> Command {
    let requests: Vec<_> =
        deal.transactions().iter().filter(|t| t.kind().is_inbound() && t.is_pending()).collect();
    let known: Vec<_> = deal.transactions().iter().filter_map(|t| t.gateway().zip(t.reference())).collect();
    let outstanding: Vec<_> =
        deal.deposits().iter().filter(|d| d.outstanding().is_positive()).map(|d| d.id()).collect();
    let mut deposit = any_deposit(deal, salt);
    if !outstanding.is_empty() && !salt.once_in(4) {
        deposit = salt.of(&outstanding);
    }
    let mut amount = odd_amount(deal, deposit, salt);
    let mut transaction = None;
    if !requests.is_empty() && salt.once_in(2) {
        let request = salt.of(&requests);
        (deposit, transaction) = (request.deposit(), Some(request.id()));
        if !salt.once_in(4) {
            amount = request.amount();
        }
    } else if salt.once_in(16) {
        transaction = Some(TxId::new(salt.byte(20).into()));
    }
    if !known.is_empty() && salt.once_in(5) {
        return told_again(deal, now, salt);
    }
    let (gateway, reference) = if salt.once_in(8) {
        (gateway(salt), text("stated-1"))
    } else {
        (gateway(salt), fresh_reference(deal))
    };
    let in_parts = salt.once_in(6);
    let paid = ConfirmPayment::charged(deposit, gateway, reference, amount)
        .answering(transaction)
        .held_until(held_until(deal, now, salt));
    match in_parts {
        true => paid.capture(text("capture-1"), !salt.once_in(2)).into(),
        false => paid.into(),
    }
}

/// A payment that is known is told of again: the same, captured, captured in parts, for another deposit, in another
/// currency, or with another sum.
fn told_again(deal: &Deal, now: Time, salt: &mut Salt) -> Command {
    let named = deal.transactions().iter().filter(|t| t.kind().is_inbound() && t.reference().is_some());
    let inbound: Vec<_> = named.collect();
    if inbound.is_empty() {
        return pay(deal, any_deposit(deal, salt), own(deal, 5), now, salt);
    }
    let known = salt.of(&inbound);
    let gateway = known.gateway().cloned().unwrap_or_else(|| text("acquirer"));
    let reference = known.reference().cloned().unwrap_or_else(|| text("stated-1"));
    let mut told = ConfirmPayment::charged(known.deposit(), gateway, reference, known.amount());
    told.capture = known.capture_id().cloned();
    let part = |minor: i64| Money::from_minor(minor.max(1), known.amount().currency());
    match salt.pick(10) {
        // a hold is captured, a charge is told twice
        0..=2 => {}
        3 | 4 => {
            told.capture = Some(text(&format!("capture-{}", deal.version())));
            told.amount = part(known.amount().minor() / 2);
            told.is_final = salt.once_in(2);
        }
        5 => told.deposit = any_deposit(deal, salt),
        6 => told.amount = part(known.amount().minor() / 3),
        7 => told.amount = Money::from_minor(known.amount().minor(), other_than(known.amount().currency())),
        8 => told.held_until = held_until(deal, now, salt),
        _ => told.is_final = false,
    }
    told.into()
}

/// A plain payment of an amount: charged, or on hold.
pub(super) fn pay(deal: &Deal, deposit: DepositId, amount: Money, now: Time, salt: &mut Salt) -> Command {
    ConfirmPayment::charged(deposit, gateway(salt), fresh_reference(deal), amount)
        .held_until(held_until(deal, now, salt))
        .into()
}

fn held_until(deal: &Deal, now: Time, salt: &mut Salt) -> Option<Time> {
    let margin = deal.terms().policy.hold_margin_s;
    match salt.pick(8) {
        0..=3 => None,
        4 | 5 => Some(now.plus_secs(7 * 86_400).plus_secs(margin)),
        6 => Some(now.plus_secs(margin).plus_secs(1)),
        _ => Some(now),
    }
}

pub(super) fn add_charge(deal: &Deal, salt: &mut Salt) -> AddCharge {
    let key = if salt.once_in(6) { 4 } else { deal.deposits().len() };
    let payees = [
        Payee::Seller,
        Payee::Platform,
        Payee::Party(text(COURIER)),
        Payee::Buyer,
        Payee::Party(text(INSURER)),
        Payee::Processor,
        Payee::Party(text("stranger")),
    ];
    let other = Money::from_minor(5, other_than(deal.terms().currency));
    let amounts = [own(deal, 30), own(deal, 1), own(deal, 2_000), own(deal, 0), other];
    AddCharge::new(
        text(&format!("charge-{key}")),
        salt.of(&[Side::Buyer, Side::Buyer, Side::Seller]),
        salt.of(&payees),
        salt.of(&amounts),
        text("gift wrap"),
    )
}

pub(super) fn destination(deal: &Deal, actor: &Actor, of: DestinationUse, salt: &mut Salt) -> Command {
    let own = match actor {
        Actor::Party(id) => match deal.role_of(actor).and_then(Role::side) {
            Some(side) => side.payee(),
            None => Payee::Party(id.clone()),
        },
        Actor::Operator(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
            salt.of(&[Payee::Platform, Payee::Processor, Payee::Buyer, Payee::Seller])
        }
    };
    let payee = if salt.once_in(12) { salt.of(&[Payee::Seller, Payee::Buyer]) } else { own };
    let destinations = [
        Some(Destination::Card(text("card-1"))),
        Some(Destination::Balance),
        Some(Destination::Account(text("account-1"))),
        None,
    ];
    let destination = salt.of(&destinations);
    match of {
        DestinationUse::Payouts => SetDestination::new(payee, destination).into(),
        DestinationUse::Refunds => RedirectRefund::new(payee, destination).into(),
    }
}

/// Is it an additional charge? They stand after the four that every deal has.
pub(super) fn is_charge(id: DepositId) -> bool {
    id > DepositId::SELLER_GUARANTEE
}

/// Another currency than this one.
pub(super) fn other_than(currency: Currency) -> Currency {
    if currency == Currency::RUB { Currency::USD } else { Currency::RUB }
}

/// Minor units of the deal's currency.
pub(super) fn own(deal: &Deal, minor: i64) -> Money {
    Money::from_minor(minor, deal.terms().currency)
}
