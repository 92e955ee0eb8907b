//! The process that is killed: drives every deal to its end, with a host and a worker of its own, on a database that it
//! shares with others like it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use escrow::deal::command::{Accept, Cancel, GiveBack, Report, StartPerforming};
use escrow::deposit::{DepositId, Reference};
use escrow::port::{Backlog, Clock, Repository, SystemClock};
use escrow::terms::{Acceptance, Fee};
use escrow::{Agent, AgentError, Caller, Currency, Deal, DealId, Money, Policy, Status, Terms};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Backoff, Host, Worker};
use escrow_market::{Balance, Basket, Project};
use escrow_postgres::Postgres;
use escrow_sqlite::{Filter, Lists, Page, Sqlite};
use rust_decimal::dec;

use super::chaos_market::{self, Market, Tells};

pub const STORE: &str = "ESCROW_CHAOS_STORE";
pub const BANK: &str = "ESCROW_CHAOS_BANK";
pub const NAME: &str = "ESCROW_CHAOS_NAME";
pub const DEALS: &str = "ESCROW_CHAOS_DEALS";
pub const CONTRACTS: &str = "ESCROW_CHAOS_CONTRACTS";
pub const LOOKS: &str = "ESCROW_CHAOS_LOOKS";

/// Of a thousand orders: answers that are lost, late, told twice, or none.
pub const FAULTS: Faults =
    Faults { lost: 300, down: 100, late: 100, declined: 0, twice: 200, forgets_after_ms: None };

/// How many deals are open at a time in a process.
const OPEN: usize = 48;

/// And how many contracts.
const CONTRACTS_OPEN: usize = 6;

/// In every so many rounds the other machines are seen to, too.
const OTHERS: u32 = 3;

type TheHost<R> = Host<R, SandboxGateway<SystemClock>, SystemClock>;

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether this process is one of those that are killed.
pub fn is_child() -> bool {
    var(STORE).is_some()
}

pub fn id(number: u128) -> DealId {
    DealId::new(uuid::Uuid::from_u128(number))
}

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn party(name: &str) -> Caller {
    Caller::party(name.parse().unwrap())
}

/// A lamp at 1 000.00, of which the platform keeps 5 %, under one preset after another.
fn terms(number: u128) -> Terms {
    let policies = [Policy::shop(), Policy::marketplace(), Policy::freelance(), Policy::guarantee()];
    let place = usize::try_from(number).unwrap() % policies.len();
    Terms::builder("anna", "shop", Currency::RUB)
        .item("Lamp", dec!(1_000))
        .fee(Fee::percent("platform", dec!(5)))
        .policy(policies[place].clone())
        .build()
        .unwrap()
}

/// Whether a deal has ended.
pub fn is_over(status: Status) -> bool {
    match status {
        Status::Completed | Status::Cancelled | Status::Resolved | Status::Declined | Status::Expired => true,
        Status::Proposed
        | Status::AwaitingDeposit
        | Status::Moderation
        | Status::AwaitingPerformance
        | Status::Performing
        | Status::AwaitingAcceptance
        | Status::Clearing
        | Status::Disputed
        | Status::Settling
        | Status::CancelRequested => false,
    }
}

/// Ends when everything is over. Futures of a build that is not optimised want more stack than a thread of a test has.
pub fn child() {
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(work).unwrap();
    thread.join().unwrap();
}

fn work() {
    let (store, books, name) = (var(STORE).unwrap(), var(BANK).unwrap(), var(NAME).unwrap());
    let number = |name| var(name).unwrap().parse::<u128>().unwrap();
    let work = (number(DEALS), number(CONTRACTS));
    // one for the host, and one for those whom the outbox tells
    let gateways = [(); 2].map(|()| {
        let gateway = SandboxGateway::new(Bank::open(&books, FAULTS).unwrap(), SystemClock);
        if var(LOOKS).is_some() { gateway } else { gateway.without_looking() }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match store.strip_prefix("sqlite:") {
            Some(path) => drive(Sqlite::open(path).unwrap(), gateways, name, work).await,
            None => {
                let db = Postgres::connect(store.parse().unwrap(), 8).await.unwrap();
                drive(db, gateways, name, work).await;
            }
        }
    });
}

