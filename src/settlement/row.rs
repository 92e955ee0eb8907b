//! The table of endings: one row each. The module's documentation shows it.

use super::{AwardedBy, Ending, Fault};
use crate::Side;
use crate::dispute::Award;
use crate::terms::OnRefund;

/// One row of the table: how an ending divides.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) s: S,
    pub(super) services: Services,
    pub(super) keep: Factor,
    pub(super) returned: Factor,
    pub(super) pro_rata: Factor,
    pub(super) bearer: Bearer,
    pub(super) arbitration: bool,
}

/// What the seller is to get out of B, before the seller's own parts.
#[derive(Clone, Copy)]
pub(super) enum S {
    /// The proceeds of the quote, less what was given back.
    Proceeds,
    /// The costs of the incurred services that the seller provides.
    IncurredCosts,
    /// Nothing.
    Nothing,
    /// The award.
    Award(Award),
}

/// Which services of others are paid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Services {
    All,
    Incurred,
}

/// How much of a fee is paid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    /// Nothing.
    Zero,
    /// All of it.
    One,
    /// As much of it as the seller gets of the proceeds: f.
    F,
}

/// Who pays the services of others and the fees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer {
    /// Each side the part that the terms say.
    AsAgreed,
    /// One side, the parts of both.
    Whole(Side),
    /// The platform, the parts of both.
    Platform,
}

impl Row {
    #[rustfmt::skip]
    pub(super) const fn of(ending: &Ending) -> Self {
        use {Bearer::*, Factor::*, S::*};
        use Services::{All, Incurred};
        match ending {
            Ending::Success | Ending::PartialBuyout(_) => Self::new(Proceeds, All, [One, One, F], AsAgreed),
            Ending::Cancelled(Fault::Buyer) => Self::new(IncurredCosts, Incurred, [One, Zero, Zero], Whole(Side::Buyer)),
            Ending::Cancelled(Fault::Seller) => Self::new(Nothing, Incurred, [One, Zero, Zero], Whole(Side::Seller)),
            Ending::Cancelled(Fault::Nobody) => Self::new(Nothing, Incurred, [Zero, Zero, Zero], Platform),
            Ending::CalledOff => Self::new(Nothing, Incurred, [Zero, Zero, Zero], AsAgreed),
            Ending::Awarded { award, by } => Self {
                arbitration: match by {
                    AwardedBy::Ruling => true,
                    AwardedBy::Agreement | AwardedBy::DefaultRuling => false,
                },
                ..Self::new(Award(*award), Incurred, [One, Zero, F], AsAgreed)
            },
        }
    }

    const fn new(s: S, services: Services, fees: [Factor; 3], bearer: Bearer) -> Self {
        let [keep, returned, pro_rata] = fees;
        Self { s, services, keep, returned, pro_rata, bearer, arbitration: false }
    }

    /// How much is paid of a fee.
    pub(super) const fn factor(&self, on_refund: OnRefund) -> Factor {
        match on_refund {
            OnRefund::Keep => self.keep,
            OnRefund::Return => self.returned,
            OnRefund::ProRata => self.pro_rata,
        }
    }
}
