//! The repository of the core, on the database.

use deadpool_postgres::GenericClient;
use escrow::Time;
use escrow::machine::Recorded;
use escrow::port::{Aggregate, Commit, CommitError, Repository};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Postgres, StoreError};

/// A machine that can be stored: an [`Aggregate`] that serde writes and reads, and whose events it writes and reads.
pub trait Storable: Aggregate<Event: Serialize + DeserializeOwned> + Serialize + DeserializeOwned {}

impl<M: Aggregate<Event: Serialize + DeserializeOwned> + Serialize + DeserializeOwned> Storable for M {}

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

pub(crate) fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

impl Postgres {
    /// Commits inside a transaction of the caller's, with whatever else it writes: durable once that is committed.
    ///
    /// # Errors
    /// [`CommitError::Conflict`]: nothing was written, and the transaction can go on. [`CommitError::Unknown`]: it cannot.
    pub async fn commit_in<M: Storable>(
        client: &impl GenericClient,
        commit: Commit<'_, M>,
    ) -> Result<(), CommitError<StoreError>> {
        match write(client, &commit).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CommitError::Conflict),
            Err(error) => Err(CommitError::Unknown(error)),
        }
    }

    /// The journal of a machine behind a version, oldest first, with when each event was recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn journal<M: Storable>(
        &self,
        id: M::Id,
        after: u64,
    ) -> Result<Vec<(Time, Recorded<M::Event>)>, StoreError> {
        let sql = "SELECT recorded_at, recorded FROM journal WHERE kind = $1 AND id = $2 AND version > $3 ORDER BY version";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&M::KIND, &id.to_string(), &number(after)]).await?;
        let decode = |row: &tokio_postgres::Row| {
            let recorded: String = row.try_get(1)?;
            let event = serde_json::from_str(&recorded)
                .map_err(|e| StoreError::json(format!("the journal of {} {id}", M::KIND), e))?;
            Ok((time(row.try_get(0)?)?, event))
        };
        rows.iter().map(decode).collect()
    }

    async fn waiting<M: Storable>(&self, sql: &str, at: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&M::KIND, &at.millis(), &i64::from(limit)]).await?;
        let parsed = |row: &tokio_postgres::Row| {
            let id: String = row.try_get(0)?;
            id.parse().map_err(|_| StoreError::Value(format!("the id {id:?}")))
        };
        rows.iter().map(parsed).collect()
    }
}

async fn write<M: Storable>(client: &impl GenericClient, commit: &Commit<'_, M>) -> Result<bool, StoreError> {
    let (after, id) = (commit.after, commit.after.id().to_string());
    let listing = after.listing();
    let state = serde_json::to_string(after).map_err(|e| StoreError::json(id.as_str(), e))?;
    let json = |recorded| serde_json::to_string(recorded).map_err(|e| StoreError::json(id.as_str(), e));
    let events = commit.events.iter().map(json).collect::<Result<Vec<_>, _>>()?;
    let parties: Vec<&str> = listing.parties.iter().map(escrow::PartyId::as_str).collect();
    let statement = client.prepare_cached(COMMIT).await?;
    let row = client
        .query_one(
            &statement,
            &[
                &M::KIND,
                &id,
                &number(commit.expected_version),
                &number(after.version()),
                &state,
                &listing.status,
                &listing.status_at.millis(),
                &listing.created_at.millis(),
                &listing.order_id,
                &listing.next_deadline.map(Time::millis),
                &listing.pending_since.map(Time::millis),
                &commit.recorded_at.millis(),
                &events,
                &parties,
            ],
        )
        .await?;
    Ok(row.try_get::<_, i64>(0)? == 1)
}

pub(crate) fn time(millis: i64) -> Result<Time, StoreError> {
    Time::from_millis(millis).map_err(|_| StoreError::Value(format!("the time {millis}")))
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
        let state: String = row.try_get(0)?;
        serde_json::from_str(&state).map(Some).map_err(|e| StoreError::json(format!("{} {id}", M::KIND), e))
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
