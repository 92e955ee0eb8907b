//! Where payees want their money, and what was declined on its way there.

use super::legs;
use crate::deal::Rejection;
use crate::deal::command::{DestinationUse, RedirectRefund, SetDestination};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deposit::{Leg, LegState};
use crate::terms::Unsettled;
use crate::{Actor, Destination, Payee, Role};

/// A payee chooses where earnings go; what was declined is tried again, there.
pub(crate) fn set(
    deal: &mut Draft<'_>,
    c: &SetDestination,
    role: Role,
    actor: &Actor,
) -> Result<(), Rejection> {
    if !is_own(&c.payee, role, actor) {
        return Err(Rejection::NotYourMoney);
    }
    limit(deal, &c.payee, DestinationUse::Payouts)?;
    choose(deal, &c.payee, DestinationUse::Payouts, c.destination.as_ref())
}

/// A payee, or the operator, chooses where money goes back to.
pub(crate) fn redirect(
    deal: &mut Draft<'_>,
    c: &RedirectRefund,
    role: Role,
    actor: &Actor,
) -> Result<(), Rejection> {
    if role != Role::Operator && !is_own(&c.payee, role, actor) {
        return Err(Rejection::NotYourMoney);
    }
    if role != Role::Operator {
        limit(deal, &c.payee, DestinationUse::Refunds)?;
    }
    choose(deal, &c.payee, DestinationUse::Refunds, c.destination.as_ref())
}

/// The most attempts of a leg and its parts that its payee may ask for. Then it waits for the operator, or for the balance.
const MAX_ATTEMPTS: u32 = 20;

fn limit(deal: &Draft<'_>, payee: &Payee, of: DestinationUse) -> Result<(), Rejection> {
    let stuck = |l: &&Leg| l.payee == *payee && DestinationUse::of(l.purpose) == of && legs::is_declined(l);
    let most = deal.legs().iter().filter(stuck).map(|l| deal.books().attempts(l)).max().unwrap_or(0);
    if u32::try_from(most).is_ok_and(|n| n < MAX_ATTEMPTS) {
        return Ok(());
    }
    Err(Rejection::TooMany { max: MAX_ATTEMPTS })
}

fn is_own(payee: &Payee, role: Role, actor: &Actor) -> bool {
    match (payee, role, actor) {
        (Payee::Buyer, Role::Buyer, _) | (Payee::Seller, Role::Seller, _) => true,
        (Payee::Platform | Payee::Processor, Role::Operator, _) => true,
        (Payee::Party(id), _, Actor::Party(actor)) => id == actor,
        (Payee::Buyer | Payee::Seller | Payee::Platform | Payee::Processor | Payee::Party(_), _, _) => false,
    }
}

pub(crate) fn choose(
    deal: &mut Draft<'_>,
    payee: &Payee,
    of: DestinationUse,
    destination: Option<&Destination>,
) -> Result<(), Rejection> {
    if destination == Some(&Destination::Balance)
        && deal.binding_terms().policy.unsettled == Unsettled::Unclaimed
    {
        return Err(Rejection::NoBalances);
    }
    let goes_there = |l: &Leg| l.payee == *payee && DestinationUse::of(l.purpose) == of;
    if deal.legs().iter().any(|l| goes_there(l) && l.state == LegState::Ordered) {
        return Err(Rejection::AttemptUnanswered);
    }
    if deal.destination(payee, of) != destination {
        let (payee, destination) = (payee.clone(), destination.cloned());
        deal.push(Event::DestinationSet { payee, of, destination });
    }
    legs::try_again(deal, goes_there);
    deal.close_if_done();
    Ok(())
}
