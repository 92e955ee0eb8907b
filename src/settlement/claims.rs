//! The claims against the pots, in order: services provided by others, then fees; and how much of each stands in
//! an ending. The arbitration fee comes before them all and stands in `settle.rs`.

use smallvec::SmallVec;

use super::minor::{TooLarge, add, sub};
use super::{FeeLine, Incurred, Purpose, Quote};
use crate::money::mul_div_floor;
use crate::terms::{OnRefund, Provider, Terms};
use crate::{Payee, Side};

/// Who pays what stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer {
    /// Each his part.
    AsAgreed,
    /// One side pays both parts.
    Whole(Side),
    /// Neither side pays.
    Platform,
}

/// Which claims stand.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    /// All of them, whole: the deal succeeded.
    All,
    /// Incurred services and kept fees.
    Cancelled,
    /// Incurred services only.
    IncurredOnly,
    /// Incurred services, kept fees, and pro-rata fees that are scaled once the award is known.
    Award,
}

/// What a claim is paid from: the buyer's payment (his own part, or out of S), the seller's payment, the seller's
/// guarantee.
pub(super) type Paid = [i64; 3];

/// What a claim is for.
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

    /// Who gets it.
    pub(super) fn payee(self) -> Payee {
        match self {
            Self::Service(provider) => provider.payee(),
            Self::Fee(line) => line.payee.payee(),
        }
    }
}

/// One claim: what it asks of whom, and what it got.
pub(super) struct Claim<'q> {
    pub(super) of: Of<'q>,
    /// Is the buyer's part paid after S? True for fees that a refund gives up in whole or in part.
    pub(super) after_s: bool,
    pub(super) buyers: i64,
    pub(super) sellers: i64,
    pub(super) platforms: i64,
    pub(super) paid: Paid,
}

impl<'q> Claim<'q> {
    fn new(of: Of<'q>, parts: (i64, i64), bearer: Bearer) -> Result<Self, TooLarge> {
        let whole = add(parts.0, parts.1)?;
        let (buyers, sellers, platforms) = match bearer {
            Bearer::AsAgreed => (parts.0, parts.1, 0),
            Bearer::Whole(Side::Buyer) => (whole, 0, 0),
            Bearer::Whole(Side::Seller) => (0, whole, 0),
            Bearer::Platform => (0, 0, whole),
        };
        Ok(Self { of, after_s: false, buyers, sellers, platforms, paid: [0; 3] })
    }

    /// Scales a pro-rata fee by `part / whole`, each part floored by itself.
    pub(super) fn scale(&mut self, part: i64, whole: i64) -> Result<(), TooLarge> {
        self.buyers = mul_div_floor(self.buyers, part, whole).ok_or(TooLarge)?;
        self.sellers = mul_div_floor(self.sellers, part, whole).ok_or(TooLarge)?;
        Ok(())
    }

    pub(super) fn collected(&self) -> Result<i64, TooLarge> {
        self.paid.iter().try_fold(0, |sum, &paid| add(sum, paid))
    }
}

/// As many as there can be, so that they never need a heap. They stay where they are: too many to be moved about.
pub(super) type Claims<'q> = SmallVec<[Claim<'q>; Terms::MAX_SERVICES + Terms::MAX_FEES]>;

/// Adds the claims that stand, in the order in which they are paid.
pub(super) fn collect_claims<'q>(
    terms: &'q Terms,
    quote: &'q Quote,
    incurred: Incurred,
    bearer: Bearer,
    standing: Standing,
    claims: &mut Claims<'q>,
) -> Result<(), TooLarge> {
    for (index, (service, line)) in terms.services.iter().zip(&quote.services).enumerate() {
        let stands = match standing {
            Standing::All => true,
            Standing::Cancelled | Standing::IncurredOnly | Standing::Award => incurred.contains(index),
        };
        // his own services are part of the seller's proceeds
        if stands && service.provider != Provider::Seller {
            let parts = (line.buyers_part.minor(), line.sellers_part.minor());
            claims.push(Claim::new(Of::Service(&service.provider), parts, bearer)?);
        }
    }
    for (fee, line) in terms.fees.iter().zip(&quote.fees) {
        // a carve-out is no claim of its own: it is taken out of what its parent gets
        let Some(on_refund) = fee.on_refund else { continue };
        let stands = match (standing, on_refund) {
            (Standing::All, _)
            | (Standing::Cancelled | Standing::Award, OnRefund::Keep)
            | (Standing::Award, OnRefund::ProRata) => true,
            (Standing::Cancelled, OnRefund::Return | OnRefund::ProRata)
            | (Standing::Award, OnRefund::Return)
            | (Standing::IncurredOnly, _) => false,
        };
        if stands {
            let parts = (line.buyers_part.minor(), line.sellers_part.minor());
            let mut claim = Claim::new(Of::Fee(line), parts, bearer)?;
            claim.after_s = on_refund != OnRefund::Keep;
            claims.push(claim);
        }
    }
    Ok(())
}

/// What the seller has spent on services of his own that are marked as incurred.
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

/// Takes what there is of `wanted` out of `pot`.
pub(super) fn take(pot: &mut i64, wanted: i64) -> Result<i64, TooLarge> {
    let taken = wanted.min(*pot);
    *pot = sub(*pot, taken)?;
    Ok(taken)
}
