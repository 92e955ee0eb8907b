//! The repository on a real file: the laws, real kills, upgrades, checks, pages.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::arithmetic_side_effects, clippy::disallowed_methods)]

mod backlog;
mod batches;
mod kills;
mod laws;
mod lists;
mod machines;
mod world;
