//! Who took how many, and how far each take is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::command;
use escrow::{DealId, InstrumentRef, PartyId, Text, Time};

/// How far a take is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TakeStage {
    /// Reserved; its deal does not stand yet.
    Waiting {
        /// When it lapses.
        until: Time,
    },
    /// Reserved; its deal is open and may be concluded.
    Proposed,
    /// Gone for good: its deal is concluded.
    Concluded,
}

/// A count that somebody took.
///
/// # Source
/// WebMoney Escrow's `OfferUserInfo`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Take {
    /// Its deal, and the take's own id.
    pub deal: DealId,
    /// Who took it.
    pub taker: PartyId,
    /// How many units.
    pub count: u32,
    /// The taker's purse, as the host's vault knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purse: Option<InstrumentRef>,
    /// Where the host keeps the taker's contact data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text<128, 1>>,
    /// When it was taken.
    pub at: Time,
    /// How far it is; of one that was given back, how far it had come.
    pub stage: TakeStage,
}

impl Take {
    /// Whether it was made by this command of this party.
    pub(super) fn is(&self, asked: &command::Take, taker: &PartyId) -> bool {
        let command::Take { deal, count, purse, contact } = asked;
        self.deal == *deal
            && self.taker == *taker
            && self.count == *count
            && self.purse == *purse
            && self.contact == *contact
    }
}

/// A take that the offer knows.
#[derive(Clone, Copy)]
pub(super) enum Known<'t> {
    /// Reserved or concluded.
    Held(&'t Take),
    /// Its count is available again.
    Returned(&'t Take),
}

impl<'t> Known<'t> {
    pub(super) const fn take(self) -> &'t Take {
        match self {
            Self::Held(take) | Self::Returned(take) => take,
        }
    }
}

/// Every take that is reserved or concluded, the latest that were given back, and the sums over them: no look-up
/// costs more because there were more takes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Takes {
    held: BTreeMap<DealId, Take>,
    /// Oldest first: a late repeat finds its take here.
    returned: VecDeque<Take>,
    waiting: BTreeSet<(Time, DealId)>,
    per_taker: BTreeMap<PartyId, u32>,
    reserved: u32,
    concluded: u32,
}

impl Takes {
    /// How many of those that were given back are known for a late repeat.
    pub(super) const RETURNED_KEPT: usize = 64;

    pub(super) fn find(&self, deal: DealId) -> Option<Known<'_>> {
        let returned = || self.returned.iter().find(|take| take.deal == deal).map(Known::Returned);
        self.held.get(&deal).map(Known::Held).or_else(returned)
    }

    pub(super) fn held(&self) -> impl ExactSizeIterator<Item = &Take> {
        self.held.values()
    }

    pub(super) fn returned(&self) -> impl ExactSizeIterator<Item = &Take> {
        self.returned.iter()
    }

    pub(super) const fn reserved(&self) -> u32 {
        self.reserved
    }

    pub(super) const fn concluded(&self) -> u32 {
        self.concluded
    }

    /// What this taker has reserved and concluded.
    pub(super) fn held_by(&self, taker: &PartyId) -> u32 {
        self.per_taker.get(taker).copied().unwrap_or(0)
    }

    /// What one taker has at the most.
    pub(super) fn most_of_one(&self) -> u32 {
        self.per_taker.values().copied().max().unwrap_or(0)
    }

    /// The take that lapses first, and when.
    pub(super) fn next_lapse(&self) -> Option<(Time, DealId)> {
        self.waiting.first().copied()
    }

    /// Adds it, unless its deal is known.
    pub(super) fn insert(&mut self, take: Take) -> bool {
        let new = self.find(take.deal).is_none();
        if new {
            self.hold(take);
        }
        new
    }

    pub(super) fn advance(&mut self, deal: DealId, stage: TakeStage) {
        if let Some(take) = self.release(deal) {
            self.hold(Take { stage, ..take });
        }
    }

    pub(super) fn give_back(&mut self, deal: DealId) {
        if let Some(take) = self.release(deal) {
            self.remember(take);
        }
    }

    /// Notes one that was given back, and forgets the oldest beyond those that are kept.
    pub(super) fn remember(&mut self, take: Take) {
        self.returned.push_back(take);
        if self.returned.len() > Self::RETURNED_KEPT {
            self.returned.pop_front();
        }
    }

    fn hold(&mut self, take: Take) {
        let sum = match take.stage {
            TakeStage::Waiting { until } => {
                self.waiting.insert((until, take.deal));
                &mut self.reserved
            }
            TakeStage::Proposed => &mut self.reserved,
            TakeStage::Concluded => &mut self.concluded,
        };
        // checked when it was taken: the sums are never over what is offered
        *sum = sum.saturating_add(take.count);
        let of_taker = self.per_taker.entry(take.taker.clone()).or_default();
        *of_taker = of_taker.saturating_add(take.count);
        self.held.insert(take.deal, take);
    }

    fn release(&mut self, deal: DealId) -> Option<Take> {
        let take = self.held.remove(&deal)?;
        let sum = match take.stage {
            TakeStage::Waiting { until } => {
                self.waiting.remove(&(until, deal));
                &mut self.reserved
            }
            TakeStage::Proposed => &mut self.reserved,
            TakeStage::Concluded => &mut self.concluded,
        };
        *sum = sum.saturating_sub(take.count);
        let left = self.held_by(&take.taker).saturating_sub(take.count);
        if left == 0 {
            self.per_taker.remove(&take.taker);
        } else {
            self.per_taker.insert(take.taker.clone(), left);
        }
        Some(take)
    }
}
