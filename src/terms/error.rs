//! What is wrong with terms, and in which field.

use std::fmt;

use super::NamedAs;
use crate::money::{MoneyError, RateError};
use crate::{Rate, TextError};

/// What is wrong with a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// The list has no element.
    Empty,
    /// The list has more elements than the limit.
    TooMany {
        /// The limit.
        max: usize,
    },
    /// The amount is below zero.
    Negative,
    /// The value is zero where it must not be.
    Zero,
    /// The value, or the sum that it leads to, is over its limit.
    TooLarge,
    /// The rate is over its limit.
    RateTooHigh {
        /// What was given.
        rate: Rate,
        /// The limit.
        max: Rate,
    },
    /// The amount is in another currency than the deal's.
    OtherCurrency,
    /// The least is over the most.
    MinOverMax,
    /// The same name is used twice.
    Duplicate,
    /// Buyer and seller are one.
    BuyerIsSeller,
    /// An arbiter, a partner or a provider must not be a party to the deal, nor an arbiter be paid by it.
    IsAParty(NamedAs),
    /// A fee of the gross is paid by one side, never shared. A carve-out of the gross needs a parent that the seller pays.
    GrossFeeShared,
    /// The buyer can pay one fee of the gross only.
    SecondGrossFee,
    /// A fee of the gross that the buyer pays comes, with its taxes, to more than 90 % of the gross.
    GrossFeeTooHigh,
    /// The fee of which this one is carved out or taken must come earlier.
    UnknownParent,
    /// A carve-out can be neither carved nor taxed.
    ParentIsCarveOut,
    /// A carve-out and a tax have no payer and no `on_refund` of their own.
    FollowsItsParent,
    /// There is no item at this place, or the places are not in ascending order.
    UnknownItem,
    /// Only a fee of items has a sum for every unit.
    NeedsItems,
    /// The carve-outs together are over the fee that they are carved out of.
    CarveOutOverParent,
    /// The field is required here.
    Missing,
    /// More is paid offline than the seller is owed.
    OverWhatTheSellerIsOwed,
    /// A partial buyout and a return of everything need `acceptance = by_buyer`.
    NeedsAcceptingBuyer,
    /// A payout to balances needs `unsettled = to_balance`: a host that keeps them.
    NeedsBalances,
    /// A service is incurred, and the deposit is the pot that its cost is paid from.
    CostsIncurred,
    /// A payer cannot be the payee.
    PayerIsPayee,
    /// A store's deals have no consent step.
    NeedsConsentOnCreation,
    /// The field is pinned: this actor cannot change it by an amendment.
    Pinned,
    /// Only the operator can vouch for consents, and only where creation implies them.
    NeedsOperatorAndConsentOnCreation,
    /// The text cannot be used.
    Text(TextError),
    /// The sum is not one of the currency.
    Money(MoneyError),
    /// The rate is none.
    Rate(RateError),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Empty => "must not be empty",
            Self::TooMany { max } => return write!(f, "has more than {max} entries"),
            Self::Negative => "must not be negative",
            Self::Zero => "must not be zero",
            Self::TooLarge => "is over its limit",
            Self::RateTooHigh { rate, max } => return write!(f, "is {rate}, and at most {max} is allowed"),
            Self::OtherCurrency => "must be in the currency of the deal",
            Self::MinOverMax => "must not be over the maximum",
            Self::Duplicate => "stands twice; each must be unique",
            Self::BuyerIsSeller => "must differ from the buyer",
            Self::IsAParty(named) => return write!(f, "must be somebody else: the same id is {named}"),
            Self::GrossFeeShared => {
                "of the gross must not be shared: a carve-out's parent is paid by the seller"
            }
            Self::SecondGrossFee => "of the gross can be paid by the buyer once only",
            Self::GrossFeeTooHigh => "takes, with its taxes, more than 90 % of what the buyer pays",
            Self::UnknownParent => "must name an earlier fee",
            Self::ParentIsCarveOut => "must not name a carve-out",
            Self::FollowsItsParent => "must be absent: a carve-out and a tax follow their parent",
            Self::UnknownItem => "must name items of the terms by their places, in ascending order",
            Self::NeedsItems => "needs `base` = items",
            Self::CarveOutOverParent => "takes more than there is in its parent",
            Self::Missing => "is required",
            Self::OverWhatTheSellerIsOwed => {
                "must not be over the price and the buyer's parts of the seller's services"
            }
            Self::NeedsAcceptingBuyer => "needs `acceptance = by_buyer`",
            Self::NeedsBalances => {
                "needs a host that keeps balances: where it keeps none, `unsettled` is `unclaimed`"
            }
            Self::CostsIncurred => "cannot change while a service is incurred: ask the operator",
            Self::PayerIsPayee => "must differ from the payer",
            Self::NeedsConsentOnCreation => "must be `on_creation`: a store's deals have no consent step",
            Self::NeedsOperatorAndConsentOnCreation => {
                "can be named by the operator only, where creation implies the consents"
            }
            Self::Pinned => "is pinned and cannot be changed by this amendment",
            Self::Text(e) => return write!(f, "is no text for this field: {e}"),
            Self::Money(e) => return write!(f, "is no sum for this field: {e}"),
            Self::Rate(e) => return write!(f, "is no rate: {e}"),
        };
        f.write_str(text)
    }
}

