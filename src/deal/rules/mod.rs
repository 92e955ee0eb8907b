//! The rules, by the part of the life that they belong to. Each reads like the rows of the table that it
//! implements: it is called only where the table permits, reads the deal, and pushes what happens.

pub(super) mod acceptance;
pub(super) mod cancellation;
pub(super) mod chargeback;
pub(super) mod dispute;
pub(super) mod funding;
pub(super) mod moderation;
pub(super) mod notes;
pub(super) mod paying;
pub(super) mod performance;
pub(super) mod proposal;
pub(super) mod timer;
