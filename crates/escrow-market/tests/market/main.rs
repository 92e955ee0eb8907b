//! What a marketplace has beside its deals: a module per machine, and what holds of all of them in `machines`.
#![allow(missing_docs)]

#[path = "../../../../tests/common/mod.rs"]
mod common;

mod agent;
mod balance;
mod basket;
mod cast;
mod code;
mod machines;
mod names;
mod notices;
mod notices_beside;
mod offer;
mod payee;
mod project;
mod router;
mod store;
mod subscription;
