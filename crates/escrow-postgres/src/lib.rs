//! The repository of the `escrow` crate on PostgreSQL: machines with their journals, an outbox, tries, incidents, leases and
//! clients' receipts, for any number of processes.
//!
//! [`Postgres`] is a handle on a pool. A commit is one prepared statement, and so one round trip and one transaction: it
//! checks the version, and writes the state, the journal, the outbox and what lists are found by. [`Postgres::commit_in`]
//! does the same inside a transaction of the caller's.
//!
//! It implements the async [`Repository`](escrow::port::Repository) and [`Backlog`](escrow::port::Backlog), on tokio;
//! [`BlockingPostgres`] has a runtime of its own, for hosts that block. What is
//! committed is durable as far as the server's `synchronous_commit` says so: leave it `on`, and with a synchronous standby
//! the loss of a machine loses nothing.

#![forbid(unsafe_code)]

mod backlog;
mod blocking;
mod check;
mod error;
mod lists;
mod postgres;
mod repository;
mod shards;

pub use blocking::BlockingPostgres;
pub use error::StoreError;
pub use escrow_store::{Entry, Filter, Finding, Listed, Lists, Page, Storable};
pub use postgres::Postgres;
pub use shards::Shards;
