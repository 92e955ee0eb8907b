//! A cart with three sellers and one payment. One of them cannot deliver; later a part of the payment is charged back:
//! `cargo run --example cart` ends with
//! `alma: completed; the Seller owes 11.95 EUR`, `boris: cancelled; the Buyer owes 27.89 EUR` (who has it twice).

use std::error::Error;

use escrow::deal::command::{Accept, Answer, Answered, Cancel, StartPerforming};
use escrow::deposit::DepositId;
use escrow::terms::Item;
use escrow::{Actor, Context, Currency, Deal, DealId, Machine, Money, Terms, TermsDraft, Time};
use escrow::{Policy, uuid::Uuid};
use escrow_market::basket::command::{Chargeback, ChargebackStep, Command, ConfirmPayment};
use escrow_market::basket::{BasketDraft, Line};
use escrow_market::follow::{FollowCommand, MachineId};
use escrow_market::{Basket, BasketId};

/// The gateway tells the basket, and the basket its deals.
fn tell(basket: &mut Basket, deals: &mut [Deal], fact: Command, at: &Context) -> Result<(), Box<dyn Error>> {
    let told = basket.handle(&fact, at)?;
    for follow in told.events().iter().flat_map(|recorded| basket.follows(&recorded.event)) {
        let FollowCommand::Deal(command) = follow.command else { continue };
        let deal = deals.iter_mut().find(|deal| follow.to == MachineId::Deal(deal.id()));
        let _ = deal.ok_or("it is in the cart")?.handle(&command, at)?;
    }
    Ok(())
}

fn show(what: &str, deals: &[Deal]) {
    println!("{what}");
    for deal in deals {
        let debts = deal.receivables().map(|debt| format!("; the {:?} owes {}", debt.debtor, debt.open()));
        let (seller, status) = (&deal.terms().seller, deal.status());
        println!("  {seller}: {status}{}", debts.collect::<String>());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let now = Time::parse("2026-03-01T12:00:00Z")?;
    let (host, gateway) = (Context::new(now, Actor::Operator("host".parse()?)), Context::gateway(now));
    let (mut deals, mut lines) = (Vec::new(), Vec::new());
    for (n, (seller, minor)) in (1..).zip([("alma", 30_00), ("boris", 70_00), ("carla", 25_50)]) {
        let item = Item::new("Thing".parse()?, Money::from_minor(minor, Currency::EUR), 1);
        let (buyer, seller) = ("anna".parse()?, seller.parse()?);
        let draft = TermsDraft::new(buyer, seller, Currency::EUR, vec![item], Policy::shop());
        let (deal, _) = Deal::propose(DealId::new(Uuid::from_u128(n)), Terms::new(draft)?, &host)?;
        let amount = deal.terms().quote().deposit;
        lines.push(Line { deal: deal.id(), deposit: DepositId::BUYER_PAYMENT, amount });
        deals.push(deal);
    }
    let draft = BasketDraft::new("anna".parse()?, Currency::EUR, lines, now.plus_secs(3_600));
    let (mut basket, _) = Basket::open(BasketId::new(Uuid::from_u128(9)), draft, &host)?;

    println!("one payment of {}", basket.outstanding());
    let paid = ConfirmPayment::charged("stripe".parse()?, "pi_1".parse()?, basket.outstanding());
    tell(&mut basket, &mut deals, paid.into(), &gateway)?;
    for deal in &mut deals {
        let seller = Context::party(now, deal.terms().seller.clone());
        if deal.terms().seller.as_str() == "boris" {
            let _ = deal.handle(&Cancel::new("sold out".parse()?).into(), &seller)?;
        } else {
            let _ = deal.handle(&StartPerforming {}.into(), &seller)?;
            let _ = deal.handle(&Accept::default().into(), &Context::party(now, "anna".parse()?))?;
        }
        let orders: Vec<_> = deal.pending().map(|order| order.number()).collect();
        for order in orders {
            let _ = deal.handle(&Answer::new(order, Answered::Succeeded("po".parse()?)).into(), &gateway)?;
        }
    }
    show("boris cannot deliver, the others do", &deals);

    // 11.95, 27.89 and 10.16: by the largest remainder of 30.00, 70.00 and 25.50
    let payment = ("stripe".parse()?, "pi_1".parse()?);
    let amount = Money::from_minor(50_00, Currency::EUR);
    let lost = Chargeback::new("cb_1".parse()?, payment, amount, ChargebackStep::Lost);
    tell(&mut basket, &mut deals, lost.into(), &gateway)?;
    show("50.00 EUR are charged back", &deals);
    Ok(())
}
