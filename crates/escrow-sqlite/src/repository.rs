//! The ports of the core, on the file.

use escrow::Time;
use escrow::port::{Commit, CommitError, Loaded, Repository, Written, blocking};
use escrow_store::{CommitRows, Entry, Storable, Unreadable, number, parsed};
use rusqlite::{Connection, OptionalExtension, params};

use crate::reply::Reply;
use crate::rows::write;
use crate::{Sqlite, StoreError};

pub(crate) const DUE: &str =
    "SELECT id FROM machines WHERE kind = ?1 AND next_deadline <= ?2 ORDER BY next_deadline, id LIMIT ?3";
pub(crate) const UNANSWERED: &str =
    "SELECT id FROM machines WHERE kind = ?1 AND next_try <= ?2 ORDER BY next_try, id LIMIT ?3";

impl Sqlite {
    fn begin_commit<M: Storable>(
        &self,
        commit: &Commit<'_, M>,
    ) -> Result<Reply<bool>, CommitError<StoreError>> {
        let rows = CommitRows::of(commit).map_err(|e| CommitError::Unknown(e.into()))?;
        Ok(self.write(move |db| write(&rows, db)))
    }

    fn find<M: Storable>(&self, id: M::Id) -> Result<Option<M>, StoreError> {
        let state: Option<String> = self.read(|db| {
            let mut get = db.prepare_cached("SELECT state FROM machines WHERE kind = ?1 AND id = ?2")?;
            Ok(get.query_row(params![M::KIND, id.to_string()], |row| row.get(0)).optional()?)
        })?;
        decode(id, state)
    }

    /// All by one connection, at one instant.
    fn find_all<M: Storable>(&self, ids: &[M::Id]) -> Result<Vec<Loaded<M, StoreError>>, StoreError> {
        let states: Vec<Option<String>> = self.read(|db| {
            let at_once = db.unchecked_transaction()?;
            let mut get = db.prepare_cached("SELECT state FROM machines WHERE kind = ?1 AND id = ?2")?;
            let mut state =
                |id: &M::Id| get.query_row(params![M::KIND, id.to_string()], |row| row.get(0)).optional();
            let states = ids.iter().map(&mut state).collect::<Result<_, _>>()?;
            drop(get);
            at_once.commit()?;
            Ok(states)
        })?;
        Ok(ids.iter().zip(states).map(|(id, state)| decode(*id, state)).collect())
    }

    /// All in one transaction. An error is of all of them: whoever asks then tries one by one.
    fn begin_commits<M: Storable>(&self, commits: &[Commit<'_, M>]) -> Result<Reply<Vec<bool>>, StoreError> {
        let rows = commits.iter().map(CommitRows::of).collect::<Result<Vec<_>, _>>()?;
        Ok(self.write(move |db| rows.iter().map(|rows| write(rows, db)).collect()))
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
            rows.map(|id| Ok(parsed(&id?)?)).collect()
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

pub(crate) fn journal<M: Storable>(
    db: &Connection,
    id: &str,
    after: u64,
) -> Result<Vec<Entry<M::Event>>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT version, recorded_at, recorded FROM journal WHERE kind = ?1 AND id = ?2 AND version > ?3 ORDER BY version",
    )?;
    let what = format!("the journal of {} {id}", M::KIND);
    let rows = list.query_and_then(params![M::KIND, id, number(after)], |row| {
        let recorded: String = row.get(2)?;
        Ok(Entry::of(&what, row.get(0)?, row.get(1)?, &recorded)?)
    })?;
    rows.collect()
}

fn decode<M: Storable>(id: M::Id, state: Option<String>) -> Result<Option<M>, StoreError> {
    let decode = |state: String| {
        serde_json::from_str(&state).map_err(|e| Unreadable::json(format!("{} {id}", M::KIND), e).into())
    };
    state.map(decode).transpose()
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

    async fn load_all(&self, ids: &[M::Id]) -> Result<Vec<Loaded<M, StoreError>>, StoreError> {
        self.find_all(ids)
    }

    async fn commit_all(&self, commits: &[Commit<'_, M>]) -> Result<Vec<Written<StoreError>>, StoreError> {
        let won = self.begin_commits(commits)?.await?;
        Ok(won.into_iter().map(|won| verdict(Ok(won))).collect())
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
