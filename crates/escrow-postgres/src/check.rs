//! The journal is the truth: what is stored beside it is compared with it, and made from it again.

use std::collections::BTreeMap;

use deadpool_postgres::Transaction;
use escrow::Time;
use escrow::port::Aggregate;
use escrow_store::{Finding, JournalRow, MachineRow, Storable, StoredRow, judge, replay};
use tokio_postgres::IsolationLevel;

use crate::{Postgres, StoreError};

/// How many machines are read at a time.
const PAGE: i64 = 500;

const IDS: &str = "
SELECT id FROM journal WHERE kind = $1 AND version = 1 AND id > $2
UNION SELECT id FROM machines WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3";

const JOURNALS: &str = "
SELECT id, version, recorded FROM journal WHERE kind = $1 AND id = ANY($2::text[]) ORDER BY id, version";

const STATES: &str = "
SELECT id, version, state, status, status_at, created_at, order_id, next_deadline, pending_since, next_try
FROM machines WHERE kind = $1 AND id = ANY($2::text[])";

const PARTIES: &str = "SELECT id, party, created_at FROM parties WHERE kind = $1 AND id = ANY($2::text[])";

/// The row of a machine and its parties, in place of whatever is there; its tries are kept.
const REMAKE: &str = "
WITH forgotten AS (
  DELETE FROM parties WHERE kind = $1 AND id = $2 AND NOT (party = ANY($11::text[]) AND created_at = $7)
), known AS (
  INSERT INTO parties (kind, party, created_at, id) SELECT $1, p.party, $7, $2 FROM unnest($11::text[]) AS p (party)
  ON CONFLICT DO NOTHING
), next AS (
  SELECT CASE WHEN $10::bigint IS NULL THEN NULL
    ELSE COALESCE((SELECT MIN(next_at) FROM attempts WHERE kind = $1 AND id = $2), $10) END AS try
)
INSERT INTO machines (kind, id, version, state, status, status_at, created_at, order_id, next_deadline, pending_since,
  next_try)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, next.try FROM next
ON CONFLICT (kind, id) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state, status = EXCLUDED.status,
  status_at = EXCLUDED.status_at, created_at = EXCLUDED.created_at, order_id = EXCLUDED.order_id,
  next_deadline = EXCLUDED.next_deadline, pending_since = EXCLUDED.pending_since, next_try = EXCLUDED.next_try";

type Journals = BTreeMap<String, Vec<JournalRow>>;

impl Postgres {
    /// Replays every journal of a kind and compares what it leads to with what is stored, row by row: the state, the columns
    /// of the lists, the parties, and the count of the events. No finding: all of it agrees. Others may write meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]: the tables cannot be read.
    pub async fn fsck<M: Storable>(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        let mut last = String::new();
        loop {
            let mut client = self.client().await?;
            // of one instant, whoever commits meanwhile
            let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
            let at_once = builder.read_only(true).start().await?;
            let page = ids::<M>(&at_once, &last).await?;
            let Some(end) = page.last() else { return Ok(findings) };
            last.clone_from(end);
            let journals = journals::<M>(&at_once, &page).await?;
            let states = states::<M>(&at_once, &page).await?;
            at_once.commit().await?;
            let nothing = Vec::new();
            for id in &page {
                findings.extend(judge::<M>(id, journals.get(id).unwrap_or(&nothing), states.get(id)));
            }
        }
    }

    /// Makes the stored states and the columns of the lists of a kind again, from the journals alone. Returns how many. Whoever
    /// commits meanwhile, waits.
    ///
    /// # Errors
    /// [`StoreError::Decode`] where a journal leads to no machine; what was made until then stays.
    pub async fn rebuild<M: Storable>(&self) -> Result<u64, StoreError> {
        let mut made = 0_u64;
        let mut last = String::new();
        loop {
            let mut client = self.client().await?;
            let alone = client.transaction().await?;
            alone.batch_execute("LOCK TABLE machines IN SHARE ROW EXCLUSIVE MODE").await?;
            let page = ids::<M>(&alone, &last).await?;
            let Some(end) = page.last() else { return Ok(made) };
            last.clone_from(end);
            let journals = journals::<M>(&alone, &page).await?;
            let nothing = Vec::new();
            for id in &page {
                remake(&alone, &replay::<M>(id, journals.get(id).unwrap_or(&nothing))?).await?;
                made = made.saturating_add(1);
            }
            alone.commit().await?;
        }
    }
}

async fn ids<M: Aggregate>(within: &Transaction<'_>, last: &str) -> Result<Vec<String>, StoreError> {
    let statement = within.prepare_cached(IDS).await?;
    let rows = within.query(&statement, &[&M::KIND, &last, &PAGE]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn journals<M: Aggregate>(within: &Transaction<'_>, page: &[String]) -> Result<Journals, StoreError> {
    let statement = within.prepare_cached(JOURNALS).await?;
    let mut journals = Journals::new();
    for row in within.query(&statement, &[&M::KIND, &page]).await? {
        journals.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
    }
    Ok(journals)
}

async fn states<M: Aggregate>(
    within: &Transaction<'_>,
    page: &[String],
) -> Result<BTreeMap<String, StoredRow>, StoreError> {
    let statement = within.prepare_cached(PARTIES).await?;
    let mut parties: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    for row in within.query(&statement, &[&M::KIND, &page]).await? {
        parties.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
    }
    let statement = within.prepare_cached(STATES).await?;
    let mut states = BTreeMap::new();
    for row in within.query(&statement, &[&M::KIND, &page]).await? {
        let id: String = row.try_get(0)?;
        let stored = StoredRow {
            version: row.try_get(1)?,
            state: row.try_get(2)?,
            status: row.try_get(3)?,
            status_at: row.try_get(4)?,
            created_at: row.try_get(5)?,
            order_id: row.try_get(6)?,
            next_deadline: row.try_get(7)?,
            pending_since: row.try_get(8)?,
            next_try: row.try_get(9)?,
            parties: parties.remove(&id).unwrap_or_default(),
        };
        states.insert(id, stored);
    }
    Ok(states)
}

async fn remake(within: &Transaction<'_>, row: &MachineRow) -> Result<(), StoreError> {
    let l = &row.listing;
    let parties: Vec<&str> = l.parties.iter().map(escrow::PartyId::as_str).collect();
    let statement = within.prepare_cached(REMAKE).await?;
    within
        .execute(
            &statement,
            &[
                &row.kind,
                &row.id,
                &row.version,
                &row.state,
                &l.status,
                &l.status_at.millis(),
                &l.created_at.millis(),
                &l.order_id,
                &l.next_deadline.map(Time::millis),
                &l.pending_since.map(Time::millis),
                &parties,
            ],
        )
        .await?;
    Ok(())
}
