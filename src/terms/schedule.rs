//! The fee schedule on certain items: every fee's amount, as soon as the gross is known, and the gross itself.

use smallvec::SmallVec;

use super::{Fee, FeeBase, FeeId, Payer, Terms, TermsDraft};
use crate::Money;
use crate::money::minor::{TooLarge, add, sub};

/// One amount per fee, in the order of the schedule.
pub(crate) type Amounts = SmallVec<[i64; Terms::MAX_FEES]>;

pub(super) struct Schedule<'t>(SmallVec<[Line<'t>; Terms::MAX_FEES]>);

/// What is known of a fee before the gross is.
struct Line<'t> {
    fee: &'t Fee,
    base: Base,
    /// `per_unit × units`, beside the fixed sum.
    per_units: i64,
    /// Who pays it; nobody pays a carve-out.
    payer: Option<Payer>,
    /// Where the fee stands out of which this one is carved.
    carved_from: Option<usize>,
    /// Whether it is the fee of the gross that the buyer pays, or a tax on that.
    on_top: bool,
    /// Whether it is a fee of the gross, or a tax on one.
    of_gross: bool,
    /// Whether no unit of its items is there, or of those of the fee that it follows. It is no fee then, `min` or not.
    falls_away: bool,
}

enum Base {
    Known(i64),
    Gross,
    /// The fee at this place, an earlier one.
    Fee(usize),
}

