//! The host and its worker, on SQLite, with the sandbox bank as the judge.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::disallowed_methods)]
#![allow(clippy::as_conversions, clippy::wildcard_enum_match_arm)]

mod bank;
mod chaos;
mod chaos_child;
mod commands;
mod http;
mod workers;
mod world;
