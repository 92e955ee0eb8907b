//! What a host keeps beside its machines.

use escrow::Time;
use escrow::deposit::TxId;
use escrow::port::{
    Attempt, Backlog, Backlogged, ClientReceipt, Incident, MachineKey, Parcel, Tally, Wait, Wanted,
};
use escrow_store::{tallies_sql, tally, time, version};
use tokio_postgres::Row;

use crate::{Postgres, StoreError};

const LEASE: &str = "
INSERT INTO leases (name, holder, until) SELECT n.name, $2, $4 FROM unnest($1::text[]) AS n (name) ORDER BY n.name
ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
WHERE leases.holder = $2 OR leases.until <= $3
RETURNING name";

/// Takes leases on what waits, and passes over what somebody is taking, or committing, at this moment.
fn lease_waiting(waits: &str) -> String {
    format!(
        "WITH free AS (
  SELECT m.id, m.{waits} AS place FROM machines m
  WHERE m.kind = $1 AND m.{waits} <= $2
    AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.name = m.kind || '/' || m.id AND l.until > $5)
  ORDER BY m.{waits}, m.id LIMIT $3 FOR UPDATE OF m SKIP LOCKED
), taken AS (
  INSERT INTO leases (name, holder, until) SELECT $1::text || '/' || id, $4, $6 FROM free
  ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until WHERE leases.until <= $5
  RETURNING name
)
SELECT id FROM free JOIN taken ON name = $1::text || '/' || id ORDER BY place, id"
    )
}

const TRIED: &str = "
WITH tried AS (
  INSERT INTO attempts (kind, id, number, first_at, tries, next_at, error) VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (kind, id, number) DO UPDATE SET first_at = LEAST(attempts.first_at, EXCLUDED.first_at),
    tries = GREATEST(attempts.tries, EXCLUDED.tries), next_at = EXCLUDED.next_at, error = EXCLUDED.error
)
UPDATE machines SET next_try = LEAST($6::bigint,
  (SELECT MIN(next_at) FROM attempts WHERE kind = $1 AND id = $2 AND number <> $3))
WHERE kind = $1 AND id = $2 AND pending_since IS NOT NULL";

