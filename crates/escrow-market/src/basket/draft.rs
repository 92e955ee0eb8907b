//! What a basket is opened with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Rejection;
use escrow::deposit::DepositId;
use escrow::{Currency, Deal, DealId, Money, PartyId, Side, Terms, Time};

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

    /// Whether each line of this deal is what is outstanding of a deposit of the payer's. A basket knows its deals by their ids
    /// only: whoever opens it and has them asks this of each. A deal that has ended leaves the basket.
    ///
    /// # Errors
    /// [`Rejection::LineDoesNotFit`], [`Rejection::NoSuchDeposit`].
    pub fn fits(&self, deal: &Deal) -> Result<(), Rejection> {
        if deal.outcome().is_some() {
            return Ok(());
        }
        let terms = deal.terms();
        for (line, of) in (1_usize..).zip(&self.lines).filter(|(_, of)| of.deal == deal.id()) {
            let own = deal.deposit(of.deposit).filter(|deposit| match deposit.owner() {
                Side::Buyer => terms.buyer == self.payer,
                Side::Seller => terms.seller == self.payer,
            });
            let needed = own.ok_or(Rejection::NoSuchDeposit { line })?.outstanding();
            if needed != of.amount {
                return Err(Rejection::LineDoesNotFit { line, needed, given: of.amount });
            }
        }
        Ok(())
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
