//! One algorithm behind every ending. Each step is capped by what is left, one side is computed and the other is the
//! rest, so every pot is given out to the last minor unit.

use super::accepted::quote_accepted;
use super::claims::{Claim, Claims, Of, collect_claims, take};
use super::row::{Row, S};
use super::{Ending, Fault, Incurred, Pots, SettleError, Settlement};
use crate::deposit::DepositId;
use crate::deposit::Purpose;
use crate::dispute::Award;
use crate::money::minor::{TooLarge, add, sub};
use crate::money::mul_div_floor;
use crate::terms::Quote;
use crate::terms::{Provider, Terms, fee_amount};
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
pub fn settle(
    terms: &Terms,
    pots: &Pots,
    incurred: Incurred,
    ending: &Ending,
) -> Result<Settlement, SettleError> {
    let mut out = Settlement::default();
    settle_into(terms, pots, incurred, ending, &mut out)?;
    Ok(out)
}

/// The most that can be awarded: `M`.
///
/// # Errors
/// [`SettleError::TooLarge`] only; the limits on terms make it impossible.
pub fn max_award(terms: &Terms, pots: &Pots, incurred: Incurred, ruled: bool) -> Result<Money, SettleError> {
    // an amount over every pot is always refused, with M
    let over = Award::Amount(Money::from_minor(i64::MAX, terms.currency));
    let ending = if ruled { Ending::ruled(over) } else { Ending::agreed(over) };
    match settle(terms, pots, incurred, &ending) {
        Err(SettleError::AwardOverMax { max }) => Ok(max),
        Err(e) => Err(e),
        Ok(_) => Ok(Money::zero(terms.currency)),
    }
}

/// [`settle`], into an empty settlement of the caller's, which is too large to be moved about.
pub(crate) fn settle_into(
    terms: &Terms,
    pots: &Pots,
    incurred: Incurred,
    ending: &Ending,
    out: &mut Settlement,
) -> Result<(), SettleError> {
    if pots.has_a_negative() {
        return Err(SettleError::NegativePot);
    }
    if !pots.funded {
        give_everything_back(terms, pots, out);
        return Ok(());
    }
    let requoted;
    let quote = match ending {
        Ending::PartialBuyout(quantities) => {
            requoted = quote_accepted(terms, quantities)?;
            &requoted
        }
        Ending::Success | Ending::Cancelled(_) | Ending::Awarded { .. } => terms.quote(),
    };
    let row = Row::of(ending);
    let mut costs = Costs::new();
    collect_costs(terms, quote, incurred, &row, &mut costs)?;

    let mut division = Division {
        terms,
        quote,
        pots,
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
    let s = division.s_of(row.s, incurred)?;
    division.pay_s(s)?;
    division.scale_by_f(&mut costs, s)?;
    division.pay_buyers_parts(&mut costs, |cost| cost.after_s)?;
    division.pay_sellers_parts(&mut costs)?;
    division.hand_out(&costs)?;
    division.give_the_rest()?;
    division.give_guarantees()
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
    incurred: Incurred,
    ending: &Ending,
    out: &mut Settlement,
) {
    if settle_into(terms, pots, incurred, ending, out).is_err() {
        *out = Settlement::default();
        give_everything_back(terms, pots, out);
    }
}

/// Every pot to its owner. A pot below zero has nothing to give.
fn give_everything_back(terms: &Terms, pots: &Pots, out: &mut Settlement) {
    let money = |minor| Money::from_minor(minor, terms.currency);
    let pots = [
        (DepositId::BUYER_PAYMENT, Payee::Buyer, Purpose::Refund, money(pots.buyer)),
        (DepositId::SELLER_PAYMENT, Payee::Seller, Purpose::Refund, money(pots.seller)),
        (DepositId::guarantee(Side::Buyer), Payee::Buyer, Purpose::Guarantee, pots.buyer_guarantee),
        (DepositId::guarantee(Side::Seller), Payee::Seller, Purpose::Guarantee, pots.seller_guarantee),
    ];
    for (deposit, owner, purpose, all) in pots.into_iter().filter(|(_, _, _, all)| all.is_positive()) {
        out.give_first(deposit, owner, purpose, all);
    }
}

/// A settlement under way: what is left of the pots, and what has been given so far.
struct Division<'a> {
    terms: &'a Terms,
    quote: &'a Quote,
    pots: &'a Pots,
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

    /// What the seller is to get out of B.
    fn s_of(&self, s: S, incurred: Incurred) -> Result<i64, SettleError> {
        let proceeds = self.quote.proceeds.minor();
        match s {
            S::Proceeds => Ok(proceeds),
            S::IncurredCosts => Ok(sellers_incurred_costs(self.terms, incurred)?),
            S::Nothing => Ok(0),
            S::Award(award) => awarded(award, self.money(self.b.min(proceeds))),
        }
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

    /// f = min(S, p) / p, where p is the part of the price that is paid online. Where p is zero: all if S > 0, else nothing.
    fn scale_by_f(&self, costs: &mut Costs<'_>, s: i64) -> Result<(), TooLarge> {
        let p = sub(self.quote.price.minor(), self.quote.pay_offline.minor())?.max(0);
        let (part, whole) = if p > 0 { (s.min(p), p) } else { (i64::from(s > 0), 1) };
        costs.iter_mut().filter(|cost| cost.scaled).try_for_each(|cost| cost.scale(part, whole))
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

/// S of an award, of which at most `max` can be given.
fn awarded(award: Award, max: Money) -> Result<i64, SettleError> {
    match award {
        Award::BuyerAll | Award::Winner(Side::Buyer) => Ok(0),
        Award::SellerAll | Award::Winner(Side::Seller) => Ok(max.minor()),
        Award::Share(rate) => Ok(rate.floor_of(max.minor())),
        Award::Amount(amount) if amount.currency() != max.currency() => Err(SettleError::AwardCurrency),
        Award::Amount(amount) if amount.is_negative() => Err(SettleError::AwardNegative),
        Award::Amount(amount) if amount.minor() > max.minor() => Err(SettleError::AwardOverMax { max }),
        Award::Amount(amount) => Ok(amount.minor()),
    }
}

/// What the seller has spent on incurred services of the seller's own.
fn sellers_incurred_costs(terms: &Terms, incurred: Incurred) -> Result<i64, TooLarge> {
    let mut sum = 0;
    for (index, service) in terms.services.iter().enumerate() {
        match service.provider {
            Provider::Seller if incurred.contains(index) => sum = add(sum, service.final_cost.minor())?,
            Provider::Seller | Provider::Platform | Provider::Third(_) => {}
        }
    }
    Ok(sum)
}
