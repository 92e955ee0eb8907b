//! Hosts and workers on one database, with the sandbox bank's books as the judge.

use std::sync::Arc;
use std::time::Duration;

use escrow::agent::Committed;
use escrow::deal::command::{Accept, Post, StartPerforming};
use escrow::deposit::{DepositId, Reference};
use escrow::port::{Clock, Repository};
use escrow::{Caller, Currency, Deal, Money, Time};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Backoff, Host, Worker};
use escrow_postgres::Postgres;
use escrow_testing::ManualClock;

use crate::laws::{id, start, terms};
use crate::server::Server;

#[derive(Clone)]
struct TheClock(Arc<ManualClock>);

impl Clock for TheClock {
    fn now(&self) -> Time {
        self.0.now()
    }
}

pub fn workers_share_what_waits(server: &Server) {
    const DEALS: u128 = 12;
    let db = server.open(&server.database());
    server.runtime.block_on(async {
        let clock = TheClock(Arc::new(ManualClock::new(start())));
        let bank = Bank::in_memory(Faults { lost: 600, twice: 300, ..Faults::default() }).unwrap();
        let gateway = SandboxGateway::new(bank, clock.clone());
        let host: Arc<Host<Postgres, _, _>> = Host::builder(db.clone(), gateway, clock.clone())
            .keeps_balances()
            .backoff(Backoff { first_ms: 1_000, most_ms: 10_000 })
            .build();
        let party = |name: &str| Caller::party(name.parse().unwrap());
        for number in 1..=DEALS {
            host.open(id(number), terms(), party("shop")).await.unwrap();
            let reference = Reference::new(format!("pay-{number}")).unwrap();
            let price = Money::from_minor(1_000_00, Currency::RUB);
            let bank = host.gateway().bank();
            let paid = bank.pay(id(number), DepositId::BUYER_PAYMENT, &reference, price, None).unwrap();
            host.webhook(id(number), paid).await.unwrap();
            host.act(id(number), StartPerforming {}, party("shop")).await.unwrap();
            host.act(id(number), Accept::default(), party("anna")).await.unwrap();
        }
        let worker = |name: &str| {
            Worker::builder(host.clone(), name).grace(Duration::ZERO).clock_bound(None).batch(4).build()
        };
        let (mut one, mut other) = (worker("one"), worker("other"));
        let mut shares = [0, 0];
        for _ in 0..6 {
            clock.0.set(clock.now().plus_secs(10));
            let (first, second) = tokio::join!(one.pass::<Deal>(), other.pass::<Deal>());
            let (first, second) = (first.unwrap(), second.unwrap());
            assert_eq!((first.failed, second.failed), (0, 0));
            shares[0] += first.asked;
            shares[1] += second.asked;
        }
        // four at a time, while others wait: neither had all of it
        assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
        // the notices of what was told twice
        for (_, deal, fact) in host.gateway().bank().notices(0).unwrap() {
            host.webhook(deal, fact).await.unwrap();
        }
        let mut deals = Vec::new();
        for number in 1..=DEALS {
            let deal: Deal = db.load(id(number)).await.unwrap().unwrap();
            let journal = db.journal::<Deal>(id(number), 0).await.unwrap();
            let events: Vec<_> = journal.into_iter().map(|entry| entry.recorded).collect();
            assert_eq!(Deal::replay(id(number), &events).unwrap(), deal);
            deals.push(deal);
        }
        let audit = host.gateway().bank().audit(&deals).unwrap();
        assert_eq!((audit.movements, audit.findings), (12, vec![]));
        assert_eq!(db.fsck::<Deal>().await.unwrap(), []);
        let figures = host.figures().await.unwrap();
        assert_eq!((figures.backlog.unanswered, figures.backlog.incidents), (0, 0));
        assert!(figures.counts.gateway_errors > 0);
    });
}

/// The command's fate is not known, a person is told, and the same command sent again is done once.
pub fn a_connection_that_is_lost_in_a_command_loses_nothing(server: &Server) {
    let config = server.database();
    let (db, other) = (server.open(&config), server.open(&config));
    server.runtime.block_on(async {
        let clock = TheClock(Arc::new(ManualClock::new(start())));
        let gateway = SandboxGateway::new(Bank::in_memory(Faults::default()).unwrap(), clock.clone());
        let host: Arc<Host<Postgres, _, _>> =
            Host::builder(db.clone(), gateway, clock).keeps_balances().build();
        let party = |name: &str| Caller::party(name.parse().unwrap());
        host.open(id(1), terms(), party("shop")).await.unwrap();
        let before = db.journal::<Deal>(id(1), 0).await.unwrap().len();
        let message = || Post::new("hello".parse().unwrap());
        let mut client = other.pool().get().await.unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.batch_execute("LOCK TABLE journal IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let caller = || party("anna").request_id("request-1".parse().unwrap());
        let lost = tokio::spawn({
            let host = host.clone();
            let (message, caller) = (message(), caller());
            async move { host.act(id(1), message, caller).await }
        });
        let cut = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..200 {
            let found: i64 = transaction.query_one(cut, &[]).await.unwrap().get(0);
            if found > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        transaction.rollback().await.unwrap();
        let error = lost.await.unwrap().unwrap_err();
        assert_eq!(error.committed(), Committed::Unknown);
        assert_eq!(db.journal::<Deal>(id(1), 0).await.unwrap().len(), before);
        let first = host.act(id(1), message(), caller()).await.unwrap();
        let again = host.act(id(1), message(), caller()).await.unwrap();
        assert_eq!((first.after.version() > 1, again.after.version()), (true, first.after.version()));
        // noted at once, or with the next that could be
        let incidents = db.open_incidents(0, 9).await.unwrap();
        assert_eq!(incidents.iter().map(|(_, i)| i.what.as_str()).collect::<Vec<_>>(), ["commit-unknown"]);
        assert_eq!(db.fsck::<Deal>().await.unwrap(), []);
    });
}
