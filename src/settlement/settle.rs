//! One algorithm behind every ending. Each step is capped by what is left, one side is computed and the other is
//! the rest, so every pot is given out to the last minor unit.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::claims::{
    Bearer, Claim, Claims, Of, Paid, Standing, collect_claims, sellers_incurred_costs, take,
};
use super::minor::{TooLarge, add, sub};
use super::quote::{Sums, fee_amount};
use super::{Purpose, Quote, QuoteError, Settlement};
use crate::deposit::DepositId;
use crate::dispute::Award;
use crate::money::{MoneyError, mul_div_floor};
use crate::terms::Terms;
use crate::{Money, Payee, Rate, Side};

/// Whose fault a cancellation is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The buyer bears what stands, whole.
    Buyer,
    /// The seller bears what stands, whole.
    Seller,
    /// Neither party pays anything; what a third party has spent is the platform's to pay.
    Nobody,
}

impl From<Side> for Fault {
    fn from(side: Side) -> Self {
        match side {
            Side::Buyer => Self::Buyer,
            Side::Seller => Self::Seller,
        }
    }
}

/// Accepted quantities, one per item of the terms, in their order.
pub type Quantities = std::sync::Arc<[u32]>;

/// How a deal ends, as far as money is concerned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Everything was accepted.
    Success,
    /// A part of the items was accepted.
    PartialBuyout(Quantities),
    /// The deal was cancelled, at this one's fault.
    Cancelled(Fault),
    /// A dispute was settled by agreement: no arbitration fee.
    Agreed(Award),
    /// An arbiter ruled: with the arbitration fee.
    Ruled(Award),
    /// The arbiter was silent and the policy's default ruling applies: nobody has earned an arbitration fee.
    Defaulted(Award),
}

/// What there is to give out, in minor units of the deal's currency; guarantees in their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pots {
    /// B: what the buyer's payment deposit holds.
    pub buyer: i64,
    /// L: what the seller's payment deposit holds.
    pub seller: i64,
    /// What the buyer's guarantee holds.
    pub buyer_guarantee: Money,
    /// What the seller's guarantee holds.
    pub seller_guarantee: Money,
    /// Is every required deposit full? Until then every ending gives everything back and nobody pays anything.
    pub funded: bool,
}

impl Pots {
    /// The pots of a deal whose required deposits are all full, to the minor unit.
    pub fn full(terms: &Terms) -> Self {
        let guarantee = |side| terms.guarantees.of(side).unwrap_or(Money::zero(terms.currency));
        Self {
            buyer: terms.quote().deposit.minor(),
            seller: terms.quote().seller_due.minor(),
            buyer_guarantee: guarantee(Side::Buyer),
            seller_guarantee: guarantee(Side::Seller),
            funded: true,
        }
    }

    const fn guarantee(&self, side: Side) -> Money {
        match side {
            Side::Buyer => self.buyer_guarantee,
            Side::Seller => self.seller_guarantee,
        }
    }
}

/// Which services of the terms have been incurred, by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incurred(u32);

impl Incurred {
    /// Is the service at this index incurred?
    pub fn contains(self, index: usize) -> bool {
        Self::bit(index).is_some_and(|bit| self.0 & bit != 0)
    }

    /// The same with the service at this index; beyond [`Terms::MAX_SERVICES`] there is none.
    #[must_use]
    pub fn with(self, index: usize) -> Self {
        Self(self.0 | Self::bit(index).unwrap_or(0))
    }

    fn bit(index: usize) -> Option<u32> {
        u32::try_from(index).ok().and_then(|i| 1_u32.checked_shl(i))
    }
}

/// Why an ending cannot be settled. The arguments are at fault, so the same ones fail again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The list of accepted quantities has another length than the list of items.
    #[error("accepted quantities: give one per item of the terms, {items} in all")]
    QuantitiesMissing {
        /// How many items the terms have.
        items: usize,
    },
    /// More units are accepted than the terms have.
    #[error("accepted quantities[{item}]: at most {max}")]
    QuantityOverOrdered {
        /// The item's index.
        item: usize,
        /// How many units the terms have.
        max: u32,
    },
    /// Nothing was accepted.
    #[error("accepted quantities: accept at least one unit, or cancel")]
    NothingAccepted,
    /// The seller's parts would be more than he earns from the accepted items and has deposited.
    #[error("accepted quantities: what is accepted does not cover the seller's part of services and fees")]
    SellerUncovered,
    /// The carve-outs would be over a fee that shrinks with the price.
    #[error("accepted quantities: a fixed carve-out is over its fee at this price")]
    CarveOutOverParent,
    /// A pot below zero holds nothing that could be given out.
    #[error("pots: must not be negative")]
    NegativePot,
    /// The award is over what there is to award.
    #[error("award: at most {max}")]
    AwardOverMax {
        /// M: the most that can be awarded.
        max: Money,
    },
    /// The award is below zero.
    #[error("award: must not be negative")]
    AwardNegative,
    /// The award is in another currency than the deal's.
    #[error("award: must be in the currency of the deal")]
    AwardCurrency,
    /// A sum left the range of an amount.
    #[error("a sum is over the limit of amounts")]
    TooLarge,
}

