//! The handle on the file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::StoreError;
use crate::reply::Reply;
use crate::schema::{MIGRATIONS, migrate};
use crate::writer::Writer;

/// How long a connection waits for one of another process.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of the file the writer keeps in memory, in KiB: a transaction of a thousand machines has its pages there to its end.
const WRITER_CACHE: i64 = 64 * 1_024;

/// After so many pages of its log they go into the file: 16 MiB. Pages that are written again and again go there once.
const CHECKPOINT: i64 = 4_096;

/// The most idle connections that are kept for reading.
const MOST_READERS: usize = 16;

/// A repository in a SQLite file. Clones share one writer; several processes may have the file open.
#[derive(Clone)]
pub struct Sqlite {
    path: Arc<Path>,
    writer: Writer,
    readers: Arc<Mutex<Vec<Connection>>>,
}

impl Sqlite {
    /// Opens the file, makes it where it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError`]: the file cannot be opened, or is of a newer version of this crate.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_at(path.as_ref(), MIGRATIONS.len())
    }

    /// Opens it with the first migrations alone: for the tests of the later ones.
    pub(crate) fn open_at(path: &Path, migrations: usize) -> Result<Self, StoreError> {
        let mut db = connect(path)?;
        migrate(&mut db, migrations)?;
        db.pragma_update(None, "cache_size", WRITER_CACHE.saturating_neg())?;
        db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        Ok(Self { path: path.into(), writer: Writer::start(db)?, readers: Arc::default() })
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.path.to_path_buf()
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        self.writer.run(work)
    }

    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match idle {
            Some(db) => db,
            None => connect(&self.path)?,
        };
        let done = work(&db);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < MOST_READERS {
            readers.push(db);
        }
        done
    }

    /// Writes a copy of the file, whole and consistent, while it is in use. The copy must not exist yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let to = to.as_ref().to_string_lossy().into_owned();
        self.read(|db| Ok(db.execute("VACUUM INTO ?1", [to]).map(drop)?))
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sqlite({})", self.path.display())
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let db = Connection::open(path)?;
    db.busy_timeout(PATIENCE)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use escrow::port::blocking::Repository;
    use escrow::port::{Commit, CommitError};
    use escrow::{Context, Currency, Deal, DealId, Terms, Time};

    use super::{MIGRATIONS, Sqlite, connect, migrate};
    use crate::StoreError;
    use crate::writer::Writer;

    /// A file that may not grow is a full disk, as far as SQLite is concerned.
    #[test]
    fn a_full_disk_is_an_error_and_leaves_what_was_written() {
        let path = std::env::temp_dir().join(format!("escrow-sqlite-full-{}.db", std::process::id()));
        let capped = |pages: u32| {
            let mut db = connect(&path).unwrap();
            migrate(&mut db, MIGRATIONS.len()).unwrap();
            db.pragma_update(None, "max_page_count", pages).unwrap();
            Sqlite {
                path: path.as_path().into(),
                writer: Writer::start(db).unwrap(),
                readers: Arc::default(),
            }
        };
        let start = Time::parse("2026-03-01T12:00:00Z").unwrap();
        let deal = |number: u128| {
            let id = DealId::new(uuid::Uuid::from_u128(number));
            let lamp = rust_decimal::Decimal::from(1_000);
            let terms = Terms::builder("anna", "shop", Currency::RUB).item("Lamp", lamp).build().unwrap();
            let context = Context::party(start, "shop".parse().unwrap());
            let (deal, transition) = Deal::propose(id, terms, &context).unwrap();
            (deal, transition.into_events())
        };
        let commit = |db: &Sqlite, number| {
            let (deal, events) = deal(number);
            Repository::commit(db, Commit::new(None, &events, &deal, start))
        };
        let db = capped(80);
        let results: Vec<_> = (1..=60).map(|number| commit(&db, number)).collect();
        let is_full = |result: &Result<(), CommitError<StoreError>>| match result {
            Ok(()) => false,
            Err(CommitError::Unknown(StoreError::Sqlite(_))) => true,
            Err(other) => panic!("{other}"),
        };
        let refused = results.iter().filter(|result| is_full(result)).count();
        assert!((1..60).contains(&refused), "{refused}");
        drop(db);
        // whoever looks finds what was told `Ok`, whole, and of the rest nothing
        let again = capped(100_000);
        assert_eq!(again.fsck::<Deal>().unwrap(), []);
        for (number, result) in (1..).zip(&results) {
            let id = DealId::new(uuid::Uuid::from_u128(number));
            let stored: Option<Deal> = Repository::load(&again, id).unwrap();
            assert_eq!(stored.is_some(), result.is_ok(), "{number}");
            assert_eq!(again.journal::<Deal>(id, 0).unwrap().is_empty(), result.is_err(), "{number}");
        }
        // with room again, the same commits go through
        for (number, result) in (1..).zip(&results).filter(|(_, result)| result.is_err()) {
            assert!(result.is_err() && commit(&again, number).is_ok(), "{number}");
        }
        assert_eq!(again.fsck::<Deal>().unwrap(), []);
        drop(again);
        std::fs::remove_file(&path).unwrap();
    }
}
