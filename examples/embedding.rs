//! A host with its own persistence and its own gateway: `cargo run --example embedding`.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "an example may stop at once")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;

use escrow::agent::Caller;
use escrow::deal::command::{Accept, Answered, ConfirmPayment, StartPerforming};
use escrow::deal::{Parts, PendingOrder};
use escrow::deposit::{DepositId, Reference};
use escrow::port::{
    CheckoutForm, CheckoutRequest, Commit, CommitError, EventSink, PaymentGateway, SystemClock,
};
use escrow::{Actor, Agent, Currency, Deal, DealId, DealSummary, Money, Policy, Terms};

/// What would be three tables: the journal, the stored deals, and an index over them.
#[derive(Default)]
struct Database {
    journal: Vec<String>,
    deals: HashMap<DealId, (u64, String)>,
    index: HashMap<DealId, DealSummary>,
}

impl EventSink for Database {
    type Error = serde_json::Error;

    // in SQL, one transaction: UPDATE … WHERE version = expected, INSERT the events, COMMIT
    async fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<Self::Error>> {
        let (version, _) = self.deals.get(&commit.deal_id()).cloned().unwrap_or_default();
        if version != commit.expected_version {
            return Err(CommitError::Conflict);
        }
        let stored = serde_json::to_string(&commit.after.parts()).map_err(CommitError::Unknown)?;
        let events: Result<Vec<_>, _> = commit.envelopes().map(|e| serde_json::to_string(&e)).collect();
        self.journal.extend(events.map_err(CommitError::Unknown)?);
        self.deals.insert(commit.deal_id(), (commit.after.version(), stored));
        self.index.insert(commit.deal_id(), DealSummary::from(commit.after));
        Ok(())
    }
}

/// A bank that does what it is told, at most once per key.
struct Bank;

impl PaymentGateway for Bank {
    type Error = Infallible;

    async fn checkout(&self, _: CheckoutRequest<'_>) -> Result<CheckoutForm, Infallible> {
        unimplemented!("this example is paid by a webhook")
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Infallible> {
        println!("bank: {} to {}, key …:{}", order.amount, order.payee, order.key.transaction);
        Ok(Answered::Succeeded(Reference::new(format!("bank-{}", order.key.transaction)).expect("short")))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let terms: Terms = serde_json::from_value(serde_json::json!({
        "buyer": "anna", "seller": "shop", "currency": "RUB", "policy": Policy::shop(),
        "items": [{ "name": "Phone", "unit_price": { "amount": "23500", "currency": "RUB" } }],
        "fees": [{ "id": "platform", "payee": "platform", "rate": "5%", "base": "price",
                   "payer": "seller", "on_refund": "return" }],
    }))?;
    let (mut db, agent) = (Database::default(), Agent::new(SystemClock, Bank));
    let id = DealId::new("018f3c5e-0000-7000-8000-000000000001".parse()?);
    let (buyer, seller) = (Caller::party("anna".parse()?), Caller::party("shop".parse()?));
    pollster::block_on(async {
        let mut deal = agent.open(&mut db, id, terms, seller.clone()).await?;
        let paid = ConfirmPayment::charged(
            DepositId::BUYER_PAYMENT,
            "bank".parse()?,
            "webhook-1".parse()?,
            Money::from_minor(23_500_00, Currency::RUB),
        );
        agent.submit(&mut db, &mut deal, &paid.into(), Actor::Gateway).await?;
        agent.submit(&mut db, &mut deal, &StartPerforming {}.into(), seller).await?;

        // another process: nothing but the stored row
        let (_, stored) = db.deals.get(&id).cloned().unwrap_or_default();
        let mut deal: Deal = serde_json::from_str::<Parts>(&stored)?.restore()?;
        agent.submit(&mut db, &mut deal, &Accept::default().into(), buyer).await?;
        println!(
            "deal: {:?}\nindex: {:?}, {} events in the journal",
            deal,
            db.index[&id].status,
            db.journal.len()
        );
        Ok(())
    })
}
