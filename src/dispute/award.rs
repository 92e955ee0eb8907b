//! What a dispute can end with.

use serde::{Deserialize, Serialize};

use crate::{Money, Rate, Side};

/// What the seller gets out of what the buyer has paid, as the parties agree or an arbiter rules.
///
/// Measured against `M`, the most that there is to award: what is left of the buyer's payment after the
/// arbitration fee, incurred services and kept fees, and never over the seller's proceeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Award {
    /// This sum, at most `M`; zero is an award like any other.
    Amount(Money),
    /// This part of `M`, rounded toward zero.
    Share(Rate),
    /// Nothing.
    BuyerAll,
    /// `M`.
    SellerAll,
    /// `M` or nothing, and both guarantees to the winner. WebMoney's arbitration.
    Winner(Side),
}

/// What an arbiter's silence leads to: shares only, which always fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultRuling {
    /// The seller gets nothing.
    BuyerAll,
    /// The seller gets all that there is to award.
    SellerAll,
    /// The seller gets this part.
    Share(Rate),
}

impl DefaultRuling {
    /// The same as an award.
    pub const fn award(self) -> Award {
        match self {
            Self::BuyerAll => Award::BuyerAll,
            Self::SellerAll => Award::SellerAll,
            Self::Share(rate) => Award::Share(rate),
        }
    }
}
