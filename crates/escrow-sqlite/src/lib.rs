//! The repository of the `escrow` crate on SQLite: machines with their journals, lists, an outbox, tries, incidents, leases
//! and clients' receipts, in one file.
//!
//! [`Sqlite`] is a handle that clones cheaply. One thread of it writes: it takes everything that waits into one transaction,
//! so that many clients share one `fsync`. Readers have connections of their own. The file is in WAL mode with
//! `synchronous = FULL`: what is committed survives a crash of the process and of the machine.
//!
//! It implements the async [`Repository`](escrow::port::Repository) and
//! [`Backlog`](escrow::port::Backlog), on any runtime, and the [blocking repository](escrow::port::blocking::Repository).
//! Reads are done where they are asked for; they take microseconds.
//!
//! # Examples
//! ```
//! use escrow::Deal;
//! use escrow::port::blocking::Repository;
//! use escrow_sqlite::Sqlite;
//!
//! let file = std::env::temp_dir().join(format!("escrow-doc-{}.db", std::process::id()));
//! let repository = Sqlite::open(&file)?;
//! let id = "018f3c5e-0000-7000-8000-000000000001".parse()?;
//! let nothing: Option<Deal> = repository.load(id)?;
//! assert!(nothing.is_none());
//! # drop(repository);
//! # std::fs::remove_file(file)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod backlog;
mod check;
mod error;
mod lists;
mod reply;
mod repository;
mod rows;
mod schema;
mod sqlite;
mod writer;

pub use error::StoreError;
pub use escrow_store::{Entry, Filter, Finding, Listed, Lists, Page, Storable};
pub use sqlite::Sqlite;
