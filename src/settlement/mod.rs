//! What is owed to whom at the end of a deal: a pure function of terms and pots. Before it, there is the
//! [`Quote`](crate::Quote).
//!
//! # The settlement
//!
//! There are two payment pots: B, what the buyer has paid in, and L, what the seller has paid in. There are costs on
//! them, in this order: the arbitration fee A (only where an arbiter ruled), the services of others, the fees. Each
//! ending is a row of this table, which is `row.rs`. S is what the seller is to get out of B, before the seller's own
//! parts of the costs.
//!
//! | ending | S | services of others | fees: keep · return · pro_rata | who pays |
//! |---|---|---|---|---|
//! | success | proceeds | all | 1 · 1 · 1 | as agreed |
//! | partial buyout | proceeds of the quote on the accepted items | all | 1 · 1 · 1, as requoted | as agreed |
//! | cancelled, buyer at fault | Σ costs of the seller's incurred services | incurred | 1 · 0 · 0 | the buyer, whole |
//! | cancelled, seller at fault | 0 | incurred | 1 · 0 · 0 | the seller, whole |
//! | cancelled, nobody at fault | 0 | incurred | 0 · 0 · 0 | the platform |
//! | award of S | S ≤ M | incurred | 1 · 0 · f | as agreed |
//!
//! f is S as a part of the price that is paid online. M, the most that can be awarded, is the lesser of the proceeds and
//! what is left of B after A, the services and the kept fees.
//!
//! The steps, in `settle.rs`, each capped by what is left:
//! 1. Out of B: A, the buyer's parts of the services and of the kept fees, then S, then the buyer's parts of the other
//!    fees. The rest of B goes back to the buyer.
//! 2. The seller's parts come off S, then off L, then, where the seller is at fault, off the seller's guarantee. The rest
//!    of S and of L goes to the seller.
//! 3. What could not be covered is a [`Receivable`] against whoever bears it.
//! 4. Carve-outs are scaled with what was collected of their fee.
//! 5. Guarantees go back to their owners, or both to the winner of [`Award::Winner`](crate::Award::Winner).
//!
//! Until every required deposit is full, every ending gives everything back.

mod accepted;
mod costs;
mod ending;
mod error;
mod outcome;
mod pots;
mod row;
mod settle;
mod split;

pub use ending::{AwardedBy, Ending, Fault, Quantities};
pub use error::SettleError;
pub use outcome::Outcome;
pub use pots::{Incurred, Pots};
pub(crate) use settle::settle_surely;
pub use settle::{max_award, settle};
pub use split::{Receivable, Settlement, Share};
