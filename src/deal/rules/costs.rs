//! Costs that were incurred for a service: they stand in every ending.

use crate::deal::Rejection;
use crate::deal::command::IncurCost;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::terms::Provider;
use crate::{Actor, Role};

/// Marks a service as incurred: by its provider, or by the operator.
pub(crate) fn incur(deal: &mut Draft<'_>, c: &IncurCost, role: Role, actor: &Actor) -> Result<(), Rejection> {
    let services = &deal.binding_terms().services;
    let service =
        services.get(usize::from(c.service)).ok_or(Rejection::UnknownService { services: services.len() })?;
    // what is incurred stays as it is: nobody incurs what may be amended away a moment later
    if deal.terms().services.get(usize::from(c.service)) != Some(service) {
        return Err(Rejection::ServiceAmended);
    }
    let allowed = match (&service.provider, role, actor) {
        (_, Role::Operator, _) | (Provider::Seller, Role::Seller, _) => true,
        (Provider::Third(id), _, Actor::Party(actor)) => id == actor,
        (Provider::Seller | Provider::Platform | Provider::Third(_), _, _) => false,
    };
    if !allowed {
        return Err(Rejection::NotYourService);
    }
    if deal.incurred().contains(usize::from(c.service)) {
        return Err(Rejection::IdentityTaken);
    }
    deal.push(Event::CostIncurred { service: c.service, evidence: c.evidence.clone() });
    Ok(())
}
