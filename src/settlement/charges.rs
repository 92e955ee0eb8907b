//! What becomes of additional charges.

use serde::{Deserialize, Serialize};

use super::fraction::Fraction;
use super::{Charge, SettleError, Settlement};
use crate::deposit::Purpose;
use crate::money::minor::{TooLarge, sub};
use crate::terms::Policy;
use crate::{Currency, Money, Payee, Side};

/// What an ending makes of the charges that are paid in full. It says so before they are, because a charge is settled by
/// itself when its money is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charges {
    /// They go to their payees.
    Whole,
    /// φ: this part goes to their payees. Of a charge that the seller pays to the buyer it is the rest.
    Awarded(Fraction),
    /// They go back to their payers.
    #[default]
    Back,
}

impl Charges {
    /// Divides one charge: to its payee, less the charge fee where that is the seller, and back to its payer.
    ///
    /// # Errors
    /// [`SettleError::TooLarge`] only, on a charge beyond every limit.
    pub(crate) fn divide(
        self,
        policy: &Policy,
        currency: Currency,
        charge: &Charge<'_>,
        out: &mut Settlement,
    ) -> Result<(), SettleError> {
        let money = |minor| Money::from_minor(minor, currency);
        let goes = if charge.paid { self.part_for_the_payee(charge)? } else { 0 };
        let fee = match (charge.payee, &policy.charge_fee) {
            (Payee::Seller, Some(fee)) => {
                let amount = fee.rate.part_of(goes, fee.rounding);
                out.give(charge.deposit, fee.payee.payee(), Purpose::Fee, money(amount))?;
                amount
            }
            (Payee::Seller | Payee::Buyer | Payee::Platform | Payee::Processor | Payee::Party(_), _) => 0,
        };
        out.give(charge.deposit, charge.payee.clone(), Purpose::Charge, money(sub(goes, fee)?))?;
        let back = money(sub(charge.held, goes)?);
        Ok(out.give(charge.deposit, charge.payer.payee(), Purpose::Refund, back)?)
    }

    fn part_for_the_payee(self, charge: &Charge<'_>) -> Result<i64, TooLarge> {
        match self {
            Self::Whole => Ok(charge.held),
            Self::Awarded(phi) if charge.payer == Side::Seller && *charge.payee == Payee::Buyer => {
                phi.rest()?.of(charge.held)
            }
            Self::Awarded(phi) => phi.of(charge.held),
            Self::Back => Ok(0),
        }
    }
}
