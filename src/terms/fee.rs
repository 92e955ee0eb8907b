//! The fee schedule: who gets how much of which base, who pays it, and what a refund leaves of it.

use serde::{Deserialize, Serialize};

use super::service::Payer;
use crate::money::Rounding;
use crate::stored::left_out::is_default;
use crate::{Money, PartyId, Payee, Rate};

text_id! {
    /// Names a fee within its deal.
    FeeId(32)
}

/// Who receives a fee.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeePayee {
    /// The platform.
    Platform,
    /// The payment processor.
    Processor,
    /// A partner, such as the owner of the site where the seller sells.
    Partner(PartyId),
}

impl FeePayee {
    /// This receiver as a payee of the deal.
    pub fn payee(&self) -> Payee {
        match self {
            Self::Platform => Payee::Platform,
            Self::Processor => Payee::Processor,
            Self::Partner(id) => Payee::Party(id.clone()),
        }
    }
}

/// What a rate is taken of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeBase {
    /// The sum of the items.
    Price,
    /// The price and the buyer's parts of the services.
    Order,
    /// What the buyer pays online, fees included. For a fee that the seller pays, or for one that the buyer pays: then
    /// the gross is the least that leaves everything else when the fee and its taxes are off it. Never shared.
    Gross,
    /// The sum of these items only, by their places in the terms, from 0 and in ascending order: a commission for a
    /// category. Where no unit of them is accepted there is no fee.
    Items(Vec<u16>),
    /// The whole of an earlier fee: a tax. It has the payer and the `on_refund` of that fee.
    Fee(FeeId),
}

/// What happens to a fee when the deal does not complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRefund {
    /// The fee is paid whole in a cancellation at a party's fault, and in an award.
    Keep,
    /// The fee is given up.
    Return,
    /// In an award the fee is paid in proportion to what the seller gets. In a cancellation it is given up.
    ProRata,
}

/// One fee: `clamp(round(base × rate) + fixed + per_unit × units, min, max)`. [`Fee::percent`] and [`Fee::fixed`] begin one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fee {
    /// The name of the fee, unique within the deal.
    pub id: FeeId,
    /// Who receives it.
    pub payee: FeePayee,
    /// The part of the base.
    #[serde(default)]
    pub rate: Rate,
    /// What the rate is taken of.
    pub base: FeeBase,
    /// How the product of base and rate is rounded. Parts of a fee are always rounded toward zero.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rounding: Rounding,
    /// A fixed sum on top of the rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Money>,
    /// A fixed sum for every unit of the items that are the base. Only where the base is items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_unit: Option<Money>,
    /// The least that the fee can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Money>,
    /// The most that the fee can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Money>,
    /// Who pays it. Absent for a carve-out and for a tax, which follow their parents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
    /// What happens to it on a refund. Absent for a carve-out and for a tax, which follow their parents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_refund: Option<OnRefund>,
    /// An earlier fee out of which this one is carved. PAYSTO: 30 % to the partner, out of which 5 % go to the
    /// processor, so that the partner nets 25 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of: Option<FeeId>,
}

impl Fee {
    /// A rate of the price, returned when the deal does not complete.
    pub fn of_price(id: FeeId, payee: FeePayee, rate: Rate, payer: Payer) -> Self {
        Self {
            id,
            payee,
            rate,
            base: FeeBase::Price,
            rounding: Rounding::Down,
            fixed: None,
            per_unit: None,
            min: None,
            max: None,
            payer: Some(payer),
            on_refund: Some(OnRefund::Return),
            out_of: None,
        }
    }

    /// A rate of the price, carved out of an earlier fee.
    pub fn carved(id: FeeId, payee: FeePayee, rate: Rate, out_of: FeeId) -> Self {
        let own = Self::of_price(id, payee, rate, Payer::Seller);
        Self { payer: None, on_refund: None, out_of: Some(out_of), ..own }
    }

    /// A rate of an earlier fee, on top of it: a tax.
    pub fn tax(id: FeeId, payee: FeePayee, rate: Rate, of: FeeId) -> Self {
        let own = Self::of_price(id, payee, rate, Payer::Seller);
        Self { base: FeeBase::Fee(of), payer: None, on_refund: None, ..own }
    }

    /// The fee that this one taxes: it follows that fee, and is no carve-out.
    pub fn taxes(&self) -> Option<&FeeId> {
        match (&self.base, &self.out_of) {
            (FeeBase::Fee(parent), None) => Some(parent),
            (FeeBase::Fee(_) | FeeBase::Price | FeeBase::Order | FeeBase::Gross | FeeBase::Items(_), _) => {
                None
            }
        }
    }

    /// Whether this fee is carved out of another.
    pub const fn is_carve_out(&self) -> bool {
        self.out_of.is_some()
    }
}
