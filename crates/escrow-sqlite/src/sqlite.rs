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
        Ok(Self { path: path.into(), writer: Writer::start(db)?, readers: Arc::default() })
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.path.to_path_buf()
    }

    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
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
    use super::{MIGRATIONS, Sqlite, connect, migrate};
    use crate::StoreError;
    use crate::writer::Writer;

    /// A file that may not grow is a full disk, as far as SQLite is concerned.
    #[test]
    fn a_full_disk_is_an_error_and_leaves_what_was_written() {
        let path = std::env::temp_dir().join(format!("escrow-sqlite-full-{}.db", std::process::id()));
        let mut db = connect(&path).unwrap();
        migrate(&mut db, MIGRATIONS.len()).unwrap();
        db.pragma_update(None, "max_page_count", 60).unwrap();
        let writer = Writer::start(db).unwrap();
        let mut written = 0;
        let mut refused = 0;
        for number in 0..100 {
            let put = move |db: &rusqlite::Connection| {
                let text = "x".repeat(4_000);
                let sql =
                    "INSERT INTO receipts (scope, key, request, answer, at) VALUES ('full', ?1, '', ?2, 0)";
                Ok(db.execute(sql, rusqlite::params![number, text])?)
            };
            match writer.run(put).wait() {
                Ok(_) => written += 1,
                Err(StoreError::Sqlite(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(written > 0 && refused > 0);
        drop(writer);
        let again = Sqlite::open(&path).unwrap();
        let count = |db: &rusqlite::Connection| {
            Ok(db.query_row("SELECT COUNT(*) FROM receipts", [], |row| row.get::<_, i64>(0))?)
        };
        assert_eq!(again.read(count).unwrap(), written);
        drop(again);
        std::fs::remove_file(&path).unwrap();
    }
}
