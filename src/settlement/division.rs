//! The steps of a settlement, in their order, on what is left of the pots.

use super::accepted::sums_accepted;
use super::charges::Charges;
use super::costs::{Cost, Costs, Of, take};
use super::due::{Due, awarded, sellers_incurred_costs};
use super::fraction::Fraction;
use super::row::S;
use super::{Course, Ending, Fault, Pots, SettleError, Settlement};
use crate::deposit::{DepositId, Purpose};
use crate::money::minor::{TooLarge, add, sub};
use crate::money::mul_div_floor;
use crate::terms::{Quote, Terms, fee_amount};
use crate::{Money, Payee, Rate, Side};

/// The pots in the order of [`Paid`](super::costs::Paid).
const SOURCES: [DepositId; 3] =
    [DepositId::BUYER_PAYMENT, DepositId::SELLER_PAYMENT, DepositId::SELLER_GUARANTEE];

/// A settlement under way: what is left of the pots, and what has been given so far.
pub(super) struct Division<'a> {
    pub(super) terms: &'a Terms,
    pub(super) quote: &'a Quote,
    pub(super) pots: &'a Pots,
    pub(super) course: Course<'a>,
    pub(super) ending: &'a Ending,
    /// B: what is left of the buyer's payment.
    pub(super) b: i64,
    /// S: what is left of what the seller gets out of B.
    pub(super) s: i64,
    /// L: what is left of the seller's payment.
    pub(super) l: i64,
    /// What of the seller's guarantee has paid for a cancellation at the seller's fault.
    pub(super) g: i64,
    /// What the loser's guarantee pays for a ruling.
    pub(super) loser_pays: i64,
    pub(super) out: &'a mut Settlement,
}

