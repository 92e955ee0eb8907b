//! The tests of the core, in one binary. `cargo test --test core chargebacks` runs those of a module.
//!
//! - `rules`: a module per file of `src/deal/rules/`, by the same name; `access`, `terms`, `quote`, `settlement`, `table`,
//!   `agent`: the same of other parts.
//! - `promises`: a module per promise, over random histories; `laws` says what is promised. `exploration` proves the
//!   promises of small deals, `model` compares with a naive model, `races` runs two hosts, `bad_input` spoils what comes
//!   from outside. What a command allocates is counted in a binary of its own, `tests/allocations/`.
//! - `bug_classes`: what went wrong in real systems, a test per class.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

#[path = "../bench_support/mod.rs"]
mod bench_support;
#[path = "../common/mod.rs"]
mod common;
mod support;

mod access;
mod agent;
mod bad_input;
mod bug_classes;
mod docs;
mod exploration;
mod laws;
mod model;
mod modules;
mod names;
mod previews;
mod promises;
mod quote;
mod races;
mod rules;
mod scenarios;
mod settlement;
mod sizes;
mod table;
mod terms;
