//! What a basket is opened with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Rejection;
use escrow::deposit::DepositId;
use escrow::{Currency, DealId, Money, PartyId, Terms, Time};

/// What one deposit of one deal gets out of the basket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The deal.
    pub deal: DealId,
    /// The deposit; the payer's own.
    pub deposit: DepositId,
    /// How much; positive, in the basket's currency: what is outstanding of the deposit.
    pub amount: Money,
}

/// A basket as it is asked for, not checked yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BasketDraft {
    /// Who pays.
    pub payer: PartyId,
    /// The currency of every line.
    pub currency: Currency,
    /// The lines, in order; those before are filled first.
    pub lines: Vec<Line>,
    /// Until when it may be paid: then everything goes back.
    pub until: Time,
}

impl BasketDraft {
    /// The most lines.
    pub const MAX_LINES: usize = 200;

    /// A basket of these lines.
    pub const fn new(payer: PartyId, currency: Currency, lines: Vec<Line>, until: Time) -> Self {
        Self { payer, currency, lines, until }
    }

    pub(super) fn check(&self) -> Result<(), Rejection> {
        let few = (1..=Self::MAX_LINES).contains(&self.lines.len());
        let ids: BTreeSet<_> = self.lines.iter().map(|line| (line.deal, line.deposit)).collect();
        let sound = |line: &Line| {
            line.amount.currency() == self.currency
                && line.amount.is_positive()
                && line.amount.minor() <= Terms::MAX_AMOUNT
        };
        if !few || ids.len() != self.lines.len() || !self.lines.iter().all(sound) {
            return Err(Rejection::Lines { max: Self::MAX_LINES });
        }
        Ok(())
    }
}
