//! The tests of the core, in one binary: a module per rule, one per promise.
#![allow(missing_docs)]

#[path = "../bench_support/mod.rs"]
mod bench_support;
#[path = "../common/mod.rs"]
mod common;
mod support;

mod agent;
mod bad_input;
mod bug_classes;
mod disputes;
mod docs;
mod exploration;
mod generative;
mod lifecycle;
mod model;
mod names;
mod previews;
mod quote;
mod race;
mod settlement;
mod sizes;
mod table;
