//! The conformance suites, on a real file; upgrades; what is damaged is found and made again.

use escrow::port::{Commit, CommitError, Repository, blocking};
use escrow::{Context, Deal, DealId, Envelope, Event};
use escrow_sqlite::{Entry, Sqlite, StoreError};
use escrow_testing::conformance::{SinkUnderTest, event_sink, repository};

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
    assert!(matches!(Sqlite::open(&file.0), Err(StoreError::Newer { found: 99, known: 2 })));
}

#[test]
fn a_file_of_an_earlier_version_is_brought_up_to_date() {
    let file = TempFile::new();
    let db = file.open();
    let deal = accepted(&db, 1);
    drop(db);
    // as the first version left it: without what the second one added
    let old = raw(&file);
    for table in ["outbox", "attempts", "incidents", "receipts", "leases"] {
        old.execute(&format!("DROP TABLE {table}"), []).unwrap();
    }
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    let db = file.open();
    assert_eq!(blocking::Repository::load(&db, id(1)).unwrap(), Some(deal));
    assert_eq!(db.fsck::<Deal>().unwrap(), []);
    propose(&db, 2, "anna", start());
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
