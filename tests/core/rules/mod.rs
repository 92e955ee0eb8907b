//! The rules, file by file as in `src/deal/rules/`: DESIGN §4. Amounts are worked out by hand in the comments, in roubles.
//!
//! `World` (see `common`) checks all invariants, replay, decoding, conservation, the book of real money, punctuality
//! and repeats around every step.

mod acceptance;
mod agreement;
mod answers;
mod cancellation;
mod capture;
mod chargebacks;
mod charges;
mod clearing;
mod costs;
mod destinations;
mod dispute;
mod endings;
mod funding;
mod holds;
mod legs;
mod moderation;
mod notes;
mod payins;
mod payout;
mod performance;
mod proposal;
mod timers;
mod tolerance;
mod tracking;
