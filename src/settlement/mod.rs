//! What is owed to whom: the quote before a deal, the settlement at its end. Pure functions of terms and pots.

mod claims;
mod minor;
mod quote;
mod settle;
mod split;

pub(crate) use quote::QuoteError;
pub use quote::{FeeLine, Quote, ServiceLine, quote};
pub(crate) use settle::settle_surely;
pub use settle::{Ending, Fault, Incurred, Pots, Quantities, SettleError, max_award, settle};
pub use split::{Purpose, Receivable, Settlement, Share};
