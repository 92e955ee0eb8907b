//! The rules that a fee schedule must keep.

use super::{Fee, FeeBase, FeeId, Payer, Problem, TermsDraft, TermsError};
use crate::{Money, Rate};

impl TermsDraft {
    /// The most that a fee of the gross, which the buyer pays, and its taxes may be of the gross. The deposit is found in a
    /// few hundred steps then, and is at most ten times everything else.
    const MOST_OF_GROSS_PPM: i64 = 900_000;

    pub(super) fn validate_fees(&self) -> Result<(), TermsError> {
        self.fees.iter().enumerate().try_for_each(|(i, fee)| self.validate_fee(i, fee))?;
        let mut of_the_buyer = self.fees.iter().enumerate().filter(|(_, fee)| fee.is_grossed_up());
        let Some((index, grossed_up)) = of_the_buyer.next() else { return Ok(()) };
        if let Some((second, _)) = of_the_buyer.next() {
            return Err(TermsError::item("fees", second, "base", Problem::SecondGrossFee));
        }
        if self.ppm_of_gross(grossed_up) > Self::MOST_OF_GROSS_PPM {
            return Err(TermsError::item("fees", index, "rate", Problem::GrossFeeTooHigh));
        }
        Ok(())
    }

    fn validate_fee(&self, index: usize, fee: &Fee) -> Result<(), TermsError> {
        let at = |field, problem| TermsError::item("fees", index, field, problem);
        let amount = |field, money: Option<Money>| {
            money.map_or(Ok(None), |m| self.amount(m).map(Some)).map_err(|p| at(field, p))
        };
        amount("fixed", fee.fixed)?;
        amount("per_unit", fee.per_unit)?;
        let min = amount("min", fee.min)?;
        let max = amount("max", fee.max)?;
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return Err(at("min", Problem::MinOverMax));
        }
        if let Some(named) = self.partner_as(&fee.payee) {
            return Err(at("payee", Problem::IsAParty(named)));
        }
        if self.fees.iter().take(index).any(|earlier| earlier.id == fee.id) {
            return Err(at("id", Problem::Duplicate));
        }
        let payer = self.payer_by_the_rules(index, fee)?;
        match &fee.base {
            FeeBase::Price | FeeBase::Order | FeeBase::Fee(_) => {}
            FeeBase::Gross => {
                let buyers_own = payer == Payer::Buyer && !fee.is_carve_out();
                if payer.has_buyers_part() && !buyers_own {
                    return Err(at("base", Problem::GrossFeeShared));
                }
            }
            FeeBase::Items(items) => self.validate_places(items).map_err(|p| at("base", p))?,
        }
        if fee.per_unit.is_some() && !matches!(fee.base, FeeBase::Items(_)) {
            return Err(at("per_unit", Problem::NeedsItems));
        }
        Ok(())
    }

    /// Who pays a fee: its own payer, or that of its parent.
    fn payer_by_the_rules(&self, index: usize, fee: &Fee) -> Result<Payer, TermsError> {
        let at = |field, problem| TermsError::item("fees", index, field, problem);
        let parent = |field, id: &FeeId| {
            let parent = self.fees.iter().take(index).find(|earlier| earlier.id == *id);
            let parent = parent.ok_or(at(field, Problem::UnknownParent))?;
            if parent.is_carve_out() { Err(at(field, Problem::ParentIsCarveOut)) } else { Ok(parent) }
        };
        let taxed = match &fee.base {
            FeeBase::Fee(id) => Some(parent("base", id)?),
            FeeBase::Price | FeeBase::Order | FeeBase::Gross | FeeBase::Items(_) => None,
        };
        let carved = fee.out_of.as_ref().map(|id| parent("out_of", id)).transpose()?;
        match carved.or(taxed) {
            Some(parent) => {
                if fee.payer.is_some() {
                    return Err(at("payer", Problem::FollowsItsParent));
                }
                if fee.on_refund.is_some() {
                    return Err(at("on_refund", Problem::FollowsItsParent));
                }
                // a tax of a tax leads to the fee that has a payer; it was checked before
                self.root(parent).payer.ok_or(at("payer", Problem::Missing))
            }
            None => {
                if fee.on_refund.is_none() {
                    return Err(at("on_refund", Problem::Missing));
                }
                fee.payer.ok_or(at("payer", Problem::Missing))
            }
        }
    }

    fn validate_places(&self, items: &[u16]) -> Result<(), Problem> {
        if items.is_empty() {
            return Err(Problem::Empty);
        }
        let known = items.iter().all(|place| usize::from(*place) < self.items.len());
        let ascending = items.iter().zip(items.iter().skip(1)).all(|(a, b)| a < b);
        if known && ascending { Ok(()) } else { Err(Problem::UnknownItem) }
    }

    /// Which part of the gross this fee and its taxes are, in parts per million, fixed sums and bounds aside.
    fn ppm_of_gross(&self, grossed_up: &Fee) -> i64 {
        let of_this = |fee: &&Fee| self.root(fee).id == grossed_up.id && !fee.is_carve_out();
        let parts = self.fees.iter().filter(of_this).map(|fee| self.ppm_of_root(fee));
        parts.fold(0, i64::saturating_add)
    }

    fn ppm_of_root(&self, fee: &Fee) -> i64 {
        let parent = fee.taxes().and_then(|id| self.fees.iter().find(|parent| parent.id == *id));
        match parent {
            // an earlier one, so this ends
            Some(parent) => fee.rate.floor_of(self.ppm_of_root(parent)),
            None => fee.rate.floor_of(i64::from(Rate::WHOLE.ppm())),
        }
    }

    /// The fee whose payer and refund rule this one has: its own, or, for a tax, what it taxes.
    pub(crate) fn root<'a>(&'a self, fee: &'a Fee) -> &'a Fee {
        let parent = |of: &Fee| of.taxes().and_then(|id| self.fees.iter().find(|parent| parent.id == *id));
        let mut root = fee;
        // bounded: only terms that were checked are known to lead to earlier fees
        for _ in &self.fees {
            match parent(root) {
                Some(earlier) => root = earlier,
                None => break,
            }
        }
        root
    }
}

impl Fee {
    /// Whether the buyer pays it and it is of the gross, which has to make room for it.
    pub(crate) fn is_grossed_up(&self) -> bool {
        self.base == FeeBase::Gross && self.payer == Some(Payer::Buyer) && !self.is_carve_out()
    }
}
