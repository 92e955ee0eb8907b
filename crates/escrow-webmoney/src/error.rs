//! Why a call, or a projection, is refused.

use std::fmt;

use thiserror::Error;

use crate::MAX_BYTES;
use escrow::money::MoneyError;
use escrow::terms::{Item, TermsError};

/// What is wrong with a field of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The text is longer than [`MAX_BYTES`].
    CallTooLarge,
    /// The text is not JSON.
    MalformedJson,
    /// The field is required.
    Missing,
    /// The call has no such field.
    Unknown,
    /// The field is there twice.
    Duplicate,
    /// The value is of another type or out of bounds; what is expected. Never quotes the value.
    Invalid(String),
    /// The amount does not fit its currency.
    Amount(MoneyError),
    /// The amount is below zero.
    Negative,
    /// The value must not be zero.
    Zero,
    /// The value is over this limit.
    OverLimit {
        /// The limit, in the field's own unit.
        max: i64,
    },
    /// The flag or number is the service's answer, never a client's to give.
    AnswerOnly,
    /// Only a party's own payment can be stated by it.
    NotYours,
    /// A deposit that pays must be in the currency of the price.
    DepositPaysInPrice,
    /// A deposit that pays must not be over the price.
    DepositOverPrice,
    /// Buyer and seller are one.
    BuyerIsSeller,
    /// The user is neither the buyer nor the seller.
    NotAParty,
    /// A transaction is named, and nothing is left to be paid.
    NothingToPay,
    /// The call is about another deal, or another offer.
    OtherDeal,
    /// The terms that follow break a rule, which is the service's own to mend.
    Terms(TermsError),
}

impl Problem {
    const fn code(&self) -> &'static str {
        match self {
            Self::CallTooLarge => "call-too-large",
            Self::MalformedJson => "malformed-json",
            Self::Missing => "missing-field",
            Self::Unknown => "unknown-field",
            Self::Duplicate => "duplicate-field",
            Self::Invalid(_) => "invalid-value",
            Self::Amount(MoneyError::TooManyDigits { .. }) => "too-many-digits",
            Self::Amount(MoneyError::Overflow) | Self::OverLimit { .. } => "over-limit",
            Self::Amount(_) => "malformed-amount",
            Self::Negative => "negative",
            Self::Zero => "zero",
            Self::AnswerOnly => "answer-only",
            Self::NotYours => "not-yours",
            Self::DepositPaysInPrice => "deposit-pays-in-price-currency",
            Self::DepositOverPrice => "deposit-over-price",
            Self::BuyerIsSeller => "buyer-is-seller",
            Self::NotAParty => "not-a-party",
            Self::NothingToPay => "nothing-to-pay",
            Self::OtherDeal => "other-deal",
            Self::Terms(_) => "invalid-terms",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::CallTooLarge => return write!(f, "must be at most {MAX_BYTES} bytes"),
            Self::MalformedJson => "is not JSON",
            Self::Missing => "is required",
            Self::Unknown => "is no field of this call",
            Self::Duplicate => "stands twice",
            Self::Invalid(expected) => expected,
            Self::Amount(error) => return error.fmt(f),
            Self::Negative => "must not be negative",
            Self::Zero => "must not be zero",
            Self::OverLimit { max } => return write!(f, "must be at most {max}"),
            Self::AnswerOnly => "is answered by the service: leave it out",
            Self::NotYours => "must be left out: only a party's own payment is its to name",
            Self::DepositPaysInPrice => {
                "must be the currency of the price where the deposit pays (depositToSeller)"
            }
            Self::DepositOverPrice => "must not be over the price where it pays (depositToSeller)",
            Self::BuyerIsSeller => "must differ from the seller",
            Self::NotAParty => "must be the buyer or the seller",
            Self::NothingToPay => "must be left out: nothing is left for this user to pay",
            Self::OtherDeal => "is of another one",
            Self::Terms(error) => return error.fmt(f),
        };
        f.write_str(text)
    }
}

/// Which field of a call is wrong, and why. Not transient: the same call fails again.
///
/// Neither `Debug` nor `Display` quotes a value, since values may be personal; of a field's name, if it is unknown, at
/// most 64 characters, and no control characters.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{field}: {problem}")]
pub struct CallError {
    field: String,
    problem: Problem,
}

impl CallError {
    pub(super) fn at(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), problem }
    }

    /// The field as a path with the documented names, such as `seller.Deposit`; `json` for the whole.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// A stable name of the problem, kebab-case.
    pub const fn code(&self) -> &'static str {
        self.problem.code()
    }
}

/// The largest number of units in a call: what one item of a deal can have.
pub(super) const MAX_COUNT: u32 = Item::MAX_QUANTITY;

/// Why a deal cannot be shown as a WebMoney entity. One that came from [`ContractCreate`](super::ContractCreate) can.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Inexpressible {
    /// It is still a contract: show it as a [`ContractInfo`](super::ContractInfo).
    #[error("the deal is not concluded: it is a contract")]
    NotConcluded,
    /// The deposits are in several currencies, and there is one field, `CurrencyId`.
    #[error("CurrencyId: the deposits of this deal are in several currencies")]
    DepositCurrencies,
    /// The buyer's payment and the buyer's guarantee are both deposits, and there is one field, `Deposit`.
    #[error("Buyer.Deposit: the buyer of this deal deposits both a payment and a guarantee")]
    TwoDeposits,
}

impl Inexpressible {
    /// A stable name, kebab-case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotConcluded => "not-concluded",
            Self::DepositCurrencies => "deposit-currencies",
            Self::TwoDeposits => "two-deposits",
        }
    }
}
