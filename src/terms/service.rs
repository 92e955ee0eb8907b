//! Ancillary services: who provides them, who pays, and how a cost is divided between the parties.

use serde::{Deserialize, Serialize};

use crate::{Money, PartyId, Payee, Rate, Text};

/// Who pays a service or a fee.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payer {
    /// The buyer, whole.
    Buyer,
    /// The seller, whole.
    Seller,
    /// Both. The rate is the buyer's part, rounded toward zero. Nalogka's `50/50` is `shared(50%)`.
    Shared(Rate),
}

impl Payer {
    /// The buyer's part of a cost: `cost`, nothing, or `floor(cost × rate)`.
    pub(crate) fn buyers_part(self, cost: i64) -> i64 {
        match self {
            Self::Buyer => cost,
            Self::Seller => 0,
            Self::Shared(rate) => rate.floor_of(cost),
        }
    }

    pub(crate) fn has_buyers_part(self) -> bool {
        match self {
            Self::Buyer => true,
            Self::Seller => false,
            Self::Shared(rate) => rate != Rate::ZERO,
        }
    }
}

/// Who provides a service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The seller. The buyer's part is then part of the proceeds.
    Seller,
    /// The platform.
    Platform,
    /// A third party, who is paid from the deal.
    Third(PartyId),
}

impl Provider {
    /// This provider as a payee of the deal. The seller is paid by the proceeds.
    pub(crate) fn payee(&self) -> Payee {
        match self {
            Self::Seller => Payee::Seller,
            Self::Platform => Payee::Platform,
            Self::Third(id) => Payee::Party(id.clone()),
        }
    }
}

/// An ancillary service, such as delivery or insurance.
///
/// # Source
/// Nalogka `additional_services[]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What it is called; not blank.
    pub name: Text<200, 1>,
    /// A longer description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<2000>>,
    /// The cost before discounts, where it differs. For information only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_cost: Option<Money>,
    /// The cost after discounts, which every computation uses. A free service costs zero.
    pub final_cost: Money,
    /// Who pays.
    pub payer: Payer,
    /// Who provides.
    pub provider: Provider,
}
