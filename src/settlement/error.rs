//! Why an ending cannot be settled.

use thiserror::Error;

use crate::Money;
use crate::money::MoneyError;
use crate::money::minor::TooLarge;

/// Why an ending cannot be settled. The arguments are at fault: the same ones fail again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The list of accepted quantities has another length than the list of items.
    #[error("accepted quantities: give one per item of the terms, {items} in all")]
    QuantitiesMissing {
        /// How many items the terms have.
        items: usize,
    },
    /// More units are accepted than the terms have.
    #[error("accepted quantities[{item}]: at most {max}")]
    QuantityOverOrdered {
        /// The index of the item.
        item: usize,
        /// How many units the terms have.
        max: u32,
    },
    /// Nothing was accepted, and the policy allows no return of everything.
    #[error("accepted quantities: accept at least one unit, or cancel")]
    NothingAccepted,
    /// A pot, or what was given back, is below zero.
    #[error("pots, charges and what was given back: must not be negative")]
    NegativePot,
    /// The award is over what there is to award.
    #[error("award: at most {max}")]
    AwardOverMax {
        /// M: the most that can be awarded.
        max: Money,
    },
    /// The award is below zero.
    #[error("award: must not be negative")]
    AwardNegative,
    /// The award is in another currency than the deal's.
    #[error("award: must be in the currency of the deal")]
    AwardCurrency,
    /// A sum left the range of an amount.
    #[error("a sum is over the limit of amounts")]
    TooLarge,
}

impl From<TooLarge> for SettleError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl From<MoneyError> for SettleError {
    fn from(_: MoneyError) -> Self {
        Self::TooLarge
    }
}
