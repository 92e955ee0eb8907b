//! A project of three milestones at 300 euros, paid upfront by one payment. The first is accepted and paid, the second is
//! disputed, and the third goes on all the same: `cargo run --example project` ends with
//! `600.00 EUR paid, 300.00 EUR in escrow; completed, disputed, completed`.

use std::collections::BTreeMap;
use std::error::Error;

use escrow::deal::command::{Accept, Answer, Answered, OpenDispute, StartPerforming};
use escrow::terms::Item;
use escrow::{Actor, Context, Currency, Deal, DealId, Machine, Money, Policy, Time, uuid::Uuid};
use escrow_market::basket::command::ConfirmPayment;
use escrow_market::follow::{FollowCommand, MachineId};
use escrow_market::project::{Funding, Milestone, ProjectDraft, ProjectTerms, command::Agree};
use escrow_market::{Basket, BasketId, Project, ProjectId};

fn show(what: &str, deals: &BTreeMap<DealId, Deal>) {
    let statuses: Vec<_> = deals.values().map(|deal| deal.status().as_str()).collect();
    let buckets = || deals.values().flat_map(Deal::deposits).map(|deposit| deposit.buckets());
    let eur = |minor| Money::from_minor(minor, Currency::EUR);
    let (paid, held) = (buckets().map(|b| b.paid_out).sum(), buckets().map(|b| b.held).sum());
    println!("{what}: {} paid, {} in escrow; {}", eur(paid), eur(held), statuses.join(", "));
}

fn main() -> Result<(), Box<dyn Error>> {
    let now = Time::parse("2026-03-01T12:00:00Z")?;
    let (anna, boris) = (Context::party(now, "anna".parse()?), Context::party(now, "boris".parse()?));
    let (host, gateway) = (Context::new(now, Actor::Operator("host".parse()?)), Context::gateway(now));
    let mut milestones = Vec::new();
    for n in 1..=3 {
        let item = Item::new("A third of the site".parse()?, Money::from_minor(300_00, Currency::EUR), 1);
        milestones.push(Milestone::new(DealId::new(Uuid::from_u128(n)), vec![item]));
    }
    let (parties, name) = (("anna".parse()?, "boris".parse()?), "A site".parse()?);
    let mut draft = ProjectDraft::new(parties, name, Currency::EUR, Policy::freelance(), milestones);
    draft.funding = Funding::Upfront { basket: BasketId::new(Uuid::from_u128(9)) };
    let id = ProjectId::new(Uuid::from_u128(8));
    let (mut project, _) = Project::propose(id, ProjectTerms::new(draft)?, &anna)?;

    // both agree once; what the project tells is what a host's outbox delivers
    let agreed = project.handle(&Agree { version: 1 }.into(), &boris)?;
    let (mut deals, mut baskets) = (BTreeMap::new(), Vec::new());
    for follow in agreed.events().iter().flat_map(|e| project.follows(&e.event)) {
        match (follow.to, follow.command) {
            (MachineId::Deal(id), FollowCommand::Open(terms)) => {
                deals.insert(id, Deal::propose(id, terms, &host)?.0);
            }
            (MachineId::Basket(id), FollowCommand::OpenBasket(draft)) => {
                baskets.push(Basket::open(id, draft, &host)?.0);
            }
            other => return Err(format!("nothing else: {other:?}").into()),
        }
    }
    show("agreed", &deals);

    let basket = baskets.first_mut().ok_or("it is open")?;
    let payment = ConfirmPayment::charged("stripe".parse()?, "pi_1".parse()?, basket.outstanding());
    let filled = basket.handle(&payment.into(), &gateway)?;
    for follow in filled.events().iter().flat_map(|e| basket.follows(&e.event)) {
        if let (MachineId::Deal(id), FollowCommand::Deal(command)) = (follow.to, follow.command) {
            let _ = deals.get_mut(&id).ok_or("it is open")?.handle(&command, &gateway)?;
        }
    }
    show("one payment", &deals);

    for (n, deal) in (1..).zip(deals.values_mut()) {
        let _ = deal.handle(&StartPerforming {}.into(), &boris)?;
        let _ = match n {
            2 => deal.handle(&OpenDispute::new("not what was agreed".parse()?).into(), &anna)?,
            _ => deal.handle(&Accept::default().into(), &anna)?,
        };
        let orders: Vec<_> = deal.pending().map(|order| order.number()).collect();
        for order in orders {
            let _ = deal.handle(&Answer::new(order, Answered::Succeeded("po".parse()?)).into(), &gateway)?;
        }
    }
    show("the second is disputed", &deals);
    Ok(())
}
