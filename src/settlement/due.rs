//! What an ending gives the seller out of B.

use super::charges::Charges;
use super::fraction::Fraction;
use super::{Incurred, SettleError};
use crate::dispute::Award;
use crate::money::minor::{TooLarge, add};
use crate::terms::{Provider, Terms};
use crate::{Money, Side};

/// What an ending gives the seller, and what it makes of the charges.
#[derive(Clone, Copy)]
pub(super) struct Due {
    pub(super) s: i64,
    pub(super) charges: Charges,
}

/// S of an award, of which at most `max` can be given, and the share that it is, where there is nothing to award.
pub(super) fn awarded(award: Award, max: Money) -> Result<(i64, Fraction), SettleError> {
    match award {
        Award::BuyerAll | Award::Winner(Side::Buyer) => Ok((0, Fraction::NOTHING)),
        Award::SellerAll | Award::Winner(Side::Seller) => Ok((max.minor(), Fraction::ALL)),
        Award::Share(rate) => Ok((rate.floor_of(max.minor()), Fraction::of_rate(rate))),
        Award::Amount(amount) if amount.currency() != max.currency() => Err(SettleError::AwardCurrency),
        Award::Amount(amount) if amount.is_negative() => Err(SettleError::AwardNegative),
        Award::Amount(amount) if amount.minor() > max.minor() => Err(SettleError::AwardOverMax { max }),
        Award::Amount(amount) => Ok((amount.minor(), Fraction::NOTHING)),
    }
}

/// Whether an award gives the seller all of `max`, and that is something.
pub(crate) fn awards_all(award: Award, max: Money) -> bool {
    max.is_positive() && awarded(award, max).is_ok_and(|(s, _)| s == max.minor())
}

/// What the seller has spent on incurred services of the seller's own.
pub(super) fn sellers_incurred_costs(terms: &Terms, incurred: Incurred) -> Result<i64, TooLarge> {
    let mut sum = 0;
    for (index, service) in terms.services.iter().enumerate() {
        match service.provider {
            Provider::Seller if incurred.contains(index) => sum = add(sum, service.final_cost.minor())?,
            Provider::Seller | Provider::Platform | Provider::Third(_) => {}
        }
    }
    Ok(sum)
}
