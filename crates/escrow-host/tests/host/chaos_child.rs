//! The process that is killed: drives every deal to its end, with a host and a worker of its own, on files that it shares
//! with others like it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use escrow::deal::command::{Accept, Cancel, StartPerforming};
use escrow::deposit::{DepositId, Reference};
use escrow::port::{Clock, Repository, SystemClock};
use escrow::{AgentError, Deal, Status};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Backoff, Host, Worker};
use escrow_sqlite::Sqlite;

use crate::world::{id, party, rub, terms};

pub const HOST: &str = "ESCROW_CHAOS_HOST";
pub const BANK: &str = "ESCROW_CHAOS_BANK";
pub const NAME: &str = "ESCROW_CHAOS_NAME";
pub const DEALS: &str = "ESCROW_CHAOS_DEALS";
pub const LOOKS: &str = "ESCROW_CHAOS_LOOKS";

/// Of a thousand orders: answers that are lost, late, told twice, or none.
pub const FAULTS: Faults =
    Faults { lost: 300, down: 100, late: 100, declined: 0, twice: 200, forgets_after_ms: None };

type TheHost = Host<Sqlite, SandboxGateway<SystemClock>, SystemClock>;

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Ends when every deal is over.
#[test]
#[ignore = "the child process of the chaos"]
fn child() {
    let (Some(file), Some(books), Some(name)) = (var(HOST), var(BANK), var(NAME)) else { return };
    let deals: u128 = var(DEALS).unwrap().parse().unwrap();
    let bank = Bank::open(books, FAULTS).unwrap();
    let gateway = SandboxGateway::new(bank, SystemClock);
    let gateway = if var(LOOKS).is_some() { gateway } else { gateway.without_looking() };
    let host = Host::builder(Sqlite::open(Path::new(&file)).unwrap(), gateway, SystemClock)
        .backoff(Backoff { first_ms: 20, most_ms: 200 })
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(drive(host, name, deals));
}

async fn drive(host: Arc<TheHost>, name: String, deals: u128) {
    let mut worker = Worker::builder(host.clone(), name.clone())
        .grace(Duration::from_millis(200))
        .lease(Duration::from_secs(2))
        .build();
    // every process begins elsewhere, so that they meet
    let first = name.bytes().fold(0_u128, |sum, byte| sum * 31 + u128::from(byte)) % deals;
    let mut told = 0;
    loop {
        let mut open = 0;
        for number in (0..deals).map(|n| 1 + (n + first) % deals) {
            open += u32::from(!step(&host, number).await);
        }
        for (notice, deal, fact) in host.gateway().bank().notices(told).unwrap() {
            // a payment may be told before the deal is opened here: it comes again
            let _ = host.webhook(deal, fact).await;
            told = notice;
        }
        let _ = worker.pass::<Deal>().await;
        if open == 0 {
            return;
        }
    }
}

/// The next step of a deal; whether it is over. What goes wrong is tried again in the next round.
async fn step(host: &TheHost, number: u128) -> bool {
    let id = id(number);
    let Ok(stored) = Repository::<Deal>::load(host.repository(), id).await else { return false };
    let Some(deal) = stored else {
        match host.open(id, terms(), party("shop")).await {
            Ok(_) | Err(AgentError::Conflict | AgentError::Unknown(_)) => return false,
            Err(other) => panic!("{other}"),
        }
    };
    match deal.status() {
        Status::AwaitingDeposit => {
            // a third of them by a hold
            let until = (number.is_multiple_of(3)).then(|| host.clock().now().plus_secs(7 * 86_400));
            let reference = Reference::new(format!("pay-{number}")).unwrap();
            let (deposit, bank) = (DepositId::BUYER_PAYMENT, host.gateway().bank());
            if let Ok(fact) = bank.pay(id, deposit, &reference, rub(1_000_00), until) {
                let _ = host.webhook(id, fact).await;
            }
        }
        Status::AwaitingPerformance if number.is_multiple_of(4) => {
            let _ = host.act(id, Cancel::default(), party("shop")).await;
        }
        Status::AwaitingPerformance => {
            let _ = host.act(id, StartPerforming {}, party("shop")).await;
        }
        Status::Performing => {
            let _ = host.act(id, Accept::default(), party("anna")).await;
        }
        Status::Completed | Status::Cancelled => return true,
        // the worker's
        _ => {}
    }
    false
}
