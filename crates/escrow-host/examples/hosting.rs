//! A whole host: SQLite in a real file, a bank, a worker, and a restart in the middle.
//! `cargo run -p escrow-host --example hosting`
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use escrow::deal::command::{Accept, StartPerforming};
use escrow::deposit::DepositId;
use escrow::port::SystemClock;
use escrow::terms::{Fee, Unsettled};
use escrow::{Caller, Currency, Deal, DealId, Money, Policy, Terms};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Backoff, Host, Worker};
use escrow_sqlite::{Filter, Page, Sqlite};
use rust_decimal::dec;

type TheHost = Host<Sqlite, SandboxGateway<SystemClock>, SystemClock>;

/// What every process begins with. Of this bank's answers every one is lost the first time.
fn start(folder: &Path) -> Result<Arc<TheHost>, Box<dyn Error>> {
    let bank = Bank::open(folder.join("bank.db"), Faults { lost: 1_000, ..Faults::default() })?;
    let gateway = SandboxGateway::new(bank, SystemClock);
    let host = Host::builder(Sqlite::open(folder.join("escrow.db"))?, gateway, SystemClock);
    Ok(host.backoff(Backoff { first_ms: 10, most_ms: 1_000 }).build())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("escrow-embedding-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let id: DealId = "018f3c5e-0000-7000-8000-000000000001".parse()?;
    let (buyer, seller) = (Caller::party("anna".parse()?), Caller::party("shop".parse()?));

    let host = start(&folder)?;
    let terms = Terms::builder("anna", "shop", Currency::RUB)
        .item("Phone", dec!(23_500))
        .fee(Fee::percent("platform", dec!(5)))
        // no balances here: what cannot be paid waits for a destination
        .policy(Policy::shop().unsettled(Unsettled::Unclaimed))
        .build()?;
    host.open(id, terms, seller.clone()).await?;
    // the bank's webhook, once it is verified
    let price = Money::from_minor(23_500_00, Currency::RUB);
    let paid = host.gateway().bank().pay(id, DepositId::BUYER_PAYMENT, &"pay-1".parse()?, price, None)?;
    host.webhook(id, paid).await?;
    host.act(id, StartPerforming {}, seller).await?;
    let accepted = host.act(id, Accept::default(), buyer).await?;
    println!("{:?}\n  orders without an answer: {}", accepted.after, accepted.after.pending().count());

    // the process dies here; another one has nothing but the file
    drop(host);
    let host = start(&folder)?;
    let mut worker = Worker::builder(host.clone(), "worker-1").grace(std::time::Duration::ZERO).build();
    worker.run::<Deal>(tokio::time::sleep(std::time::Duration::from_millis(300))).await;

    for row in host.repository().list::<Deal>(Filter::Party("anna"), &Page::first(10))? {
        println!("{}: {}, {} events", row.id, row.status, row.version);
    }
    for moved in host.gateway().bank().movements()? {
        println!("bank: {} of {} for order {}", moved.kind, moved.amount, moved.order);
    }
    println!("asked again about {} deal", host.figures().await?.counts.asked);
    Ok(std::fs::remove_dir_all(folder)?)
}
