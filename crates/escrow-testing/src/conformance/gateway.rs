//! The laws of a payment gateway.

use std::sync::Barrier;

use super::{
    Conformance, NotConforming, Tried, Verdict, act, buyer, deal_id, ensure, rub, sale, seller, start,
    try_all,
};
use super::{holds, told};
use crate::known;
use escrow::Context;
use escrow::deal::command::{
    Accept, Answered, Cancel, ConfirmPayment, PaymentForm, ReturnUrls, StartPerforming,
};
use escrow::deal::{Deal, PendingOrder};
use escrow::deposit::{DepositId, GatewayName, IdempotencyKey, Reference};
use escrow::port::{CheckoutRequest, blocking};
use escrow::{Actor, Command, Money, TxId};

/// A payment gateway, with what the suite needs to look at the provider's books. `Sync`: it is asked from several
/// threads.
pub trait GatewayUnderTest: blocking::PaymentGateway + Sync {
    /// Somebody pays in, so that the payment can be refunded, or captured where it is only `held`. `None`: the sandbox
    /// has no way to; then the laws about refunds and captures are skipped.
    fn pay_in(&self, amount: Money, held: bool) -> Option<(GatewayName, Reference)>;

    /// Every movement that the provider has made under a key: the amounts. Of an order to let a hold go: what it has let go.
    fn effects(&self, key: IdempotencyKey) -> Vec<Money>;

    /// The next order is carried out and its answer lost on the way. `false`: it cannot be brought about.
    fn lose_next_answer(&self) -> bool {
        false
    }

    /// The next order is declined. `false`: it cannot be brought about.
    fn decline_next(&self) -> bool {
        false
    }

    /// The provider captures this hold by itself, whole, as providers do before it expires, or when a clerk presses the
    /// button. `false`: it cannot be brought about.
    fn capture_by_itself(&self, gateway: &GatewayName, payment: &Reference) -> bool {
        let _ = (gateway, payment);
        false
    }

    /// The provider forgets every key, as many do after a day. `false`: it cannot be brought about.
    fn forget_keys(&self) -> bool {
        false
    }

    /// What the adapter has made of the provider's notices since it was asked last, in the order in which they came.
    /// `None`: the notices do not reach the suite.
    fn facts(&self) -> Option<Vec<Command>> {
        None
    }
}

/// Tries every law of [`blocking::PaymentGateway`] on gateways that `fresh` gives; they may all be one account.
///
/// # Errors
/// [`NotConforming`] says which laws are broken, and how.
pub fn payment_gateway<G: GatewayUnderTest>(fresh: impl Fn() -> G) -> Result<Conformance, NotConforming> {
    let fresh = &fresh;
    try_all(vec![
        ("an order is carried out once, to the last minor unit", Box::new(|| once(&fresh()))),
        ("asked again, it says the same", Box::new(|| says_the_same(&fresh()))),
        ("two orders are two, though they look alike", Box::new(|| two_are_two(&fresh()))),
        ("asked at the same time, it is carried out once", Box::new(|| at_the_same_time(&fresh()))),
        ("an order whose answer was lost is not carried out again", Box::new(|| lost_answer(&fresh()))),
        ("a decline is for good, and moves nothing", Box::new(|| declined(&fresh()))),
        ("a refund goes out once", Box::new(|| refunded(&fresh()))),
        ("a hold is captured once", Box::new(|| captured(&fresh()))),
        ("a form moves no money", Box::new(|| form(&fresh()))),
        ("a hold is let go once, and stays so", Box::new(|| holds::let_go(&fresh()))),
        ("a hold that was captured is not let go", Box::new(|| holds::not_let_go(&fresh()))),
        ("what was captured without an order is told", Box::new(|| holds::told(&fresh()))),
        ("an order is not carried out again when its key is forgotten", Box::new(|| forgotten(&fresh()))),
        ("what is told of an order is its answer", Box::new(|| told::of_orders(&fresh()))),
        ("what is told of a payment contradicts nothing", Box::new(|| told::of_payments(&fresh()))),
    ])
}

