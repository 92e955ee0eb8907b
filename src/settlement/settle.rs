//! One algorithm behind every ending. Each step is capped by what is left, one side is computed and the other is the
//! rest, so every pot is given out to the last minor unit.

use super::accepted::{returned, sums_accepted};
use super::charges::Charges;
use super::costs::{Cost, Costs, Of, collect_costs, take};
use super::due::{Due, awarded, sellers_incurred_costs};
use super::fraction::Fraction;
use super::row::{Row, S};
use super::{Course, Ending, Fault, Incurred, Pots, SettleError, Settlement};
use crate::deposit::{DepositId, Purpose};
use crate::dispute::Award;
use crate::money::minor::{TooLarge, add, sub};
use crate::money::mul_div_floor;
use crate::terms::{Quote, Terms, fee_amount};
use crate::{Money, Payee, Rate, Side};

/// The pots in the order of [`Paid`](super::costs::Paid).
const SOURCES: [DepositId; 3] =
    [DepositId::BUYER_PAYMENT, DepositId::SELLER_PAYMENT, DepositId::SELLER_GUARANTEE];

/// Divides what the pots hold, as the ending says.
///
/// Per pot, the shares sum to exactly what it held. All rates round toward zero. The remainder stays with whoever gets
/// the rest: the buyer out of B, the seller out of S, the payee of a fee out of its carve-outs.
///
/// # Errors
/// [`SettleError`] where a partial buyout or an award does not fit the terms and the pots. Any other ending fails only
/// on pots that no deal can have: negative, or beyond [`Terms::MAX_AMOUNT`] by orders of magnitude.
///
/// # Examples
/// ```
/// # use escrow::{Currency, Money, Payee, Policy, Side, deposit::Purpose, settle, terms::*, settlement::*};
/// let rub = |m| Money::from_minor(m, Currency::RUB);
/// let phone = Item::new("Phone".parse()?, rub(1_000_00), 1);
/// let draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::RUB, vec![phone], Policy::shop());
/// let terms = Terms::new(draft)?;
/// let ending = Ending::Cancelled(Fault::Buyer);
/// let settlement = settle(&terms, &Pots::full(&terms), Incurred::default(), &ending)?;
/// assert_eq!(settlement.minor_of(&Payee::Buyer, Purpose::Refund), 1_000_00);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn settle<'a>(
    terms: &Terms,
    pots: &Pots,
    course: impl Into<Course<'a>>,
    ending: &Ending,
) -> Result<Settlement, SettleError> {
    let mut out = Settlement::default();
    settle_into(terms, pots, course.into(), ending, &mut out)?;
    Ok(out)
}

/// The most that can be awarded: `M`.
///
/// # Errors
/// [`SettleError::TooLarge`] only; the limits on terms make it impossible.
pub fn max_award<'a>(
    terms: &Terms,
    pots: &Pots,
    course: impl Into<Course<'a>>,
    ruled: bool,
) -> Result<Money, SettleError> {
    // an amount over every pot is always refused, with M
    let over = Award::Amount(Money::from_minor(i64::MAX, terms.currency));
    let ending = if ruled { Ending::ruled(over) } else { Ending::agreed(over) };
    match settle(terms, pots, course, &ending) {
        Err(SettleError::AwardOverMax { max }) => Ok(max),
        Err(e) => Err(e),
        Ok(_) => Ok(Money::zero(terms.currency)),
    }
}

/// [`settle`], into an empty settlement of the caller's, which is too large to be moved about.
pub(crate) fn settle_into(
    terms: &Terms,
    pots: &Pots,
    course: Course<'_>,
    ending: &Ending,
    out: &mut Settlement,
) -> Result<(), SettleError> {
    if pots.has_a_negative() || course.has_a_negative() {
        return Err(SettleError::NegativePot);
    }
    if !pots.funded {
        give_everything_back(terms, pots, course, out);
        return Ok(());
    }
    let requoted;
    let quote = match ending {
        Ending::PartialBuyout(quantities) => {
            if let Some(fault) = returned(terms, quantities)? {
                let course = Course { incurred: Incurred::ALL, ..course };
                return divide(terms, terms.quote(), pots, course, &Ending::Cancelled(fault), out);
            }
            requoted = sums_accepted(terms, quantities)?.listed(terms)?;
            &requoted
        }
        Ending::Success | Ending::Cancelled(_) | Ending::CalledOff | Ending::Awarded { .. } => terms.quote(),
    };
    divide(terms, quote, pots, course, ending, out)
}

/// The row of the table, then the steps.
fn divide(
    terms: &Terms,
    quote: &Quote,
    pots: &Pots,
    course: Course<'_>,
    ending: &Ending,
    out: &mut Settlement,
) -> Result<(), SettleError> {
    let row = Row::of(ending);
    let mut costs = Costs::new();
    collect_costs(terms, quote, course.incurred, &row, &mut costs)?;

    let mut division = Division {
        terms,
        quote,
        pots,
        course,
        ending,
        b: pots.buyer,
        s: 0,
        l: pots.seller,
        g: 0,
        loser_pays: 0,
        out,
    };
    if row.arbitration {
        division.take_arbitration_fee()?;
    }
    division.pay_buyers_parts(&mut costs, |cost| !cost.after_s)?;
    let due = division.due(row.s)?;
    division.pay_s(due.s)?;
    division.scale_by_f(&mut costs, due)?;
    division.pay_buyers_parts(&mut costs, |cost| cost.after_s)?;
    division.pay_sellers_parts(&mut costs)?;
    division.hand_out(&costs)?;
    division.give_the_rest()?;
    division.give_guarantees()?;
    division.divide_charges(due)
}

