//! What is owed to whom: the quote before a deal, the settlement at its end. Pure functions of terms and pots.
//!
//! # The quote
//!
//! ```text
//! price        = Σ unit price × quantity
//! service      buyer's part = cost | 0 | floor(cost × rate);   seller's part = cost − buyer's part
//! order        = price + Σ buyer's parts of services
//! fee          = clamp(floor(base × rate) + fixed, min, max)
//!                buyer's part = fee | 0 | floor(fee × rate);   seller's part = fee − buyer's part
//!                net = fee − Σ carve-outs ≥ 0
//! buyer_total  = order + Σ buyer's parts of fees
//! deposit      = buyer_total − pay_offline
//! proceeds     = price + Σ buyer's parts of the seller's services − pay_offline
//! net          = proceeds − Σ seller's parts of (services of others, fees)
//! payout       = max(0, net);   seller_due = max(0, −net)
//! ```
//!
//! # The settlement
//!
//! There are two payment pots: B, what the buyer has paid in, and L, what the seller has paid in. There are claims on
//! them, in this order: the arbitration fee A (only where an arbiter ruled), the services of others, the fees. Each
//! ending is a row of this table, which is `row.rs`. S is what the seller is to get out of B, before the seller's own
//! parts of the claims.
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
mod charges;
mod claims;
mod course;
mod due;
mod ending;
mod error;
mod fraction;
mod minor;
mod pots;
mod price;
mod quote;
mod row;
mod schedule;
mod settle;
mod split;
mod sums;

pub use course::{Charge, Course};
pub use ending::{AwardedBy, Ending, Fault, Quantities};
pub use error::SettleError;
pub use pots::{Incurred, Pots};
pub use price::{Goal, PriceError, price_for};
pub use quote::{FeeLine, Quote, ServiceLine, quote};
pub(crate) use settle::settle_surely;
pub use settle::{max_award, settle};
pub use split::{Purpose, Receivable, Settlement, Share};
pub(crate) use sums::QuoteError;
