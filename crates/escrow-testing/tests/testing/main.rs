//! What the crate promises to a host's tests.
#![allow(missing_docs)]

#[path = "../../../../tests/common/mod.rs"]
mod common;

mod agents;
mod conformance;
mod given;
mod mistakes;
mod repository;
mod scenario;
mod statement;
mod witness;
