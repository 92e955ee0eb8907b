//! What has happened in a deal, as far as a settlement depends on it.

use super::Incurred;
use crate::deposit::DepositId;
use crate::{Payee, Side};

/// What has happened in a deal, as far as a settlement depends on it.
///
/// Where nothing but incurred services matters, `incurred.into()` is enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Course<'a> {
    /// The services that have been incurred.
    pub incurred: Incurred,
    /// G: what the seller has given back, in minor units of the deal's currency. More than the seller would get counts as
    /// all of it.
    pub given_back: i64,
    /// What was accepted, one quantity per item, where an award ends a deal that was accepted in part before.
    pub accepted: Option<&'a [u32]>,
    /// The additional charges.
    pub charges: &'a [Charge<'a>],
}

impl From<Incurred> for Course<'_> {
    fn from(incurred: Incurred) -> Self {
        Self { incurred, ..Self::default() }
    }
}

impl<'a> Course<'a> {
    /// The same with this given back.
    #[must_use]
    pub const fn given_back(mut self, minor: i64) -> Self {
        self.given_back = minor;
        self
    }

    /// The same with these quantities accepted before.
    #[must_use]
    pub const fn accepted(mut self, quantities: &'a [u32]) -> Self {
        self.accepted = Some(quantities);
        self
    }

    /// The same with these charges.
    #[must_use]
    pub const fn charges(mut self, charges: &'a [Charge<'a>]) -> Self {
        self.charges = charges;
        self
    }

    pub(super) fn has_a_negative(&self) -> bool {
        self.given_back < 0 || self.charges.iter().any(|charge| charge.held < 0)
    }
}

/// An additional charge, as far as a settlement depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charge<'a> {
    /// Its deposit.
    pub deposit: DepositId,
    /// Who pays it.
    pub payer: Side,
    /// Who gets it; never the payer.
    pub payee: &'a Payee,
    /// What its deposit holds, in minor units of the deal's currency.
    pub held: i64,
    /// Whether it is paid in full. What is paid of another goes back.
    pub paid: bool,
}
