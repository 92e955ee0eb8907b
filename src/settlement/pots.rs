//! What there is to divide, and which costs have been incurred.

use serde::{Deserialize, Serialize};

use crate::terms::Terms;
use crate::{Money, Side};

/// What there is to divide, in minor units of the deal's currency. Guarantees are in their own currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pots {
    /// B: what the buyer's payment deposit holds.
    pub buyer: i64,
    /// L: what the seller's payment deposit holds.
    pub seller: i64,
    /// What the buyer's guarantee holds.
    pub buyer_guarantee: Money,
    /// What the seller's guarantee holds.
    pub seller_guarantee: Money,
    /// Whether every required deposit is full. Until then every ending gives everything back, and nobody pays anything.
    pub funded: bool,
}

impl Pots {
    /// What there is in each, as it is stored.
    pub(crate) fn amounts(&self) -> [u64; 4] {
        let pots = [self.buyer, self.seller, self.buyer_guarantee.minor(), self.seller_guarantee.minor()];
        pots.map(|pot| u64::try_from(pot).unwrap_or(0))
    }

    /// The same pots with so much in each.
    pub(crate) fn of(self, amounts: [u64; 4]) -> Self {
        let [buyer, seller, buyers, sellers] = amounts.map(|pot| i64::try_from(pot).unwrap_or(i64::MAX));
        Self {
            buyer,
            seller,
            buyer_guarantee: Money::from_minor(buyers, self.buyer_guarantee.currency()),
            seller_guarantee: Money::from_minor(sellers, self.seller_guarantee.currency()),
            ..self
        }
    }

    /// The pots of a deal whose required deposits are all full, to the minor unit.
    pub fn full(terms: &Terms) -> Self {
        let guarantee = |side| terms.guarantees.of(side).unwrap_or(Money::zero(terms.currency));
        Self {
            buyer: terms.quote().deposit.minor(),
            seller: terms.quote().seller_due.minor(),
            buyer_guarantee: guarantee(Side::Buyer),
            seller_guarantee: guarantee(Side::Seller),
            funded: true,
        }
    }

    pub(super) const fn guarantee(&self, side: Side) -> Money {
        match side {
            Side::Buyer => self.buyer_guarantee,
            Side::Seller => self.seller_guarantee,
        }
    }

    pub(super) const fn has_a_negative(&self) -> bool {
        self.buyer < 0
            || self.seller < 0
            || self.buyer_guarantee.is_negative()
            || self.seller_guarantee.is_negative()
    }
}

/// Which services of the terms have been incurred, by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incurred(u32);

impl Incurred {
    /// Whether the service at this index is incurred.
    pub fn contains(self, index: usize) -> bool {
        Self::bit(index).is_some_and(|bit| self.0 & bit != 0)
    }

    /// The same with the service at this index. An index beyond [`Terms::MAX_SERVICES`] changes nothing.
    #[must_use]
    pub fn with(self, index: usize) -> Self {
        Self(self.0 | Self::bit(index).unwrap_or(0))
    }

    /// Every service, whatever the terms have.
    pub(super) const ALL: Self = Self(u32::MAX);

    fn bit(index: usize) -> Option<u32> {
        u32::try_from(index).ok().and_then(|i| 1_u32.checked_shl(i))
    }
}