impl Division<'_> {
    /// Out of the loser's guarantee, where a winner takes it; otherwise out of B.
    pub(super) fn take_arbitration_fee(&mut self) -> Result<(), SettleError> {
        let Some(fee) = &self.terms.policy.arbitration_fee else { return Ok(()) };
        let of_b = fee.rate.floor_of(self.pots.buyer);
        let with = |part| fee_amount(add(of_b, part)?, fee.fixed, fee.min, fee.max);
        let loser = self.ending.winner().map(Side::other);
        match loser.map(|side| self.pots.guarantee(side)).filter(|g| g.is_positive()) {
            Some(g) if g.currency() == self.terms.currency => {
                self.loser_pays = with(fee.guarantee_rate.floor_of(g.minor()))?.min(g.minor());
            }
            // the other sums of the fee are in the deal's currency
            Some(g) if fee.guarantee_rate != Rate::ZERO => {
                self.loser_pays = fee.guarantee_rate.floor_of(g.minor());
            }
            Some(_) | None => {
                let a = take(&mut self.b, with(0)?)?;
                let a = self.money(a);
                self.out.give(DepositId::BUYER_PAYMENT, fee.payee.payee(), Purpose::ArbitrationFee, a)?;
            }
        }
        Ok(())
    }

    pub(super) fn pay_buyers_parts(
        &mut self,
        costs: &mut Costs<'_>,
        due: impl Fn(&Cost<'_>) -> bool,
    ) -> Result<(), TooLarge> {
        costs.iter_mut().filter(|cost| due(cost)).try_for_each(|cost| cost.pay_buyers_part(&mut self.b))
    }

    /// What the seller is to get out of B, and what comes of it for the charges.
    pub(super) fn due(&self, s: S) -> Result<Due, SettleError> {
        let proceeds = self.quote.proceeds.minor();
        Ok(match s {
            S::Proceeds => Due { s: self.less_given_back(proceeds)?, charges: Charges::Whole },
            S::IncurredCosts => {
                let s = sellers_incurred_costs(self.terms, self.course.incurred)?;
                Due { s, charges: Charges::Back }
            }
            S::Nothing => Due { s: 0, charges: Charges::Back },
            S::Award(award) => {
                let proceeds = match self.course.accepted {
                    Some(quantities) => sums_accepted(self.terms, quantities)?.proceeds,
                    None => proceeds,
                };
                let max = self.b.min(self.less_given_back(proceeds)?);
                let (s, share) = awarded(award, self.money(max))?;
                Due { s, charges: Charges::Awarded(Fraction::of_whole(s, max).unwrap_or(share)) }
            }
        })
    }

    /// What the seller has given back is at most what there would be without it.
    fn less_given_back(&self, proceeds: i64) -> Result<i64, TooLarge> {
        sub(proceeds, self.course.given_back.min(proceeds))
    }

    /// S, less what is missing of what the ending takes from the buyer, as far as the policy tolerates that it was never paid
    /// in. f is of S as it was.
    pub(super) fn lower_by_shortfall(&self, s: i64, costs: &Costs<'_>) -> Result<i64, TooLarge> {
        let full = self.terms.quote().deposit.minor();
        let missing = sub(full, self.pots.buyer.min(full))?;
        if missing == 0 || missing > self.terms.policy.shortfall.floor_of(full) {
            return Ok(s);
        }
        let after = costs.iter().filter(|cost| cost.after_s);
        let wanted = after.map(|cost| cost.buyers).try_fold(s, add)?;
        let lacking = sub(wanted, self.b)?.clamp(0, missing);
        sub(s, lacking.min(s))
    }

    /// What is missing is owed only by a buyer at fault.
    pub(super) fn pay_s(&mut self, s: i64) -> Result<(), SettleError> {
        self.s = take(&mut self.b, s)?;
        if *self.ending == Ending::Cancelled(Fault::Buyer) {
            let missing = self.money(sub(s, self.s)?);
            self.out.owe(Payee::Buyer, Payee::Seller, Purpose::Payout, missing)?;
        }
        Ok(())
    }

    /// f = min(S, proceeds) / proceeds. Where nothing is earned, all of it; in an award, φ.
    pub(super) fn scale_by_f(&self, costs: &mut Costs<'_>, due: Due) -> Result<(), TooLarge> {
        let f = match (Fraction::of_whole(due.s, self.quote.proceeds.minor()), due.charges) {
            (Some(f), _) | (None, Charges::Awarded(f)) => f,
            (None, Charges::Whole | Charges::Back) => Fraction::ALL,
        };
        costs.iter_mut().filter(|cost| cost.scaled).try_for_each(|cost| cost.scale(f))
    }

    /// Off S, then off L, then, where the seller is at fault, off the guarantee.
    pub(super) fn pay_sellers_parts(&mut self, costs: &mut Costs<'_>) -> Result<(), TooLarge> {
        let guarantee = self.pots.seller_guarantee;
        let covers =
            *self.ending == Ending::Cancelled(Fault::Seller) && guarantee.currency() == self.terms.currency;
        let all = if covers { guarantee.minor() } else { 0 };
        let mut left = all;
        for cost in costs {
            cost.pay_sellers_part([&mut self.s, &mut self.l, &mut left])?;
        }
        self.g = sub(all, left)?;
        Ok(())
    }

    /// What was collected goes to the payees; what could not be covered is owed to them.
    pub(super) fn hand_out(&mut self, costs: &Costs<'_>) -> Result<(), SettleError> {
        for cost in costs {
            self.hand_out_cost(cost)?;
            for (debtor, uncovered) in cost.uncovered() {
                let uncovered = self.money(uncovered);
                self.out.owe(debtor, cost.of.payee(), cost.of.purpose(), uncovered)?;
            }
        }
        Ok(())
    }

    /// Carve-outs first, scaled with what was collected of their parent.
    fn hand_out_cost(&mut self, cost: &Cost<'_>) -> Result<(), SettleError> {
        let purpose = cost.of.purpose();
        let mut paid = cost.paid;
        // a fee that nets less than its amount is carved into
        if let Of::Fee(parent) = cost.of
            && parent.net != parent.amount
        {
            let kept = cost.collected()?;
            for carved in self.quote.fees.iter().filter(|f| f.out_of.as_ref() == Some(&parent.id)) {
                // a fee of zero has carve-outs of zero
                let mut share =
                    mul_div_floor(carved.amount.minor(), kept, parent.amount.minor()).unwrap_or(0);
                for (from, deposit) in paid.iter_mut().zip(SOURCES) {
                    let part = take(from, share)?;
                    share = sub(share, part)?;
                    let part = self.money(part);
                    self.out.give(deposit, carved.payee.payee(), purpose, part)?;
                }
            }
        }
        for (from, deposit) in paid.into_iter().zip(SOURCES).filter(|(from, _)| *from != 0) {
            let from = self.money(from);
            self.out.give(deposit, cost.of.payee(), purpose, from)?;
        }
        Ok(())
    }

    /// S to the seller, the rest of both payments to who paid them.
    pub(super) fn give_the_rest(&mut self) -> Result<(), SettleError> {
        let [s, b, l] = [self.s, self.b, self.l].map(|minor| self.money(minor));
        self.out.give(DepositId::BUYER_PAYMENT, Payee::Seller, Purpose::Payout, s)?;
        self.out.give(DepositId::BUYER_PAYMENT, Payee::Buyer, Purpose::Refund, b)?;
        self.out.give(DepositId::SELLER_PAYMENT, Payee::Seller, Purpose::Refund, l)?;
        Ok(())
    }

    /// Each guarantee to its owner, or both to the winner.
    pub(super) fn give_guarantees(&mut self) -> Result<(), SettleError> {
        let Some(winner) = self.ending.winner() else {
            self.give_guarantee(Side::Buyer, Payee::Buyer, Purpose::Guarantee, 0)?;
            return self.give_guarantee(Side::Seller, Payee::Seller, Purpose::Guarantee, self.g);
        };
        let loser = winner.other();
        if let Some(fee) = &self.terms.policy.arbitration_fee {
            let a = Money::from_minor(self.loser_pays, self.pots.guarantee(loser).currency());
            self.out.give(DepositId::guarantee(loser), fee.payee.payee(), Purpose::ArbitrationFee, a)?;
        }
        self.give_guarantee(winner, winner.payee(), Purpose::Guarantee, 0)?;
        self.give_guarantee(loser, winner.payee(), Purpose::Award, self.loser_pays)
    }

    /// Each charge that is in the course. What becomes of the others is said in the result.
    pub(super) fn divide_charges(&mut self, due: Due) -> Result<(), SettleError> {
        self.out.charges = due.charges;
        let (policy, currency) = (&self.terms.policy, self.terms.currency);
        let mut charges = self.course.charges.iter();
        charges.try_for_each(|charge| due.charges.divide(policy, currency, charge, self.out))
    }

    fn give_guarantee(
        &mut self,
        of: Side,
        to: Payee,
        purpose: Purpose,
        used: i64,
    ) -> Result<(), SettleError> {
        let guarantee = self.pots.guarantee(of);
        let rest = guarantee.checked_sub(Money::from_minor(used, guarantee.currency()))?;
        Ok(self.out.give(DepositId::guarantee(of), to, purpose, rest)?)
    }

    fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.terms.currency)
    }
}
