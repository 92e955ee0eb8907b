//! A commit, written.

use escrow::{PartyId, Time};
use escrow_store::{CommitRows, MachineRow};
use rusqlite::{Connection, params};

use crate::StoreError;

/// The version decides first, so that a conflict writes nothing: `false`.
pub(crate) fn write(rows: &CommitRows, db: &Connection) -> Result<bool, StoreError> {
    let machine = &rows.machine;
    let won = match rows.expected {
        0 => insert(machine, db)?,
        expected => update(rows, db, expected)?,
    };
    if !won {
        return Ok(false);
    }
    let mut journal = db.prepare_cached(
        "INSERT INTO journal (kind, id, version, recorded_at, recorded) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (version, recorded) in &rows.events {
        journal.execute(params![machine.kind, machine.id, version, rows.recorded_at, recorded])?;
    }
    let mut outbox = db.prepare_cached(
        "INSERT INTO outbox (kind, id, from_version, to_version, at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    outbox.execute(params![machine.kind, machine.id, rows.expected, machine.version, rows.recorded_at])?;
    if machine.listing.pending_since.is_none() && rows.expected > 0 {
        let mut answered = db.prepare_cached("DELETE FROM attempts WHERE kind = ?1 AND id = ?2")?;
        answered.execute(params![machine.kind, machine.id])?;
    }
    Ok(true)
}

/// Writes the row of a new machine; `false` where there is one already.
pub(crate) fn insert(row: &MachineRow, db: &Connection) -> Result<bool, StoreError> {
    let l = &row.listing;
    let mut statement = db.prepare_cached(
        "INSERT INTO machines (kind, id, version, state, status, status_at, created_at, order_id, next_deadline,
           pending_since, next_try) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
         ON CONFLICT DO NOTHING",
    )?;
    let written = statement.execute(params![
        row.kind,
        row.id,
        row.version,
        row.state,
        l.status,
        l.status_at.millis(),
        l.created_at.millis(),
        l.order_id,
        l.next_deadline.map(Time::millis),
        l.pending_since.map(Time::millis),
    ])?;
    if written == 1 {
        write_parties(row, &row.listing.parties, db)?;
    }
    Ok(written == 1)
}

/// Writes the row over that of an earlier version; `false` where it has another one.
fn update(rows: &CommitRows, db: &Connection, expected: i64) -> Result<bool, StoreError> {
    let row = &rows.machine;
    let l = &row.listing;
    let mut statement = db.prepare_cached(
        "UPDATE machines SET version = ?3, state = ?4, status = ?5, status_at = ?6, order_id = ?7, next_deadline = ?8,
           pending_since = ?9, next_try = CASE WHEN ?9 IS NULL THEN NULL ELSE COALESCE(next_try, ?9) END
         WHERE kind = ?1 AND id = ?2 AND version = ?10",
    )?;
    let written = statement.execute(params![
        row.kind,
        row.id,
        row.version,
        row.state,
        l.status,
        l.status_at.millis(),
        l.order_id,
        l.next_deadline.map(Time::millis),
        l.pending_since.map(Time::millis),
        expected,
    ])?;
    if written == 1 {
        write_parties(row, &rows.new_parties, db)?;
    }
    Ok(written == 1)
}

fn write_parties(row: &MachineRow, parties: &[PartyId], db: &Connection) -> Result<(), StoreError> {
    if parties.is_empty() {
        return Ok(());
    }
    let mut statement = db.prepare_cached(
        "INSERT INTO parties (kind, party, created_at, id) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for party in parties {
        statement.execute(params![row.kind, party.as_str(), row.listing.created_at.millis(), row.id])?;
    }
    Ok(())
}