impl From<TextError> for Problem {
    fn from(error: TextError) -> Self {
        Self::Text(error)
    }
}

impl From<MoneyError> for Problem {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

impl From<RateError> for Problem {
    fn from(error: RateError) -> Self {
        Self::Rate(error)
    }
}

/// Which field of the terms is wrong, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TermsError {
    list: Option<(&'static str, usize)>,
    field: &'static str,
    problem: Problem,
}

impl TermsError {
    /// A problem of a field, or of the path to it.
    pub const fn at(field: &'static str, problem: Problem) -> Self {
        Self { list: None, field, problem }
    }

    pub(crate) const fn item(
        list: &'static str,
        index: usize,
        field: &'static str,
        problem: Problem,
    ) -> Self {
        Self { list: Some((list, index)), field, problem }
    }

    /// Of a field of the policy: also for what a host asks of terms beyond the crate's own rules.
    pub const fn in_policy(field: &'static str, problem: Problem) -> Self {
        Self { list: None, field, problem }
    }

    /// The same error, in an element of a list.
    pub(super) const fn in_list(self, list: &'static str, index: usize) -> Self {
        Self::item(list, index, self.field, self.problem)
    }

    /// What is wrong.
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    /// The name of the field, without its list.
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// The index in the list, where the field is in one.
    pub const fn index(&self) -> Option<usize> {
        match self.list {
            Some((_, index)) => Some(index),
            None => None,
        }
    }
}

impl fmt::Display for TermsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((list, index)) = self.list {
            write!(f, "{list}[{index}].")?;
        }
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl std::error::Error for TermsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Text(e) => Some(e),
            Problem::Money(e) => Some(e),
            Problem::Rate(e) => Some(e),
            Problem::Empty
            | Problem::TooMany { .. }
            | Problem::Negative
            | Problem::Zero
            | Problem::TooLarge
            | Problem::RateTooHigh { .. }
            | Problem::OtherCurrency
            | Problem::MinOverMax
            | Problem::Duplicate
            | Problem::BuyerIsSeller
            | Problem::IsAParty(_)
            | Problem::GrossFeeShared
            | Problem::SecondGrossFee
            | Problem::GrossFeeTooHigh
            | Problem::UnknownParent
            | Problem::ParentIsCarveOut
            | Problem::FollowsItsParent
            | Problem::UnknownItem
            | Problem::NeedsItems
            | Problem::NeedsBalances
            | Problem::CarveOutOverParent
            | Problem::Missing
            | Problem::OverWhatTheSellerIsOwed
            | Problem::NeedsAcceptingBuyer
            | Problem::CostsIncurred
            | Problem::PayerIsPayee
            | Problem::NeedsConsentOnCreation
            | Problem::NeedsOperatorAndConsentOnCreation
            | Problem::Pinned => None,
        }
    }
}
