//! Where payees want their money, and what was declined on its way there.

use super::legs;
use crate::deal::Rejection;
use crate::deal::command::{DestinationUse, SetDestination};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deposit::{Leg, LegState};
use crate::{Actor, Payee, Role};

/// A payee chooses where the money goes; what was declined is tried again, there.
pub(crate) fn set(
    deal: &mut Draft<'_>,
    c: &SetDestination,
    role: Role,
    actor: &Actor,
) -> Result<(), Rejection> {
    let own = match (&c.payee, role, actor) {
        (Payee::Buyer, Role::Buyer, _) | (Payee::Seller, Role::Seller, _) => true,
        (Payee::Platform | Payee::Processor, Role::Operator, _) => true,
        (Payee::Party(id), _, Actor::Party(actor)) => id == actor,
        (_, Role::Operator, _) => c.of == DestinationUse::Refunds,
        (Payee::Buyer | Payee::Seller | Payee::Platform | Payee::Processor | Payee::Party(_), _, _) => false,
    };
    if !own {
        return Err(Rejection::NotYourMoney);
    }
    let goes_there = |l: &Leg| l.payee == c.payee && DestinationUse::of(l.purpose) == c.of;
    if deal.legs().iter().any(|l| goes_there(l) && l.state == LegState::Ordered) {
        return Err(Rejection::AttemptUnanswered);
    }
    if deal.destination(&c.payee, c.of) != c.destination.as_ref() {
        let (payee, of, destination) = (c.payee.clone(), c.of, c.destination.clone());
        deal.push(Event::DestinationSet { payee, of, destination });
    }
    legs::retry(deal, |l| goes_there(l) && legs::is_declined(l));
    deal.close_if_done();
    Ok(())
}

/// The settlement deadline: whatever is declined goes to the payees' balances.
pub(crate) fn credit_declined(deal: &mut Draft<'_>) {
    legs::credit(deal, legs::is_declined);
    deal.close_if_done();
}
