//! What a host keeps beside its machines.

use escrow::Time;
use escrow::deposit::TxId;
use escrow::port::{
    Attempt, Backlog, Backlogged, ClientReceipt, Incident, MachineKey, Parcel, Tally, Wait, Wanted,
};
use escrow_store::{tallies_sql, tally, time, version};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Sqlite, StoreError};

/// What waits and nobody has leased: by kind, time, limit, and the time now.
pub(crate) const FREE_DUE: &str = "SELECT m.id FROM machines m WHERE m.kind = ?1 AND m.next_deadline <= ?2
   AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.name = m.kind || '/' || m.id AND l.until > ?4)
 ORDER BY m.next_deadline, m.id LIMIT ?3";
pub(crate) const FREE_UNANSWERED: &str = "SELECT m.id FROM machines m WHERE m.kind = ?1 AND m.next_try <= ?2
   AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.name = m.kind || '/' || m.id AND l.until > ?4)
 ORDER BY m.next_try, m.id LIMIT ?3";

impl Backlog for Sqlite {
    type Error = StoreError;

    async fn lease(
        &self,
        names: Vec<String>,
        holder: &str,
        now: Time,
        until: Time,
    ) -> Result<Vec<String>, StoreError> {
        let holder = holder.to_owned();
        let lease = move |db: &Connection| {
            let mut take = db.prepare_cached(
                "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?4)
                 ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?4
                 WHERE leases.holder = ?2 OR leases.until <= ?3",
            )?;
            let mut taken = Vec::new();
            for name in &names {
                if take.execute(params![name, holder, now.millis(), until.millis()])? == 1 {
                    taken.push(name.clone());
                }
            }
            Ok(taken)
        };
        self.write(lease).await
    }

    async fn release(&self, names: Vec<String>, holder: &str) -> Result<(), StoreError> {
        let holder = holder.to_owned();
        let release = move |db: &Connection| {
            let mut give = db.prepare_cached("DELETE FROM leases WHERE name = ?1 AND holder = ?2")?;
            for name in &names {
                give.execute(params![name, holder])?;
            }
            Ok(())
        };
        self.write(release).await
    }

    async fn tried(&self, attempts: Vec<Attempt>) -> Result<(), StoreError> {
        self.write(move |db| attempts.iter().try_for_each(|attempt| tried(db, attempt))).await
    }

    async fn attempts(&self, machine: &MachineKey) -> Result<Vec<Attempt>, StoreError> {
        self.read(|db| {
            let mut list = db.prepare_cached(
                "SELECT kind, id, number, first_at, tries, next_at, error FROM attempts WHERE kind = ?1 AND id = ?2",
            )?;
            let rows = list.query_and_then(params![machine.kind, machine.id], |row| {
                Ok(Attempt {
                    machine: key(row, 0)?,
                    order: TxId::new(row.get(2)?),
                    first_at: time(row.get(3)?)?,
                    tries: row.get(4)?,
                    next_at: time(row.get(5)?)?,
                    error: row.get(6)?,
                })
            })?;
            rows.collect()
        })
    }

    async fn incidents(&self, incidents: Vec<Incident>) -> Result<(), StoreError> {
        let note = move |db: &Connection| {
            let mut note = db.prepare_cached(
                "INSERT INTO incidents (at, kind, id, what, detail) SELECT ?1, ?2, ?3, ?4, ?5
                 WHERE NOT EXISTS (SELECT 1 FROM incidents WHERE closed_at IS NULL AND kind = ?2 AND id = ?3 AND what = ?4
                   AND detail = ?5)",
            )?;
            for incident in &incidents {
                let machine = incident.machine.as_ref();
                let (kind, id) = (machine.map(|m| &m.kind), machine.map(|m| &m.id));
                note.execute(params![incident.at.millis(), kind, id, incident.what, incident.detail])?;
            }
            Ok(())
        };
        self.write(note).await
    }

    async fn parcels(&self, after: i64, limit: u32) -> Result<Vec<Parcel>, StoreError> {
        self.read(|db| {
            let mut list = db.prepare_cached(
                "SELECT kind, id, number, from_version, to_version, at FROM outbox WHERE number > ?2 ORDER BY number
                 LIMIT ?1",
            )?;
            let rows = list.query_and_then(params![limit, after], |row| {
                Ok(Parcel {
                    machine: key(row, 0)?,
                    number: row.get(2)?,
                    from_version: version(row.get(3)?)?,
                    to_version: version(row.get(4)?)?,
                    at: time(row.get(5)?)?,
                })
            })?;
            rows.collect()
        })
    }