const KEEP: &str = "
WITH kept AS (
  INSERT INTO receipts (scope, key, request, answer, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
  RETURNING request, answer, at
)
SELECT request, answer, at FROM kept
UNION ALL SELECT request, answer, at FROM receipts WHERE scope = $1 AND key = $2 LIMIT 1";

const BACKLOGGED: &str = "
SELECT (SELECT COUNT(*) FROM machines WHERE next_deadline <= $1),
  (SELECT MIN(next_deadline) FROM machines WHERE next_deadline <= $1),
  (SELECT COUNT(*) FROM machines WHERE next_try IS NOT NULL),
  (SELECT MIN(pending_since) FROM machines WHERE next_try IS NOT NULL),
  (SELECT COUNT(*) FROM outbox),
  (SELECT at FROM outbox ORDER BY number LIMIT 1),
  (SELECT COUNT(*) FROM incidents WHERE closed_at IS NULL)";

impl Backlog for Postgres {
    type Error = StoreError;

    async fn lease(
        &self,
        names: Vec<String>,
        holder: &str,
        now: Time,
        until: Time,
    ) -> Result<Vec<String>, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(LEASE).await?;
        let rows = client.query(&statement, &[&names, &holder, &now.millis(), &until.millis()]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn release(&self, names: Vec<String>, holder: &str) -> Result<(), StoreError> {
        let client = self.client().await?;
        let sql = "DELETE FROM leases WHERE name = ANY($1::text[]) AND holder = $2";
        let statement = client.prepare_cached(sql).await?;
        client.execute(&statement, &[&names, &holder]).await?;
        Ok(())
    }

    async fn tried(&self, attempts: Vec<Attempt>) -> Result<(), StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(TRIED).await?;
        for attempt in &attempts {
            let MachineKey { kind, id } = &attempt.machine;
            let (number, tries) = (i64::from(attempt.order.number()), i64::from(attempt.tries));
            let (first_at, next_at) = (attempt.first_at.millis(), attempt.next_at.millis());
            client
                .execute(&statement, &[kind, id, &number, &first_at, &tries, &next_at, &attempt.error])
                .await?;
        }
        Ok(())
    }

    async fn attempts(&self, machine: &MachineKey) -> Result<Vec<Attempt>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT number, first_at, tries, next_at, error FROM attempts WHERE kind = $1 AND id = $2";
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&machine.kind, &machine.id]).await?;
        let attempt = |row: &Row| {
            Ok(Attempt {
                machine: machine.clone(),
                order: TxId::new(small(row.try_get(0)?)?),
                first_at: time(row.try_get(1)?)?,
                tries: small(row.try_get(2)?)?,
                next_at: time(row.try_get(3)?)?,
                error: row.try_get(4)?,
            })
        };
        rows.iter().map(attempt).collect()
    }

    async fn incidents(&self, incidents: Vec<Incident>) -> Result<(), StoreError> {
        let client = self.client().await?;
        let sql = "INSERT INTO incidents (at, kind, id, what, detail)
                   SELECT $1::bigint, $2::text, $3::text, $4::text, $5::text WHERE NOT EXISTS (SELECT 1 FROM incidents
                     WHERE closed_at IS NULL AND kind = $2 AND id = $3 AND what = $4 AND detail = $5)";
        let statement = client.prepare_cached(sql).await?;
        for incident in &incidents {
            let machine = incident.machine.as_ref();
            let (kind, id) = (machine.map(|m| &m.kind), machine.map(|m| &m.id));
            client
                .execute(&statement, &[&incident.at.millis(), &kind, &id, &incident.what, &incident.detail])
                .await?;
        }
        Ok(())
    }

    async fn parcels(&self, after: i64, limit: u32) -> Result<Vec<Parcel>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT number, kind, id, from_version, to_version, at FROM outbox WHERE number > $2
                   ORDER BY number LIMIT $1";
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&i64::from(limit), &after]).await?;
        let parcel = |row: &Row| {
            Ok(Parcel {
                number: row.try_get(0)?,
                machine: MachineKey { kind: row.try_get(1)?, id: row.try_get(2)? },
                from_version: version(row.try_get(3)?)?,
                to_version: version(row.try_get(4)?)?,
                at: time(row.try_get(5)?)?,
            })
        };
        rows.iter().map(parcel).collect()
    }

    async fn delivered(&self, numbers: Vec<i64>) -> Result<(), StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached("DELETE FROM outbox WHERE number = ANY($1::bigint[])").await?;
        client.execute(&statement, &[&numbers]).await?;
        Ok(())
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<ClientReceipt>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT request, answer, at FROM receipts WHERE scope = $1 AND key = $2";
        let statement = client.prepare_cached(sql).await?;
        let row = client.query_opt(&statement, &[&scope, &key]).await?;
        row.as_ref().map(receipt).transpose()
    }

    async fn keep_receipt(
        &self,
        scope: &str,
        key: &str,
        new: ClientReceipt,
    ) -> Result<ClientReceipt, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(KEEP).await?;
        let kept = client
            .query_opt(&statement, &[&scope, &key, &new.request, &new.answer, &new.at.millis()])
            .await?;
        match kept {
            Some(row) => receipt(&row),
            // somebody else has just kept one, which this statement did not see yet
            None => Ok(self.receipt(scope, key).await?.unwrap_or(new)),
        }
    }

    async fn backlogged(&self, now: Time) -> Result<Backlogged, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(BACKLOGGED).await?;
        let row = client.query_one(&statement, &[&now.millis()]).await?;
        let count = |column: usize| row.try_get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or(0));
        let age = |column: usize| {
            let at: Option<i64> = row.try_get(column)?;
            let age = |at| u64::try_from(now.millis().saturating_sub(at)).unwrap_or(0);
            Ok::<_, tokio_postgres::Error>(at.map_or(0, age))
        };
        Ok(Backlogged {
            due: count(0)?,
            due_lag_ms: age(1)?,
            unanswered: count(2)?,
            unanswered_ms: age(3)?,
            parcels: count(4)?,
            parcels_ms: age(5)?,
            incidents: count(6)?,
        })
    }

    async fn tallied(&self, now: Time) -> Result<Vec<Tally>, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&tallies_sql('$')).await?;
        let rows = client.query(&statement, &[&now.millis()]).await?;
        let tally = |row: &Row| {
            let columns = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            Ok(tally(columns, now)?)
        };
        rows.iter().map(tally).collect()
    }

    async fn lease_waiting(&self, wanted: Wanted<'_>) -> Result<Option<Vec<String>>, StoreError> {
        let waits = match wanted.wait {
            Wait::Deadline => "next_deadline",
            Wait::Answer => "next_try",
        };
        let Wanted { kind, wait: _, before, limit, holder, now, until } = wanted;
        let client = self.client().await?;
        let statement = client.prepare_cached(&lease_waiting(waits)).await?;
        let (before, limit, now, until) = (before.millis(), i64::from(limit), now.millis(), until.millis());
        let rows = client.query(&statement, &[&kind, &before, &limit, &holder, &now, &until]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_, StoreError>>().map(Some)
    }

    async fn clock(&self) -> Result<Option<Time>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint";
        let statement = client.prepare_cached(sql).await?;
        Ok(Some(time(client.query_one(&statement, &[]).await?.try_get(0)?)?))
    }
}

impl Postgres {
    /// The incidents that nobody has closed, the oldest first, with their numbers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_incidents(&self, after: i64, limit: u32) -> Result<Vec<(i64, Incident)>, StoreError> {
        let client = self.client().await?;
        let sql =
            "SELECT number, at, what, detail, kind, id FROM incidents WHERE closed_at IS NULL AND number > $1
                   ORDER BY number LIMIT $2";
        let statement = client.prepare_cached(sql).await?;
        let incident = |row: &Row| {
            let machine = match row.try_get::<_, Option<String>>(4)? {
                Some(kind) => Some(MachineKey { kind, id: row.try_get(5)? }),
                None => None,
            };
            let at = time(row.try_get(1)?)?;
            Ok((row.try_get(0)?, Incident { at, machine, what: row.try_get(2)?, detail: row.try_get(3)? }))
        };
        client.query(&statement, &[&after, &i64::from(limit)]).await?.iter().map(incident).collect()
    }

    /// Somebody has looked into it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn close_incident(&self, number: i64, at: Time) -> Result<(), StoreError> {
        let client = self.client().await?;
        let statement =
            client.prepare_cached("UPDATE incidents SET closed_at = $2 WHERE number = $1").await?;
        client.execute(&statement, &[&number, &at.millis()]).await?;
        Ok(())
    }
}

fn receipt(row: &Row) -> Result<ClientReceipt, StoreError> {
    Ok(ClientReceipt { request: row.try_get(0)?, answer: row.try_get(1)?, at: time(row.try_get(2)?)? })
}

fn small(stored: i64) -> Result<u32, StoreError> {
    u32::try_from(stored).map_err(|_| StoreError::Value(format!("the number {stored}")))
}
