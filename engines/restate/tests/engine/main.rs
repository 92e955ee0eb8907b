//! Machines on a real Restate server, each test on one of its own; the books of a bank in another process are the judge. Where
//! npm, or its registry, or the server is missing, each test says that it was skipped.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::disallowed_methods
)]

mod cluster;
mod faults;
mod follows;
mod lists;
mod rules;
#[path = "../../src/bin/escrow-restate/server.rs"]
mod server;
mod upgrade;
mod world;
