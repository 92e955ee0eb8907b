//! From what somebody is to get or to pay back to a price.

use thiserror::Error;

use super::sums::{QuoteError, Sums};
use super::{Terms, TermsDraft, TermsError};
use crate::Money;

/// What a price is to reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// The seller is paid at least this.
    Payout(Money),
    /// The buyer pays at least this in all, online and offline.
    BuyerTotal(Money),
}

impl Goal {
    const fn money(self) -> Money {
        match self {
            Self::Payout(money) | Self::BuyerTotal(money) => money,
        }
    }

    fn is_reached(self, sums: &Sums) -> bool {
        match self {
            Self::Payout(money) => sums.payout() >= money.minor(),
            Self::BuyerTotal(money) => sums.buyer_total >= money.minor(),
        }
    }
}

/// Why no price could be found. The same arguments fail again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PriceError {
    /// The draft has no item at this place.
    #[error("item: the terms have {items}")]
    NoSuchItem {
        /// How many items the draft has.
        items: usize,
    },
    /// The goal is in another currency than the deal's.
    #[error("goal: must be in the currency of the deal")]
    Currency,
    /// Something else than the price is wrong with the draft.
    #[error("terms: {0}")]
    Terms(#[from] TermsError),
    /// No price within the limits reaches the goal.
    #[error("no price of the item reaches the goal")]
    OutOfReach,
}

/// The unit price at which the quote of a draft reaches a goal, while it does not with one minor unit less.
///
/// The price that the item has is ignored. Where fees round upward the quote can jump, and a lower price may reach the goal
/// by chance, too. A price whose quote would be refused reaches nothing.
///
/// # Errors
/// [`PriceError`] where the draft is wrong, or no price is found.
///
/// # Examples
/// ```
/// use escrow::terms::{Fee, Goal, Terms, price_for};
/// use escrow::{Currency, Money};
/// use rust_decimal::dec;
///
/// let rub = |minor| Money::from_minor(minor, Currency::RUB);
/// let draft = Terms::builder("anna", "shop", Currency::RUB)
///     .item("Phone", dec!(0))
///     .fee(Fee::percent("platform", 5))
///     .to_draft()?;
/// // 5 % of 105.26 is 5.26; of 105.25 it is 5.26, too
/// assert_eq!(price_for(&draft, 0, Goal::Payout(rub(100_00)))?, rub(105_26));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn price_for(draft: &TermsDraft, item: usize, goal: Goal) -> Result<Money, PriceError> {
    if goal.money().currency() != draft.currency {
        return Err(PriceError::Currency);
    }
    let mut search = Search { draft: draft.clone(), item, goal };
    search.set(0)?;
    search.draft.validate()?;
    // the lowest of the likely prices that reaches the goal, and the one before it that does not
    let mut below = -1;
    for price in search.likely()? {
        if search.reaches(price)? {
            let lowest = search.first(below, price, Search::reaches)?;
            return Ok(Money::from_minor(lowest, draft.currency));
        }
        below = price;
    }
    Err(PriceError::OutOfReach)
}

struct Search {
    draft: TermsDraft,
    item: usize,
    goal: Goal,
}

impl Search {
    /// How many neighbours are tried where rounding could decide.
    const NEAR: i64 = 16;

    fn set(&mut self, price: i64) -> Result<(), PriceError> {
        let (items, currency) = (self.draft.items.len(), self.draft.currency);
        let item = self.draft.items.get_mut(self.item).ok_or(PriceError::NoSuchItem { items })?;
        item.unit_price = Money::from_minor(price, currency);
        Ok(())
    }

    fn reaches(&mut self, price: i64) -> Result<bool, PriceError> {
        self.set(price)?;
        Ok(Sums::of(&self.draft).is_ok_and(|sums| self.goal.is_reached(&sums)))
    }

    /// Why a price makes no quote.
    fn refused(&mut self, price: i64) -> Result<Option<QuoteError>, PriceError> {
        self.set(price)?;
        Ok(Sums::of(&self.draft).err())
    }

    /// A price that passes while the one before it does not. `above` passes, `below` does not.
    fn first(
        &mut self,
        mut below: i64,
        mut above: i64,
        passes: impl Fn(&mut Self, i64) -> Result<bool, PriceError>,
    ) -> Result<i64, PriceError> {
        loop {
            let half = above.saturating_sub(below) / 2;
            if half == 0 {
                return Ok(above);
            }
            let middle = below.saturating_add(half);
            if passes(self, middle)? {
                above = middle;
            } else {
                below = middle;
            }
        }
    }

    /// Prices near which a quote bends, in ascending order: the first few, every power of two, where the amount of a fee
    /// comes to its least or its most, and where quotes begin or cease to be refused, for each reason. Between two of them a quote climbs
    /// or falls steadily, but for rounding.
    fn likely(&mut self) -> Result<Vec<i64>, PriceError> {
        let mut prices: Vec<i64> = (0..Self::NEAR).collect();
        let mut power = Self::NEAR;
        while power < Terms::MAX_AMOUNT {
            prices.push(power);
            power = power.saturating_mul(2);
        }
        prices.push(Terms::MAX_AMOUNT);
        for fee in 0..self.draft.fees.len() {
            let bounds = self.draft.fees.get(fee).map(|of| (of.min, of.max));
            let (min, max) = bounds.unwrap_or((None, None));
            if let Some(min) = min {
                prices
                    .extend(near(self.first(-1, Terms::MAX_AMOUNT, |s, price| s.is_over(fee, min, price))?));
            }
            if let Some(max) = max.map(|max| Money::from_minor(max.minor().saturating_sub(1), max.currency()))
            {
                prices
                    .extend(near(self.first(-1, Terms::MAX_AMOUNT, |s, price| s.is_over(fee, max, price))?));
            }
        }
        prices.sort_unstable();
        prices.dedup();

        // where quotes begin to be refused for one reason there may be another one beyond
        for _ in 0..2 {
            let mut edges = Vec::new();
            for (&before, &price) in prices.iter().zip(prices.iter().skip(1)) {
                let (was, is) = (self.refused(before)?, self.refused(price)?);
                if was != is {
                    edges.extend(near(self.first(before, price, |s, p| Ok(s.refused(p)? != was))?));
                    edges.extend(near(self.first(before, price, |s, p| Ok(s.refused(p)? == is))?));
                }
            }
            prices.extend(edges);
            prices.sort_unstable();
            prices.dedup();
        }
        Ok(prices)
    }

    /// Whether this fee is over a sum. Its amount never falls when a price rises; where there is none, the price is too high.
    fn is_over(&mut self, fee: usize, sum: Money, price: i64) -> Result<bool, PriceError> {
        self.set(price)?;
        Ok(Sums::amount_of(&self.draft, fee).is_none_or(|amount| amount > sum.minor()))
    }
}

/// This price and its neighbours.
fn near(price: i64) -> impl Iterator<Item = i64> {
    let from = price.saturating_sub(Search::NEAR).max(0);
    from..=price.saturating_add(Search::NEAR).min(Terms::MAX_AMOUNT)
}
