//! The repository of the core, on the database.

use deadpool_postgres::GenericClient;
use escrow::Time;
use escrow::port::{Commit, CommitError, Repository};
use escrow_store::{CommitRows, Entry, Storable, Unreadable, number, parsed};

use crate::{Postgres, StoreError};

/// The whole commit. The version decides: where nobody has won, nothing is written.
const COMMIT: &str = "
WITH put AS (
  INSERT INTO machines (kind, id, version, state, status, status_at, created_at, order_id, next_deadline, pending_since,
    next_try)
  SELECT $1, $2, $4, $5, $6, $7, $8, $9, $10, $11, $11 WHERE $3::bigint = 0
  ON CONFLICT DO NOTHING RETURNING 1
), kept AS (
  UPDATE machines SET version = $4, state = $5, status = $6, status_at = $7, order_id = $9, next_deadline = $10,
    pending_since = $11, next_try = CASE WHEN $11::bigint IS NULL THEN NULL ELSE COALESCE(next_try, $11) END
  WHERE kind = $1 AND id = $2 AND version = $3 AND $3::bigint > 0 RETURNING 1
), won AS (
  SELECT 1 FROM put UNION ALL SELECT 1 FROM kept
), events AS (
  INSERT INTO journal (kind, id, version, recorded_at, recorded)
  SELECT $1, $2, $3::bigint + e.n, $12, e.recorded FROM won, unnest($13::text[]) WITH ORDINALITY AS e (recorded, n)
), told AS (
  INSERT INTO outbox (kind, id, from_version, to_version, at) SELECT $1, $2, $3, $4, $12 FROM won
), known AS (
  INSERT INTO parties (kind, party, created_at, id) SELECT $1, p.party, $8, $2 FROM won, unnest($14::text[]) AS p (party)
  ON CONFLICT DO NOTHING
), answered AS (
  DELETE FROM attempts USING won WHERE kind = $1 AND id = $2 AND $11::bigint IS NULL
)
SELECT count(*) FROM won";

impl Postgres {
    /// Commits inside a transaction of the caller's, with whatever else it writes: durable once that is committed.
    ///
    /// # Errors
    /// [`CommitError::Conflict`]: nothing was written, and the transaction can go on. [`CommitError::Unknown`]: it cannot.
    pub async fn commit_in<M: Storable>(
        client: &impl GenericClient,
        commit: Commit<'_, M>,
    ) -> Result<(), CommitError<StoreError>> {
        let rows = CommitRows::of(&commit).map_err(|e| CommitError::Unknown(e.into()))?;
        match write(client, &rows).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CommitError::Conflict),
            Err(error) => Err(CommitError::Unknown(error)),
        }
    }

    /// The journal of a machine from a version on, oldest first; nothing where there is no such machine. `after`: the version
    /// that is known already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn journal<M: Storable>(
        &self,
        id: M::Id,
        after: u64,
    ) -> Result<Vec<Entry<M::Event>>, StoreError> {
        let sql = "SELECT version, recorded_at, recorded FROM journal
                   WHERE kind = $1 AND id = $2 AND version > $3 ORDER BY version";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&M::KIND, &id.to_string(), &number(after)]).await?;
        let what = format!("the journal of {} {id}", M::KIND);
        let entry = |row: &tokio_postgres::Row| {
            let recorded: &str = row.try_get(2)?;
            Ok(Entry::of(&what, row.try_get(0)?, row.try_get(1)?, recorded)?)
        };
        rows.iter().map(entry).collect()
    }

    async fn waiting<M: Storable>(&self, sql: &str, at: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&M::KIND, &at.millis(), &i64::from(limit)]).await?;
        rows.iter().map(|row| Ok(parsed(row.try_get(0)?)?)).collect()
    }
}

async fn write(client: &impl GenericClient, rows: &CommitRows) -> Result<bool, StoreError> {
    let (machine, listing) = (&rows.machine, &rows.machine.listing);
    let events: Vec<&str> = rows.events.iter().map(|(_, recorded)| recorded.as_str()).collect();
    let parties: Vec<&str> = listing.parties.iter().map(escrow::PartyId::as_str).collect();
    let statement = client.prepare_cached(COMMIT).await?;
    let row = client
        .query_one(
            &statement,
            &[
                &machine.kind,
                &machine.id,
                &rows.expected,
                &machine.version,
                &machine.state,
                &listing.status,
                &listing.status_at.millis(),
                &listing.created_at.millis(),
                &listing.order_id,
                &listing.next_deadline.map(Time::millis),
                &listing.pending_since.map(Time::millis),
                &rows.recorded_at,
                &events,
                &parties,
            ],
        )
        .await?;
    Ok(row.try_get::<_, i64>(0)? == 1)
}

impl<M: Storable> Repository<M> for Postgres {
    type Error = StoreError;

    async fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<StoreError>> {
        let client = self.client().await.map_err(CommitError::Unknown)?;
        Self::commit_in(&client, commit).await
    }

    async fn load(&self, id: M::Id) -> Result<Option<M>, StoreError> {
        let client = self.client().await?;
        let statement =
            client.prepare_cached("SELECT state FROM machines WHERE kind = $1 AND id = $2").await?;
        let Some(row) = client.query_opt(&statement, &[&M::KIND, &id.to_string()]).await? else {
            return Ok(None);
        };
        let machine = serde_json::from_str(row.try_get(0)?);
        machine.map(Some).map_err(|e| Unreadable::json(format!("{} {id}", M::KIND), e).into())
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        let sql = "SELECT id FROM machines WHERE kind = $1 AND next_deadline <= $2 ORDER BY next_deadline, id LIMIT $3";
        self.waiting::<M>(sql, now, limit).await
    }

    async fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        let sql = "SELECT id FROM machines WHERE kind = $1 AND next_try <= $2 ORDER BY next_try, id LIMIT $3";
        self.waiting::<M>(sql, before, limit).await
    }
}
