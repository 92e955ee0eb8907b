//! What can go wrong with the file.

use std::sync::Arc;

use escrow_store::Unreadable;
use thiserror::Error;

/// What can go wrong with the storage.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite says so: the disk is full, the file is locked or damaged.
    #[error("SQLite: {0}")]
    Sqlite(Arc<rusqlite::Error>),
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
    /// A newer version of this crate has written the file.
    #[error("the file has schema {found}, and this version knows up to {known}")]
    Newer {
        /// The schema of the file.
        found: i64,
        /// The newest one that is known.
        known: i64,
    },
    /// The writer's thread is gone, or could not be started.
    #[error("the writer is gone")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
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
