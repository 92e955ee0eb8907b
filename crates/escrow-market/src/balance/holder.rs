//! Whose a balance is.

use std::fmt;

use serde::{Deserialize, Serialize};

use escrow::{Deal, PartyId, Payee};

/// Whose a balance is. A buyer and a seller are parties: what they earn in different deals comes together.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A party's: a buyer's, a seller's, a partner's.
    Party(PartyId),
    /// The platform's.
    Platform,
    /// The payment processor's.
    Processor,
}

impl Holder {
    /// Whose balance it is that a payee of this deal means.
    pub fn of(payee: &Payee, deal: &Deal) -> Self {
        match payee {
            Payee::Buyer => Self::Party(deal.binding_terms().buyer.clone()),
            Payee::Seller => Self::Party(deal.binding_terms().seller.clone()),
            Payee::Platform => Self::Platform,
            Payee::Processor => Self::Processor,
            Payee::Party(id) => Self::Party(id.clone()),
        }
    }

    /// The party, if it is one's.
    pub const fn party(&self) -> Option<&PartyId> {
        match self {
            Self::Party(id) => Some(id),
            Self::Platform | Self::Processor => None,
        }
    }

    pub(super) fn to_payee(&self) -> Payee {
        match self {
            Self::Party(id) => Payee::Party(id.clone()),
            Self::Platform => Payee::Platform,
            Self::Processor => Payee::Processor,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party(id) => f.write_str(id),
            Self::Platform => f.write_str("platform"),
            Self::Processor => f.write_str("processor"),
        }
    }
}
