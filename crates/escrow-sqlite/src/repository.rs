//! The ports of the core, on the file.

use std::str::FromStr;

use escrow::Time;
use escrow::machine::Recorded;
use escrow::port::{Aggregate, Commit, CommitError, Repository, blocking};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lists::time;
use crate::reply::Reply;
use crate::rows::{CommitRows, number};
use crate::{Sqlite, StoreError};

/// A machine that can be stored: an [`Aggregate`] that serde writes and reads, and whose events it writes and reads.
pub trait Storable: Aggregate<Event: Serialize + DeserializeOwned> + Serialize + DeserializeOwned {}

impl<M: Aggregate<Event: Serialize + DeserializeOwned> + Serialize + DeserializeOwned> Storable for M {}

pub(crate) const DUE: &str =
    "SELECT id FROM machines WHERE kind = ?1 AND next_deadline <= ?2 ORDER BY next_deadline, id LIMIT ?3";
pub(crate) const UNANSWERED: &str =
    "SELECT id FROM machines WHERE kind = ?1 AND next_try <= ?2 ORDER BY next_try, id LIMIT ?3";

impl Sqlite {
    fn begin_commit<M: Storable>(
        &self,
        commit: &Commit<'_, M>,
    ) -> Result<Reply<bool>, CommitError<StoreError>> {
        let rows = CommitRows::of(commit).map_err(CommitError::Unknown)?;
        Ok(self.write(move |db| rows.write(db)))
    }

    fn find<M: Storable>(&self, id: M::Id) -> Result<Option<M>, StoreError> {
        let state: Option<String> = self.read(|db| {
            let mut get = db.prepare_cached("SELECT state FROM machines WHERE kind = ?1 AND id = ?2")?;
            Ok(get.query_row(params![M::KIND, id.to_string()], |row| row.get(0)).optional()?)
        })?;
        let decode = |state: String| {
            serde_json::from_str(&state).map_err(|e| StoreError::json(format!("{} {id}", M::KIND), e))
        };
        state.map(decode).transpose()
    }

    fn waiting<M: Storable>(
        &self,
        sql: &'static str,
        time: Time,
        limit: u32,
    ) -> Result<Vec<M::Id>, StoreError> {
        self.read(|db| {
            let mut list = db.prepare_cached(sql)?;
            let rows =
                list.query_map(params![M::KIND, time.millis(), limit], |row| row.get::<_, String>(0))?;
            rows.map(|id| parsed(&id?)).collect()
        })
    }

    fn due_by<M: Storable>(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.waiting::<M>(DUE, now, limit)
    }

    fn unanswered_by<M: Storable>(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.waiting::<M>(UNANSWERED, before, limit)
    }

    /// The journal of a machine from a version on, oldest first; nothing where there is no such machine. `after`: the version
    /// that is known already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn journal<M: Storable>(&self, id: M::Id, after: u64) -> Result<Vec<Entry<M::Event>>, StoreError> {
        self.read(|db| journal::<M>(db, &id.to_string(), after))
    }
}

/// An event in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Entry<E> {
    /// The machine's version with it: consecutive, from 1.
    pub version: u64,
    /// When it was recorded.
    pub recorded_at: Time,
    /// The event, with when it counts and by whom.
    pub recorded: Recorded<E>,
}

pub(crate) fn parsed<I: FromStr>(id: &str) -> Result<I, StoreError> {
    id.parse().map_err(|_| StoreError::Value(format!("the id {id:?}")))
}

pub(crate) fn journal<M: Storable>(
    db: &Connection,
    id: &str,
    after: u64,
) -> Result<Vec<Entry<M::Event>>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT version, recorded_at, recorded FROM journal WHERE kind = ?1 AND id = ?2 AND version > ?3 ORDER BY version",
    )?;
    let rows = list.query_and_then(params![M::KIND, id, number(after)], |row| {
        let what = || format!("the journal of {} {id}", M::KIND);
        let recorded: String = row.get(2)?;
        Ok(Entry {
            version: u64::try_from(row.get::<_, i64>(0)?).map_err(|_| StoreError::Value(what()))?,
            recorded_at: time(row.get(1)?)?,
            recorded: serde_json::from_str(&recorded).map_err(|e| StoreError::json(what(), e))?,
        })
    })?;
    rows.collect()
}

fn verdict(won: Result<bool, StoreError>) -> Result<(), CommitError<StoreError>> {
    match won {
        Ok(true) => Ok(()),
        Ok(false) => Err(CommitError::Conflict),
        Err(error) => Err(CommitError::Unknown(error)),
    }
}

impl<M: Storable> Repository<M> for Sqlite {
    type Error = StoreError;

    async fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<StoreError>> {
        verdict(self.begin_commit(&commit)?.await)
    }

    async fn load(&self, id: M::Id) -> Result<Option<M>, StoreError> {
        self.find(id)
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.due_by::<M>(now, limit)
    }

    async fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.unanswered_by::<M>(before, limit)
    }
}

impl<M: Storable> blocking::Repository<M> for Sqlite {
    type Error = StoreError;

    fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<StoreError>> {
        verdict(self.begin_commit(&commit)?.wait())
    }

    fn load(&self, id: M::Id) -> Result<Option<M>, StoreError> {
        self.find(id)
    }

    fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.due_by::<M>(now, limit)
    }

    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.unanswered_by::<M>(before, limit)
    }
}
