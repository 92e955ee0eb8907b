//! What money moves for.

use serde::{Deserialize, Serialize};

/// Why somebody gets money, or owes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The seller's earnings.
    Payout,
    /// A service that another than the seller provides.
    Service,
    /// Fees.
    Fee,
    /// The fee for a ruling.
    ArbitrationFee,
    /// The rest of a payment, back to who paid it.
    Refund,
    /// Money that was not needed, came late or in the wrong phase, back to who paid it.
    Excess,
    /// A deposit whose required amount was changed by an amendment, back to who paid it.
    Returned,
    /// A guarantee, back to its owner.
    Guarantee,
    /// The loser's guarantee, to the winner.
    Award,
    /// An additional charge, to whom it was agreed.
    Charge,
    /// What a lost chargeback took beyond the pot. It is only ever owed, never paid out.
    Chargeback,
}

impl Purpose {
    /// Whether money with this purpose goes back to where it came from.
    pub const fn goes_back(self) -> bool {
        match self {
            Self::Refund | Self::Excess | Self::Returned | Self::Guarantee => true,
            Self::Payout
            | Self::Service
            | Self::Fee
            | Self::ArbitrationFee
            | Self::Award
            | Self::Charge
            | Self::Chargeback => false,
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payout => "payout",
            Self::Service => "service",
            Self::Fee => "fee",
            Self::ArbitrationFee => "arbitration_fee",
            Self::Refund => "refund",
            Self::Excess => "excess",
            Self::Returned => "returned",
            Self::Guarantee => "guarantee",
            Self::Award => "award",
            Self::Charge => "charge",
            Self::Chargeback => "chargeback",
        }
    }
}
