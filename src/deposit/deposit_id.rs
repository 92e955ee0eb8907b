//! Names of deposits within a deal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Side;

/// A deposit within its deal: four that every deal has, then the additional charges in their order.
///
/// Written as `buyer_payment`, `seller_payment`, `buyer_guarantee`, `seller_guarantee`, `charge_1`, `charge_2`, …
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DepositId(u8);

/// The deposit that almost everything is about, and which is left out where it is stored.
pub(super) const fn buyers_payment() -> DepositId {
    DepositId::BUYER_PAYMENT
}

pub(super) fn is_buyers_payment(id: &DepositId) -> bool {
    *id == DepositId::BUYER_PAYMENT
}

impl DepositId {
    /// B: what the buyer pays for the order.
    pub const BUYER_PAYMENT: Self = Self(0);
    /// L: what the seller pays where the seller's parts exceed the proceeds.
    pub const SELLER_PAYMENT: Self = Self(1);
    /// The buyer's guarantee.
    pub const BUYER_GUARANTEE: Self = Self(2);
    /// The seller's guarantee.
    pub const SELLER_GUARANTEE: Self = Self(3);
    /// The most additional charges that a deal can have.
    pub const MAX_CHARGES: u8 = 32;

    /// The deposits that every deal has.
    pub(crate) const REQUIRED: [Self; 4] =
        [Self::BUYER_PAYMENT, Self::SELLER_PAYMENT, Self::BUYER_GUARANTEE, Self::SELLER_GUARANTEE];

    const FIXED: [(Self, &'static str); 4] = [
        (Self::BUYER_PAYMENT, "buyer_payment"),
        (Self::SELLER_PAYMENT, "seller_payment"),
        (Self::BUYER_GUARANTEE, "buyer_guarantee"),
        (Self::SELLER_GUARANTEE, "seller_guarantee"),
    ];
    const FIRST_CHARGE: u8 = 4;
    const FIRST_STRAY: u8 = 36;

    /// The payment deposit of one side.
    pub const fn payment(side: Side) -> Self {
        match side {
            Side::Buyer => Self::BUYER_PAYMENT,
            Side::Seller => Self::SELLER_PAYMENT,
        }
    }

    /// The guarantee of one side.
    pub const fn guarantee(side: Side) -> Self {
        match side {
            Side::Buyer => Self::BUYER_GUARANTEE,
            Side::Seller => Self::SELLER_GUARANTEE,
        }
    }

    /// The additional charge with this number, counted from 1; `None` beyond [`Self::MAX_CHARGES`].
    pub fn charge(number: u8) -> Option<Self> {
        let in_range = (1..=Self::MAX_CHARGES).contains(&number);
        in_range.then(|| Self(Self::FIRST_CHARGE.saturating_add(number).saturating_sub(1)))
    }

    /// The deposit's place in the deal's list.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn at_index(index: usize) -> Option<Self> {
        let last = Self::FIRST_CHARGE.saturating_add(Self::MAX_CHARGES);
        u8::try_from(index).ok().filter(|i| *i < last).map(Self)
    }

    /// Whether it is one of the two payments that a deal requires, not a guarantee nor an additional charge.
    pub(crate) fn is_required_payment(self) -> bool {
        self == Self::BUYER_PAYMENT || self == Self::SELLER_PAYMENT
    }

    pub(crate) const fn is_charge(self) -> bool {
        self.0 >= Self::FIRST_CHARGE && self.0 < Self::FIRST_STRAY
    }

    /// The deposit of money that strayed, at this place of their list; `None` beyond what can be named.
    pub(crate) fn stray(index: usize) -> Option<Self> {
        u8::try_from(index).ok().and_then(|i| Self::FIRST_STRAY.checked_add(i)).map(Self)
    }

    /// Where a deposit of money that strayed stands in their list.
    pub(crate) fn stray_index(self) -> Option<usize> {
        self.0.checked_sub(Self::FIRST_STRAY).map(usize::from)
    }
}

impl fmt::Display for DepositId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::FIXED.iter().find(|(id, _)| id == self) {
            Some((_, name)) => f.write_str(name),
            None if self.stray_index().is_some() => {
                write!(f, "stray_{}", self.0.saturating_sub(Self::FIRST_STRAY).saturating_add(1))
            }
            None => write!(f, "charge_{}", self.0.saturating_sub(Self::FIRST_CHARGE).saturating_add(1)),
        }
    }
}

impl fmt::Debug for DepositId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text names no deposit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "deposit: write buyer_payment, seller_payment, buyer_guarantee, seller_guarantee, charge_N or stray_N with N from 1"
)]
pub struct UnknownDepositName;

impl FromStr for DepositId {
    type Err = UnknownDepositName;

    fn from_str(text: &str) -> Result<Self, UnknownDepositName> {
        if let Some((id, _)) = Self::FIXED.iter().find(|(_, name)| *name == text) {
            return Ok(*id);
        }
        let charge = text.strip_prefix("charge_").and_then(number).and_then(Self::charge);
        let stray = || {
            text.strip_prefix("stray_")
                .and_then(number)
                .and_then(|n| Self::stray(usize::from(n).saturating_sub(1)))
        };
        charge.or_else(stray).ok_or(UnknownDepositName)
    }
}

/// A number from 1, in one spelling only: no sign, no leading zero.
fn number(text: &str) -> Option<u8> {
    let plain = text.starts_with(|c: char| ('1'..='9').contains(&c));
    plain.then(|| text.parse().ok()).flatten()
}

impl Serialize for DepositId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DepositId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = DepositId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a deposit")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DepositId, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Name)
    }
}