async fn drive<R>(
    repository: R,
    [gateway, other]: [SandboxGateway<SystemClock>; 2],
    name: String,
    (deals, contracts): (u128, u128),
) where
    R: Market + Lists<Deal, Error = <R as Backlog>::Error>,
{
    let backoff = Backoff { first_ms: 20, most_ms: 200 };
    let tells = Tells { repository: repository.clone(), agent: Agent::new(SystemClock, other) };
    let host = Host::builder(repository, gateway, SystemClock).keeps_balances().backoff(backoff).build();
    let mut worker = Worker::builder(host.clone(), name.clone())
        .grace(Duration::from_millis(200))
        .lease(Duration::from_secs(2))
        .deliver_to(tells)
        .build();
    let mut open = open_ones(&host, deals).await;
    let mut running: BTreeSet<u128> = (1..=contracts).collect();
    let (mut told, mut rounds) = (0, 0_u32);
    // each process begins elsewhere, so that they meet at times and share the work at others
    let hash = name.bytes().fold(0_u128, |sum, byte| sum * 31 + u128::from(byte));
    while !open.is_empty() || !running.is_empty() {
        for number in window(&open, hash, deals, OPEN) {
            if Box::pin(step(&host, number)).await {
                open.remove(&number);
            }
        }
        for number in window(&running, hash, contracts, CONTRACTS_OPEN) {
            if Box::pin(chaos_market::step(&host, number)).await {
                running.remove(&number);
            }
        }
        for (notice, deal, fact) in host.gateway().bank().notices(told).unwrap() {
            // a payment may be told before the deal is opened here: it comes again
            let _ = host.webhook(deal, fact).await;
            told = notice;
        }
        let _ = Box::pin(worker.pass::<Deal>()).await;
        rounds += 1;
        if rounds.is_multiple_of(OTHERS) && !running.is_empty() {
            let _ = Box::pin(worker.pass::<Project>()).await;
            let _ = Box::pin(worker.pass::<Basket>()).await;
            let _ = Box::pin(worker.pass::<Balance>()).await;
        }
    }
}

/// So many of those that are open, from a place of one's own on.
fn window(open: &BTreeSet<u128>, hash: u128, all: u128, most: usize) -> Vec<u128> {
    let first = hash % all.max(1);
    open.range(first..).chain(open.range(..first)).take(most).copied().collect()
}

/// The deals that are not over, by pages of the list.
async fn open_ones<R>(host: &Arc<TheHost<R>>, deals: u128) -> BTreeSet<u128>
where
    R: Lists<Deal, Error: std::fmt::Debug>,
{
    let mut open: BTreeSet<u128> = (1..=deals).collect();
    let mut page = Page::first(1_000);
    loop {
        let rows = host.repository().list(Filter::All, &page).await.unwrap();
        let Some(last) = rows.last() else { return open };
        page = page.after(last);
        for row in &rows {
            if row.status.parse().is_ok_and(is_over) {
                open.remove(&row.id.uuid().as_u128());
            }
        }
    }
}

/// The next step of a deal; whether it is over. What goes wrong is tried again in the next round.
async fn step<R>(host: &TheHost<R>, number: u128) -> bool
where
    R: Backlog<Error: std::fmt::Debug> + Repository<Deal, Error = <R as Backlog>::Error>,
{
    let id = id(number);
    let Ok(stored) = Repository::<Deal>::load(host.repository(), id).await else { return false };
    let Some(deal) = stored else {
        match host.open(id, terms(number), party("shop")).await {
            Ok(_) | Err(AgentError::Conflict | AgentError::Unknown(_)) => return false,
            Err(other) => panic!("{other:?}"),
        }
    };
    match deal.status() {
        Status::Proposed => {
            let agree = escrow::deal::command::Agree::new(deal.terms_version());
            let _ = host.act(id, agree, party("anna")).await;
        }
        Status::AwaitingDeposit => {
            // a third of them by a hold
            let until = (number.is_multiple_of(3)).then(|| host.clock().now().plus_secs(7 * 86_400));
            let reference = Reference::new(format!("pay-{number}")).unwrap();
            let (deposit, bank) = (DepositId::BUYER_PAYMENT, host.gateway().bank());
            if let Ok(fact) = bank.pay(id, deposit, &reference, rub(1_000_00), until) {
                let _ = host.webhook(id, fact).await;
            }
        }
        Status::AwaitingPerformance if (number / 4).is_multiple_of(4) => {
            let _ = host.act(id, Cancel::default(), party("shop")).await;
        }
        Status::AwaitingPerformance => {
            let _ = host.act(id, StartPerforming {}, party("shop")).await;
        }
        // some get a part of it back first: 300.00 to the buyer, and the rest is divided
        Status::Performing if number.is_multiple_of(5) && deal.given_back() == rub(0) => {
            let _ = host.act(id, GiveBack::new(rub(300_00)), party("shop")).await;
        }
        Status::Performing if deal.terms().policy.acceptance == Acceptance::Mutual => {
            let report = |who| host.act(id, Report::success(), party(who));
            let _ = report("shop").await;
            let _ = report("anna").await;
        }
        Status::Performing => {
            let _ = host.act(id, Accept::default(), party("anna")).await;
        }
        // the worker's, or nobody's
        Status::Moderation
        | Status::AwaitingAcceptance
        | Status::Clearing
        | Status::Disputed
        | Status::Settling
        | Status::CancelRequested
        | Status::Completed
        | Status::Cancelled
        | Status::Declined
        | Status::Expired
        | Status::Resolved => return is_over(deal.status()),
    }
    false
}