/// [`settle_into`] for an ending that always fits: a success, a cancellation, a default ruling. It cannot fail.
///
/// A checked sum could only leave its range on pots or terms beyond every limit: each of the at most 48 costs is at
/// most [`Terms::MAX_AMOUNT`], 10^16, so no sum reaches 10^18, and an `i64` holds nine times that. Should it happen all
/// the same, every pot goes back to its owner. That is harmless: nobody gets what another has paid in, conservation
/// holds, and a deal that has to end does end.
pub(crate) fn settle_surely(
    terms: &Terms,
    pots: &Pots,
    course: Course<'_>,
    ending: &Ending,
    out: &mut Settlement,
) {
    if settle_into(terms, pots, course, ending, out).is_err() {
        *out = Settlement::default();
        give_everything_back(terms, pots, course, out);
    }
}

/// Every pot to its owner. A pot below zero has nothing to give.
fn give_everything_back(terms: &Terms, pots: &Pots, course: Course<'_>, out: &mut Settlement) {
    let money = |minor| Money::from_minor(minor, terms.currency);
    let pots = [
        (DepositId::BUYER_PAYMENT, Payee::Buyer, Purpose::Refund, money(pots.buyer)),
        (DepositId::SELLER_PAYMENT, Payee::Seller, Purpose::Refund, money(pots.seller)),
        (DepositId::guarantee(Side::Buyer), Payee::Buyer, Purpose::Guarantee, pots.buyer_guarantee),
        (DepositId::guarantee(Side::Seller), Payee::Seller, Purpose::Guarantee, pots.seller_guarantee),
    ];
    let charges = course.charges.iter();
    let charges = charges.map(|c| (c.deposit, c.payer.payee(), Purpose::Refund, money(c.held)));
    for (deposit, owner, purpose, all) in pots.into_iter().chain(charges) {
        if all.is_positive() {
            out.give_first(deposit, owner, purpose, all);
        }
    }
}

/// A settlement under way: what is left of the pots, and what has been given so far.
struct Division<'a> {
    terms: &'a Terms,
    quote: &'a Quote,
    pots: &'a Pots,
    course: Course<'a>,
    ending: &'a Ending,
    /// B: what is left of the buyer's payment.
    b: i64,
    /// S: what is left of what the seller gets out of B.
    s: i64,
    /// L: what is left of the seller's payment.
    l: i64,
    /// What of the seller's guarantee has paid for a cancellation at the seller's fault.
    g: i64,
    /// What the loser's guarantee pays for a ruling.
    loser_pays: i64,
    out: &'a mut Settlement,
}

impl Division<'_> {
    /// Out of the loser's guarantee, where a winner takes it; otherwise out of B.
    fn take_arbitration_fee(&mut self) -> Result<(), SettleError> {
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

    fn pay_buyers_parts(
        &mut self,
        costs: &mut Costs<'_>,
        due: impl Fn(&Cost<'_>) -> bool,
    ) -> Result<(), TooLarge> {
        costs.iter_mut().filter(|cost| due(cost)).try_for_each(|cost| cost.pay_buyers_part(&mut self.b))
    }

    /// What the seller is to get out of B, and what comes of it for the charges.
    fn due(&self, s: S) -> Result<Due, SettleError> {
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

    /// What is missing is owed only by a buyer at fault.
    fn pay_s(&mut self, s: i64) -> Result<(), SettleError> {
        self.s = take(&mut self.b, s)?;
        if *self.ending == Ending::Cancelled(Fault::Buyer) {
            let missing = self.money(sub(s, self.s)?);
            self.out.owe(Payee::Buyer, Payee::Seller, Purpose::Payout, missing)?;
        }
        Ok(())
    }

    /// f = min(S, proceeds) / proceeds. Where nothing is earned, all of it; in an award, φ.
    fn scale_by_f(&self, costs: &mut Costs<'_>, due: Due) -> Result<(), TooLarge> {
        let f = match (Fraction::of_whole(due.s, self.quote.proceeds.minor()), due.charges) {
            (Some(f), _) | (None, Charges::Awarded(f)) => f,
            (None, Charges::Whole | Charges::Back) => Fraction::ALL,
        };
        costs.iter_mut().filter(|cost| cost.scaled).try_for_each(|cost| cost.scale(f))
    }

    /// Off S, then off L, then, where the seller is at fault, off the guarantee.
    fn pay_sellers_parts(&mut self, costs: &mut Costs<'_>) -> Result<(), TooLarge> {
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
    fn hand_out(&mut self, costs: &Costs<'_>) -> Result<(), SettleError> {
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
    fn give_the_rest(&mut self) -> Result<(), SettleError> {
        let [s, b, l] = [self.s, self.b, self.l].map(|minor| self.money(minor));
        self.out.give(DepositId::BUYER_PAYMENT, Payee::Seller, Purpose::Payout, s)?;
        self.out.give(DepositId::BUYER_PAYMENT, Payee::Buyer, Purpose::Refund, b)?;
        self.out.give(DepositId::SELLER_PAYMENT, Payee::Seller, Purpose::Refund, l)?;
        Ok(())
    }

    /// Each guarantee to its owner, or both to the winner.
    fn give_guarantees(&mut self) -> Result<(), SettleError> {
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
    fn divide_charges(&mut self, due: Due) -> Result<(), SettleError> {
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