/// The most times that an order in progress is asked about.
const PATIENCE: usize = 100;

/// A deal that is paid by a payment of the gateway's, or of nobody's where it has none. With `held` the payment is a hold,
/// of the sum divided by it.
pub(super) fn paid<G: GatewayUnderTest>(
    gateway: &G,
    law: u16,
    number: u16,
    held: Option<i64>,
) -> Result<Option<Deal>, String> {
    let context = Context::new(start(), seller());
    let (mut deal, _) = Deal::propose(deal_id(law, number), sale()?, &context).map_err(|e| e.to_string())?;
    let whole = deal.terms().quote().deposit;
    let part = whole.minor().checked_div(held.unwrap_or(1)).unwrap_or(0);
    let amount = Money::from_minor(part, whole.currency());
    let paid = gateway.pay_in(amount, held.is_some());
    if paid.is_none() && held.is_some() {
        return Ok(None);
    }
    let (gateway, reference) = paid.unwrap_or((known("suite"), known("payment")));
    let held_until = held.map(|_| start().plus_secs(7 * 86_400));
    let deposit = DepositId::BUYER_PAYMENT;
    let payment = ConfirmPayment::charged(deposit, gateway, reference, amount).held_until(held_until);
    act(&mut deal, payment, Actor::Gateway)?;
    Ok(Some(deal))
}

/// A deal whose legs are ordered: 50.00 to the platform, 950.00 to the seller.
pub(super) fn ordered<G: GatewayUnderTest>(gateway: &G, law: u16, number: u16) -> Result<Deal, String> {
    let mut deal = paid(gateway, law, number, None)?.ok_or("nobody pays")?;
    act(&mut deal, StartPerforming {}, seller())?;
    act(&mut deal, Accept::default(), buyer())?;
    Ok(deal)
}

/// Asks until there is an answer.
pub(super) fn ask<G: GatewayUnderTest>(gateway: &G, order: PendingOrder<'_>) -> Result<Answered, String> {
    for _ in 0..PATIENCE {
        match gateway.execute(order) {
            Ok(Answered::InProgress) => {}
            Ok(answer) => return Ok(answer),
            Err(_) => return Err(format!("order {} has no answer", order.key)),
        }
    }
    Err(format!("order {} is still in progress after it was asked {PATIENCE} times", order.key))
}

/// Whether it is carried out, once, with this amount.
pub(super) fn effect_is<G: GatewayUnderTest>(gateway: &G, order: PendingOrder<'_>) -> Result<(), String> {
    let (effects, amount) = (gateway.effects(order.key), order.amount);
    ensure(effects == [amount], || {
        let list: Vec<_> = effects.iter().map(ToString::to_string).collect();
        format!("order {} of {amount} moved [{}]", order.key, list.join(", "))
    })
}

pub(super) fn succeeded(order: PendingOrder<'_>, answer: &Answered) -> Result<(), String> {
    ensure(matches!(answer, Answered::Succeeded(_)), || {
        format!("order {} was answered {answer:?}", order.key)
    })
}

fn once<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let deal = ordered(gateway, 1, 0)?;
    for order in deal.pending() {
        succeeded(order, &ask(gateway, order)?)?;
        effect_is(gateway, order)?;
        ask(gateway, order)?;
        effect_is(gateway, order)?;
    }
    Ok(Tried::Held)
}

fn says_the_same<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let deal = ordered(gateway, 2, 0)?;
    for order in deal.pending() {
        let first = ask(gateway, order)?;
        let again = ask(gateway, order)?;
        ensure(first == again, || format!("order {}: first {first:?}, then {again:?}", order.key))?;
    }
    Ok(Tried::Held)
}

fn two_are_two<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let deals = [ordered(gateway, 3, 0)?, ordered(gateway, 3, 1)?];
    for order in deals.iter().flat_map(Deal::pending) {
        ask(gateway, order)?;
    }
    for order in deals.iter().flat_map(Deal::pending) {
        effect_is(gateway, order)?;
    }
    Ok(Tried::Held)
}

