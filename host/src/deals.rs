//! Where the deals are: a SQLite file, or a PostgreSQL database that `DATABASE_URL` names. Both behind one type, so that
//! nothing else of the desk knows which.

use std::fmt::{Display, Formatter};
use std::path::Path;

use escrow::Time;
use escrow::port::{
    Attempt, Backlog, Backlogged, ClientReceipt, Commit, CommitError, Incident, MachineKey, Parcel,
    Repository, Wanted,
};
use escrow_postgres::Postgres;
use escrow_sqlite::Sqlite;
use escrow_store::{Entry, Filter, Listed, Page, Storable};

/// How many connections a process has to PostgreSQL.
const CONNECTIONS: usize = 16;

/// The store of the deals, and of the projects, baskets and balances beside them.
#[derive(Clone, Debug)]
pub enum Deals {
    /// A file.
    Sqlite(Sqlite),
    /// A database, for any number of processes.
    Postgres(Postgres),
}

/// The storage failed.
#[derive(Debug)]
pub enum DealsError {
    /// The file.
    Sqlite(escrow_sqlite::StoreError),
    /// The database.
    Postgres(escrow_postgres::StoreError),
}

impl Display for DealsError {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::Postgres(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DealsError {}

impl From<escrow_sqlite::StoreError> for DealsError {
    fn from(error: escrow_sqlite::StoreError) -> Self {
        Self::Sqlite(error)
    }
}

impl From<escrow_postgres::StoreError> for DealsError {
    fn from(error: escrow_postgres::StoreError) -> Self {
        Self::Postgres(error)
    }
}

fn committed<E: Into<DealsError>>(done: Result<(), CommitError<E>>) -> Result<(), CommitError<DealsError>> {
    done.map_err(|error| match error {
        CommitError::Conflict => CommitError::Conflict,
        CommitError::Unknown(error) => CommitError::Unknown(error.into()),
    })
}

impl Deals {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// [`DealsError`].
    pub fn open(path: &Path) -> Result<Self, DealsError> {
        Ok(Self::Sqlite(Sqlite::open(path)?))
    }

    /// Connects to a database.
    ///
    /// # Errors
    /// The address is none, or nobody answers there.
    pub async fn connect(url: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let config: tokio_postgres::Config =
            url.parse().map_err(|_| "DATABASE_URL: write postgres://user:password@host/database")?;
        Ok(Self::Postgres(Postgres::connect(config, CONNECTIONS).await?))
    }

    /// A page of the machines of a kind.
    pub(crate) async fn list<M: Storable>(
        &self,
        filter: Filter<'_>,
        page: &Page,
    ) -> Result<Vec<Listed<M::Id>>, DealsError> {
        Ok(match self {
            Self::Sqlite(db) => db.list::<M>(filter, page)?,
            Self::Postgres(db) => db.list::<M>(filter, page).await?,
        })
    }

    /// The journal of a machine, behind a version.
    pub(crate) async fn journal<M: Storable>(
        &self,
        id: M::Id,
        after: u64,
    ) -> Result<Vec<Entry<M::Event>>, DealsError> {
        Ok(match self {
            Self::Sqlite(db) => db.journal::<M>(id, after)?,
            Self::Postgres(db) => db.journal::<M>(id, after).await?,
        })
    }

    pub(crate) async fn open_incidents(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, Incident)>, DealsError> {
        Ok(match self {
            Self::Sqlite(db) => db.open_incidents(after, limit)?,
            Self::Postgres(db) => db.open_incidents(after, limit).await?,
        })
    }

    pub(crate) async fn close_incident(&self, number: i64, at: Time) -> Result<(), DealsError> {
        match self {
            Self::Sqlite(db) => db.close_incident(number, at)?,
            Self::Postgres(db) => db.close_incident(number, at).await?,
        }
        Ok(())
    }
}

/// Does the same with whichever it is, and has one error.
macro_rules! either {
    ($self:ident, $db:ident => $work:expr) => {
        Ok(match $self {
            Self::Sqlite($db) => $work.await?,
            Self::Postgres($db) => $work.await?,
        })
    };
}

impl<M: Storable> Repository<M> for Deals {
    type Error = DealsError;

    async fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<DealsError>> {
        match self {
            Self::Sqlite(db) => committed(Repository::commit(db, commit).await),
            Self::Postgres(db) => committed(db.commit(commit).await),
        }
    }

    async fn load(&self, id: M::Id) -> Result<Option<M>, DealsError> {
        either!(self, db => Repository::<M>::load(db, id))
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, DealsError> {
        either!(self, db => Repository::<M>::due(db, now, limit))
    }

    async fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, DealsError> {
        either!(self, db => Repository::<M>::unanswered(db, before, limit))
    }
}

impl Backlog for Deals {
    type Error = DealsError;

    async fn lease(
        &self,
        names: Vec<String>,
        holder: &str,
        now: Time,
        until: Time,
    ) -> Result<Vec<String>, DealsError> {
        either!(self, db => db.lease(names, holder, now, until))
    }

    async fn release(&self, names: Vec<String>, holder: &str) -> Result<(), DealsError> {
        either!(self, db => db.release(names, holder))
    }

    async fn tried(&self, attempts: Vec<Attempt>) -> Result<(), DealsError> {
        either!(self, db => db.tried(attempts))
    }

    async fn attempts(&self, machine: &MachineKey) -> Result<Vec<Attempt>, DealsError> {
        either!(self, db => db.attempts(machine))
    }

    async fn incidents(&self, incidents: Vec<Incident>) -> Result<(), DealsError> {
        either!(self, db => db.incidents(incidents))
    }

    async fn parcels(&self, after: i64, limit: u32) -> Result<Vec<Parcel>, DealsError> {
        either!(self, db => db.parcels(after, limit))
    }

    async fn delivered(&self, numbers: Vec<i64>) -> Result<(), DealsError> {
        either!(self, db => db.delivered(numbers))
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<ClientReceipt>, DealsError> {
        either!(self, db => db.receipt(scope, key))
    }

    async fn keep_receipt(
        &self,
        scope: &str,
        key: &str,
        receipt: ClientReceipt,
    ) -> Result<ClientReceipt, DealsError> {
        either!(self, db => db.keep_receipt(scope, key, receipt))
    }

    async fn backlogged(&self, now: Time) -> Result<Backlogged, DealsError> {
        either!(self, db => db.backlogged(now))
    }

    async fn lease_waiting(&self, wanted: Wanted<'_>) -> Result<Option<Vec<String>>, DealsError> {
        either!(self, db => db.lease_waiting(wanted))
    }

    async fn clock(&self) -> Result<Option<Time>, DealsError> {
        either!(self, db => db.clock())
    }
}
