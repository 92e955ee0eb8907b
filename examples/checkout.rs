//! Several payment systems behind one checkout: `cargo run --example checkout`.
//!
//! Interkassa's story: the buyer clicks "pay", chooses one of the systems that are offered, pays there, and is led back;
//! the seller is told of it. One system goes down and is not offered any more; a refund goes back to the system that took
//! the money, even when that one has to come up first. Every notice is printed as the data that a host would render.

use std::error::Error;
use std::sync::Arc;

use escrow::agent::CheckoutError;
use escrow::agent::blocking::Agent;
use escrow::deal::command::{
    Accept, Cancel, ConfirmPayment, PaymentForm, RequestPayment, ReturnUrls, SetDestination, Submit,
};
use escrow::deposit::DepositId;
use escrow::port::{Clock, Commit, CommitError, blocking};
use escrow::terms::{Item, Payer};
use escrow::{
    Actor, Caller, Command, Currency, Deal, DealId, Destination, Money, Payee, Policy, Rate, Terms,
    TermsDraft, Time, Transaction,
};
use escrow_market::Router;
use escrow_market::router::{Method, PayoutRules, PayoutTo};
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway, SinkFault};

type Any = Box<dyn Error>;

/// The journal, and an outbox from which messages are sent: both in one commit.
#[derive(Default)]
struct Storage {
    journal: MemorySink,
    outbox: Vec<String>,
}

impl blocking::EventSink for Storage {
    type Error = SinkFault;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        let notices: Vec<_> = escrow_market::notice::of_commit(&commit).collect();
        self.journal.commit(commit)?;
        self.outbox.extend(notices.iter().map(|notice| {
            let news = serde_json::to_string(&notice.news).unwrap_or_default();
            let who = notice.to.party.as_deref().unwrap_or("on duty");
            format!("{:<8} {who:<11} {news}", notice.to.role.as_str())
        }));
        Ok(())
    }
}

struct Shop {
    agent: Agent<ManualClock, Router<ScriptedGateway>>,
    storage: Storage,
    deals: u128,
}

impl Shop {
    /// What the buyer is offered for a sum.
    fn offer(&self, amount: Money) {
        println!("  offered for {amount}:");
        for offered in self.agent.gateway.methods(amount) {
            let (name, method) = (offered.method.name().as_str(), offered.method);
            let limits = format!("{} to {}", method.min(), method.max());
            println!(
                "    {name:<10} by {:<10} from {limits:<28} costs {}",
                offered.gateway.as_str(),
                offered.cost
            );
        }
    }

    /// The terms of a sale: the dearest of the methods that are offered is what the processor's fee is made of.
    fn open(&mut self, price: Money) -> Result<Deal, Any> {
        let record = Item::new("Record".parse()?, price, 1);
        let (vera, shop) = ("dj-vera".parse()?, "record-shop".parse()?);
        let mut draft = TermsDraft::new(vera, shop, Currency::RUB, vec![record], Policy::shop());
        let dearest = self.agent.gateway.methods(price).max_by_key(|offered| offered.cost.minor());
        draft
            .fees
            .push(dearest.ok_or("nothing takes this sum")?.method.fee("processing".parse()?, Payer::Seller));
        self.deals = self.deals.saturating_add(1);
        let id = DealId::new(uuid::Uuid::from_u128(self.deals));
        let seller = Caller::party("record-shop".parse()?);
        let deal = self.agent.open(&mut self.storage, id, Terms::new(draft)?, seller)?;
        self.tell();
        Ok(deal)
    }

    /// The buyer's choice: a request of its own, and the form of the system that was chosen.
    fn choose(&mut self, deal: &mut Deal, method: &str) -> Result<(), Any> {
        let amount = deal.deposit(DepositId::BUYER_PAYMENT).ok_or("no deposit")?.outstanding();
        let return_urls = ReturnUrls::new(
            "https://records.example/paid".parse()?,
            "https://records.example/failed".parse()?,
        );
        let form = Arc::new(PaymentForm::new(method.parse()?, return_urls));
        let key = format!("{method}-{}", amount.minor()).parse()?;
        let request = RequestPayment::new(key, DepositId::BUYER_PAYMENT, amount, form);
        println!("  the buyer chooses {method}");
        self.act(deal, request.clone(), Caller::party("dj-vera".parse()?))?;
        match self.agent.checkout(deal, &request) {
            Ok(form) => println!("    form: POST {} {:?}", form.url, form.parameters.first()),
            Err(CheckoutError::Gateway(error)) => println!("    no form: {error}"),
            Err(error) => println!("    no form: {error}"),
        }
        Ok(())
    }

