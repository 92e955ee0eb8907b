//! The tables, by numbered migrations.

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;

/// In order; the file says how many it has seen. Never changed once they are released: a change is a new one.
pub(crate) const MIGRATIONS: [&str; 4] = [
    include_str!("../migrations/0001_machines.sql"),
    include_str!("../migrations/0002_backlog.sql"),
    include_str!("../migrations/0003_parties.sql"),
    include_str!("../migrations/0004_incidents.sql"),
];

/// Applies the first `upto` migrations, as far as the file has not seen them.
pub(crate) fn migrate(db: &mut Connection, upto: usize) -> Result<(), StoreError> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len();
    let seen = usize::try_from(found).unwrap_or(usize::MAX);
    if seen > known {
        return Err(StoreError::Newer { found, known: i64::try_from(known).unwrap_or(i64::MAX) });
    }
    for (number, migration) in (1_i64..).zip(MIGRATIONS).take(upto).skip(seen) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    transaction.commit()?;
    Ok(())
}
