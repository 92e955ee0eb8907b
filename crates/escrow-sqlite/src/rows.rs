//! A commit as rows.

use escrow::Time;
use escrow::port::{Commit, Listing};
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::repository::Storable;

/// One machine as its row, without the machine.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct MachineRow {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) listing: Listing,
}

/// A commit, ready to be written by another thread.
pub(crate) struct CommitRows {
    pub(crate) machine: MachineRow,
    pub(crate) expected: i64,
    pub(crate) events: Vec<(i64, String)>,
    pub(crate) recorded_at: i64,
}

pub(crate) fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

impl MachineRow {
    pub(crate) fn of<M: Storable>(machine: &M) -> Result<Self, StoreError> {
        let id = machine.id().to_string();
        let state = serde_json::to_string(machine).map_err(|e| StoreError::json(id.as_str(), e))?;
        let version = number(machine.version());
        Ok(Self { kind: M::KIND, id, version, state, listing: machine.listing() })
    }

    /// Writes the row of a new machine; `false` where there is one already.
    pub(crate) fn insert(&self, db: &Connection) -> Result<bool, StoreError> {
        let l = &self.listing;
        let mut statement = db.prepare_cached(
            "INSERT INTO machines (kind, id, version, state, status, status_at, created_at, order_id, next_deadline,
               pending_since, next_try) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
             ON CONFLICT DO NOTHING",
        )?;
        let written = statement.execute(params![
            self.kind,
            self.id,
            self.version,
            self.state,
            l.status,
            l.status_at.millis(),
            l.created_at.millis(),
            l.order_id,
            l.next_deadline.map(Time::millis),
            l.pending_since.map(Time::millis),
        ])?;
        if written == 1 {
            self.write_parties(db)?;
        }
        Ok(written == 1)
    }

    /// Writes the row over that of an earlier version; `false` where it has another one.
    pub(crate) fn update(&self, db: &Connection, expected: i64) -> Result<bool, StoreError> {
        let l = &self.listing;
        let mut statement = db.prepare_cached(
            "UPDATE machines SET version = ?3, state = ?4, status = ?5, status_at = ?6, order_id = ?7, next_deadline = ?8,
               pending_since = ?9, next_try = CASE WHEN ?9 IS NULL THEN NULL ELSE COALESCE(next_try, ?9) END
             WHERE kind = ?1 AND id = ?2 AND version = ?10",
        )?;
        let written = statement.execute(params![
            self.kind,
            self.id,
            self.version,
            self.state,
            l.status,
            l.status_at.millis(),
            l.order_id,
            l.next_deadline.map(Time::millis),
            l.pending_since.map(Time::millis),
            expected,
        ])?;
        if written == 1 {
            self.write_parties(db)?;
        }
        Ok(written == 1)
    }

    fn write_parties(&self, db: &Connection) -> Result<(), StoreError> {
        let mut statement = db.prepare_cached(
            "INSERT INTO parties (kind, party, created_at, id) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?;
        for party in &self.listing.parties {
            statement.execute(params![
                self.kind,
                party.as_str(),
                self.listing.created_at.millis(),
                self.id
            ])?;
        }
        Ok(())
    }
}

impl CommitRows {
    pub(crate) fn of<M: Storable>(commit: &Commit<'_, M>) -> Result<Self, StoreError> {
        let machine = MachineRow::of(commit.after)?;
        let event = |(version, recorded)| {
            let json = serde_json::to_string(recorded)
                .map_err(|e| StoreError::json(format!("event {version} of {}", machine.id), e))?;
            Ok((number(version), json))
        };
        let events = commit.numbered().map(event).collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Self {
            machine,
            expected: number(commit.expected_version),
            events,
            recorded_at: commit.recorded_at.millis(),
        })
    }

    /// The version decides first, so that a conflict writes nothing: `false`.
    pub(crate) fn write(&self, db: &Connection) -> Result<bool, StoreError> {
        let machine = &self.machine;
        let won = match self.expected {
            0 => machine.insert(db)?,
            expected => machine.update(db, expected)?,
        };
        if !won {
            return Ok(false);
        }
        let mut journal = db.prepare_cached(
            "INSERT INTO journal (kind, id, version, recorded_at, recorded) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (version, recorded) in &self.events {
            journal.execute(params![machine.kind, machine.id, version, self.recorded_at, recorded])?;
        }
        let mut outbox = db.prepare_cached(
            "INSERT INTO outbox (kind, id, from_version, to_version, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        outbox.execute(params![
            machine.kind,
            machine.id,
            self.expected,
            machine.version,
            self.recorded_at
        ])?;
        if machine.listing.pending_since.is_none() && self.expected > 0 {
            let mut answered = db.prepare_cached("DELETE FROM attempts WHERE kind = ?1 AND id = ?2")?;
            answered.execute(params![machine.kind, machine.id])?;
        }
        Ok(true)
    }
}
