//! What the stores of the `escrow` crate share. It does no I/O: a store brings the connection and the dialect.
//!
//! - [`MachineRow`] and [`CommitRows`] are a machine and a commit as the columns of the tables.
//! - [`Filter`], [`Page`] and [`Listed`] are lists in keyset pages, with their SQL for both dialects; [`Lists`] is the port.
//! - [`tally`] counts what waits, by kind and by age.
//! - [`judge`] compares what is stored of a machine with what its journal leads to: a [`Finding`] where they differ.

#![forbid(unsafe_code)]

mod check;
mod lists;
mod rows;
mod tallies;

pub use check::{Finding, JournalRow, StoredRow, judge, replay};
pub use lists::{Columns, Filter, Listed, Lists, Page};
pub use rows::{CommitRows, Entry, MachineRow, Storable, Unreadable, number, parsed, time, version};
pub use tallies::{tallies_sql, tally};
