//! The repository of the core, on the database.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::GenericClient;
use escrow::Time;
use escrow::port::{Commit, CommitError, Loaded, Repository, Written};
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

/// The same of several machines of a kind, each with a version check of its own. Whoever won is returned.
const COMMIT_ALL: &str = "
WITH c AS (
  SELECT * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
    $10::bigint[], $11::bigint[], $12::bigint[])
    AS c (id, expected, version, state, status, status_at, created_at, order_id, next_deadline, pending_since, recorded_at)
), put AS (
  INSERT INTO machines (kind, id, version, state, status, status_at, created_at, order_id, next_deadline, pending_since,
    next_try)
  SELECT $1, id, version, state, status, status_at, created_at, order_id, next_deadline, pending_since, pending_since
  FROM c WHERE expected = 0
  ON CONFLICT DO NOTHING RETURNING id
), kept AS (
  UPDATE machines m SET version = c.version, state = c.state, status = c.status, status_at = c.status_at,
    order_id = c.order_id, next_deadline = c.next_deadline, pending_since = c.pending_since,
    next_try = CASE WHEN c.pending_since IS NULL THEN NULL ELSE COALESCE(m.next_try, c.pending_since) END
  FROM c WHERE m.kind = $1 AND m.id = c.id AND m.version = c.expected AND c.expected > 0 RETURNING m.id
), won AS (
  SELECT id FROM put UNION ALL SELECT id FROM kept
), events AS (
  INSERT INTO journal (kind, id, version, recorded_at, recorded)
  SELECT $1, e.id, e.version, c.recorded_at, e.recorded
  FROM unnest($13::text[], $14::bigint[], $15::text[]) AS e (id, version, recorded)
    JOIN won ON won.id = e.id JOIN c ON c.id = e.id
), told AS (
  INSERT INTO outbox (kind, id, from_version, to_version, at)
  SELECT $1, c.id, c.expected, c.version, c.recorded_at FROM c JOIN won ON won.id = c.id
), known AS (
  INSERT INTO parties (kind, party, created_at, id)
  SELECT $1, p.party, c.created_at, p.id FROM unnest($16::text[], $17::text[]) AS p (id, party)
    JOIN won ON won.id = p.id JOIN c ON c.id = p.id
  ON CONFLICT DO NOTHING
), answered AS (
  DELETE FROM attempts a USING won, c WHERE a.kind = $1 AND a.id = won.id AND c.id = won.id AND c.pending_since IS NULL
)
SELECT id FROM won";

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
    let parties: Vec<&str> = rows.new_parties.iter().map(escrow::PartyId::as_str).collect();
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

/// Writes several in one statement, and says of each whether it has won.
async fn write_all(client: &impl GenericClient, all: &[CommitRows]) -> Result<Vec<bool>, StoreError> {
    let Some(first) = all.first() else { return Ok(Vec::new()) };
    let texts = |of: fn(&CommitRows) -> &str| all.iter().map(of).collect::<Vec<&str>>();
    let numbers = |of: fn(&CommitRows) -> i64| all.iter().map(of).collect::<Vec<i64>>();
    let times = |of: fn(&CommitRows) -> Option<Time>| {
        all.iter().map(|rows| of(rows).map(Time::millis)).collect::<Vec<Option<i64>>>()
    };
    let ids = texts(|rows| &rows.machine.id);
    let orders: Vec<_> = all.iter().map(|rows| rows.machine.listing.order_id.as_deref()).collect();
    let (mut event_ids, mut versions, mut events) = (Vec::new(), Vec::new(), Vec::new());
    let (mut party_ids, mut parties) = (Vec::new(), Vec::new());
    for rows in all {
        for (version, recorded) in &rows.events {
            event_ids.push(rows.machine.id.as_str());
            versions.push(*version);
            events.push(recorded.as_str());
        }
        for party in &rows.new_parties {
            party_ids.push(rows.machine.id.as_str());
            parties.push(party.as_str());
        }
    }
    let statement = client.prepare_cached(COMMIT_ALL).await?;
    let rows = client
        .query(
            &statement,
            &[
                &first.machine.kind,
                &ids,
                &numbers(|rows| rows.expected),
                &numbers(|rows| rows.machine.version),
                &texts(|rows| &rows.machine.state),
                &texts(|rows| rows.machine.listing.status),
                &numbers(|rows| rows.machine.listing.status_at.millis()),
                &numbers(|rows| rows.machine.listing.created_at.millis()),
                &orders,
                &times(|rows| rows.machine.listing.next_deadline),
                &times(|rows| rows.machine.listing.pending_since),
                &numbers(|rows| rows.recorded_at),
                &event_ids,
                &versions,
                &events,
                &party_ids,
                &parties,
            ],
        )
        .await?;
    let won = rows.iter().map(|row| row.try_get(0)).collect::<Result<BTreeSet<&str>, _>>()?;
    Ok(ids.iter().map(|id| won.contains(id)).collect())
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
        decode(id, row.try_get(0)?).map(Some)
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        let sql = "SELECT id FROM machines WHERE kind = $1 AND next_deadline <= $2 ORDER BY next_deadline, id LIMIT $3";
        self.waiting::<M>(sql, now, limit).await
    }

    async fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        let sql = "SELECT id FROM machines WHERE kind = $1 AND next_try <= $2 ORDER BY next_try, id LIMIT $3";
        self.waiting::<M>(sql, before, limit).await
    }

    async fn load_all(&self, ids: &[M::Id]) -> Result<Vec<Loaded<M, StoreError>>, StoreError> {
        let names: Vec<String> = ids.iter().map(M::Id::to_string).collect();
        let client = self.client().await?;
        let sql = "SELECT id, state FROM machines WHERE kind = $1 AND id = ANY($2::text[])";
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&M::KIND, &names]).await?;
        let states = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let states = states.collect::<Result<BTreeMap<&str, &str>, tokio_postgres::Error>>()?;
        let load = |(id, name): (&M::Id, &String)| {
            states.get(name.as_str()).map(|state| decode(*id, state)).transpose()
        };
        Ok(ids.iter().zip(&names).map(load).collect())
    }

    async fn commit_all(&self, commits: &[Commit<'_, M>]) -> Result<Vec<Written<StoreError>>, StoreError> {
        let rows = commits.iter().map(CommitRows::of).collect::<Result<Vec<_>, _>>()?;
        let client = self.client().await?;
        let won = write_all(&client, &rows).await?;
        Ok(won.into_iter().map(|won| if won { Ok(()) } else { Err(CommitError::Conflict) }).collect())
    }
}

fn decode<M: Storable>(id: M::Id, state: &str) -> Result<M, StoreError> {
    serde_json::from_str(state).map_err(|e| Unreadable::json(format!("{} {id}", M::KIND), e).into())
}