    /// The system's own word: the money is there. Confirmed under the name that the router knows.
    fn paid(&mut self, deal: &mut Deal, gateway: &str) -> Result<(), Any> {
        let amount = deal.deposit(DepositId::BUYER_PAYMENT).ok_or("no deposit")?.outstanding();
        println!("  {gateway}: {amount} came in");
        let payment = ConfirmPayment::charged(
            DepositId::BUYER_PAYMENT,
            gateway.parse()?,
            format!("{gateway}-{}", self.deals).parse()?,
            amount,
        )
        .answering(deal.transactions().iter().rfind(|t| t.is_pending()).map(Transaction::id));
        self.act(deal, payment, Actor::Gateway)
    }

    fn act(
        &mut self,
        deal: &mut Deal,
        command: impl Into<Command>,
        by: impl Into<Caller>,
    ) -> Result<(), Any> {
        let receipt = self.agent.submit(&mut self.storage, deal, &command.into(), by)?;
        self.tell();
        if receipt.has_pending {
            println!("    an order has no answer yet: it waits, and is asked again");
        }
        Ok(())
    }

    /// Sends what is in the outbox.
    fn tell(&mut self) {
        self.storage.outbox.drain(..).for_each(|notice| println!("    tell {notice}"));
    }

    fn set_available(&self, name: &str, available: bool) -> Result<(), Any> {
        println!("  {name} is {}", if available { "up again" } else { "down" });
        Ok(self.agent.gateway.set_available(&name.parse()?, available)?)
    }
}

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn method(name: &str, min: i64, max: i64) -> Result<Method, Any> {
    Ok(Method::new(name.parse()?, rub(min), rub(max), Rate::from_ppm(30_000)?, rub(0))?)
}

fn main() -> Result<(), Any> {
    // payouts to wallets go by WebMoney, everything else by RBK Money
    let payouts = PayoutRules::new("rbk".parse()?).rule(Time::MIN, PayoutTo::Wallet, "webmoney".parse()?)?;
    let router = Router::new(payouts)
        .with("moneymail".parse()?, ScriptedGateway::new(), [method("moneymail", 10_00, 15_000_00)?])?
        .with("rbk".parse()?, ScriptedGateway::new(), [method("rbk-money", 1_00, 60_000_00)?])?
        .with("webmoney".parse()?, ScriptedGateway::new(), [method("wmr", 1, 100_000_00)?])?;
    let clock = ManualClock::new(Time::parse("2026-04-08T20:00:00Z")?);
    let mut shop = Shop { agent: Agent::new(clock, router), storage: Storage::default(), deals: 0 };
    let (vera, seller) = (Caller::party("dj-vera".parse()?), Caller::party("record-shop".parse()?));
    let wallet = |id: &str| -> Result<SetDestination, Any> {
        let destination = Some(Destination::Wallet(id.parse()?));
        Ok(SetDestination::new(Payee::Seller, destination))
    };

    println!("A record is sold");
    shop.offer(rub(299_00));
    let mut deal = shop.open(rub(299_00))?;
    let file = escrow::deal::command::Revision::new(
        "lp-9/30-seconds".parse()?,
        "lp-9/flac".parse()?,
        "sha256:9f01".parse()?,
    );
    shop.act(&mut deal, wallet("R-1")?, seller.clone())?;
    shop.act(&mut deal, Submit::new(1, Arc::new(file)), seller.clone())?;
    shop.choose(&mut deal, "wmr")?;
    shop.paid(&mut deal, "webmoney")?;
    println!("  the buyer clicks 'Download'");
    shop.act(&mut deal, Accept::default(), vera.clone())?;
    println!("  the deal is {}; the buyer may see {:?}", deal.status(), deal.access(escrow::Role::Buyer));

    println!("\nA dearer one, while a system is down");
    shop.set_available("rbk", false)?;
    shop.offer(rub(20_000_00));
    let mut deal = shop.open(rub(20_000_00))?;
    shop.choose(&mut deal, "rbk-money")?;
    shop.choose(&mut deal, "moneymail")?;
    shop.choose(&mut deal, "wmr")?;
    shop.paid(&mut deal, "webmoney")?;

    println!("\nIt is cancelled while its own system is down, too");
    shop.set_available("webmoney", false)?;
    shop.act(&mut deal, Cancel::new("out of stock".parse()?), seller)?;
    shop.agent.clock.set(shop.agent.clock.now().plus_secs(7 * 86_400));
    shop.agent.resume(&mut shop.storage, &mut deal)?;
    println!("  a week later the deal is {}: no other system is asked", deal.status());
    shop.set_available("webmoney", true)?;
    shop.agent.resume(&mut shop.storage, &mut deal)?;
    shop.tell();
    println!("  the deal is {}; what went back went where it came from", deal.status());
    Ok(())
}