impl From<TooLarge> for SettleError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

impl From<MoneyError> for SettleError {
    fn from(_: MoneyError) -> Self {
        Self::TooLarge
    }
}

/// The pots in the order of [`Paid`].
const SOURCES: [DepositId; 3] =
    [DepositId::BUYER_PAYMENT, DepositId::SELLER_PAYMENT, DepositId::SELLER_GUARANTEE];

/// Divides what the pots hold among everybody, as the ending says.
///
/// Per pot, the shares sum to exactly what it held. All rates round toward zero; the remainder stays with whoever
/// gets the rest: the buyer out of his payment, the seller out of S, a fee's own payee out of its carve-outs.
///
/// # Errors
/// [`SettleError`] where a partial buyout or an award does not fit the terms and the pots. Any other ending fails only
/// on pots that no deal can have: negative, or beyond [`Terms::MAX_AMOUNT`] by orders of magnitude.
///
/// # Examples
/// ```
/// # use escrow::{Currency, Money, Payee, Policy, Side, settle, terms::*, settlement::*};
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

/// [`settle_into`] for an ending that was judged before, or that nothing can refuse.
pub(crate) fn settle_surely(
    terms: &Terms,
    pots: &Pots,
    incurred: Incurred,
    ending: &Ending,
    out: &mut Settlement,
) {
    if settle_into(terms, pots, incurred, ending, out).is_err() {
        *out = Settlement::default();
        let _ = give_everything_back(terms, pots, out);
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
    if pots.buyer < 0
        || pots.seller < 0
        || pots.buyer_guarantee.is_negative()
        || pots.seller_guarantee.is_negative()
    {
        return Err(SettleError::NegativePot);
    }
    if !pots.funded {
        return give_everything_back(terms, pots, out);
    }
    let requoted;
    let mut quote = terms.quote();
    let (bearer, standing) = match ending {
        Ending::Success => (Bearer::AsAgreed, Standing::All),
        Ending::PartialBuyout(quantities) => {
            requoted = quote_accepted(terms, quantities)?;
            quote = &requoted;
            (Bearer::AsAgreed, Standing::All)
        }
        Ending::Cancelled(Fault::Buyer) => (Bearer::Whole(Side::Buyer), Standing::Cancelled),
        Ending::Cancelled(Fault::Seller) => (Bearer::Whole(Side::Seller), Standing::Cancelled),
        Ending::Cancelled(Fault::Nobody) => (Bearer::Platform, Standing::IncurredOnly),
        Ending::Agreed(_) | Ending::Ruled(_) | Ending::Defaulted(_) => (Bearer::AsAgreed, Standing::Award),
    };
    let mut claims = Claims::new();
    collect_claims(terms, quote, incurred, bearer, standing, &mut claims)?;
    let money = |minor| Money::from_minor(minor, terms.currency);
    let mut b = pots.buyer;

    // out of B: A, the buyer's parts of services and of kept fees ...
    let winner = winner(ending);
    let mut loser_pays = 0;
    if let (Ending::Ruled(_), Some(fee)) = (ending, &terms.policy.arbitration_fee) {
        let fee_for =
            |part| fee_amount(add(fee.rate.floor_of(pots.buyer), part)?, fee.fixed, fee.min, fee.max);
        let guarantee = winner.map(|side| pots.guarantee(side.other())).filter(|g| g.is_positive());
        let part = guarantee.map_or(0, |g| fee.guarantee_rate.floor_of(g.minor()));
        match guarantee {
            Some(g) if g.currency() == terms.currency => loser_pays = fee_for(part)?.min(g.minor()),
            // the other sums of the fee are in the deal's currency
            Some(_) if fee.guarantee_rate != Rate::ZERO => loser_pays = part,
            Some(_) | None => {
                let a = take(&mut b, fee_for(0)?)?;
                out.give(DepositId::BUYER_PAYMENT, fee.payee.payee(), Purpose::ArbitrationFee, money(a))?;
            }
        }
    }
    for claim in claims.iter_mut().filter(|c| !c.after_s) {
        pay_buyers_part(claim, &mut b)?;
    }

    // ... then S ...
    let s_due = match ending {
        Ending::Success | Ending::PartialBuyout(_) => quote.proceeds.minor(),
        Ending::Cancelled(Fault::Buyer) => sellers_incurred_costs(terms, incurred)?,
        Ending::Cancelled(Fault::Seller | Fault::Nobody) => 0,
        Ending::Agreed(award) | Ending::Ruled(award) | Ending::Defaulted(award) => {
            let max = b.min(quote.proceeds.minor());
            awarded(*award, money(max))?
        }
    };
    let mut s = take(&mut b, s_due)?;
    let s_uncovered = sub(s_due, s)?;
    if let Standing::Award = standing {
        // pro_rata = min(S, p) / p; where nothing of the price is paid online: all of it if S > 0, else nothing
        let p = sub(quote.price.minor(), quote.pay_offline.minor())?.max(0);
        let (part, whole) = if p > 0 { (s_due.min(p), p) } else { (i64::from(s_due > 0), 1) };
        for claim in claims.iter_mut().filter(|c| c.after_s) {
            claim.scale(part, whole)?;
        }
    }

    // ... then the buyer's parts of the other fees; the rest of B goes back to the buyer
    for claim in claims.iter_mut().filter(|c| c.after_s) {
        pay_buyers_part(claim, &mut b)?;
    }

    // the seller's parts come off S, then off L, then, where he is at fault, off his guarantee
    let mut l = pots.seller;
    let guarantee_covers =
        *ending == Ending::Cancelled(Fault::Seller) && pots.seller_guarantee.currency() == terms.currency;
    let mut g = if guarantee_covers { pots.seller_guarantee.minor() } else { 0 };
    let covered = g;
    for claim in &mut claims {
        pay_sellers_part(claim, &mut s, &mut l, &mut g)?;
    }
    let guarantee_used = sub(covered, g)?;

    for claim in &claims {
        pay_out(claim, quote, out, money)?;
    }
    out.give(DepositId::BUYER_PAYMENT, Payee::Seller, Purpose::Payout, money(s))?;
    out.give(DepositId::BUYER_PAYMENT, Payee::Buyer, Purpose::Refund, money(b))?;
    out.give(DepositId::SELLER_PAYMENT, Payee::Seller, Purpose::Refund, money(l))?;
    match winner {
        Some(side) => {
            if let Some(fee) = &terms.policy.arbitration_fee {
                let from = DepositId::guarantee(side.other());
                let paid = Money::from_minor(loser_pays, pots.guarantee(side.other()).currency());
                out.give(from, fee.payee.payee(), Purpose::ArbitrationFee, paid)?;
            }
            give_guarantee(out, pots, side, side.payee(), Purpose::Guarantee, 0)?;
            give_guarantee(out, pots, side.other(), side.payee(), Purpose::Award, loser_pays)?;
        }
        None => {
            give_guarantee(out, pots, Side::Buyer, Payee::Buyer, Purpose::Guarantee, 0)?;
            give_guarantee(out, pots, Side::Seller, Payee::Seller, Purpose::Guarantee, guarantee_used)?;
        }
    }
    if let Ending::Cancelled(Fault::Buyer) = ending {
        out.owe(&Payee::Buyer, &Payee::Seller, Purpose::Payout, money(s_uncovered))?;
    }
    Ok(())
}

/// The most that can be awarded: `M`.
///
/// # Errors
/// [`SettleError::TooLarge`] only; the limits on terms make it impossible.
pub fn max_award(terms: &Terms, pots: &Pots, incurred: Incurred, ruled: bool) -> Result<Money, SettleError> {
    // an amount over every pot is always refused, with M
    let over = Award::Amount(Money::from_minor(i64::MAX, terms.currency));
    let ending = if ruled { Ending::Ruled(over) } else { Ending::Agreed(over) };
    match settle(terms, pots, incurred, &ending) {
        Err(SettleError::AwardOverMax { max }) => Ok(max),
        Err(e) => Err(e),
        Ok(_) => Ok(Money::zero(terms.currency)),
    }
}

fn winner(ending: &Ending) -> Option<Side> {
    match ending {
        Ending::Agreed(Award::Winner(side))
        | Ending::Ruled(Award::Winner(side))
        | Ending::Defaulted(Award::Winner(side)) => Some(*side),
        Ending::Agreed(_)
        | Ending::Ruled(_)
        | Ending::Defaulted(_)
        | Ending::Success
        | Ending::PartialBuyout(_)
        | Ending::Cancelled(_) => None,
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

fn quote_accepted(terms: &Terms, quantities: &[u32]) -> Result<Quote, SettleError> {
    if quantities.len() != terms.items.len() {
        return Err(SettleError::QuantitiesMissing { items: terms.items.len() });
    }
    for (item, (accepted, ordered)) in quantities.iter().zip(&terms.items).enumerate() {
        if *accepted > ordered.quantity {
            return Err(SettleError::QuantityOverOrdered { item, max: ordered.quantity });
        }
    }
    if quantities.iter().all(|&q| q == 0) {
        return Err(SettleError::NothingAccepted);
    }
    let sums = Sums::of_accepted(terms, quantities).map_err(|e| match e {
        QuoteError::TooLarge | QuoteError::OfflineOverProceeds => SettleError::TooLarge,
        QuoteError::CarveOutOverParent { .. } => SettleError::CarveOutOverParent,
    })?;
    // the seller has deposited what the whole deal would have cost him; more than that cannot be asked of him now
    if sums.seller_due()? > terms.quote().seller_due.minor() {
        return Err(SettleError::SellerUncovered);
    }
    Ok(sums.listed(terms)?)
}

fn give_everything_back(terms: &Terms, pots: &Pots, out: &mut Settlement) -> Result<(), SettleError> {
    let money = |minor| Money::from_minor(minor, terms.currency);
    out.give(DepositId::BUYER_PAYMENT, Payee::Buyer, Purpose::Refund, money(pots.buyer))?;
    out.give(DepositId::SELLER_PAYMENT, Payee::Seller, Purpose::Refund, money(pots.seller))?;
    give_guarantee(out, pots, Side::Buyer, Payee::Buyer, Purpose::Guarantee, 0)?;
    give_guarantee(out, pots, Side::Seller, Payee::Seller, Purpose::Guarantee, 0)?;
    Ok(())
}

fn give_guarantee(
    out: &mut Settlement,
    pots: &Pots,
    of: Side,
    to: Payee,
    purpose: Purpose,
    used: i64,
) -> Result<(), SettleError> {
    let guarantee = pots.guarantee(of);
    let rest = guarantee.checked_sub(Money::from_minor(used, guarantee.currency()))?;
    Ok(out.give(DepositId::guarantee(of), to, purpose, rest)?)
}

fn pay_buyers_part(claim: &mut Claim<'_>, b: &mut i64) -> Result<(), TooLarge> {
    let paid = take(b, claim.buyers)?;
    claim.buyers = sub(claim.buyers, paid)?;
    let [from_b, _, _] = &mut claim.paid;
    *from_b = add(*from_b, paid)?;
    Ok(())
}

fn pay_sellers_part(claim: &mut Claim<'_>, s: &mut i64, l: &mut i64, g: &mut i64) -> Result<(), TooLarge> {
    for (pot, paid) in [s, l, g].into_iter().zip(&mut claim.paid) {
        let taken = take(pot, claim.sellers)?;
        claim.sellers = sub(claim.sellers, taken)?;
        *paid = add(*paid, taken)?;
    }
    Ok(())
}

/// Hands a claim's money to its payee, carve-outs first, and notes what could not be covered.
fn pay_out(
    claim: &Claim<'_>,
    quote: &Quote,
    out: &mut Settlement,
    money: impl Fn(i64) -> Money,
) -> Result<(), SettleError> {
    let purpose = claim.of.purpose();
    let mut paid: Paid = claim.paid;
    // a fee that nets less than its amount is carved into
    if let Of::Fee(parent) = claim.of
        && parent.net != parent.amount
    {
        let kept = claim.collected()?;
        for carved in quote.fees.iter().filter(|f| f.out_of.as_ref() == Some(&parent.id)) {
            // a fee of zero has carve-outs of zero
            let mut share = mul_div_floor(carved.amount.minor(), kept, parent.amount.minor()).unwrap_or(0);
            for (from, deposit) in paid.iter_mut().zip(SOURCES) {
                let part = take(from, share)?;
                share = sub(share, part)?;
                out.give(deposit, carved.payee.payee(), purpose, money(part))?;
            }
        }
    }
    for (from, deposit) in paid.into_iter().zip(SOURCES).filter(|(from, _)| *from != 0) {
        out.give(deposit, claim.of.payee(), purpose, money(from))?;
    }
    let debtors =
        [(&Payee::Buyer, claim.buyers), (&Payee::Seller, claim.sellers), (&Payee::Platform, claim.platforms)];
    for (debtor, uncovered) in debtors.into_iter().filter(|(_, uncovered)| *uncovered != 0) {
        out.owe(debtor, &claim.of.payee(), purpose, money(uncovered))?;
    }
    Ok(())
}
