//! A shop that pays its seller a week after the acceptance, and a buyer who uses that week.
//!
//! - A phone and two cases; the buyer keeps the phone, and gives the cases back by accepting a part only.
//! - A part that is accepted clears for a week before it is paid: the return window. In it the seller gives a little back.
//! - A chargeback that is lost in that week meets the pot, and nobody owes anything.
//!
//! `cargo run --example shop_clearance` prints, in cents: on day 3 a part is accepted and 440.00 stay in the pot; on day 8
//! 50.00 of them are lost; on day 10 the buyer has 2 × 20.00 + 30.00 = 70.00 back, and the shop, liable for the loss, gets
//! 400.00 − 30.00 − 50.00 = 320.00. Nobody owes anything.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::inconsistent_digit_grouping)]

use escrow::deal::command::{
    Accept, Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, GiveBack, StartPerforming, Wake,
};
use escrow::deposit::DepositId;
use escrow::terms::{Item, Terms, TermsDraft};
use escrow::{Actor, Command, Context, Currency, Deal, DealId, Money, Policy, Time};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error>;

const DAY: u32 = 86_400;

fn main() -> Result<(), Failure> {
    let eur = |minor| Money::from_minor(minor, Currency::EUR);
    let start = Time::parse("2026-03-01T12:00:00Z")?;
    let items = vec![Item::new("Phone".parse()?, eur(400_00), 1), Item::new("Case".parse()?, eur(20_00), 2)];
    let policy = Policy::shop().clearance_s(7 * DAY);
    let draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::EUR, items, policy);
    let shop = || Actor::Party("shop".parse().unwrap());
    let anna = || Actor::Party("anna".parse().unwrap());
    let context = Context::new(start, shop());
    let (mut deal, _) = Deal::propose(DealId::new(Uuid::nil()), Terms::new(draft)?, &context)?;
    let mut tell = |day: u32, by: Actor, command: Command| -> Result<(), Failure> {
        let now = start.plus_secs(day.saturating_mul(DAY));
        let _ = deal.handle(&command, &Context::new(now, by))?;
        // the gateway does at once what it is asked
        let orders: Vec<_> = deal.pending().map(|order| order.number()).collect();
        for order in orders {
            let done = Answered::Succeeded(format!("done-{order}").parse()?);
            let _ = deal.handle(&Answer::new(order, done).into(), &Context::gateway(now))?;
        }
        let pot = deal.deposit(DepositId::BUYER_PAYMENT).ok_or("there is one")?.buckets();
        let sums = [pot.held, pot.paid_out, pot.refunded, pot.charged_back];
        println!("day {day:>2}  {:<24} {:<20} {sums:?}", kind(&command), deal.status());
        Ok(())
    };
    println!("        command                  status               held, paid, refunded, charged back");
    let bank = ("bank".parse()?, "card-1".parse()?);
    let (by, reference) = bank.clone();
    let paid = ConfirmPayment::charged(DepositId::BUYER_PAYMENT, by, reference, eur(440_00));
    tell(0, Actor::Gateway, paid.into())?;
    tell(1, shop(), StartPerforming {}.into())?;
    // the phone and neither of the cases
    tell(3, anna(), Accept::part(vec![1, 0]).into())?;
    // a scratch: 30.00 of the phone's 400.00 go back
    tell(5, shop(), GiveBack::new(eur(30_00)).into())?;
    let lost = Chargeback::new("cb-1".parse()?, bank, eur(50_00), ChargebackStep::Lost);
    tell(8, Actor::Gateway, lost.into())?;
    tell(10, Actor::Clock, Wake {}.into())?;
    println!("owed by anybody: {}", deal.receivables().count());
    Ok(())
}

fn kind(command: &Command) -> String {
    command.kind().to_string()
}
