//! The costs on the pots: services provided by others, then fees, in the order of the terms. The arbitration fee comes
//! before them all, in `settle.rs`.

use smallvec::SmallVec;

use super::Incurred;
use super::fraction::Fraction;
use super::row::{Bearer, Factor, Row, Services};
use crate::deposit::Purpose;
use crate::money::minor::{TooLarge, add, sub};
use crate::terms::{FeeLine, OnRefund, Provider, Quote, Terms};
use crate::{Payee, Side};

/// What a cost is paid from: B (the buyer's part, or out of S), L, the seller's guarantee.
pub(super) type Paid = [i64; 3];

/// What a cost is for.
#[derive(Clone, Copy)]
pub(super) enum Of<'q> {
    /// A service, by who provides it.
    Service(&'q Provider),
    /// A fee, by its line in the quote.
    Fee(&'q FeeLine),
}

impl Of<'_> {
    pub(super) const fn purpose(self) -> Purpose {
        match self {
            Self::Service(_) => Purpose::Service,
            Self::Fee(_) => Purpose::Fee,
        }
    }

    pub(super) fn payee(self) -> Payee {
        match self {
            Self::Service(provider) => provider.payee(),
            Self::Fee(line) => line.payee.payee(),
        }
    }
}

/// One cost: what it asks of whom, and what it got.
pub(super) struct Cost<'q> {
    pub(super) of: Of<'q>,
    /// Whether the buyer's part is paid after S. True for fees that a refund gives up in whole or in part.
    pub(super) after_s: bool,
    /// Whether it is scaled by f, as soon as S is known.
    pub(super) scaled: bool,
    pub(super) buyers: i64,
    pub(super) sellers: i64,
    pub(super) platforms: i64,
    pub(super) paid: Paid,
}

impl<'q> Cost<'q> {
    fn new(of: Of<'q>, parts: (i64, i64), bearer: Bearer) -> Result<Self, TooLarge> {
        let whole = add(parts.0, parts.1)?;
        let (buyers, sellers, platforms) = match bearer {
            Bearer::AsAgreed => (parts.0, parts.1, 0),
            Bearer::Whole(Side::Buyer) => (whole, 0, 0),
            Bearer::Whole(Side::Seller) => (0, whole, 0),
            Bearer::Platform => (0, 0, whole),
        };
        Ok(Self { of, after_s: false, scaled: false, buyers, sellers, platforms, paid: [0; 3] })
    }

    /// Scales both parts, each floored by itself.
    pub(super) fn scale(&mut self, by: Fraction) -> Result<(), TooLarge> {
        self.buyers = by.of(self.buyers)?;
        self.sellers = by.of(self.sellers)?;
        Ok(())
    }

    pub(super) fn pay_buyers_part(&mut self, b: &mut i64) -> Result<(), TooLarge> {
        let taken = take(b, self.buyers)?;
        self.buyers = sub(self.buyers, taken)?;
        let [from_b, _, _] = &mut self.paid;
        *from_b = add(*from_b, taken)?;
        Ok(())
    }

    /// Pays the seller's part out of these pots, one after the other.
    pub(super) fn pay_sellers_part(&mut self, pots: [&mut i64; 3]) -> Result<(), TooLarge> {
        for (pot, paid) in pots.into_iter().zip(&mut self.paid) {
            let taken = take(pot, self.sellers)?;
            self.sellers = sub(self.sellers, taken)?;
            *paid = add(*paid, taken)?;
        }
        Ok(())
    }

    pub(super) fn collected(&self) -> Result<i64, TooLarge> {
        self.paid.iter().try_fold(0, |sum, &paid| add(sum, paid))
    }

    /// What could not be paid, by who owes it.
    pub(super) fn uncovered(&self) -> impl Iterator<Item = (Payee, i64)> {
        [(Payee::Buyer, self.buyers), (Payee::Seller, self.sellers), (Payee::Platform, self.platforms)]
            .into_iter()
            .filter(|(_, uncovered)| *uncovered != 0)
    }
}

/// Room for as many costs as there can be, so that they need no heap. Too large to be moved about.
pub(super) type Costs<'q> = SmallVec<[Cost<'q>; Terms::MAX_SERVICES + Terms::MAX_FEES]>;

/// Adds the costs that this row of the table pays, in the order in which they are paid.
pub(super) fn collect_costs<'q>(
    terms: &'q Terms,
    quote: &'q Quote,
    incurred: Incurred,
    row: &Row,
    costs: &mut Costs<'q>,
) -> Result<(), TooLarge> {
    for (index, (service, line)) in terms.services.iter().zip(&quote.services).enumerate() {
        let is_paid = match row.services {
            Services::All => true,
            Services::Incurred => incurred.contains(index),
        };
        // what the seller provides is part of the proceeds
        if is_paid && service.provider != Provider::Seller {
            let parts = (line.buyers_part.minor(), line.sellers_part.minor());
            costs.push(Cost::new(Of::Service(&service.provider), parts, row.bearer)?);
        }
    }
    for (fee, line) in terms.fees.iter().zip(&quote.fees) {
        // a carve-out is no cost of its own: it is taken out of what its parent gets; a tax follows its parent
        let Some(on_refund) = terms.root(fee).on_refund.filter(|_| !fee.is_carve_out()) else { continue };
        let factor = row.factor(on_refund);
        if factor != Factor::Zero {
            let parts = (line.buyers_part.minor(), line.sellers_part.minor());
            let mut cost = Cost::new(Of::Fee(line), parts, row.bearer)?;
            cost.after_s = on_refund != OnRefund::Keep;
            cost.scaled = factor == Factor::F;
            costs.push(cost);
        }
    }
    Ok(())
}

/// Takes what there is of `wanted` out of `pot`.
pub(super) fn take(pot: &mut i64, wanted: i64) -> Result<i64, TooLarge> {
    let taken = wanted.min(*pot);
    *pot = sub(*pot, taken)?;
    Ok(taken)
}
