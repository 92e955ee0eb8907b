//! The ledger: every posting balances, the trial balance is the buckets, and journals pass the tools of accountants.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, clippy::inconsistent_digit_grouping)]

mod beside;
mod laws;
mod story;
mod tools;
