//! How much waits, by kind and by age.

use escrow::Time;
use escrow::port::{Tallied, Tally};

use crate::rows::Unreadable;

/// The query: its parameter is the time now, in milliseconds; `sign` is what the dialect writes before its number. Its columns
/// are what [`tally`] takes. The ages are a minute, ten, an hour, six, and a day.
pub fn tallies_sql(sign: char) -> String {
    format!(
        "SELECT CAST(0 AS BIGINT), kind, COUNT(*), MIN(next_deadline) FROM machines WHERE next_deadline <= CAST({sign}1 AS BIGINT)
           GROUP BY kind
         UNION ALL SELECT 1, kind, COUNT(*), MIN(pending_since) FROM machines WHERE next_try IS NOT NULL GROUP BY kind
         UNION ALL SELECT 2, CAST(a.age AS TEXT), COUNT(m.id), MIN(m.pending_since)
           FROM (SELECT 60 AS age UNION ALL SELECT 600 UNION ALL SELECT 3600 UNION ALL SELECT 21600 UNION ALL SELECT 86400) a
           LEFT JOIN machines m ON m.next_try IS NOT NULL AND m.pending_since <= {sign}1 - a.age * 1000 GROUP BY a.age
         UNION ALL SELECT 3, kind, CAST(SUM(tries) AS BIGINT), MIN(first_at) FROM attempts GROUP BY kind
         UNION ALL SELECT 4, kind, COUNT(*), MIN(at) FROM outbox GROUP BY kind
         UNION ALL SELECT 5, what, COUNT(*), MIN(at) FROM incidents WHERE closed_at IS NULL GROUP BY what"
    )
}

/// A row of [`tallies_sql`]: which count it is, its label, how many, and since when.
///
/// # Errors
/// [`Unreadable::Value`]: there is no such count.
pub fn tally(
    (which, label, count, since): (i64, String, i64, Option<i64>),
    now: Time,
) -> Result<Tally, Unreadable> {
    let what = match which {
        0 => Tallied::Due,
        1 => Tallied::Unanswered,
        2 => Tallied::UnansweredFor,
        3 => Tallied::Attempts,
        4 => Tallied::Parcels,
        5 => Tallied::Incidents,
        other => return Err(Unreadable::Value(format!("the count {other}"))),
    };
    let age = |since| u64::try_from(now.millis().saturating_sub(since)).unwrap_or(0);
    let count = u64::try_from(count).unwrap_or(0);
    Ok(Tally { what, label, count, oldest_ms: since.map_or(0, age) })
}
