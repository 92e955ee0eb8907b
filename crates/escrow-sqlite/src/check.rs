//! The journal is the truth: what is stored beside it is compared with it, and made from it again.

use escrow::port::Aggregate;
use rusqlite::{Connection, params};

use crate::repository::{Storable, journal, parsed};
use crate::rows::{MachineRow, number};
use crate::{Sqlite, StoreError};

/// A machine whose stored state is not what its journal leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// Its id, as it is written.
    pub id: String,
    /// What is wrong.
    pub what: String,
}

/// How many ids are read at a time.
const PAGE: u32 = 1_000;

impl Sqlite {
    /// Replays every journal of a kind and compares what it leads to with what is stored, row by row: the state, the columns
    /// of the lists, and the count of the events. No finding: all of it agrees.
    ///
    /// # Errors
    /// [`StoreError`]: the file cannot be read.
    pub fn fsck<M: Storable>(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        self.each_id::<M>(|db, id| {
            if let Some(what) = wrong::<M>(db, id)? {
                findings.push(Finding { id: id.to_owned(), what });
            }
            Ok(())
        })?;
        Ok(findings)
    }

    /// Makes the stored states and the columns of the lists of a kind again, from the journals alone. Returns how many.
    ///
    /// # Errors
    /// [`StoreError::Decode`] where a journal leads to no machine; what was made until then stays.
    pub fn rebuild<M: Storable>(&self) -> Result<u64, StoreError> {
        let mut made = 0_u64;
        self.each_id::<M>(|db, id| {
            let (row, _) = replayed::<M>(db, id)?;
            self.write(move |db| {
                db.prepare_cached("DELETE FROM parties WHERE kind = ?1 AND id = ?2")?
                    .execute(params![row.kind, row.id])?;
                db.prepare_cached("DELETE FROM machines WHERE kind = ?1 AND id = ?2")?
                    .execute(params![row.kind, row.id])?;
                row.insert(db)
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

/// What a journal leads to, and how many events it has.
fn replayed<M: Storable>(db: &Connection, id: &str) -> Result<(MachineRow, i64), StoreError> {
    let events: Vec<_> = journal::<M>(db, id, 0)?.into_iter().map(|entry| entry.recorded).collect();
    let count = number(u64::try_from(events.len()).unwrap_or(u64::MAX));
    let decode = |error| StoreError::Decode { what: format!("{} {id}", M::KIND), error };
    let machine = M::replay_journal(parsed(id)?, &events).map_err(decode)?;
    Ok((MachineRow::of(&machine)?, count))
}

fn wrong<M: Storable>(db: &Connection, id: &str) -> Result<Option<String>, StoreError> {
    let (row, count) = match replayed::<M>(db, id) {
        Ok(replayed) => replayed,
        Err(error @ (StoreError::Decode { .. } | StoreError::Json { .. } | StoreError::Value(_))) => {
            return Ok(Some(error.to_string()));
        }
        Err(error) => return Err(error),
    };
    if row.version != count {
        return Ok(Some(format!("{count} events lead to version {}", row.version)));
    }
    let last: i64 = db
        .prepare_cached("SELECT COALESCE(MAX(version), 0) FROM journal WHERE kind = ?1 AND id = ?2")?
        .query_row(params![row.kind, id], |r| r.get(0))?;
    if last != count {
        return Ok(Some(format!("{count} events are there, and the last one has number {last}")));
    }
    let l = &row.listing;
    let mut same = db.prepare_cached(
        "SELECT state = ?4, version = ?3 AND status = ?5 AND status_at = ?6 AND created_at = ?7 AND order_id IS ?8
           AND next_deadline IS ?9 AND pending_since IS ?10 AND (next_try IS NULL) = (?10 IS NULL)
         FROM machines WHERE kind = ?1 AND id = ?2",
    )?;
    let arguments = params![
        row.kind,
        id,
        row.version,
        row.state,
        l.status,
        l.status_at.millis(),
        l.created_at.millis(),
        l.order_id,
        l.next_deadline.map(escrow::Time::millis),
        l.pending_since.map(escrow::Time::millis),
    ];
    let mut rows = same.query(arguments)?;
    let Some(found) = rows.next()? else {
        return Ok(Some("it has a journal, and no state".to_owned()));
    };
    let (state, columns): (bool, bool) = (found.get(0)?, found.get(1)?);
    Ok(match (state, columns) {
        (true, true) => None,
        (false, _) => Some("its state is not what its journal leads to".to_owned()),
        (true, false) => Some("the columns of the lists are not what its journal leads to".to_owned()),
    })
}