impl<'t> Schedule<'t> {
    /// The schedule of a draft with these quantities, one per item.
    pub(super) fn of(
        draft: &'t TermsDraft,
        quantities: impl Iterator<Item = u32> + Clone,
        price: i64,
        order: i64,
    ) -> Result<Self, TooLarge> {
        let mut lines: SmallVec<[Line<'t>; Terms::MAX_FEES]> = SmallVec::new();
        let place = |id: &FeeId| draft.fees.iter().position(|f| f.id == *id);
        for fee in &draft.fees {
            let root = draft.root(fee);
            let carved_from = fee.out_of.as_ref().and_then(place);
            let (mut per_units, mut falls_away) = (0, false);
            let base = match &fee.base {
                FeeBase::Price => Base::Known(price),
                FeeBase::Order => Base::Known(order),
                FeeBase::Gross => Base::Gross,
                FeeBase::Items(places) => {
                    let (sum, units) = sum_of(draft, quantities.clone(), places)?;
                    per_units = fee.per_unit.map_or(0, Money::minor).checked_mul(units).ok_or(TooLarge)?;
                    falls_away = units == 0;
                    Base::Known(sum)
                }
                FeeBase::Fee(parent) => Base::Fee(place(parent).ok_or(TooLarge)?),
            };
            let followed = match base {
                Base::Fee(parent) => Some(parent),
                Base::Known(_) | Base::Gross => None,
            };
            for parent in [followed, carved_from].into_iter().flatten() {
                falls_away |= lines.get(parent).is_some_and(|line| line.falls_away);
            }
            lines.push(Line {
                fee,
                base,
                per_units,
                payer: if fee.is_carve_out() { None } else { root.payer },
                carved_from,
                on_top: root.is_grossed_up(),
                of_gross: root.base == FeeBase::Gross,
                falls_away,
            });
        }
        Ok(Self(lines))
    }

    /// Every fee, where the buyer deposits `gross`.
    pub(super) fn amounts(&self, gross: i64) -> Result<Amounts, TooLarge> {
        let mut amounts = Amounts::new();
        for line in &self.0 {
            let base = match line.base {
                Base::Known(base) => base,
                Base::Gross => gross,
                Base::Fee(parent) => amounts.get(parent).copied().ok_or(TooLarge)?,
            };
            let fee = line.fee;
            let part = add(fee.rate.part_of(base, fee.rounding), line.per_units)?;
            let amount = if line.falls_away { 0 } else { fee_amount(part, fee.fixed, fee.min, fee.max)? };
            amounts.push(amount);
        }
        Ok(amounts)
    }

    /// The buyer's parts of the fees that do not depend on the gross.
    pub(super) fn buyers_parts_but_of_gross(&self) -> Result<i64, TooLarge> {
        let amounts = self.amounts(0)?;
        let lines = self.0.iter().zip(amounts).filter(|(line, _)| !line.of_gross);
        lines
            .map(|(line, amount)| line.parts(amount).map(|parts| parts.0))
            .try_fold(0, |sum, part| add(sum, part?))
    }

    /// What the buyer deposits, so that `x` is left when the fee of the gross that the buyer pays, and its taxes, are off
    /// it: the least such sum, and at most `most`.
    ///
    /// What is on top never falls when the gross grows. So each step from below stops at or before the least solution, and
    /// where a step moves nothing, it is reached.
    pub(super) fn gross(&self, x: i64, most: i64) -> Result<i64, TooLarge> {
        let mut gross = x.min(most);
        if !self.0.iter().any(|line| line.on_top) {
            return Ok(gross);
        }
        loop {
            let next = add(x, self.on_top(gross)?)?.min(most);
            if next <= gross {
                return Ok(gross);
            }
            gross = next;
        }
    }

    /// The fee of the gross that the buyer pays, and its taxes.
    pub(super) fn on_top(&self, gross: i64) -> Result<i64, TooLarge> {
        let amounts = self.amounts(gross)?;
        let on_top = self.0.iter().zip(amounts).filter(|(line, _)| line.on_top && line.payer.is_some());
        on_top.map(|(_, amount)| amount).try_fold(0, add)
    }

    /// The buyer's and the seller's part of each fee. A carve-out has none.
    pub(super) fn parts(&self, amounts: &Amounts) -> impl Iterator<Item = Result<(i64, i64), TooLarge>> {
        self.0.iter().zip(amounts).map(|(line, amount)| line.parts(*amount))
    }

    /// What each fee nets when its carve-outs are off it. Where they are too much they are cut, the later first, or the
    /// first one that does not fit is the error.
    pub(super) fn nets(&self, amounts: &mut Amounts, cut: bool) -> Result<Amounts, CarveOutOverParent> {
        let mut nets = amounts.clone();
        for (fee, line) in self.0.iter().enumerate() {
            let Some(parent) = line.carved_from.and_then(|parent| nets.get_mut(parent)) else { continue };
            let Some(amount) = amounts.get_mut(fee) else { continue };
            if *amount > *parent {
                if !cut {
                    return Err(CarveOutOverParent { fee });
                }
                *amount = *parent;
            }
            *parent = parent.saturating_sub(*amount);
            let amount = *amount;
            if let Some(net) = nets.get_mut(fee) {
                *net = amount;
            }
        }
        Ok(nets)
    }
}

/// This carve-out does not fit into what is left of its parent.
pub(super) struct CarveOutOverParent {
    pub(super) fee: usize,
}

impl Line<'_> {
    fn parts(&self, amount: i64) -> Result<(i64, i64), TooLarge> {
        let Some(payer) = self.payer else { return Ok((0, 0)) };
        let buyers = payer.buyers_part(amount);
        Ok((buyers, sub(amount, buyers)?))
    }
}

/// The sum and the units of the items at these places.
fn sum_of(
    draft: &TermsDraft,
    quantities: impl Iterator<Item = u32>,
    places: &[u16],
) -> Result<(i64, i64), TooLarge> {
    let (mut sum, mut units) = (0, 0);
    for (place, (item, quantity)) in draft.items.iter().zip(quantities).enumerate() {
        if places.iter().any(|named| usize::from(*named) == place) {
            sum = add(sum, item.unit_price.minor().checked_mul(i64::from(quantity)).ok_or(TooLarge)?)?;
            units = add(units, i64::from(quantity))?;
        }
    }
    Ok((sum, units))
}

/// `clamp(part + fixed, min, max)`: the one formula of every fee, the arbitration fee included.
pub(crate) fn fee_amount(
    part: i64,
    fixed: Option<Money>,
    min: Option<Money>,
    max: Option<Money>,
) -> Result<i64, TooLarge> {
    let minor = |money: Option<Money>| money.map(Money::minor);
    let sum = add(part, minor(fixed).unwrap_or(0))?;
    let at_least = sum.max(minor(min).unwrap_or(sum));
    Ok(at_least.min(minor(max).unwrap_or(at_least)))
}
