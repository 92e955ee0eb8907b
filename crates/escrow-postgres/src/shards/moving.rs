//! Machines on their way from one database to another, each in a moment of its own.
//!
//! The copy is committed where the machine belongs before it is taken away where it was, and whoever looks for it looks there
//! first: so whatever dies in between leaves the old one in charge, and the next try overwrites the copy.

use deadpool_postgres::GenericClient;
use escrow::port::{Aggregate, Commit, CommitError, Repository};
use escrow_store::Storable;

use super::{Shards, owner};
use crate::{Postgres, StoreError};

/// What belongs to a machine, but for its row in `machines`, which comes last and is what decides where it is: the table, its
/// columns, and which of them names the machine.
const PARTS: [(&str, &str); 4] = [
    ("journal", "kind, id, version, recorded_at, recorded"),
    ("parties", "kind, party, created_at, id"),
    ("attempts", "kind, id, number, first_at, tries, next_at, error"),
    // numbers are each database's own; the order of a machine's commits is kept
    ("outbox", "kind, id, from_version, to_version, at"),
];

const MACHINE: &str = "kind, id, version, state, status, status_at, created_at, order_id, next_deadline, pending_since, next_try";

/// Held for an id by whoever begins or moves it, in the database where it was.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1::text || '/' || $2::text, 0))";

pub(super) async fn is_there(database: &Postgres, kind: &str, id: &str) -> Result<bool, StoreError> {
    there(&database.client().await?, kind, id).await
}

async fn there(client: &impl GenericClient, kind: &str, id: &str) -> Result<bool, StoreError> {
    let statement = client.prepare_cached("SELECT 1 FROM machines WHERE kind = $1 AND id = $2").await?;
    Ok(client.query_opt(&statement, &[&kind, &id]).await?.is_some())
}

/// Begins a machine where it belongs, unless it is where it would have been before.
pub(super) async fn begin<M: Storable>(
    from: &Postgres,
    to: &Postgres,
    commit: Commit<'_, M>,
) -> Result<(), CommitError<StoreError>> {
    let unknown = |error: StoreError| CommitError::Unknown(error);
    let id = commit.after.id().to_string();
    let mut client = from.client().await.map_err(unknown)?;
    let locked = client.transaction().await.map_err(|e| unknown(e.into()))?;
    locked.execute(LOCK, &[&M::KIND, &id]).await.map_err(|e| unknown(e.into()))?;
    if there(&locked, M::KIND, &id).await.map_err(unknown)? {
        return Err(CommitError::Conflict);
    }
    let done = to.commit(commit).await;
    // nothing is written here: if the lock is lost earlier, nobody has found the id free meanwhile
    let _ = locked.rollback().await;
    done
}

impl Shards {
    /// Moves machines of a kind to where they belong, one after the other, each while all others go on; at most so many.
    /// Returns how many were moved: fewer than `limit`, and none is left.
    ///
    /// # Errors
    /// [`StoreError`]; what was moved is moved, and the machine that was on its way is still where it was.
    pub async fn move_all<M: Aggregate>(&self, limit: u64) -> Result<u64, StoreError> {
        let mut moved = 0_u64;
        for source in &self.before {
            let mut after = String::new();
            while moved < limit {
                let ids = page(&source.database, M::KIND, &after).await?;
                let Some(last) = ids.last() else { break };
                after.clone_from(last);
                for id in &ids {
                    let to = owner(&self.now, &format!("{}/{id}", M::KIND));
                    let Some(to) = to.filter(|to| to.name != source.name) else { continue };
                    if moved < limit && move_one(&source.database, &to.database, M::KIND, id).await? {
                        moved = moved.saturating_add(1);
                    }
                }
            }
        }
        Ok(moved)
    }
}

async fn page(source: &Postgres, kind: &str, after: &str) -> Result<Vec<String>, StoreError> {
    let client = source.client().await?;
    let sql = "SELECT id FROM machines WHERE kind = $1 AND id > $2 ORDER BY id LIMIT 500";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&kind, &after]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Whether it was there.
async fn move_one(from: &Postgres, to: &Postgres, kind: &str, id: &str) -> Result<bool, StoreError> {
    let (mut source, mut target) = (from.client().await?, to.client().await?);
    let leaves = source.transaction().await?;
    leaves.execute(LOCK, &[&kind, &id]).await?;
    // commits wait here, and then find it gone
    let locked = "SELECT 1 FROM machines WHERE kind = $1 AND id = $2 FOR UPDATE";
    if leaves.query_opt(locked, &[&kind, &id]).await?.is_none() {
        return Ok(false);
    }
    let comes = target.transaction().await?;
    for (table, columns) in PARTS.into_iter().chain([("machines", MACHINE)]) {
        comes.execute(&format!("DELETE FROM {table} WHERE kind = $1 AND id = $2"), &[&kind, &id]).await?;
        let order = if table == "outbox" { "ORDER BY number" } else { "" };
        let select = format!(
            "SELECT COALESCE(json_agg(r), '[]')::text FROM (SELECT {columns} FROM {table} WHERE kind = $1 AND id = $2 {order}) r"
        );
        let rows: String = leaves.query_one(&select, &[&kind, &id]).await?.try_get(0)?;
        let insert = format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::text::json)"
        );
        comes.execute(&insert, &[&rows]).await?;
        leaves.execute(&format!("DELETE FROM {table} WHERE kind = $1 AND id = $2"), &[&kind, &id]).await?;
    }
    comes.commit().await?;
    leaves.commit().await?;
    Ok(true)
}
