//! How a deal ends, as far as money is concerned.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::Side;
use crate::dispute::Award;

/// Whose fault a cancellation is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The buyer pays every cost and every kept fee, whole.
    Buyer,
    /// The seller pays every cost and every kept fee, whole.
    Seller,
    /// Neither party pays anything. What others have spent is the platform's to pay.
    Nobody,
}

impl From<Side> for Fault {
    fn from(side: Side) -> Self {
        match side {
            Side::Buyer => Self::Buyer,
            Side::Seller => Self::Seller,
        }
    }
}

/// Accepted quantities, one per item of the terms, in the order of the items.
pub type Quantities = std::sync::Arc<[u32]>;

/// Who decided on an award.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwardedBy {
    /// The parties agreed. There is no arbitration fee.
    Agreement,
    /// An arbiter ruled. The arbitration fee is due.
    Ruling,
    /// The arbiter was silent, and the default ruling of the policy applies. There is no arbitration fee.
    DefaultRuling,
}

/// How a deal ends, as far as money is concerned.
///
/// # Examples
/// ```
/// # use escrow::{Award, Rate, settlement::Ending};
/// let half = Ending::agreed(Award::Share(Rate::HALF));
/// let json = r#"{"awarded":{"award":{"share":"50%"},"by":"agreement"}}"#;
/// assert_eq!(serde_json::to_string(&half)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ending {
    /// Everything was accepted.
    Success,
    /// A part of the items was accepted. Where none is, everything is returned: the deal is cancelled, at the fault that
    /// [`Policy::return_all`](crate::Policy::return_all) says.
    PartialBuyout(Quantities),
    /// The deal was cancelled, at the fault of this party or of nobody.
    Cancelled(Fault),
    /// Both parties called the deal off. Nobody pays a fee, and each pays the agreed part of what others have spent.
    CalledOff,
    /// The seller gets what was awarded.
    Awarded {
        /// What the seller gets.
        award: Award,
        /// Who decided on it.
        by: AwardedBy,
    },
}

impl Ending {
    /// Whether it is an acceptance, of everything or of a part.
    pub const fn is_accepted(&self) -> bool {
        match self {
            Self::Success | Self::PartialBuyout(_) => true,
            Self::Cancelled(_) | Self::CalledOff | Self::Awarded { .. } => false,
        }
    }

    /// Whether nothing was accepted: everything is returned.
    pub(crate) fn returns_everything(&self) -> bool {
        matches!(self, Self::PartialBuyout(accepted) if accepted.iter().all(|quantity| *quantity == 0))
    }

    /// An award that both parties agreed to.
    pub const fn agreed(award: Award) -> Self {
        Self::Awarded { award, by: AwardedBy::Agreement }
    }

    /// The ruling of an arbiter.
    pub const fn ruled(award: Award) -> Self {
        Self::Awarded { award, by: AwardedBy::Ruling }
    }

    /// The default ruling of the policy, where the arbiter was silent.
    pub const fn ruled_by_default(award: Award) -> Self {
        Self::Awarded { award, by: AwardedBy::DefaultRuling }
    }

    /// What was awarded, where the deal ends with an award.
    pub const fn award(&self) -> Option<Award> {
        match self {
            Self::Awarded { award, .. } => Some(*award),
            Self::Success | Self::PartialBuyout(_) | Self::Cancelled(_) | Self::CalledOff => None,
        }
    }

    /// Whether an arbiter ruled so, or the policy in place of a silent one.
    pub(crate) const fn is_ruled(&self) -> bool {
        match self {
            Self::Awarded { by: AwardedBy::Ruling | AwardedBy::DefaultRuling, .. } => true,
            Self::Awarded { by: AwardedBy::Agreement, .. }
            | Self::Success
            | Self::PartialBuyout(_)
            | Self::Cancelled(_)
            | Self::CalledOff => false,
        }
    }

    /// The outcome of a deal that ends like this.
    ///
    /// A deal that ends before it began is cancelled here, and its outcome may be a narrower one: declined or expired.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::PartialBuyout(_) if self.returns_everything() => Outcome::Cancelled,
            Self::Success | Self::PartialBuyout(_) => Outcome::Completed,
            Self::Cancelled(_) => Outcome::Cancelled,
            Self::CalledOff | Self::Awarded { .. } => Outcome::Resolved,
        }
    }

    /// The side that wins both guarantees.
    pub(super) const fn winner(&self) -> Option<Side> {
        match self {
            Self::Awarded { award: Award::Winner(side), .. } => Some(*side),
            Self::Awarded {
                award: Award::Amount(_) | Award::Share(_) | Award::BuyerAll | Award::SellerAll,
                ..
            }
            | Self::Success
            | Self::PartialBuyout(_)
            | Self::Cancelled(_)
            | Self::CalledOff => None,
        }
    }
}
