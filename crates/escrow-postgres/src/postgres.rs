//! The handle on the pool.

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls};

use crate::StoreError;

/// In order; a table says how many it has seen. Never changed once they are released: a change is a new one.
const MIGRATIONS: [&str; 4] = [
    include_str!("../migrations/0001_machines.sql"),
    include_str!("../migrations/0002_backlog.sql"),
    include_str!("../migrations/0003_parties.sql"),
    include_str!("../migrations/0004_incidents.sql"),
];

/// Only one process migrates at a time: an advisory lock with this number.
const LOCK: i64 = 0x6573_6372_6f77;

/// A repository in a PostgreSQL database. Clones share one pool.
#[derive(Clone, Debug)]
pub struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Connects, and brings the tables up to date: those of the connection's `search_path`. TLS is the business of a pool of
    /// the host's own: [`Postgres::on`].
    ///
    /// # Errors
    /// [`StoreError`]: there is no connection, or the tables are of a newer version of this crate.
    pub async fn connect(config: Config, connections: usize) -> Result<Self, StoreError> {
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager).max_size(connections).runtime(Runtime::Tokio1).build()?;
        Self::on(pool).await
    }

    /// On a pool of the host's own.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn on(pool: Pool) -> Result<Self, StoreError> {
        let this = Self { pool };
        this.migrate().await?;
        Ok(this)
    }

    /// The pool.
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) async fn client(&self) -> Result<Object, StoreError> {
        Ok(self.pool.get().await?)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        transaction
            .batch_execute("CREATE TABLE IF NOT EXISTS escrow_schema (number BIGINT PRIMARY KEY)")
            .await?;
        let row = transaction.query_one("SELECT COALESCE(MAX(number), 0) FROM escrow_schema", &[]).await?;
        let found: i64 = row.try_get(0)?;
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        for (number, migration) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
            transaction.batch_execute(migration).await?;
            transaction.execute("INSERT INTO escrow_schema (number) VALUES ($1)", &[&number]).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
