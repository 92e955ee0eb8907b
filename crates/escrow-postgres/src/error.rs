//! What can go wrong with the database.

use std::sync::Arc;

use escrow_store::Unreadable;
use thiserror::Error;

/// What can go wrong with the storage.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no connection.
    #[error("no connection: {0}")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The pool cannot be made.
    #[error("no pool: {0}")]
    Build(#[from] deadpool_postgres::BuildError),
    /// PostgreSQL says so, or is gone.
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] tokio_postgres::Error),
    /// Something stored cannot be read, or something cannot be written as JSON.
    #[error("{what}: {error}")]
    Json {
        /// What it is.
        what: String,
        /// Why.
        error: Arc<serde_json::Error>,
    },
    /// A journal leads to no machine.
    #[error("{what}: {error}")]
    Decode {
        /// Which one.
        what: String,
        /// Why.
        error: escrow::machine::DecodeError,
    },
    /// A stored value is none that this version writes.
    #[error("{0}: not a value that this version has written")]
    Value(String),
    /// A newer version of this crate has written the tables.
    #[error("the tables have schema {found}, and this version knows up to {known}")]
    Newer {
        /// Their schema.
        found: i64,
        /// The newest one that is known.
        known: i64,
    },
}

impl From<Unreadable> for StoreError {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Json { what, error } => Self::Json { what, error },
            Unreadable::Value(what) => Self::Value(what),
            Unreadable::Decode { what, error } => Self::Decode { what, error },
        }
    }
}
