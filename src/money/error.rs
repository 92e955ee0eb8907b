use thiserror::Error;

use super::{Currency, CurrencyError};

/// Why a sum could not be made or computed.
///
/// None is transient: the same arguments fail again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Two sums of different currencies met in one operation.
    #[error("{left} and {right} cannot be mixed: convert one of the sums first")]
    CurrencyMismatch {
        /// The currency of the sum on the left.
        left: Currency,
        /// The currency of the sum on the right.
        right: Currency,
    },
    /// The result does not fit into `i64` minor units.
    #[error("the sum does not fit into 64 bits of minor units: use a smaller amount or quantity")]
    Overflow,
    /// The amount is finer than a minor unit of its currency.
    #[error("the currency has {max} digits after the point: round the amount to that before passing it")]
    TooManyDigits {
        /// The digits after the point that the currency has.
        max: u8,
    },
    /// The text is not an amount.
    #[error(
        "write an amount in ASCII digits with an optional minus and point, as -1000.01, in at most 32 characters"
    )]
    Malformed,
}

/// Why a text is not a sum of money.
///
/// None is transient: the same text fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseMoneyError {
    /// What stands before the space is no amount of the currency, or there is no space.
    #[error("amount: {0}")]
    Amount(#[from] MoneyError),
    /// What stands after the space is no currency.
    #[error("currency: {0}")]
    Currency(#[from] CurrencyError),
}