    async fn delivered(&self, numbers: Vec<i64>) -> Result<(), StoreError> {
        let forget = move |db: &Connection| {
            let mut forget = db.prepare_cached("DELETE FROM outbox WHERE number = ?1")?;
            for number in &numbers {
                forget.execute(params![number])?;
            }
            Ok(())
        };
        self.write(forget).await
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<ClientReceipt>, StoreError> {
        self.read(|db| receipt(db, scope, key))
    }

    async fn keep_receipt(
        &self,
        scope: &str,
        key: &str,
        new: ClientReceipt,
    ) -> Result<ClientReceipt, StoreError> {
        let (scope, key) = (scope.to_owned(), key.to_owned());
        let keep = move |db: &Connection| {
            let mut keep = db.prepare_cached(
                "INSERT INTO receipts (scope, key, request, answer, at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            )?;
            keep.execute(params![scope, key, new.request, new.answer, new.at.millis()])?;
            Ok(receipt(db, &scope, &key)?.unwrap_or_else(|| new.clone()))
        };
        self.write(keep).await
    }

    async fn backlogged(&self, now: Time) -> Result<Backlogged, StoreError> {
        self.read(|db| {
            let mut count = db.prepare_cached(
                "SELECT
                   (SELECT COUNT(*) FROM machines WHERE next_deadline <= ?1),
                   (SELECT MIN(next_deadline) FROM machines WHERE next_deadline <= ?1),
                   (SELECT COUNT(*) FROM machines WHERE next_try IS NOT NULL),
                   (SELECT MIN(pending_since) FROM machines WHERE next_try IS NOT NULL),
                   (SELECT COUNT(*) FROM outbox),
                   (SELECT at FROM outbox ORDER BY number LIMIT 1),
                   (SELECT COUNT(*) FROM incidents WHERE closed_at IS NULL)",
            )?;
            let age = |at: Option<i64>| {
                at.map_or(0, |at| u64::try_from(now.millis().saturating_sub(at)).unwrap_or(0))
            };
            let count = count.query_row(params![now.millis()], |row| {
                let number = |column| row.get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or(0));
                Ok(Backlogged {
                    due: number(0)?,
                    due_lag_ms: age(row.get(1)?),
                    unanswered: number(2)?,
                    unanswered_ms: age(row.get(3)?),
                    parcels: number(4)?,
                    parcels_ms: age(row.get(5)?),
                    incidents: number(6)?,
                })
            })?;
            Ok(count)
        })
    }

    async fn tallied(&self, now: Time) -> Result<Vec<Tally>, StoreError> {
        self.read(|db| {
            let mut count = db.prepare_cached(&tallies_sql('?'))?;
            let rows = count.query_and_then([now.millis()], |row| Ok(tally(row.try_into()?, now)?))?;
            rows.collect()
        })
    }

    async fn lease_waiting(&self, wanted: Wanted<'_>) -> Result<Option<Vec<String>>, StoreError> {
        let sql = match wanted.wait {
            Wait::Deadline => FREE_DUE,
            Wait::Answer => FREE_UNANSWERED,
        };
        let Wanted { kind, wait: _, before, limit, holder, now, until } = wanted;
        let (kind, holder) = (kind.to_owned(), holder.to_owned());
        let free = move |db: &Connection, kind: &str| -> Result<Vec<String>, StoreError> {
            let mut list = db.prepare_cached(sql)?;
            let rows =
                list.query_map(params![kind, before.millis(), limit, now.millis()], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        // whoever finds nothing writes nothing
        if self.read(|db| free(db, &kind))?.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let take = move |db: &Connection| {
            let ids = free(db, &kind)?;
            let mut take = db.prepare_cached(
                "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?3",
            )?;
            for id in &ids {
                take.execute(params![format!("{kind}/{id}"), holder, until.millis()])?;
            }
            Ok(Some(ids))
        };
        self.write(take).await
    }

    async fn clock(&self) -> Result<Option<Time>, StoreError> {
        let sql = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)";
        let millis = self.read(|db| Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?))?;
        Ok(Some(time(millis)?))
    }
}

impl Sqlite {
    /// The incidents that nobody has closed, the oldest first, with their numbers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_incidents(&self, after: i64, limit: u32) -> Result<Vec<(i64, Incident)>, StoreError> {
        self.read(|db| {
            let mut list = db.prepare_cached(
                "SELECT number, at, what, detail, kind, id FROM incidents WHERE closed_at IS NULL AND number > ?1
                 ORDER BY number LIMIT ?2",
            )?;
            let rows = list.query_and_then(params![after, limit], |row| {
                let machine = match row.get::<_, Option<String>>(4)? {
                    Some(kind) => Some(MachineKey { kind, id: row.get(5)? }),
                    None => None,
                };
                let at = time(row.get(1)?)?;
                Ok((row.get(0)?, Incident { at, machine, what: row.get(2)?, detail: row.get(3)? }))
            })?;
            rows.collect()
        })
    }

    /// Somebody has looked into it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn close_incident(&self, number: i64, at: Time) -> Result<(), StoreError> {
        let close = move |db: &Connection| {
            db.prepare_cached("UPDATE incidents SET closed_at = ?2 WHERE number = ?1")?
                .execute(params![number, at.millis()])?;
            Ok(())
        };
        self.write(close).wait()
    }
}

fn tried(db: &Connection, attempt: &Attempt) -> Result<(), StoreError> {
    let MachineKey { kind, id } = &attempt.machine;
    db.prepare_cached(
        "INSERT INTO attempts (kind, id, number, first_at, tries, next_at, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (kind, id, number) DO UPDATE SET first_at = MIN(first_at, ?4), tries = MAX(tries, ?5), next_at = ?6,
           error = ?7",
    )?
    .execute(params![
        kind,
        id,
        attempt.order.number(),
        attempt.first_at.millis(),
        attempt.tries,
        attempt.next_at.millis(),
        attempt.error
    ])?;
    db.prepare_cached(
        "UPDATE machines SET next_try = (SELECT MIN(next_at) FROM attempts WHERE kind = ?1 AND id = ?2)
         WHERE kind = ?1 AND id = ?2 AND pending_since IS NOT NULL",
    )?
    .execute(params![kind, id])?;
    Ok(())
}

fn receipt(db: &Connection, scope: &str, key: &str) -> Result<Option<ClientReceipt>, StoreError> {
    let mut get =
        db.prepare_cached("SELECT request, answer, at FROM receipts WHERE scope = ?1 AND key = ?2")?;
    let found =
        get.query_row(params![scope, key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    found.map(|(request, answer, at)| Ok(ClientReceipt { request, answer, at: time(at)? })).transpose()
}

fn key(row: &Row<'_>, from: usize) -> Result<MachineKey, StoreError> {
    Ok(MachineKey { kind: row.get(from)?, id: row.get(from.saturating_add(1))? })
}
