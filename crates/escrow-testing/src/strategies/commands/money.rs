//! Payments, charges, answers, destinations and chargebacks.

use std::sync::Arc;

use super::super::cast::{COURIER, INSURER};
use super::super::salt::{Salt, nth, text};
use escrow::deal::command::{
    AddCharge, Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, DestinationUse, PaymentForm,
    RedirectRefund, RequestPayment, ReturnUrls, SetDestination, StatedPayment, Wake,
};
use escrow::deposit::{DepositId, GatewayName, Reference};
use escrow::terms::Terms;
use escrow::{
    Actor, Command, Currency, Deal, Destination, Money, Payee, Role, Side, Time, Transaction, TxId,
};

const GATEWAYS: [&str; 2] = ["acquirer", "wallet"];

fn gateway(salt: &mut Salt) -> GatewayName {
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

fn any_deposit(deal: &Deal, salt: &mut Salt) -> DepositId {
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
    let minor = match salt.pick(12) {
        0..=5 => exact,
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
    let known = deal.transactions().iter().filter_map(|t| t.gateway().zip(t.reference())).next();
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
    let (gateway, reference) = match known {
        Some((gateway, reference)) if salt.once_in(8) => (gateway.clone(), reference.clone()),
        _ if salt.once_in(8) => (gateway(salt), text("stated-1")),
        _ => (gateway(salt), fresh_reference(deal)),
    };
    ConfirmPayment::charged(deposit, gateway, reference, amount)
        .answering(transaction)
        .held_until(held_until(deal, now, salt))
        .into()
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

/// An answer to an order that waits for one: mostly success; to a stated payment, the reference that was stated.
pub(super) fn honest_answer(deal: &Deal, salt: &mut Salt) -> Command {
    let pending: Vec<_> = deal.pending().collect();
    if pending.is_empty() {
        return Command::Wake(Wake {});
    }
    let order = salt.of(&pending);
    let transaction = order.transaction.id();
    let result = match salt.pick(14) {
        0..=11 => Answered::Succeeded(order_reference(order.transaction)),
        12 => Answered::Declined(text("no funds")),
        _ => Answered::InProgress,
    };
    Answer::new(transaction, result).into()
}

/// What the gateway would call the success of this order.
fn order_reference(transaction: &Transaction) -> Reference {
    let own = || text(&format!("done-{}", transaction.id()));
    transaction.reference().cloned().unwrap_or_else(own)
}

/// An answer: honest, or to an order that has one, or to one that never was.
pub(in super::super) fn answer(deal: &Deal, salt: &mut Salt) -> Command {
    if deal.has_pending() && !salt.once_in(5) {
        return honest_answer(deal, salt);
    }
    let number = salt.pick(deal.transactions().len().saturating_add(2)).saturating_add(1);
    let transaction = TxId::new(u32::try_from(number).unwrap_or(u32::MAX));
    let result = salt.of(&[
        Answered::Succeeded(text(&format!("done-{transaction}"))),
        Answered::Declined(text("late")),
        Answered::Succeeded(text("another")),
        Answered::InProgress,
    ]);
    Answer::new(transaction, result).into()
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

/// A chargeback opens, or goes on.
pub(in super::super) fn chargeback(deal: &Deal, salt: &mut Salt) -> Command {
    let open = deal.chargebacks().iter().find(|c| c.step == ChargebackStep::Opened);
    if let Some(open) = open
        && !salt.once_in(5)
    {
        let step = salt.of(&[ChargebackStep::Lost, ChargebackStep::Won]);
        return Chargeback::new(open.reference.clone(), open.deposit, open.amount, step).into();
    }
    let paid: Vec<_> = deal.deposits().iter().filter(|d| d.buckets().received > 0).map(|d| d.id()).collect();
    let deposit = if paid.is_empty() || salt.once_in(8) { any_deposit(deal, salt) } else { salt.of(&paid) };
    let (received, currency) = deal
        .deposit(deposit)
        .map_or((1, deal.terms().currency), |d| (d.buckets().received, d.required().currency()));
    let minor = match salt.pick(10) {
        0..=4 => received.max(1),
        5 | 6 => (received / 2).max(1),
        7 => 1,
        8 => received.saturating_mul(2).saturating_add(1),
        _ => i64::MAX,
    };
    const OPENED: ChargebackStep = ChargebackStep::Opened;
    let steps = [OPENED, OPENED, OPENED, OPENED, OPENED, OPENED, ChargebackStep::Lost, ChargebackStep::Won];
    let number = if salt.once_in(6) { 0 } else { deal.version() };
    Chargeback::new(
        text(&format!("chargeback-{number}")),
        deposit,
        Money::from_minor(minor, currency),
        salt.of(&steps),
    )
    .into()
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
fn own(deal: &Deal, minor: i64) -> Money {
    Money::from_minor(minor, deal.terms().currency)
}
