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
//! | success | proceeds − G | all | 1 · 1 · f | as agreed |
//! | partial buyout | proceeds of the quote on the accepted items − G | all | 1 · 1 · f, as requoted | as agreed |
//! | cancelled, buyer at fault | Σ costs of the seller's incurred services | incurred | 1 · 0 · 0 | the buyer, whole |
//! | cancelled, seller at fault | 0 | incurred | 1 · 0 · 0 | the seller, whole |
//! | cancelled, nobody at fault | 0 | incurred | 0 · 0 · 0 | the platform |
//! | called off by both | 0 | incurred | 0 · 0 · 0 | as agreed |
//! | award of S | S ≤ M | incurred | 1 · 0 · f | as agreed |
//!
//! - G is what the seller has given back, at most the proceeds.
//! - f = min(S, proceeds) / proceeds. Where nothing is earned it is 1, and in an award φ.
//! - M, the most that can be awarded, is the lesser of the proceeds − G and what is left of B after A, the services and
//!   the kept fees.
//! - φ is what becomes of the additional charges: 1 in a success and in a partial buyout, S / M in an award, 0 otherwise.
//!   Where M is zero it is the share that was awarded: all is 1, nothing and a sum are 0.
//! - A tax has the factor of the fee that it taxes. A fee's parts are floored each by itself.
//! - A partial buyout of nothing at all is the row of whose fault
//!   [`Policy::return_all`](crate::Policy::return_all) says it is, with every service counted as incurred.
//!
//! The steps, in `settle.rs`, each capped by what is left:
//! 1. Out of B: A, the buyer's parts of the services and of the kept fees, then S, then the buyer's parts of the other
//!    fees. The rest of B goes back to the buyer. What is missing of S and of these fees, and the policy's `shortfall`
//!    tolerates, lowers S first; f and φ stay.
//! 2. The seller's parts come off S, then off L, then, where the seller is at fault, off the seller's guarantee. The rest
//!    of S and of L goes to the seller.
//! 3. What could not be covered is a [`Receivable`] against whoever bears it.
//! 4. Carve-outs are scaled with what was collected of their fee.
//! 5. Guarantees go back to their owners, or both to the winner of [`Award::Winner`](crate::Award::Winner).
//!
//! 6. Of each additional charge that is paid in full, φ goes to its payee; of one that the seller pays to the buyer,
//!    1 − φ in an award. Out of what goes to the seller comes the charge fee. The rest goes back.
//!
//! Until every required deposit is full, every ending gives everything back.

mod accepted;
mod agreed;
mod charges;
mod costs;
mod course;
mod division;
mod due;
mod ending;
mod error;
mod fraction;
mod outcome;
mod pots;
mod row;
mod settle;
mod split;

pub use accepted::requote;
pub use agreed::{Offered, Resolution};
pub use charges::Charges;
pub use course::{Charge, Course};
pub(crate) use due::awards_all;
pub use ending::{AwardedBy, Ending, Fault, Quantities};
pub use error::SettleError;
pub use fraction::Fraction;
pub use outcome::Outcome;
pub use pots::{Incurred, Pots};
pub(crate) use settle::settle_surely;
pub use settle::{max_award, settle};
pub use split::{Receivable, Settlement, Share};
