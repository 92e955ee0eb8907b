//! The conformance suites, on a real file; upgrades; what is damaged is found and made again.

use escrow::port::{Backlog, Commit, CommitError, Repository, blocking};
use escrow::{Context, Deal, DealId, Envelope, Event, Status};
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use escrow_sqlite::{Entry, Filter, Page, Sqlite, StoreError};
use escrow_store::Storable;
use escrow_testing::conformance::{SinkUnderTest, Story, event_sink, repository, repository_of};

use crate::world::{TempFile, accepted, id, party, propose, start, terms};

/// The file as the suite wants it: every connection is another handle, with another writer.
struct Sink {
    db: Sqlite,
}

impl blocking::EventSink for Sink {
    type Error = StoreError;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<StoreError>> {
        blocking::Repository::commit(&self.db, commit)
    }
}

impl SinkUnderTest for Sink {
    fn reconnect(&self) -> Self {
        Self { db: Sqlite::open(self.db.path()).unwrap() }
    }

    fn journal(&mut self, deal: DealId) -> Vec<Envelope> {
        let entries = self.db.journal::<Deal>(deal, 0).unwrap();
        let envelope = |entry: Entry<Event>| Envelope {
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
        blocking::Repository::load(&self.db, deal).unwrap()
    }
}

#[test]
fn it_keeps_the_laws_of_an_event_sink() {
    let file = TempFile::new();
    let seen = event_sink(|| Sink { db: file.open() }).unwrap();
    assert_eq!((seen.held().len(), seen.skipped().len()), (9, 0));
    assert_eq!(file.open().fsck::<Deal>().unwrap(), []);
}

#[test]
fn it_keeps_the_laws_of_a_repository() {
    let file = TempFile::new();
    let db = file.open();
    let seen = repository(|| db.clone()).unwrap();
    assert_eq!((seen.held().len(), seen.skipped().len()), (5, 0));
    assert_eq!(db.fsck::<Deal>().unwrap(), []);
}

/// All kinds in one file, with the same ids: they are kept apart. What is skipped is what a kind never does.
#[test]
fn it_keeps_the_laws_of_every_machine_that_it_stores() {
    fn laws<M: Story + Storable>(db: &Sqlite) -> (usize, usize) {
        let seen = repository_of::<M, _>(|| db.clone()).unwrap();
        assert_eq!(db.fsck::<M>().unwrap(), []);
        (seen.held().len(), seen.skipped().len())
    }
    let file = TempFile::new();
    let db = file.open();
    assert_eq!(laws::<Deal>(&db), (7, 0));
    assert_eq!(laws::<Basket>(&db), (7, 0));
    assert_eq!(laws::<Subscription>(&db), (6, 1));
    assert_eq!(laws::<Project>(&db), (6, 1));
    assert_eq!(laws::<Balance>(&db), (6, 1));
    assert_eq!(laws::<Offer>(&db), (5, 2));
    assert_eq!(laws::<Store>(&db), (5, 2));
}

#[test]
fn the_async_form_is_the_same() {
    let file = TempFile::new();
    let db = file.open();
    pollster::block_on(async {
        let context = Context::party(start(), party("shop"));
        let (deal, transition) = Deal::propose(id(1), terms("anna"), &context).unwrap();
        let commit = Commit::new(None, transition.events(), &deal, start());
        Repository::commit(&db, commit).await.unwrap();
        assert!(matches!(Repository::commit(&db, commit).await, Err(CommitError::Conflict)));
        assert_eq!(Repository::load(&db, id(1)).await.unwrap(), Some(deal));
    });
}

#[test]
fn writers_at_the_same_time_share_a_transaction_and_lose_nothing() {
    let file = TempFile::new();
    let db = file.open();
    std::thread::scope(|scope| {
        for writer in 0..16_u128 {
            let db = &db;
            scope.spawn(move || (0..10).for_each(|n| drop(propose(db, writer * 100 + n, "anna", start()))));
        }
    });
    drop(db);
    let db = file.open();
    assert_eq!(db.fsck::<Deal>().unwrap(), []);
    let found = (0..16).flat_map(|w| (0..10).map(move |n| w * 100 + n));
    let load = |n| blocking::Repository::<Deal>::load(&db, id(n)).unwrap().is_some();
    assert_eq!(found.filter(|n| load(*n)).count(), 160);
}

fn raw(file: &TempFile) -> rusqlite::Connection {
    rusqlite::Connection::open(&file.0).unwrap()
}

#[test]
fn damage_is_found_and_mended_from_the_journal() {
    let damages = [
        ("UPDATE machines SET state = replace(state, '1000', '1001')", "its state"),
        ("UPDATE machines SET next_deadline = 7", "the columns"),
        ("UPDATE machines SET status = 'closed'", "the columns"),
        ("DELETE FROM machines", "no state"),
        ("DELETE FROM parties WHERE party = 'anna'", "its party anna"),
    ];
    for (damage, found) in damages {
        let file = TempFile::new();
        let db = file.open();
        let deal = accepted(&db, 1);
        assert_eq!(db.fsck::<Deal>().unwrap(), []);
        raw(&file).execute(damage, []).unwrap();
        let findings = db.fsck::<Deal>().unwrap();
        assert!(findings.len() == 1 && findings[0].what.contains(found), "{damage}: {findings:?}");
        assert_eq!(db.rebuild::<Deal>().unwrap(), 1);
        assert_eq!(db.fsck::<Deal>().unwrap(), []);
        assert_eq!(blocking::Repository::load(&db, id(1)).unwrap(), Some(deal));
    }
    // a gap in the journal is nothing that can be mended
    let file = TempFile::new();
    let db = file.open();
    accepted(&db, 1);
    raw(&file).execute("DELETE FROM journal WHERE version = 2", []).unwrap();
    assert_eq!(db.fsck::<Deal>().unwrap().len(), 1);
}

#[test]
fn a_newer_file_is_refused() {
    let file = TempFile::new();
    drop(file.open());
    raw(&file).pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Sqlite::open(&file.0), Err(StoreError::Newer { found: 99, known: 4 })));
}

