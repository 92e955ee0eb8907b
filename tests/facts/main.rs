//! No fact about money is lost, and nobody owes what they never had: the deal beside an independent model of its books.

#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

mod bugs;
mod compare;
mod machine;
#[expect(dead_code, reason = "the model says more than is compared")]
mod oracle;
#[path = "../core/exploration/promises.rs"]
mod promises;
mod random;
mod worked;
mod world;