const ASKING: usize = 4;

fn at_the_same_time<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    for round in 0..8 {
        let deal = ordered(gateway, 4, round)?;
        for order in deal.pending() {
            let barrier = &Barrier::new(ASKING);
            std::thread::scope(|scope| {
                for _ in 0..ASKING {
                    scope.spawn(move || {
                        barrier.wait();
                        // not known is an answer here: what counts is what the provider did
                        drop(gateway.execute(order));
                    });
                }
            });
            ask(gateway, order)?;
            effect_is(gateway, order)?;
        }
    }
    Ok(Tried::Held)
}

fn lost_answer<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let deal = ordered(gateway, 5, 0)?;
    let Some(order) = deal.pending().next() else { return Ok(Tried::Skipped) };
    if !gateway.lose_next_answer() {
        return Ok(Tried::Skipped);
    }
    ensure(gateway.execute(order).is_err(), || "a lost answer was heard".to_owned())?;
    succeeded(order, &ask(gateway, order)?)?;
    effect_is(gateway, order)?;
    Ok(Tried::Held)
}

fn declined<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let deal = ordered(gateway, 6, 0)?;
    let Some(order) = deal.pending().next() else { return Ok(Tried::Skipped) };
    if !gateway.decline_next() {
        return Ok(Tried::Skipped);
    }
    for _ in 0..2 {
        let answer = ask(gateway, order)?;
        ensure(matches!(answer, Answered::Declined(_)), || format!("declined, and then {answer:?}"))?;
    }
    let effects = gateway.effects(order.key);
    ensure(effects.is_empty(), || format!("a declined order moved {} times", effects.len()))?;
    Ok(Tried::Held)
}

/// The provider's memory of keys is shorter than a deal: an adapter looks at what was done before it acts.
fn forgotten<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let deal = ordered(gateway, 13, 0)?;
    for order in deal.pending() {
        succeeded(order, &ask(gateway, order)?)?;
    }
    if !gateway.forget_keys() {
        return Ok(Tried::Skipped);
    }
    for order in deal.pending() {
        succeeded(order, &ask(gateway, order)?)?;
        effect_is(gateway, order)?;
    }
    Ok(Tried::Held)
}

fn refunded<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    if gateway.pay_in(rub(1_00), false).is_none() {
        return Ok(Tried::Skipped);
    }
    let mut deal = paid(gateway, 7, 0, None)?.ok_or("nobody pays")?;
    act(&mut deal, Cancel::default(), seller())?;
    carried_out_twice(gateway, &deal)
}

fn captured<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    match paid(gateway, 8, 0, Some(1))? {
        Some(deal) => carried_out_twice(gateway, &deal),
        None => Ok(Tried::Skipped),
    }
}

/// Every order of a deal, twice.
fn carried_out_twice<G: GatewayUnderTest>(gateway: &G, deal: &Deal) -> Verdict {
    ensure(deal.has_pending(), || "the suite's own deal orders nothing".to_owned())?;
    for order in deal.pending() {
        for _ in 0..2 {
            succeeded(order, &ask(gateway, order)?)?;
            effect_is(gateway, order)?;
        }
    }
    Ok(Tried::Held)
}

fn form<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let deal = deal_id(9, 0);
    let key = IdempotencyKey::new(deal.uuid(), TxId::new(1));
    let page = known("https://shop.example/back");
    let return_urls = ReturnUrls::new(page, known("https://shop.example/no"));
    let form = PaymentForm::new(known("card"), return_urls);
    let payer = known("buyer");
    for _ in 0..2 {
        let request = CheckoutRequest::new(key, DepositId::BUYER_PAYMENT, rub(1_000_00), &form, &payer);
        ensure(gateway.checkout(request).is_ok(), || "there is no form".to_owned())?;
    }
    let effects = gateway.effects(key);
    ensure(effects.is_empty(), || format!("a form moved money {} times", effects.len()))?;
    Ok(Tried::Held)
}
