//! The quote: what everybody pays and gets if all goes well. The settlement uses the same figures, so what was quoted is
//! what is paid.

use serde::Serialize;

use super::sums::{QuoteError, Sums};
use super::{FeeId, FeePayee, Terms, TermsDraft};
use crate::{Currency, Money};

/// The cost of one service, divided between the parties: `cost = buyers_part + sellers_part`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct ServiceLine {
    /// The final cost.
    pub cost: Money,
    /// The buyer's part, rounded toward zero.
    pub buyers_part: Money,
    /// The seller's part: the rest.
    pub sellers_part: Money,
}

/// One fee: `amount = buyers_part + sellers_part = net + its carve-outs`; a carve-out has no parts of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct FeeLine {
    /// The name of the fee in the schedule.
    pub id: FeeId,
    /// Who receives it.
    pub payee: FeePayee,
    /// The whole fee, carve-outs included.
    pub amount: Money,
    /// The buyer's part, rounded toward zero.
    pub buyers_part: Money,
    /// The seller's part: the rest.
    pub sellers_part: Money,
    /// What its payee keeps after the carve-outs.
    pub net: Money,
    /// The fee out of which this one is carved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of: Option<FeeId>,
}

/// Every sum of a deal before anything moves. All amounts are in the deal's currency. Rates round toward zero, and
/// whoever receives the rest keeps the remainder.
///
/// One identity holds for every quote:
/// `deposit + seller_due = payout + Σ fees without carve-outs + Σ costs of services provided by others`.
///
/// # Source
/// Nalogka's *calculation result*; its field names are in brackets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Quote {
    /// `Σ unit_price × quantity` (`subject_items_sum`).
    pub price: Money,
    /// The price and the buyer's parts of services.
    pub order: Money,
    /// The order and the buyer's parts of fees.
    pub buyer_total: Money,
    /// What the buyer pays the seller directly (`buyer_have_to_pay_offline`).
    pub pay_offline: Money,
    /// What the buyer deposits, `buyer_total − pay_offline` (`buyer_have_to_pay_online`). The gross.
    pub deposit: Money,
    /// What the seller earns from the deposit, before the seller's own parts:
    /// `price + Σ buyer's parts of seller-provided services − pay_offline`.
    pub proceeds: Money,
    /// The proceeds less the seller's parts of fees and of the services of others. It may be negative.
    pub net: Money,
    /// What the seller is paid, `max(0, net)` (`payout`).
    pub payout: Money,
    /// What the seller must deposit, `max(0, −net)` (`seller_have_to_pay_online`).
    pub seller_due: Money,
    /// Costs of the services that the seller provides (`seller_provided_sum`).
    pub seller_provided: Money,
    /// The seller's parts of all services (`seller_consumed_sum`).
    pub seller_consumed: Money,
    /// The buyer's parts of all services (`buyer_consumed_sum`).
    pub buyer_consumed: Money,
    /// All fees without carve-outs (`commission_sum`).
    pub commission: Money,
    /// The seller's parts of fees (`commission_seller_sum`).
    pub commission_seller: Money,
    /// The buyer's parts of fees (`commission_buyer_sum`).
    pub commission_buyer: Money,
    /// What the buyer pays beside the price: the buyer's parts of services and fees (`buyer_expenses`).
    pub buyer_expenses: Money,
    /// What the seller pays: the seller's parts of services and fees (`seller_expenses`).
    pub seller_expenses: Money,
    /// The payout less the costs of the services that the seller provides (`seller_profit`).
    pub seller_profit: Money,
    /// One line per service, in the order of the terms.
    pub services: Vec<ServiceLine>,
    /// One line per fee, in the order of the schedule.
    pub fees: Vec<FeeLine>,
}

/// What everybody pays and gets under these terms if all goes well.
///
/// The terms have the answer already: this is [`Terms::quote`] as a function.
///
/// # Examples
/// ```
/// # use escrow::{Currency, Money, Policy, Rate, quote, terms::*};
/// let rub = |m| Money::from_minor(m, Currency::RUB);
/// let phone = Item::new("Phone".parse()?, rub(23_500_00), 1);
/// let mut draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::RUB, vec![phone], Policy::shop());
/// let five = Rate::from_ppm(50_000)?;
/// draft.fees.push(Fee::of_price("platform".parse()?, FeePayee::Platform, five, Payer::Seller));
/// let terms = Terms::new(draft)?;
/// assert_eq!(quote(&terms).deposit, rub(23_500_00));
/// assert_eq!(quote(&terms).payout, rub(22_325_00)); // 23 500 less 5 %
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn quote(terms: &Terms) -> Quote {
    terms.quote().clone()
}

impl Quote {
    /// The quote of a draft whose fields are valid each by itself.
    pub(crate) fn of(draft: &TermsDraft) -> Result<Self, QuoteError> {
        Ok(Sums::of(draft)?.listed(draft)?)
    }

    /// The currency of every amount.
    pub const fn currency(&self) -> Currency {
        self.price.currency()
    }
}
