//! One algorithm behind every ending. Each step is capped by what is left, one side is computed and the other is the
//! rest, so every pot is given out to the last minor unit.

use super::accepted::{returned, sums_accepted};
use super::costs::{Costs, collect_costs};
use super::division::Division;
use super::row::Row;
use super::{Course, Ending, Incurred, Pots, SettleError, Settlement};
use crate::deposit::{DepositId, Purpose};
use crate::dispute::Award;
use crate::terms::{Quote, Terms};
use crate::{Money, Payee, Side};

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
    division.scale_by_f(&mut costs, due)?;
    let lowered = division.lower_by_shortfall(due.s, &costs)?;
    division.pay_s(lowered)?;
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
