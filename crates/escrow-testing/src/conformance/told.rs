//! The laws of what a gateway tells by itself: notices of the provider, which the adapter makes facts of.

use super::gateway::{ask, ordered, paid};
use super::{GatewayUnderTest, Tried, Verdict, ensure};
use escrow::deal::command::{Answer, Answered};
use escrow::{Actor, Command, Context};

/// Whatever is told of an order is what its answer says.
pub(super) fn of_orders<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    if gateway.facts().is_none() {
        return Ok(Tried::Skipped);
    }
    let deal = ordered(gateway, 14, 0)?;
    let mut answers = Vec::new();
    for order in deal.pending() {
        answers.push(Answer::new(order.number(), ask(gateway, order)?));
    }
    for fact in gateway.facts().unwrap_or_default() {
        let Command::Answer(told) = fact else { continue };
        let said = answers.iter().find(|answer| answer.transaction == told.transaction);
        let agree = said.is_none_or(|said| told.result == Answered::InProgress || said.result == told.result);
        ensure(agree, || format!("{said:?} was the answer, and {told:?} is told"))?;
    }
    Ok(Tried::Held)
}

/// Whatever is told of a payment is one story: in the order of the telling, and once more from the end.
pub(super) fn of_payments<G: GatewayUnderTest>(gateway: &G) -> Verdict {
    if gateway.facts().is_none() {
        return Ok(Tried::Skipped);
    }
    let Some(mut deal) = paid(gateway, 15, 0, None)? else { return Ok(Tried::Skipped) };
    let facts = gateway.facts().unwrap_or_default();
    for fact in facts.iter().chain(facts.iter().rev()) {
        // the others are about orders
        if !matches!(fact, Command::ConfirmPayment(_) | Command::Chargeback(_)) {
            continue;
        }
        let context = Context::new(deal.last_at().plus_secs(60), Actor::Gateway);
        let told = deal.handle(fact, &context);
        ensure(told.is_ok(), || {
            format!("{fact:?}: {}", told.map_or_else(|e| e.to_string(), |_| String::new()))
        })?;
    }
    Ok(Tried::Held)
}
