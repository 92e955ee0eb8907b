//! The host and its worker, on SQLite, with the sandbox bank as the judge.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::disallowed_methods)]
#![allow(clippy::as_conversions, clippy::wildcard_enum_match_arm)]

mod bank;
mod batches;
mod chaos;
#[path = "../../examples/chaos/child.rs"]
mod chaos_child;
#[path = "../../examples/chaos/market.rs"]
mod chaos_market;
#[path = "../../examples/chaos/run.rs"]
mod chaos_run;
#[path = "../../examples/chaos/server.rs"]
mod chaos_server;
mod commands;
mod contested;
mod erasure;
mod figures;
mod http;
mod workers;
mod world;
