//! What the parties offer each other.

use serde::{Deserialize, Serialize};

use super::Ending;
use crate::dispute::Award;
use crate::stored::left_out::is_default;
use crate::{Money, Rate, Side};

/// How both parties agree that the deal ends: with an award, or not at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// [`Award::Amount`].
    Amount(Money),
    /// [`Award::Share`].
    Share(Rate),
    /// [`Award::BuyerAll`].
    BuyerAll,
    /// [`Award::SellerAll`].
    SellerAll,
    /// [`Award::Winner`].
    Winner(Side),
    /// Nobody pays a fee, and each pays the agreed part of what others have spent: [`Ending::CalledOff`].
    CallOff,
}

impl Resolution {
    /// The award; none where the deal is called off.
    pub const fn award(self) -> Option<Award> {
        match self {
            Self::Amount(amount) => Some(Award::Amount(amount)),
            Self::Share(rate) => Some(Award::Share(rate)),
            Self::BuyerAll => Some(Award::BuyerAll),
            Self::SellerAll => Some(Award::SellerAll),
            Self::Winner(side) => Some(Award::Winner(side)),
            Self::CallOff => None,
        }
    }

    /// How a deal ends by it.
    pub const fn ending(self) -> Ending {
        match self.award() {
            Some(award) => Ending::agreed(award),
            None => Ending::CalledOff,
        }
    }
}

impl From<Award> for Resolution {
    fn from(award: Award) -> Self {
        match award {
            Award::Amount(amount) => Self::Amount(amount),
            Award::Share(rate) => Self::Share(rate),
            Award::BuyerAll => Self::BuyerAll,
            Award::SellerAll => Self::SellerAll,
            Award::Winner(side) => Self::Winner(side),
        }
    }
}

/// An offer of a party: how the deal is to end. It stands until it is replaced, or would pay something else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Offered {
    /// Its number, over the offers of both.
    pub number: u32,
    /// How the deal is to end.
    pub award: Resolution,
    /// Whether the buyer gets the original of the work, whatever the seller gets.
    #[serde(default, skip_serializing_if = "is_default")]
    pub original: bool,
    /// A fingerprint of what everybody would get: [`Deal::preview`](crate::Deal::preview) of its ending says it.
    pub fingerprint: u64,
}
