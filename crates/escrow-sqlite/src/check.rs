//! The journal is the truth: what is stored beside it is compared with it, and made from it again.

use escrow::port::Aggregate;
use escrow_store::{Finding, JournalRow, Storable, StoredRow, judge, replay};
use rusqlite::{Connection, OptionalExtension, params};

use crate::rows::insert;
use crate::{Sqlite, StoreError};

/// How many ids are read at a time.
const PAGE: u32 = 1_000;

impl Sqlite {
    /// Replays every journal of a kind and compares what it leads to with what is stored, row by row: the state, the columns
    /// of the lists, the parties, and the count of the events. No finding: all of it agrees.
    ///
    /// # Errors
    /// [`StoreError`]: the file cannot be read.
    pub fn fsck<M: Storable>(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        self.each_id::<M>(|db, id| {
            // of one instant, whoever commits meanwhile
            let at_once = db.unchecked_transaction()?;
            findings.extend(judge::<M>(id, &journal(db, M::KIND, id)?, stored(db, M::KIND, id)?.as_ref()));
            Ok(at_once.commit()?)
        })?;
        Ok(findings)
    }

    /// Makes the stored states and the columns of the lists of a kind again, from the journals alone. Returns how many.
    ///
    /// # Errors
    /// [`StoreError::Decode`] where a journal leads to no machine; what was made until then stays.
    pub fn rebuild<M: Storable>(&self) -> Result<u64, StoreError> {
        let mut made = 0_u64;
        self.each_id::<M>(|_, id| {
            let id = id.to_owned();
            self.write(move |db| {
                let row = replay::<M>(&id, &journal(db, M::KIND, &id)?)?;
                db.prepare_cached("DELETE FROM parties WHERE kind = ?1 AND id = ?2")?
                    .execute(params![row.kind, row.id])?;
                db.prepare_cached("DELETE FROM machines WHERE kind = ?1 AND id = ?2")?
                    .execute(params![row.kind, row.id])?;
                insert(&row, db)
            })
            .wait()?;
            made = made.saturating_add(1);
            Ok(())
        })?;
        Ok(made)
    }

    /// Every id that has a journal, or a stored state.
    fn each_id<M: Aggregate>(
        &self,
        mut each: impl FnMut(&Connection, &str) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut last = String::new();
        loop {
            let page: Vec<String> = self.read(|db| {
                let mut list = db.prepare_cached(
                    "SELECT id FROM journal WHERE kind = ?1 AND version = 1 AND id > ?2
                     UNION SELECT id FROM machines WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                )?;
                let rows = list.query_map(params![M::KIND, last, PAGE], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })?;
            let Some(end) = page.last() else { return Ok(()) };
            last.clone_from(end);
            self.read(|db| page.iter().try_for_each(|id| each(db, id)))?;
        }
    }
}

fn journal(db: &Connection, kind: &str, id: &str) -> Result<Vec<JournalRow>, StoreError> {
    let mut list = db.prepare_cached(
        "SELECT version, recorded FROM journal WHERE kind = ?1 AND id = ?2 ORDER BY version",
    )?;
    let rows = list.query_map(params![kind, id], |row| row.try_into())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn stored(db: &Connection, kind: &str, id: &str) -> Result<Option<StoredRow>, StoreError> {
    let mut list = db.prepare_cached("SELECT party, created_at FROM parties WHERE kind = ?1 AND id = ?2")?;
    let parties = list.query_map(params![kind, id], |row| row.try_into())?.collect::<Result<_, _>>()?;
    let mut get = db.prepare_cached(
        "SELECT version, state, status, status_at, created_at, order_id, next_deadline, pending_since, next_try
         FROM machines WHERE kind = ?1 AND id = ?2",
    )?;
    let row = get.query_row(params![kind, id], |row| {
        Ok(StoredRow {
            version: row.get(0)?,
            state: row.get(1)?,
            status: row.get(2)?,
            status_at: row.get(3)?,
            created_at: row.get(4)?,
            order_id: row.get(5)?,
            next_deadline: row.get(6)?,
            pending_since: row.get(7)?,
            next_try: row.get(8)?,
            parties,
        })
    });
    Ok(row.optional()?)
}
