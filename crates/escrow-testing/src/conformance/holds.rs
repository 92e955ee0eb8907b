//! The laws of holds: what is let go, and what was captured without an order.

use super::gateway::{ask, effect_is, paid, succeeded};
use super::{GatewayUnderTest, Tried, Verdict, act, ensure, seller};
use escrow::deal::command::{Answer, Answered, Cancel};
use escrow::deal::{Deal, PendingOrder};
use escrow::deposit::{DepositId, TransactionKind};
use escrow::{Actor, Command};

/// A deal that is cancelled while its payment is on hold: the hold is to be let go.
fn cancelled<G: GatewayUnderTest>(gateway: &G, law: u16) -> Result<Option<Deal>, String> {
    let Some(mut deal) = held(gateway, law)? else { return Ok(None) };
    act(&mut deal, Cancel::default(), seller())?;
    Ok(Some(deal))
}

/// A deal whose payment is on hold, half of what is asked for: so nothing is captured yet.
fn held<G: GatewayUnderTest>(gateway: &G, law: u16) -> Result<Option<Deal>, String> {
    paid(gateway, law, 0, Some(2))
}

fn void(deal: &Deal) -> Result<PendingOrder<'_>, String> {
    let order = deal.pending().find(|order| order.kind == TransactionKind::Void);
    order.ok_or("the suite's own deal lets nothing go".to_owned())
}

/// Twice, the second time as after a crash: a hold that is gone is no reason to decline.
pub(super) fn let_go<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let Some(deal) = cancelled(gateway, 10)? else { return Ok(Tried::Skipped) };
    let order = void(&deal)?;
    let first = ask(gateway, order)?;
    succeeded(order, &first)?;
    effect_is(gateway, order)?;
    let again = ask(gateway, order)?;
    ensure(first == again, || format!("order {}: first {first:?}, then {again:?}", order.key))?;
    effect_is(gateway, order)?;
    Ok(Tried::Held)
}

/// A hold whose money was taken cannot be let go: whoever says so keeps the payer's money.
pub(super) fn not_let_go<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let Some(deal) = cancelled(gateway, 11)? else { return Ok(Tried::Skipped) };
    let order = void(&deal)?;
    if !captured_by_itself(gateway, order)? {
        return Ok(Tried::Skipped);
    }
    for _ in 0..2 {
        let answer = ask(gateway, order)?;
        ensure(matches!(answer, Answered::Declined(_)), || {
            format!("a hold was captured, and letting it go is answered {answer:?}")
        })?;
    }
    let effects = gateway.effects(order.key);
    ensure(effects.is_empty(), || format!("a captured hold was let go {} times", effects.len()))?;
    Ok(Tried::Held)
}

/// What came in by a hold that was to be let go is told, or nobody gives it back.
pub(super) fn told<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    let Some(mut deal) = cancelled(gateway, 12)? else { return Ok(Tried::Skipped) };
    let order = void(&deal)?;
    let (tx, amount) = (order.number(), order.amount);
    // what was told of the hold is not looked at here
    if gateway.facts().is_none() || !captured_by_itself(gateway, order)? {
        return Ok(Tried::Skipped);
    }
    let answer = Answer::new(tx, ask(gateway, void(&deal)?)?);
    let facts = gateway.facts().unwrap_or_default();
    let told = facts.iter().any(|fact| matches!(fact, Command::ConfirmPayment(_)));
    ensure(told, || format!("{amount} were captured, and nobody was told"))?;
    act(&mut deal, answer, Actor::Gateway)?;
    for fact in facts {
        let name = format!("{fact:?}");
        act(&mut deal, fact, Actor::Gateway).map_err(|error| format!("{name}: {error}"))?;
    }
    let known = deal.deposit(DepositId::BUYER_PAYMENT).map_or(0, |d| d.buckets().received);
    ensure(known == amount.minor(), || {
        format!("{amount} came in at the provider, and the deal knows of {known} minor units")
    })?;
    Ok(Tried::Held)
}

fn captured_by_itself<G: GatewayUnderTest>(gateway: &G, order: PendingOrder<'_>) -> Result<bool, String> {
    let (name, payment) = order.gateway.zip(order.source).ok_or("a hold is a payment")?;
    Ok(gateway.capture_by_itself(name, payment))
}