/// Real bytes of the first schema, and not what today's code would write.
#[test]
fn a_file_of_an_earlier_version_is_brought_up_to_date() {
    let file = TempFile::new();
    raw(&file).execute_batch(include_str!("fixtures/schema_1.sql")).unwrap();
    let db = file.open();
    let version: i64 = raw(&file).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 4);
    // proposed, paid, started, accepted: what was committed then is read now
    let deal: Deal = blocking::Repository::load(&db, id(1)).unwrap().unwrap();
    let journal = db.journal::<Deal>(id(1), 0).unwrap();
    assert_eq!((journal.len(), deal.status()), (usize::try_from(deal.version()).unwrap(), Status::Settling));
    // both are rebuilt from their journals, and then all rows are what this version writes
    assert_eq!(db.rebuild::<Deal>().unwrap(), 2);
    assert_eq!(db.fsck::<Deal>().unwrap(), []);
    assert_eq!(blocking::Repository::<Deal>::unanswered(&db, deal.last_at(), 9).unwrap(), [id(1)]);
    // and it goes on, in the tables that the first version did not have
    propose(&db, 3, "anna", start());
    assert_eq!(pollster::block_on(db.parcels(0, 9)).unwrap().len(), 1);
    let annas = db.list::<Deal>(Filter::Party("anna"), &Page::first(9)).unwrap();
    assert_eq!(annas.iter().map(|row| row.id).collect::<Vec<_>>(), [id(1), id(3)]);
}

#[test]
fn a_backup_is_whole_while_others_write() {
    let file = TempFile::new();
    let copy = TempFile::new();
    let db = file.open();
    accepted(&db, 1);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (2..60).for_each(|n| drop(propose(&db, n, "anna", start()))));
        db.backup(&copy.0).unwrap();
        writer.join().unwrap();
    });
    let restored = copy.open();
    assert_eq!(restored.fsck::<Deal>().unwrap(), []);
    assert!(blocking::Repository::<Deal>::load(&restored, id(1)).unwrap().is_some());
}
