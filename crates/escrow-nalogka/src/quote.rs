//! The calculation result: what everybody pays and gets, by Nalogka's names.

use serde::{Deserialize, Serialize};

use super::project::{Inexpressible, ProjectionError};
use super::sum::Sum;
use super::words::Payer;
use escrow::terms::Terms;

/// Every sum of a deal before anything moves: the answer to `GET /deals/calculate`, and a part of the deal.
///
/// The sums are those of the [`Quote`](escrow::Quote), whose documentation says how each is computed and rounded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CalculationResult {
    /// Price of the items.
    pub subject_items_sum: Sum,
    /// Costs of the services that the seller provides.
    pub seller_provided_sum: Sum,
    /// The seller's parts of all services.
    pub seller_consumed_sum: Sum,
    /// The buyer's parts of all services.
    pub buyer_consumed_sum: Sum,
    /// Who pays the commission; `null` where there is none.
    pub commission_payer: Option<Payer>,
    /// The commission: all fees of the schedule.
    pub commission_sum: Sum,
    /// The seller's part of it.
    pub commission_seller_sum: Sum,
    /// The buyer's part of it.
    pub commission_buyer_sum: Sum,
    /// What the buyer pays beside the price.
    pub buyer_expenses: Sum,
    /// What the seller pays.
    pub seller_expenses: Sum,
    /// What the buyer deposits.
    pub buyer_have_to_pay_online: Sum,
    /// What the buyer pays the seller directly.
    pub buyer_have_to_pay_offline: Sum,
    /// What the seller deposits.
    pub seller_have_to_pay_online: Sum,
    /// What the seller is paid if the deal succeeds.
    pub payout: Sum,
    /// The payout less the seller's own expenses.
    pub seller_profit: Sum,
}

impl TryFrom<&Terms> for CalculationResult {
    type Error = ProjectionError;

    fn try_from(terms: &Terms) -> Result<Self, ProjectionError> {
        let quote = terms.quote();
        let sum = |field, money| {
            Sum::try_from(money).map_err(|_| ProjectionError::new(field, Inexpressible::Currency))
        };
        Ok(Self {
            subject_items_sum: sum("subject_items_sum", quote.price)?,
            seller_provided_sum: sum("seller_provided_sum", quote.seller_provided)?,
            seller_consumed_sum: sum("seller_consumed_sum", quote.seller_consumed)?,
            buyer_consumed_sum: sum("buyer_consumed_sum", quote.buyer_consumed)?,
            commission_payer: commission_payer(terms)?,
            commission_sum: sum("commission_sum", quote.commission)?,
            commission_seller_sum: sum("commission_seller_sum", quote.commission_seller)?,
            commission_buyer_sum: sum("commission_buyer_sum", quote.commission_buyer)?,
            buyer_expenses: sum("buyer_expenses", quote.buyer_expenses)?,
            seller_expenses: sum("seller_expenses", quote.seller_expenses)?,
            buyer_have_to_pay_online: sum("buyer_have_to_pay_online", quote.deposit)?,
            buyer_have_to_pay_offline: sum("buyer_have_to_pay_offline", quote.pay_offline)?,
            seller_have_to_pay_online: sum("seller_have_to_pay_online", quote.seller_due)?,
            payout: sum("payout", quote.payout)?,
            seller_profit: sum("seller_profit", quote.seller_profit)?,
        })
    }
}

/// The one payer of all fees that are not carved out of others; `None` where there is no fee.
pub(super) fn commission_payer(terms: &Terms) -> Result<Option<Payer>, ProjectionError> {
    let field = "commission_payer";
    let mut all = None;
    for payer in terms.fees.iter().filter_map(|fee| fee.payer) {
        let payer = Payer::try_from(payer).map_err(|why| ProjectionError::new(field, why))?;
        if *all.get_or_insert(payer) != payer {
            return Err(ProjectionError::new(field, Inexpressible::DifferentPayers));
        }
    }
    Ok(all)
}
