//! The conformance suites; commits inside transactions, and over connections that break.

use escrow::port::{Commit, CommitError, Repository, blocking};
use escrow::{Context, Currency, Deal, DealId, Envelope, Terms, Time};
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use escrow_postgres::{BlockingPostgres, Entry, Postgres, StoreError};
use escrow_store::Storable;
use escrow_testing::conformance::{SinkUnderTest, Story, event_sink, repository, repository_of};
use rust_decimal::Decimal;
use tokio_postgres::Config;

use crate::server::Server;

/// The async repository, for the suites, which block.
struct Blocking<'s> {
    server: &'s Server,
    config: Config,
    db: Postgres,
}

impl<'s> Blocking<'s> {
    fn new(server: &'s Server, config: &Config) -> Self {
        Self { server, config: config.clone(), db: server.open(config) }
    }
}

impl blocking::EventSink for Blocking<'_> {
    type Error = StoreError;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<StoreError>> {
        self.server.runtime.block_on(Repository::commit(&self.db, commit))
    }
}

impl SinkUnderTest for Blocking<'_> {
    fn reconnect(&self) -> Self {
        Self::new(self.server, &self.config)
    }

    fn journal(&mut self, deal: DealId) -> Vec<Envelope> {
        let entries = self.server.runtime.block_on(self.db.journal::<Deal>(deal, 0)).unwrap();
        let envelope = |entry: Entry<escrow::Event>| Envelope {
            deal_id: deal,
            version: entry.version,
            occurred_at: entry.recorded.at,
            recorded_at: entry.recorded_at,
            actor: entry.recorded.actor,
            via: entry.recorded.via,
            event: entry.recorded.event,
        };
        entries.into_iter().map(envelope).collect()
    }

    fn load(&mut self, deal: DealId) -> Option<Deal> {
        self.server.runtime.block_on(Repository::load(&self.db, deal)).unwrap()
    }
}

pub fn it_keeps_the_laws_of_an_event_sink(server: &Server) {
    let config = server.database();
    let seen = event_sink(|| Blocking::new(server, &config)).unwrap();
    assert_eq!((seen.held().len(), seen.skipped().len()), (9, 0));
    assert_eq!(server.runtime.block_on(server.open(&config).fsck::<Deal>()).unwrap(), []);
}

pub fn it_keeps_the_laws_of_a_repository(server: &Server) {
    let config = server.database();
    let db = BlockingPostgres::connect(config.clone(), 4).unwrap();
    let seen = repository(|| db.clone()).unwrap();
    assert_eq!((seen.held().len(), seen.skipped().len()), (5, 0));
    assert_eq!(server.runtime.block_on(server.open(&config).fsck::<Deal>()).unwrap(), []);
}

/// All kinds in one database, with the same ids: they are kept apart. What is skipped is what a kind never does.
pub fn it_keeps_the_laws_of_every_machine_that_it_stores(server: &Server) {
    let config = server.database();
    let db = BlockingPostgres::connect(config.clone(), 4).unwrap();
    let open = server.open(&config);
    let laws = Laws { server, db, open };
    assert_eq!(laws.of::<Deal>(), (7, 0));
    assert_eq!(laws.of::<Basket>(), (7, 0));
    assert_eq!(laws.of::<Subscription>(), (6, 1));
    assert_eq!(laws.of::<Project>(), (6, 1));
    assert_eq!(laws.of::<Balance>(), (6, 1));
    assert_eq!(laws.of::<Offer>(), (5, 2));
    assert_eq!(laws.of::<Store>(), (5, 2));
}

struct Laws<'s> {
    server: &'s Server,
    db: BlockingPostgres,
    open: Postgres,
}

impl Laws<'_> {
    fn of<M: Story + Storable>(&self) -> (usize, usize) {
        let seen = repository_of::<M, _>(|| self.db.clone()).unwrap();
        assert_eq!(self.server.runtime.block_on(self.open.fsck::<M>()).unwrap(), []);
        (seen.held().len(), seen.skipped().len())
    }
}

pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

pub fn id(number: u128) -> DealId {
    DealId::new(uuid::Uuid::from_u128(number))
}

/// A lamp at 1 000.00, without fees.
pub fn terms() -> Terms {
    Terms::builder("anna", "shop", Currency::RUB).item("Lamp", Decimal::from(1_000)).build().unwrap()
}

pub fn proposed(number: u128) -> (Deal, Vec<escrow::Recorded>) {
    let context = Context::party(start(), "shop".parse().unwrap());
    let (deal, transition) = Deal::propose(id(number), terms(), &context).unwrap();
    (deal, transition.into_events().into_vec())
}

pub fn a_commit_inside_a_transaction_is_the_transactions(server: &Server) {
    let db = server.open(&server.database());
    server.runtime.block_on(async {
        let (deal, events) = proposed(1);
        let commit = Commit::new(None, &events, &deal, start());
        for (ends, there) in [(false, false), (true, true)] {
            let mut client = db.pool().get().await.unwrap();
            let transaction = client.transaction().await.unwrap();
            Postgres::commit_in(&transaction, commit).await.unwrap();
            // a conflict does not end the transaction
            let again = Postgres::commit_in(&transaction, commit).await;
            assert!(matches!(again, Err(CommitError::Conflict)));
            if ends {
                transaction.commit().await.unwrap();
            } else {
                transaction.rollback().await.unwrap();
            }
            let stored: Option<Deal> = db.load(id(1)).await.unwrap();
            assert_eq!(stored.is_some(), there);
        }
    });
}

pub fn a_connection_that_is_lost_in_a_commit_is_not_known(server: &Server) {
    let config = server.database();
    let (db, other) = (server.open(&config), server.open(&config));
    server.runtime.block_on(async {
        let (deal, events) = proposed(1);
        let commit = Commit::new(None, &events, &deal, start());
        // the commit waits for a lock of ours, and its connection is cut meanwhile
        let mut client = other.pool().get().await.unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.batch_execute("LOCK TABLE machines").await.unwrap();
        let waiting = db.clone();
        let (deal2, events2) = (deal.clone(), events.clone());
        let lost = tokio::spawn(async move {
            Repository::commit(&waiting, Commit::new(None, &events2, &deal2, start())).await
        });
        let cut = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        for _ in 0..200 {
            let found: i64 = transaction.query_one(cut, &[]).await.unwrap().get(0);
            if found > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(matches!(lost.await.unwrap(), Err(CommitError::Unknown(StoreError::Postgres(_)))));
        transaction.rollback().await.unwrap();
        // the pool mends itself once it has noticed, and the same commit goes through
        let mut read = Repository::<Deal>::load(&db, id(1)).await;
        for _ in 0..100 {
            if read.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            read = Repository::<Deal>::load(&db, id(1)).await;
        }
        assert!(read.unwrap().is_none());
        Repository::commit(&db, commit).await.unwrap();
    });
}

pub fn newer_tables_are_refused(server: &Server) {
    let config = server.database();
    let db = server.open(&config);
    server.runtime.block_on(async {
        let client = db.pool().get().await.unwrap();
        client.execute("INSERT INTO escrow_schema VALUES (99)", &[]).await.unwrap();
        let refused = Postgres::connect(config, 1).await;
        assert!(matches!(refused, Err(StoreError::Newer { found: 99, known: 4 })));
    });
}
